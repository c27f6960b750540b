"""Marked data: what a client sends that is about somebody or secret, the search for it, and what was told.

It holds the mark, is an NHS number of the 999 range or a date of birth, or is kept in a list of secrets (tokens and
their parts, uuids).
"""

import re
from dataclasses import dataclass, field
from uuid import uuid4

from fhir_fixtures import hook_call
from tests.conftest import SERVICE, JsonObject

FEEDBACK = f"{SERVICE}/feedback"
PUBLIC = "https://cds.example.nhs.uk"
METRICS_TOKEN = "zqx-metrics-token"  # noqa: S105 - of this test's own deployment
LISTED_ORIGIN = "https://ehr.example.nhs.uk"
PATIENCE = 20.0
"""Seconds after which something that should happen has not."""

MARK = "zqx"
NHS_NUMBERS = ("9990000018", "999 000 0018")
BIRTH_DATE = "1937-03-09"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass
class Marked:
    """What must never be found where the service keeps or tells anything."""

    secrets: set[str] = field(default_factory=set)

    def secret(self, value: str) -> str:
        """Remember a value that holds no mark of its own."""
        self.secrets.add(value)
        return value

    def uuid(self) -> str:
        """A new uuid that a client sends and nobody may repeat."""
        return self.secret(str(uuid4()))

    def found_in(self, text: str) -> set[str]:
        """The marked values that stand in a text."""
        marks = set(re.findall(rf".{{0,30}}{MARK}.{{0,30}}", text, re.IGNORECASE))
        return marks | {value for value in (*self.secrets, *NHS_NUMBERS, BIRTH_DATE) if value in text}


@dataclass(frozen=True, slots=True)
class Told:
    """One answer, and the path that it ends.

    Attributes:
        name: the error path.
        expected: the status that it must have.
        status: the status that it has.
        headers: names in lower case.
        body: as it came.
    """

    name: str
    expected: int
    status: int
    headers: dict[str, str]
    body: str

    @property
    def identifier(self) -> str:
        """The correlation id of the headers."""
        return self.headers.get("x-correlation-id", "no correlation id")


@dataclass
class Left:
    """What a driven deployment told and kept."""

    marked: Marked
    told: list[Told]
    output: str = ""
    output_of_the_end: str = ""
    metrics: str = ""
    files: dict[str, bytes] = field(default_factory=dict)


def marked_call(marked: Marked, patient_id: str = "zqx-patient") -> JsonObject:
    """A knee MRI from a practice in North West London with everything about the patient marked."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    call["hookInstance"] = marked.uuid()
    call["context"].update({"patientId": patient_id, "encounterId": "zqx-encounter"})
    patient = call["prefetch"]["patient"]
    patient.update({"id": patient_id, "birthDate": BIRTH_DATE})
    patient["name"] = [{"family": "Zqxfamily", "given": ["Zqxgiven"]}]
    patient["identifier"] = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NHS_NUMBERS[0]}]
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    order["subject"] = {"reference": f"Patient/{patient_id}", "display": "Zqxgiven Zqxfamily"}
    order["note"] = [{"text": f"zqx-note: {NHS_NUMBERS[1]} born {BIRTH_DATE}"}]
    order["reasonCode"].append({"text": "zqx-reason, lives at zqx-street"})
    return call


def in_another_region(call: JsonObject, file: str) -> JsonObject:
    """The marked call with the requester's side of another."""
    other = hook_call(file)
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    order["requester"] = other["context"]["draftOrders"]["entry"][0]["resource"]["requester"]
    call["context"]["userId"] = other["context"]["userId"]
    kept = call["prefetch"]["patient"]
    kept.pop("generalPractitioner", None)
    kept.pop("managingOrganization", None)
    call["prefetch"] = {**other["prefetch"], "patient": kept}
    return call


FEEDBACK_BODY: JsonObject = {
    "card": "zqx-card",
    "outcome": "overridden",
    "overrideReason": {"reason": {"code": "zqx patient's code", "system": "zqx"}, "userComment": "zqx comment"},
    "outcomeTimestamp": "2026-11-21T09:30:00Z",
}
