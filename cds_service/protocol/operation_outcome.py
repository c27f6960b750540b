"""Every error as a FHIR R4 OperationOutcome that names the field and how to mend it (CDS Hooks 3.0, "HTTP Status")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

IssueType = Literal[
    "structure",
    "required",
    "value",
    "not-found",
    "not-supported",
    "too-long",
    "incomplete",
    "transient",
    "timeout",
    "throttled",
    "forbidden",
    "login",
]
"""The codes of FHIR's issue-type value set that this service uses."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem.

    Attributes:
        code: its type in FHIR's issue-type value set.
        diagnostics: what is wrong and how to mend it; never a value of the call.
        field: the element that it is about, when there is one, as a path below the body.
    """

    code: IssueType
    diagnostics: str
    field: str | None = None


class ProtocolError(Exception):
    """A request that cannot be answered.

    Attributes:
        status: the HTTP status.
        issues: what is wrong and how to mend it, one at least; they make the OperationOutcome.
        headers: those that go with the status, such as `Allow` or `Retry-After`.
    """

    def __init__(self, status: int, issues: Sequence[Issue], headers: Mapping[str, str] | None = None) -> None:
        super().__init__("; ".join(issue.diagnostics for issue in issues))
        self.status = status
        self.issues = tuple(issues)
        self.headers = dict(headers or {})


def operation_outcome(issues: Sequence[Issue], resource_id: str | None = None) -> dict[str, Any]:
    """An OperationOutcome resource.

    Args:
        issues: what went wrong, at least one.
        resource_id: its `id`: here the correlation id of the request that it answers.
    """
    outcome = {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}
    return outcome if resource_id is None else {"resourceType": "OperationOutcome", "id": resource_id, **outcome}


def _issue(issue: Issue) -> dict[str, Any]:
    written: dict[str, Any] = {"severity": "error", "code": issue.code, "diagnostics": issue.diagnostics}
    if issue.field is not None:
        written["expression"] = [issue.field]
    return written
