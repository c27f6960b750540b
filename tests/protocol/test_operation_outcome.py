from typing import get_args

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from cds_service.protocol.operation_outcome import Issue, IssueType, ProtocolError, operation_outcome

R4_ISSUE_TYPES = frozenset(
    {
        "invalid",
        "structure",
        "required",
        "value",
        "invariant",
        "security",
        "login",
        "unknown",
        "expired",
        "forbidden",
        "suppressed",
        "processing",
        "not-supported",
        "duplicate",
        "multiple-matches",
        "not-found",
        "deleted",
        "too-long",
        "code-invalid",
        "extension",
        "too-costly",
        "business-rule",
        "conflict",
        "transient",
        "lock-error",
        "no-store",
        "exception",
        "timeout",
        "incomplete",
        "throttled",
        "informational",
    }
)
"""FHIR R4's required value set for OperationOutcome.issue.code."""


def test_an_issue_says_what_where_and_how_bad() -> None:
    """Severity is always error: nothing else stops a call."""
    assert operation_outcome([Issue("required", "hook is missing. Send it.", "hook")]) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "required",
                "diagnostics": "hook is missing. Send it.",
                "expression": ["hook"],
            }
        ],
    }


def test_an_outcome_may_bear_an_id() -> None:
    """FHIR's own element for it, and valid as such."""
    outcome = operation_outcome([Issue("structure", "Not JSON.")], "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea")

    assert OperationOutcome.model_validate(outcome).id == "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"


def test_an_issue_about_no_field_has_no_expression() -> None:
    """An empty list would be invalid FHIR."""
    (issue,) = operation_outcome([Issue("structure", "Not JSON.")])["issue"]

    assert "expression" not in issue


@pytest.mark.parametrize("code", get_args(IssueType))
def test_every_issue_type_is_one_of_fhirs(code: IssueType) -> None:
    """The value set is required, and the outcome valid R4."""
    outcome = operation_outcome([Issue(code, "Some words.", "a.b")])

    OperationOutcome.model_validate(outcome)
    assert code in R4_ISSUE_TYPES


def test_an_error_carries_its_status_and_its_issues() -> None:
    """Its text is all the diagnostics."""
    error = ProtocolError(400, [Issue("value", "One."), Issue("value", "Two.")])

    assert (error.status, len(error.issues), str(error)) == (400, 2, "One.; Two.")
