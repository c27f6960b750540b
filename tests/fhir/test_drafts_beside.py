import pytest
from fhir_builders import DIRECTORY, MRI_KNEE, REFERRAL, SERVER, TERMINOLOGY, TODAY, call, concept, order, ref

from cds_service.fhir.drafts_beside import Beside
from cds_service.fhir.reading import OrderReader
from cds_service.fhir.shapes import Json

SCAN = order(id="scan", code=concept(MRI_KNEE))


def found_beside(*drafts: Json, selections: list[str] | None = None) -> Beside:
    """What is found beside the scan of a call with these further drafts."""
    context = call(SCAN, *drafts, selections=selections)
    reader = OrderReader(DIRECTORY, TERMINOLOGY)
    return reader.read_selected(context, reader.select(context), TODAY).beside


def beside(*drafts: Json, selections: list[str] | None = None) -> list[str]:
    """Ids of the patient's drafts beside the scan of a call with these further drafts."""
    found = found_beside(*drafts, selections=selections)
    return [draft.order.resource["id"] for draft in found.drafts if draft.is_the_patients_draft]


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


@pytest.mark.parametrize("selections", [None, ["ServiceRequest/scan"]])
@pytest.mark.parametrize(
    ("elements", "is_unreadable"),
    [
        ({}, False),
        ({"reasonCode": [concept("192970008")]}, False),
        ({"reasonCode": concept("192970008")}, True),
        ({"reasonCode": ["192970008"]}, True),
        ({"reasonCode": [{"coding": [{"system": "http://snomed.info/sct", "code": 192970008}]}]}, True),
        ({"reasonReference": {"reference": "Condition/c1"}}, True),
        ({"reason": [{"concept": concept("192970008")}]}, True),
        ({"reasonCode": "x", "status": "revoked"}, False),
        ({"resourceType": "serviceRequest"}, True),
        ({"resourceType": "ProcedureRequest"}, True),
        ({"resourceType": "Bundle"}, True),
        ({"resourceType": "MedicationRequest", "reasonCode": "x"}, False),
    ],
)
def test_an_order_whose_reasons_cannot_be_read_is_told(
    elements: Json, selections: list[str] | None, *, is_unreadable: bool
) -> None:
    """Selected or not: it may carry any reason. What is no order, or is withdrawn, carries none."""
    assert found_beside(referral(**elements), selections=selections).some_unreadable == is_unreadable


def test_a_reason_that_did_not_come_is_told_of_its_order() -> None:
    """Its patient is known."""
    (draft,) = found_beside(referral(reasonReference=[ref("Condition/lost")])).drafts
    assert draft.condition_unread
