"""The calls that the benchmark makes, each as a few hundred bodies that differ in patient and ids.

Bodies are plain JSON as an EHR sends it, every prefetch key filled. `fhirServer` is left out: with a full
prefetch there is nothing to fetch, and a benchmark must not wait for another machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import orjson
from records import ROLE, Json, concept, prefetch
from trust import Algorithm
from wire import Call, prepare

HOW_MANY_BODIES = 240
"""Bodies built for each scenario: enough patients that remembering an answer gains nothing."""


class Scenario(StrEnum):
    """What is ordered, and with which token if any."""

    OUT_OF_SCOPE = "out-of-scope"
    IN_SCOPE = "in-scope"
    IN_SCOPE_ES384 = "in-scope-es384"
    IN_SCOPE_RS384 = "in-scope-rs384"
    ORDER_SIGN = "order-sign"


@dataclass(frozen=True, slots=True)
class Description:
    """A scenario's meaning to the reader of the report, and what its answer must hold to count."""

    title: str
    marker: bytes
    """Bytes that every right answer holds, as compact JSON."""
    body: Callable[[int], Json]
    evaluated_orders: int
    """MSK imaging orders in one call: the rows it should leave in the card log."""
    algorithm: Algorithm | None = None
    """What the token of a call is signed with; None for a call without a token."""


@dataclass(frozen=True, slots=True)
class _Imaging:
    code: str
    display: str
    reason_code: str
    reason_display: str


_LUMBAR = _Imaging("394451000119106", "MRI of lumbar spine without contrast", "278860009", "Chronic low back pain")
_KNEE = _Imaging("241641004", "MRI of knee", "239873007", "Osteoarthritis of knee")
_SHOULDER = _Imaging("241633004", "MRI of shoulder", "399114005", "Adhesive capsulitis of shoulder")
_HIP = _Imaging("241639000", "MRI of hip", "239872002", "Osteoarthritis of hip")
_SHOULDER_ULTRASOUND = _Imaging("303922008", "Ultrasound of shoulder region", "45326000", "Shoulder pain")

_SIGNED_TOGETHER = (_LUMBAR, _KNEE, _SHOULDER, _HIP, _SHOULDER_ULTRASOUND)


def out_of_scope(index: int) -> Json:
    """An `order-select` of a medicine: parsed, recognised as no imaging, answered without a card."""
    patient_id = _patient_id(index)
    medication = {
        "resourceType": "MedicationRequest",
        "id": f"medicine-{index}",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": concept("322236009", "Paracetamol 500 mg oral tablet"),
        "subject": {"reference": f"Patient/{patient_id}"},
        "authoredOn": "2026-09-01T09:20:00+01:00",
        "requester": {"reference": ROLE},
        "dosageInstruction": [{"text": "One or two tablets up to four times a day when needed"}],
    }
    return _order_select(index, medication)


def in_scope(index: int) -> Json:
    """An `order-select` of a lumbar (even index) or knee (odd) MRI from a GP practice: one redirect card."""
    return _order_select(index, _imaging_order(_KNEE if index % 2 else _LUMBAR, index, 0))


def order_sign(index: int) -> Json:
    """An `order-sign` of five MSK imaging drafts from a GP practice: one redirect card that names them."""
    orders = [_imaging_order(imaging, index, position) for position, imaging in enumerate(_SIGNED_TOGETHER)]
    return _call("order-sign", index, orders)


SCENARIOS = {
    Scenario.OUT_OF_SCOPE: Description("an order out of scope", b'"cards":[]', out_of_scope, 0),
    Scenario.IN_SCOPE: Description("an order in scope, one card", b'"indicator":"warning"', in_scope, 1),
    Scenario.IN_SCOPE_ES384: Description(
        "an order in scope, ES384 token", b'"indicator":"warning"', in_scope, 1, Algorithm.ES384
    ),
    Scenario.IN_SCOPE_RS384: Description(
        "an order in scope, RS384 token", b'"indicator":"warning"', in_scope, 1, Algorithm.RS384
    ),
    Scenario.ORDER_SIGN: Description(
        "order-sign, five drafts in scope", b'"indicator":"warning"', order_sign, len(_SIGNED_TOGETHER)
    ),
}


@cache
def calls(scenario: Scenario, path: str) -> tuple[Call, ...]:
    """The scenario's calls as request bytes for `POST path`, ready to be sent."""
    body = SCENARIOS[scenario].body
    return tuple(_prepared(body(index), path) for index in range(HOW_MANY_BODIES))


def _prepared(body: Json, path: str) -> Call:
    return prepare(path, orjson.dumps(body), instance=body["hookInstance"].encode())


def _patient_id(index: int) -> str:
    return f"load-patient-{index}"


def _order_select(index: int, order: Json) -> Json:
    call = _call("order-select", index, [order])
    call["context"]["selections"] = [f"{order['resourceType']}/{order['id']}"]
    return call


def _call(hook: str, index: int, orders: list[Json]) -> Json:
    patient_id = _patient_id(index)
    encounter_id = f"load-encounter-{index}"
    return {
        "hook": hook,
        "hookInstance": f"00000000-0000-4000-8000-{index:012x}",
        "context": {
            "userId": ROLE,
            "patientId": patient_id,
            "encounterId": encounter_id,
            "draftOrders": {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": order} for order in orders],
            },
        },
        "prefetch": prefetch(patient_id, encounter_id, index),
    }


def _imaging_order(imaging: _Imaging, index: int, position: int) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": f"imaging-{index}-{position}",
        "status": "draft",
        "intent": "order",
        "category": [concept("363679005", "Imaging")],
        "priority": "routine",
        "code": concept(imaging.code, imaging.display),
        "subject": {"reference": f"Patient/{_patient_id(index)}"},
        "encounter": {"reference": f"Encounter/load-encounter-{index}"},
        "authoredOn": "2026-09-01T09:20:00+01:00",
        "requester": {"reference": ROLE},
        "reasonCode": [concept(imaging.reason_code, imaging.reason_display)],
    }
