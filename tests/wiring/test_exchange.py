"""The service's own FHIR server: the export read and searched as an engine would, in a deployment and in the demo."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cds_service.pathway.register import PathwayRegister
from cds_service.terminology.additions import additions_file
from cds_service.terminology.value_sets import packaged_value_sets
from cds_service.wiring.exchange import KNOWLEDGE_TYPES, exported_resources
from tests.conftest import DEMO_CONFIGURATION, InProcess, StartService

BASE = "https://cds-service.example/fhir"
NWL = f"{BASE}/PlanDefinition/msk-imaging-nwl"


@pytest.fixture(scope="module")
def deployment(start_service: StartService) -> InProcess:
    """A service that is no demo."""
    return start_service(demo=False)


def ids(service: InProcess, search: str) -> list[str]:
    """The ids of what a search finds."""
    bundle: dict[str, Any] = service.send("GET", f"/fhir/{search}").json()
    assert bundle["type"] == "searchset"
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def test_every_resource_of_the_export_is_read_as_it_is_exported(deployment: InProcess) -> None:
    """`GET {Type}/{id}`, as FHIR JSON, without a token."""
    for resource in exported_resources([file.pathway for file in PathwayRegister.load().files]):
        answer = deployment.send("GET", f"/fhir/{resource['resourceType']}/{resource['id']}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
        assert answer.json() == resource


def test_the_value_sets_that_are_served_are_those_in_use(start_service: StartService, tmp_path: Path) -> None:
    """With what the configuration folder adds to the packaged ones."""
    config = tmp_path / "configuration"
    shutil.copytree(DEMO_CONFIGURATION, config)
    (config / "value-sets").mkdir()
    (packaged,) = [one for one in packaged_value_sets() if one.group == "ind_rheumatology"]
    text = additions_file(packaged, None, {"404684003": "A finding"}, "A test", date(2026, 11, 29))
    (config / "value-sets" / "ind-rheumatology.json").write_text(text, "utf-8")

    served = start_service(config, demo=False).send("GET", "/fhir/ValueSet/ind-rheumatology").json()
    assert [one["code"] for one in served["compose"]["include"][-1]["concept"]] == ["404684003"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (f"PlanDefinition?url={NWL}", ["msk-imaging-nwl-1.2"]),
        (f"PlanDefinition?url={NWL}&version=1.2", ["msk-imaging-nwl-1.2"]),
        (f"PlanDefinition?url={NWL}|1.2", ["msk-imaging-nwl-1.2"]),
        (f"PlanDefinition?url={NWL}%7C1.2", ["msk-imaging-nwl-1.2"]),
        (f"PlanDefinition?url={NWL}|1.3", []),
        (f"PlanDefinition?url={NWL}/", []),
        (f"PlanDefinition?url={NWL}&version=9", []),
        ("PlanDefinition?name=mskimagingn", ["msk-imaging-national", "msk-imaging-nel-1.4", "msk-imaging-nwl-1.2"]),
        ("PlanDefinition?title=north west", ["msk-imaging-nwl-1.2"]),
        ("PlanDefinition?status=active", []),
        ("Library?_id=msk-imaging-facts", ["msk-imaging-facts"]),
        (f"ValueSet?url={BASE}/ValueSet/ind-cauda-equina", ["ind-cauda-equina"]),
        ("ActivityDefinition?_id=msk-imaging-referral-ces", ["msk-imaging-referral-ces"]),
        ("CodeSystem?name=MskImagingRule", ["msk-imaging-rule"]),
    ],
)
def test_a_canonical_can_be_looked_up(deployment: InProcess, search: str, found: list[str]) -> None:
    """By URL, with the version apart or behind a bar, by name, title, status and id."""
    assert ids(deployment, search) == found


def test_the_capability_statement_says_what_is_there(deployment: InProcess, service: InProcess) -> None:
    """One statement: knowledge alone in a deployment, and the invented people beside it in the demo."""
    served = [one.name for one in KNOWLEDGE_TYPES]
    alone, both = (
        [resource["type"] for resource in one.send("GET", "/fhir/metadata").json()["rest"][0]["resource"]]
        for one in (deployment, service)
    )
    assert alone == served
    assert both[: len(served)] == served
    assert "Patient" in both


def test_a_type_about_people_is_not_served_by_a_deployment(deployment: InProcess) -> None:
    """The OperationOutcome names what is."""
    answer = deployment.send("GET", "/fhir/Patient")
    assert answer.status_code == 404
    assert answer.json()["id"] == answer.headers["X-Correlation-ID"]
    assert "PlanDefinition" in answer.json()["issue"][0]["diagnostics"]


def test_an_address_that_ends_in_a_slash_is_no_other(deployment: InProcess) -> None:
    """It is not found: a redirect would repeat whatever host the request named."""
    answer = deployment.send("GET", "/fhir/PlanDefinition/?url=x", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.headers.get("Location")) == (404, None)
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_nothing_can_be_written(deployment: InProcess) -> None:
    """The server reads."""
    for method, path in (
        ("PUT", "PlanDefinition/msk-imaging-nwl-1.2"),
        ("POST", "PlanDefinition"),
        ("DELETE", "Library"),
    ):
        assert deployment.send(method, f"/fhir/{path}", json={}).status_code == 405


def test_a_search_can_be_posted_and_is_bounded(deployment: InProcess) -> None:
    """A form of more than 64 KiB is refused before it is read whole."""
    found = deployment.send("POST", "/fhir/PlanDefinition/_search", data={"url": NWL})
    assert found.json()["total"] == 1
    refused = deployment.send("POST", "/fhir/PlanDefinition/_search", data={"name": "a" * 70_000})
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (413, "too-long")
