import pytest
from fhir_builders import DIRECTORY, MRI_KNEE, REFERRAL, SERVER, TERMINOLOGY, TODAY, call, concept, order, ref

from cds_service.fhir.reading import OrderReader
from cds_service.fhir.shapes import Json

SCAN = order(id="scan", code=concept(MRI_KNEE))


def beside(*drafts: Json, selections: list[str] | None = None) -> list[str]:
    """Ids of the patient's drafts beside the scan of a call with these further drafts."""
    context = call(SCAN, *drafts, selections=selections)
    reader = OrderReader(DIRECTORY, TERMINOLOGY)
    found = reader.read_selected(context, reader.select(context), TODAY).beside
    return [draft.order.resource["id"] for draft in found if draft.is_the_patients_draft]


def referral(**elements: object) -> Json:
    """A drafted referral of the call's patient, changed as the keywords say."""
    return order(**{"id": "referral", "code": concept(REFERRAL), **elements})


def test_a_referral_beside_the_scan_is_found() -> None:
    """On order-select too, where it is not selected; the scan is not its own neighbour."""
    assert beside(referral()) == ["referral"]
    assert beside(referral(), selections=["ServiceRequest/scan"]) == ["referral"]
    assert beside() == []


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "revoked"},
        {"status": "active"},
        {"status": "entered-in-error"},
        {"status": ["draft"]},
        {"doNotPerform": True},
        {"doNotPerform": "no"},
        {"subject": ref("Patient/p2")},
        {"resourceType": "Task"},
    ],
)
def test_what_is_no_draft_for_the_patient_takes_no_referrals_place(elements: Json) -> None:
    """Withdrawn, in force, unreadable, another's, or no order."""
    assert beside(referral(**elements), selections=["ServiceRequest/scan"]) == []


def test_the_patient_may_be_named_in_full() -> None:
    """By the address of the call's own server."""
    assert beside(referral(subject=ref(f"{SERVER}/Patient/p1"))) == ["referral"]
