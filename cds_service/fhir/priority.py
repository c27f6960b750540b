"""How soon the requester wants an order done, and why: `priority` with UK Core's reasons for it.

Both are shown on the card as sent; no rule reads what the reasons mean.
"""

from typing import NamedTuple

from cds_service.fhir.shapes import Json, as_object, as_text, objects

PRIORITY_REASON = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-PriorityReason"
"""UK Core's extension on `ServiceRequest.priority`; several may stand there."""

ROUTINE = "routine"
"""What an order without a priority is (FHIR R4)."""

_CAN_WAIT = frozenset({ROUTINE, "urgent"})


class Priority(NamedTuple):
    """An order's priority.

    Attributes:
        code: as sent, in small letters; `routine` when none was sent, None when it is no text.
        reasons: the concepts of its reasons, as sent.
    """

    code: str | None
    reasons: tuple[Json, ...]

    @property
    def is_high(self) -> bool:
        """Whether it is above `urgent` (`asap`, `stat`), or one that nobody here knows."""
        return self.code not in _CAN_WAIT


def read_priority(order: Json) -> Priority:
    """Read an order's priority and the reasons for it.

    Args:
        order: the ServiceRequest.
    """
    stated = order.get("priority")
    code = ROUTINE if stated is None else as_text(stated)
    extensions = objects(as_object(order.get("_priority")).get("extension"))
    concepts = [as_object(one.get("valueCodeableConcept")) for one in extensions if one.get("url") == PRIORITY_REASON]
    return Priority(code.casefold() if code is not None else None, tuple(filter(None, concepts)))
