import re

import pytest

from cds_service.hooks.discovery import DISCOVERY, PREFETCH, SERVICE_ID
from tests.conftest import InProcess

TOKENS = {
    "context.patientId",
    "context.encounterId",
    "userPractitionerId",
    "userPractitionerRoleId",
}
"""Tokens of CDS Hooks 2.0 that a client knows, the public sandbox among them."""


def test_discovery_is_answered_as_it_stands(service: InProcess) -> None:
    """200, JSON, without a token."""
    response = service.send("GET", "/cds-services")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == DISCOVERY


def test_a_token_does_no_harm_while_nobody_checks_it(service: InProcess) -> None:
    """The sandbox sends one with every request."""
    response = service.send("GET", "/cds-services", headers={"Authorization": "Bearer a.b.c"})

    assert response.json() == DISCOVERY


def test_order_select_is_listed_last() -> None:
    """One id on two hooks; of two entries with one id the public sandbox keeps the last."""
    assert [(one["id"], one["hook"]) for one in DISCOVERY["services"]] == [
        (SERVICE_ID, "order-sign"),
        (SERVICE_ID, "order-select"),
    ]


@pytest.mark.parametrize("position", [0, 1])
def test_a_service_describes_itself(position: int) -> None:
    """What the specification requires and recommends, with the versions of 3.0."""
    service = DISCOVERY["services"][position]

    assert service["title"] == "MSK imaging pathway"
    assert "MRI and ultrasound" in service["description"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", service["version"])
    assert re.fullmatch(r"\d+\.\d+", service["hookVersion"])
    assert "ODS code" in service["usageRequirements"]
    assert "412" in service["usageRequirements"]


def test_both_hooks_ask_for_the_same() -> None:
    """What was fetched for the first call serves the second."""
    first, second = DISCOVERY["services"]

    assert first["prefetch"] == second["prefetch"] == PREFETCH


def test_only_what_the_rules_read_is_asked_for() -> None:
    """Data minimisation: eight keys, each with a reason."""
    assert set(PREFETCH) == {
        "patient",
        "user",
        "userRoles",
        "encounter",
        "conditions",
        "pastConditions",
        "episodes",
        "careTeams",
    }


@pytest.mark.parametrize("key", PREFETCH)
def test_a_template_uses_tokens_that_clients_know(key: str) -> None:
    """No FHIRPath, no key of another template, no absolute address."""
    template = PREFETCH[key]

    assert set(re.findall(r"\{\{(.*?)\}\}", template)) <= TOKENS
    assert re.match(r"[A-Z][A-Za-z]+[/?]", template)


@pytest.mark.parametrize("key", PREFETCH)
def test_a_template_keeps_to_the_recommended_queries(key: str) -> None:
    """Searches by reference or token, and includes; no other parameter stands twice, as the sandbox merges them."""
    query = PREFETCH[key].partition("?")[2]
    names = [part.partition("=")[0] for part in query.split("&") if part]

    assert set(names) <= {"_id", "_include", "practitioner", "patient", "clinical-status", "status"}
    assert [name for name in set(names) if names.count(name) > 1] in ([], ["_include"])
