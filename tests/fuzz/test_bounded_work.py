"""The work for a call grows with its size, and not with its square: four mebibytes must not keep everybody waiting.

Work is counted in calls of functions, which is the same on every machine; no time is measured.
"""

import copy
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from cds_service.cards import referral
from cds_service.cards.escape import one_line
from fhir_fixtures import hook_call
from tests.conftest import InProcess, JsonObject
from tests.fuzz.conftest import assert_the_red_flag_is_shown, send

CES = "nwl-gp-lumbar-mri-ces--ces.json"
SOME = 150


def an_order(call: JsonObject) -> JsonObject:
    """The draft of a call."""
    order: JsonObject = call["context"]["draftOrders"]["entry"][0]["resource"]
    return order


def contained_and_referred_to(call: JsonObject, size: int) -> None:
    """As many contained resources as references to one that is not among them."""
    contained = [{"resourceType": "Condition", "id": f"c{number}"} for number in range(size)]
    an_order(call).update({"contained": contained, "reasonReference": [{"reference": "#none"}] * size})


def contained_and_followed(call: JsonObject, size: int) -> None:
    """The same for what an order is based on."""
    contained = [{"resourceType": "ServiceRequest", "id": f"c{number}"} for number in range(size)]
    an_order(call).update({"contained": contained, "basedOn": [{"reference": "#none"}] * size})


def roles_of_as_many_requesters(call: JsonObject, size: int) -> None:
    """Each draft by another practitioner, and roles of nobody."""
    roles = [{"resource": {"resourceType": "PractitionerRole", "id": f"r{number}"}} for number in range(size)]
    call["prefetch"]["userRoles"] = {"resourceType": "Bundle", "entry": roles}
    several_drafts(call, size, lambda order, number: order.update(requester={"reference": f"Practitioner/{number}"}))


def drafts_of_as_many_encounters(call: JsonObject, size: int) -> None:
    """Each draft at another encounter."""
    met = [{"resource": {"resourceType": "Encounter", "id": f"e{number}"}} for number in range(size)]
    call["prefetch"]["others"] = {"resourceType": "Bundle", "entry": met}
    several_drafts(call, size, lambda order, number: order.update(encounter={"reference": f"Encounter/e{number}"}))


def several_drafts(call: JsonObject, size: int, change: Callable[[JsonObject, int], None]) -> None:
    """So many copies of the draft, each changed in its way."""
    (entry,) = call["context"]["draftOrders"]["entry"]
    drafts = [copy.deepcopy(entry) for _ in range(size)]
    for number, draft in enumerate(drafts):
        draft["resource"]["id"] = f"draft-{number}"
        draft.pop("fullUrl", None)
        change(draft["resource"], number)
    call["context"]["draftOrders"]["entry"] = drafts
    call["hook"] = "order-sign"


def problems_of_patients(call: JsonObject, size: int) -> None:
    """As many conditions as patients whom they may be of."""
    entries = [
        {"resource": {"resourceType": kind, "id": f"p{number}", "subject": {"reference": f"Patient/p{number}"}}}
        for number in range(size)
        for kind in ("Patient", "Condition")
    ]
    call["prefetch"]["others"] = {"resourceType": "Bundle", "entry": entries}


def work_for(service: InProcess, call: JsonObject) -> int:
    """How many functions are called until a call is answered."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        answer = send(service, call)
    finally:
        sys.setprofile(None)
    assert_the_red_flag_is_shown(answer)
    return count


@pytest.mark.parametrize(
    "swell",
    [
        contained_and_referred_to,
        contained_and_followed,
        roles_of_as_many_requesters,
        drafts_of_as_many_encounters,
        problems_of_patients,
    ],
)
def test_a_call_of_twice_the_size_is_twice_the_work(
    service: InProcess, swell: Callable[[JsonObject, int], None]
) -> None:
    """Or less, or it is refused."""
    small, large = hook_call(CES), hook_call(CES)
    swell(small, SOME // 2)
    swell(large, SOME)
    work_for(service, hook_call(CES))  # what is only loaded at first

    work, of_twice = work_for(service, small), work_for(service, large)

    assert of_twice < 2.6 * work


def test_twice_the_reasons_are_twice_the_comparisons(service: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reason of a referral is copied once: looking for it among all the others costs their square."""
    compared = 0

    class Counting(str):
        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return super().__eq__(other)

        __hash__ = str.__hash__

    monkeypatch.setattr(referral, "one_line", lambda text: Counting(one_line(text)))

    def comparisons(reasons: int) -> int:
        nonlocal compared
        compared = 0
        call = hook_call(CES)
        an_order(call)["reasonCode"] += [{"text": f"reason {number}"} for number in range(reasons)]
        assert_the_red_flag_is_shown(send(service, call))
        return compared

    assert comparisons(2 * SOME) <= 2.6 * comparisons(SOME)
