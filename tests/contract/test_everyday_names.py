"""A scan by its everyday name: what is coded beside it is heard, and nothing routine is said of a doubtful one."""

import pytest

from fhir_fixtures import hook_call
from tests.conftest import InProcess, JsonObject

SNOMED = "http://snomed.info/sct"
CAUDA_EQUINA = "192970008"
METASTASIS = "94602001"
SADDLE_NUMBNESS = "449813001"
LOW_BACK_PAIN = "279039007"


def ordered_as(words: str, reason: str, *, site: str | None = None) -> JsonObject:
    """A practice's order known by its words, for one coded reason."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    (order,) = (entry["resource"] for entry in call["context"]["draftOrders"]["entry"])
    order["code"] = {"text": words}
    order["reasonCode"] = [{"coding": [{"system": SNOMED, "code": reason}]}]
    order["bodySite"] = [{"text": site}] if site is not None else []
    return call


@pytest.mark.parametrize(
    ("words", "site", "reason"),
    [
        ("MRI LSS", None, SADDLE_NUMBNESS),
        ("MRI cauda equina", None, SADDLE_NUMBNESS),
        ("MRI L5/S1", None, SADDLE_NUMBNESS),
        ("MRI back", None, METASTASIS),
        ("MRI thoracic", None, METASTASIS),
        ("MRI neck", None, CAUDA_EQUINA),
        ("MRI", "Back", METASTASIS),
        ("MRI", "Cauda equina", SADDLE_NUMBNESS),
        ("MRI lumbar spine, reduced rectal tone", None, SADDLE_NUMBNESS),
    ],
)
def test_a_coded_emergency_is_heard(service: InProcess, words: str, site: str | None, reason: str) -> None:
    """Critical, and the scan stays, because words alone say what it is."""
    (card,) = service.cards(ordered_as(words, reason, site=site))

    assert card["indicator"] == "critical"
    actions = [action["type"] for suggestion in card["suggestions"] for action in suggestion["actions"]]
    assert actions == ["create"]


@pytest.mark.parametrize("words", ["MRI back", "MRI neck", "MRI cervical", "MRI dorsal"])
def test_nothing_routine_is_said_of_what_may_be_another_part(service: InProcess, words: str) -> None:
    """The neck may be a gland."""
    assert service.cards(ordered_as(words, LOW_BACK_PAIN)) == []


@pytest.mark.parametrize("words", ["MRI LSS", "MRI lumbar spine, known prostate cancer"])
def test_a_lumbar_scan_keeps_its_card(service: InProcess, words: str) -> None:
    """The redirect with its safety net; nothing is removed by words."""
    (card,) = service.cards(ordered_as(words, LOW_BACK_PAIN))

    assert card["summary"].startswith("Refer to community MSK")
    assert "**Red flags:**" in card["detail"]
    assert "delete" not in str(card["suggestions"])
