"""A client that is bound to one footprint causes and reads nothing in another; only an emergency still speaks."""

import shutil

import pytest

from fhir_fixtures import expectations, hook_call
from tests.conftest import DEMO_CONFIGURATION, InProcess, JsonObject, StartService

FILES = sorted({row.file for row in expectations()})
OF_ONE_REGION = {"nwl": "W2U3Z", "nel": "A3A8R"}


@pytest.fixture(scope="module")
def bound_to(start_service: StartService, tmp_path_factory: pytest.TempPathFactory) -> dict[str, InProcess]:
    """The demo's deployment for a client of one region, by region."""

    def start(region: str) -> InProcess:
        folder = tmp_path_factory.mktemp(f"bound-to-{region}")
        shutil.copytree(DEMO_CONFIGURATION, folder, dirs_exist_ok=True)
        entry = f"clients:\n  - id: ehr-of-{region}\n    footprints: [{region}]\n    on_unresolved: card\n"
        (folder / "clients.yaml").write_text(entry, encoding="utf-8")
        return start_service(folder)

    return {region: start(region) for region in OF_ONE_REGION}


def own_words(region: str) -> set[str]:
    """What names a region's organisations and destinations: names, ODS codes, telephone numbers, boroughs."""
    words: set[str] = set()
    for file, key, wanted in (
        ("organisations.csv", "sub_icb", OF_ONE_REGION[region]),
        ("destinations.csv", "region", region),
    ):
        header, *lines = (DEMO_CONFIGURATION / file).read_text("utf-8").splitlines()
        columns = header.split(",")
        rows = [dict(zip(columns, line.split(","), strict=False)) for line in lines if line]
        for row in rows:
            if row.get(key) == wanted:
                words |= {row[name] for name in ("name", "ods_code", "phone", "borough") if row.get(name)}
    return words


def test_an_order_of_another_footprint_is_forbidden(bound_to: dict[str, InProcess]) -> None:
    """403, which says that silence would mean nothing; also for a client that asks for cards."""
    response = bound_to["nel"].call(hook_call("nwl-gp-knee-mri-pain--redirect.json"))

    (issue,) = response.json()["issue"]
    assert (response.status_code, issue["code"]) == (403, "forbidden")
    assert "does not mean that there are no concerns" in issue["diagnostics"]


def test_so_is_one_whose_reason_could_not_be_read(bound_to: dict[str, InProcess]) -> None:
    """No card tells of it either: this system could not read it from there."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    (order,) = (entry["resource"] for entry in call["context"]["draftOrders"]["entry"])
    order["reasonReference"] = [{"reference": "Condition/lost"}]

    assert bound_to["nel"].call(call).status_code == 403


@pytest.mark.parametrize(
    "file",
    ["nwl-gp-lumbar-mri-ces--ces.json", "nwl-gp-lumbar-mri-cord-compression-under-oncology--mscc.json"],
)
def test_an_emergency_of_another_footprint_gets_the_national_card(bound_to: dict[str, InProcess], file: str) -> None:
    """With national wording and no suggestion (fact 1)."""
    (card,) = bound_to["nel"].cards(hook_call(file))

    assert card["indicator"] == "critical"
    assert card["source"]["label"].startswith("National guidance")
    assert "suggestions" not in card


def test_an_emergency_in_another_footprints_hospital_is_forbidden(bound_to: dict[str, InProcess]) -> None:
    """Secondary care gets no card anywhere; here it gets no silence either."""
    assert bound_to["nel"].call(hook_call("nwl-consultant-lumbar-mri-ces--specialist-exempt.json")).status_code == 403


def test_its_own_footprint_is_served_as_ever(bound_to: dict[str, InProcess], service: InProcess) -> None:
    """With the same card as an unbound client gets."""
    call = hook_call("nel-gp-knee-mri-pain--redirect.json")
    (bound,), (unbound,) = bound_to["nel"].cards(call), service.cards(call)

    assert (bound["summary"], bound["detail"]) == (unbound["summary"], unbound["detail"])


def test_of_two_orders_the_foreign_one_is_named(bound_to: dict[str, InProcess]) -> None:
    """The card of the own one says which was not checked (fact 5)."""
    call = hook_call("nel-gp-knee-mri-pain--redirect.json")
    foreign = hook_call("nwl-gp-knee-mri-pain-order-sign--redirect.json")
    (entry,) = foreign["context"]["draftOrders"]["entry"][:1]
    order = {**entry["resource"], "id": "foreign", "subject": {"reference": f"Patient/{call['context']['patientId']}"}}
    call["context"]["draftOrders"]["entry"].append({"resource": order})
    call["context"]["selections"].append("ServiceRequest/foreign")
    role = foreign["prefetch"].get("user", {})
    call["prefetch"]["foreignUser"] = role

    (card,) = bound_to["nel"].cards(call)

    assert "**Not checked:**" in card["detail"]
    assert "not registered for the area that it was ordered in" in card["detail"]
    assert "Nothing in the call places it" not in card["detail"]


def test_a_patient_of_another_footprint_gets_no_destination(bound_to: dict[str, InProcess]) -> None:
    """The client's own pathway speaks; whom the other footprint refers to is not the client's to read."""
    (card,) = bound_to["nel"].cards(hook_call("nel-gp-knee-mri-pain-registered-in-nwl--redirect.json"))

    assert card["source"]["label"].startswith("North East London")
    assert "suggestions" not in card


def test_a_forbidden_order_leaves_nothing_in_the_other_footprint(
    start_service: StartService, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its row in the log lies in no footprint, and names no practice."""
    folder = tmp_path_factory.mktemp("logged")
    shutil.copytree(DEMO_CONFIGURATION, folder, dirs_exist_ok=True)
    (folder / "clients.yaml").write_text("clients: [{id: ehr-of-nel, footprints: [nel]}]", encoding="utf-8")
    service = start_service(folder)

    service.call(hook_call("nwl-gp-knee-mri-pain--redirect.json"))
    service.call(hook_call("nwl-gp-lumbar-mri-ces--ces.json"))
    service.feedback({"feedback": [_dismissed()]})

    rows = service.logged()
    assert {(row["region"], row["organisation"], row["pcn"], row["borough"]) for row in rows} == {
        ("other", None, None, None)
    }


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(("region", "other"), [("nwl", "nel"), ("nel", "nwl")])
def test_no_answer_tells_of_another_footprint(
    bound_to: dict[str, InProcess], file: str, region: str, other: str
) -> None:
    """No fixture call gets a bound client a name, a code, a number or a borough of the other region's directory."""
    response = bound_to[region].call(hook_call(file))

    assert response.status_code in {200, 400, 403, 412}
    assert {word for word in own_words(other) if word in response.text} == set()


def _dismissed() -> JsonObject:
    return {
        "card": "00000000-0000-4000-8000-000000000000",
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-21T09:30:00Z",
    }
