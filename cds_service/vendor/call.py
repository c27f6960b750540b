"""One hook call as an EHR makes it: the service found by its hook, prefetch filled, feedback sent afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cds_service.vendor.address import Address
from cds_service.vendor.checks_discovery import Listed, listed_services
from cds_service.vendor.checks_feedback import accepted, overridden
from cds_service.vendor.hooks_known import with_new_instance
from cds_service.vendor.prefetch import fill
from cds_service.vendor.wire import Answer, Wire
from cds_service.vendor.words import JsonObject, is_text, objects, quoted

FeedbackOutcome = Literal["accepted", "overridden"]


class CallError(Exception):
    """A call that could not be made; the message says why and how to mend it."""


class UnreachableError(CallError):
    """The service did not answer at all."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call that was made.

    Attributes:
        url: where it went.
        body: what was sent.
        answer: what came back.
        left_out: of prefetch, the keys that could not be filled, with the reason.
    """

    url: str
    body: JsonObject
    answer: Answer
    left_out: Mapping[str, str] = field(default_factory=dict)


def make(wire: Wire, address: Address, body: JsonObject, fhir: str | None = None) -> Called:
    """Make a hook call, with a `hookInstance` of its own.

    Args:
        wire: calls the service.
        address: the service's own, or its base: discovery then says which service is for the hook.
        body: the call; with `fhir` its own prefetch is replaced, and a token for another FHIR server is left out.
        fhir: the base URL, without a trailing slash, of the FHIR server that fills prefetch by the templates of
            discovery, and is named as `fhirServer`. It is asked without credentials, which are the service's.

    Raises:
        UnreachableError: nothing answers there.
        CallError: discovery does not say which service to call.
    """
    sent = with_new_instance(body)
    service_id = address.service_id
    left_out: Mapping[str, str] = {}
    if service_id is None or fhir is not None:
        service = _listed(wire, address, body["hook"])
        service_id = service.id
        if fhir is not None:
            filled = fill(service.prefetch, body["context"], wire, fhir)
            left_out = filled.left_out
            sent = {name: value for name, value in sent.items() if name not in {"prefetch", "fhirAuthorization"}}
            sent |= {"fhirServer": fhir, **({"prefetch": filled.prefetch} if filled.prefetch else {})}
    url = address.service(service_id)
    answer = wire.post(url, sent)
    if answer.status == 0:
        msg = f"{url} {answer.said()}. Check the address, and that the service runs."
        raise UnreachableError(msg)
    return Called(url, sent, answer, left_out)


def send_feedback(wire: Wire, called: Called, outcome: FeedbackOutcome) -> Answer:
    """Tell the service what became of its first card: its first suggestion accepted, or the card overridden.

    Raises:
        CallError: there is no card or suggestion with a uuid to give feedback on.
    """
    content = called.answer.json()
    card = next(iter(objects(content.get("cards")) if isinstance(content, dict) else []), {})
    if not is_text(card.get("uuid")):
        msg = "No card with a uuid came, so there is nothing to give feedback on."
        raise CallError(msg)
    if outcome == "accepted":
        suggestions = [one for one in objects(card.get("suggestions")) if is_text(one.get("uuid"))]
        if not suggestions:
            msg = "The first card has no suggestion with a uuid to accept. Send --feedback overridden."
            raise CallError(msg)
        entry = accepted(card["uuid"], suggestions[0]["uuid"])
    else:
        reasons: list[JsonObject] = [
            {name: one[name] for name in ("code", "system") if name in one}
            for one in objects(card.get("overrideReasons"))
            if is_text(one.get("code"))
        ]
        entry = overridden(card["uuid"], reasons[0] if reasons else None)
    return wire.post(f"{called.url}/feedback", {"feedback": [entry]})


def _listed(wire: Wire, address: Address, hook: str) -> Listed:
    answer = wire.get(address.discovery)
    if answer.status == 0:
        msg = f"{address.discovery} {answer.said()}. Check the address, and that the service runs."
        raise UnreachableError(msg)
    services = listed_services(answer.json()) if answer.accepted else ()
    if not services:
        msg = f"Discovery at {address.discovery} lists no service: it {answer.said()}. Give the URL of the service."
        raise CallError(msg)
    for service in services:
        if service.hook == hook and address.service_id in {None, service.id}:
            return service
    listed = ", ".join(f"{quoted(one.id)} on {quoted(one.hook)}" for one in services)
    msg = f"Discovery at {address.discovery} lists no such service on '{hook}', but {listed}. Change hook or --url."
    raise CallError(msg)
