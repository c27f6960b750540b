"""Prefetch is filled as an EHR fills it, and a service's templates cannot lead astray."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from cds_service.vendor.prefetch import MOST_TEMPLATES, fill, is_relative, resolved
from cds_service.vendor.wire import Wire

FHIR = "https://ehr.example.org/fhir"
CONTEXT = {"userId": "PractitionerRole/role-1", "patientId": "p 1", "draftOrders": {"resourceType": "Bundle"}}


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("Patient/{{context.patientId}}", "Patient/p%201"),
        ("Condition?patient={{context.patientId}}&code=a|b,c", "Condition?patient=p%201&code=a|b,c"),
        ("PractitionerRole?_id={{userPractitionerRoleId}}", "PractitionerRole?_id=role-1"),
        ("{{context.userId}}", "PractitionerRole/role-1"),
        ("{{ context.userId }}", "PractitionerRole/role-1"),
        ("Practitioner?_id={{userPractitionerId}}", None),
        ("Encounter/{{context.encounterId}}", None),
        ("Medication?_id={{context.draftOrders.entry.resource.id}}", None),
        ("https://elsewhere.example.org/Patient/1", None),
        ("//elsewhere.example.org/Patient", None),
        ("/Patient/1", None),
        ("Patient/../../admin", None),
    ],
)
def test_a_template_becomes_a_relative_url_or_nothing(template: str, url: str | None) -> None:
    """Values are escaped; what has no value, or leads elsewhere, is not fetched."""
    assert resolved(template, CONTEXT) == url


@pytest.mark.parametrize(("token", "days"), [("today()", 0), ("today() - 90 days", -90), ("today() + 1 day", 1)])
def test_days_are_counted_from_today(token: str, days: int) -> None:
    """As 3.0 lets a template do."""
    before = datetime.now(UTC).date()
    url = resolved(f"Observation?date=gt{{{{{token}}}}}", CONTEXT)
    after = datetime.now(UTC).date()

    assert url in {f"Observation?date=gt{day + timedelta(days=days)}" for day in (before, after)}


def test_a_value_of_the_context_cannot_climb() -> None:
    """Nor leave the server."""
    assert resolved("{{context.userId}}", {"userId": "../admin"}) is None
    assert resolved("{{context.userId}}", {"userId": "https://elsewhere.example.org/Patient/1"}) is None


@pytest.mark.parametrize("template", ["Patient", "Patient/1", "Condition?a={{b c}}", "{{context.userId}}?_x=1"])
def test_relative_templates_are_told(template: str) -> None:
    """A read or a search below the base."""
    assert is_relative(template)


@respx.mock
def test_a_key_that_cannot_be_had_is_left_out_with_the_reason() -> None:
    """As an EHR leaves it out; the FHIR server gets no credentials meant for the service."""
    good = respx.get(f"{FHIR}/Patient/p%201").mock(httpx.Response(200, json={"resourceType": "Patient"}))
    respx.get(f"{FHIR}/Condition").mock(httpx.Response(500, json={"resourceType": "OperationOutcome"}))
    respx.get(f"{FHIR}/CareTeam").mock(httpx.Response(200, text="no JSON"))
    respx.get(f"{FHIR}/Observation").mock(side_effect=httpx.ConnectError("refused"))
    respx.get(f"{FHIR}/Goal").mock(httpx.Response(302, headers={"Location": "https://elsewhere.example.org"}))
    templates = {
        "patient": "Patient/{{context.patientId}}",
        "conditions": "Condition?a=b",
        "teams": "CareTeam",
        "observations": "Observation",
        "goals": "Goal",
        "encounter": "Encounter/{{context.encounterId}}",
    }

    with Wire([("Authorization", "Bearer for-the-service")]) as wire:
        filled = fill(templates, CONTEXT, wire, FHIR)

    assert filled.prefetch == {"patient": {"resourceType": "Patient"}}
    assert list(filled.left_out) == ["conditions", "teams", "observations", "goals", "encounter"]
    assert re.search("answered 302.*not followed", filled.left_out["goals"])
    assert "authorization" not in good.calls.last.request.headers


def test_a_template_that_makes_no_url_is_left_out() -> None:
    """Whatever a service may list."""
    with Wire() as wire:
        filled = fill({"odd": "Patient/\x01"}, CONTEXT, wire, FHIR)

    assert "no URL" in filled.left_out["odd"]


@respx.mock
def test_only_so_many_templates_are_filled() -> None:
    """A service cannot make the FHIR server work without end."""
    asked = respx.get(url__startswith=FHIR).mock(httpx.Response(200, json={"resourceType": "Patient"}))

    with Wire() as wire:
        fill({str(number): "Patient/1" for number in range(MOST_TEMPLATES * 2)}, CONTEXT, wire, FHIR)

    assert asked.call_count == MOST_TEMPLATES
