from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx

from cds_service.directory import ods_api
from cds_service.directory.ods_api import OdsApi, OdsApiError
from cds_service.directory.practices import OdsPractice

BASE = "https://ods.example/ORD/2-0-0"


def organisation(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """One organisation, as ORD writes it."""
    known = {
        "Name": "LARKSPUR DEMO SURGERY",
        "OrgId": {"root": "2.16.840.1.113883.2.1.3.2.4.18.48", "extension": "Z99001"},
        "Status": "Active",
        "Roles": {
            "Role": [
                {"id": "RO177", "primaryRole": True, "Status": "Active"},
                {"id": "RO87", "Status": "Inactive"},
                {"id": "RO76", "Status": "Active"},
            ]
        },
        "Rels": {
            "Rel": [
                {"id": "RE4", "Status": "Inactive", "Target": target("08P", "RO98")},
                {"id": "RE4", "Status": "Active", "Target": target("W2U3Z", "RO98")},
                {"id": "RE8", "Status": "Active", "Target": target("Z99P01", "RO272")},
                {"id": "RE5", "Status": "Active", "Target": target("Y56", "RO209")},
            ]
        },
    }
    return {"Organisation": known | changed}


def target(code: str, role: str) -> dict[str, Any]:
    """To whom a relation points."""
    return {"OrgId": {"extension": code}, "PrimaryRoleId": {"id": role}}


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    """ODS, as these tests play it."""
    with respx.mock(base_url=BASE) as router:
        yield router


@pytest.fixture
def pauses() -> list[float]:
    """How long was waited between tries."""
    return []


@pytest.fixture
def ods(pauses: list[float]) -> Iterator[OdsApi]:
    """What asks."""
    api = OdsApi(BASE, pause=pauses.append)
    yield api
    api.close()


def page(*codes: str) -> dict[str, Any]:
    """A page of a search."""
    return {"Organisations": [{"OrgId": code, "Name": "DEMO", "Status": "Active"} for code in codes]}


def test_an_organisation_is_read_with_what_holds_now(server: respx.MockRouter, ods: OdsApi) -> None:
    """Roles and relations that have ended say nothing."""
    server.get("/organisations/Z99001").respond(json=organisation())
    expected = OdsPractice("Z99001", "LARKSPUR DEMO SURGERY", "RO76", "W2U3Z", "", "active", "Z99P01")
    assert ods.practice("Z99001") == expected


def test_an_organisation_without_relations_has_none(server: respx.MockRouter, ods: OdsApi) -> None:
    """What is not stated, or is stated in another form, is empty and not guessed."""
    server.get("/organisations/Z99001").respond(json=organisation(Rels=None, Roles={"Role": "RO76"}, Status="Inactive"))
    assert ods.practice("Z99001") == OdsPractice("Z99001", "LARKSPUR DEMO SURGERY", "", "", "", "closed", "")


@pytest.mark.parametrize("status", [None, "", "Closed", "ActiveX", ["Active"]])
def test_a_status_that_is_none_of_the_two_closes_no_practice(
    server: respx.MockRouter, ods: OdsApi, status: object
) -> None:
    """A practice that is believed closed loses its row, and its clinicians their setting and region."""
    server.get("/organisations/Z99001").respond(json=organisation(Status=status))
    with pytest.raises(OdsApiError, match=r"/organisations/Z99001 states .* and neither Active nor Inactive"):
        ods.practice("Z99001")


def test_a_code_that_ods_does_not_know_is_none(server: respx.MockRouter, ods: OdsApi) -> None:
    """It is a local row, not an error."""
    server.get("/organisations/Z99777").respond(404)
    assert ods.practice("Z99777") is None


def test_a_list_that_is_not_found_is_no_empty_list(server: respx.MockRouter, ods: OdsApi) -> None:
    """The address is wrong; that ODS lists no practice would be believed of the commissioner."""
    server.get("/organisations").respond(404, json={"errorCode": 404})
    with pytest.raises(OdsApiError, match=r"/ORD/2-0-0/organisations answered 404\. Check the address"):
        list(ods.codes_commissioned_by("W2U3Z"))


def test_a_commissioner_s_practices_come_page_by_page(
    server: respx.MockRouter, ods: OdsApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An organisation that comes on two pages is counted once."""
    monkeypatch.setattr(ods_api, "PAGE", 2)
    asked = {"PrimaryRoleId": "RO177", "RelTypeId": "RE4", "TargetOrgId": "W2U3Z", "RelStatus": "active"}
    total = {"X-Total-Count": "3"}
    server.get("/organisations", params__contains={**asked, "Offset": "2"}).respond(
        json=page("Z99002", "Z99003"), headers=total
    )
    server.get("/organisations", params__contains={**asked, "Offset": "3"}).respond(json=page(), headers=total)
    server.get("/organisations", params__contains=asked).respond(json=page("z99001", "Z99002"), headers=total)
    assert list(ods.codes_commissioned_by("W2U3Z")) == ["Z99001", "Z99002", "Z99003"]


def test_pages_that_repeat_end(server: respx.MockRouter, ods: OdsApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ignores the offset keeps nobody busy for ever."""
    monkeypatch.setattr(ods_api, "PAGE", 1)
    route = server.get("/organisations").respond(json=page("Z99001"))
    assert (list(ods.codes_commissioned_by("W2U3Z")), route.call_count) == (["Z99001"], 2)


def test_fewer_than_ods_counts_is_an_error(server: respx.MockRouter, ods: OdsApi) -> None:
    """Half a list would make leavers of the rest."""
    server.get("/organisations").respond(json=page("Z99001"), headers={"X-Total-Count": "340"})
    with pytest.raises(OdsApiError, match="counts 340 organisations of W2U3Z and gave 1"):
        list(ods.codes_commissioned_by("W2U3Z"))


def test_a_server_in_trouble_is_asked_again(server: respx.MockRouter, ods: OdsApi, pauses: list[float]) -> None:
    """A little later each time."""
    server.get("/organisations/Z99001").mock(
        side_effect=[httpx.Response(503), httpx.ConnectTimeout("slow"), httpx.Response(200, json=organisation())]
    )
    assert ods.practice("Z99001") is not None
    assert pauses == [2.0, 4.0]


@pytest.mark.parametrize(
    ("answer", "tries", "said"),
    [
        (httpx.Response(503), 3, "answered 503. Check the address"),
        (httpx.Response(403), 1, "answered 403"),
        (httpx.ConnectError("no route to 10.0.0.1"), 3, r"cannot be reached \(ConnectError\)"),
        (httpx.Response(200, text="<html>"), 1, "did not answer with JSON"),
        (httpx.Response(200, json=[]), 1, "did not answer with JSON"),
        (httpx.Response(200, json={}), 1, "answered without an Organisation"),
    ],
)
def test_an_answer_that_is_none_is_told(
    server: respx.MockRouter, ods: OdsApi, answer: httpx.Response | Exception, tries: int, said: str
) -> None:
    """With what to do instead."""
    route = server.get("/organisations/Z99001")
    route.mock(side_effect=answer) if isinstance(answer, Exception) else route.mock(return_value=answer)
    with pytest.raises(OdsApiError, match=said):
        ods.practice("Z99001")
    assert route.call_count == tries
