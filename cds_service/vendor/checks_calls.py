"""Calls of each service, and what the answers are as a whole (CDS Hooks 2.0, "CDS Service Response")."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cds_service.vendor.address import Address
from cds_service.vendor.check import Check, Level, Rule, all_skipped
from cds_service.vendor.checks_discovery import Listed
from cds_service.vendor.checks_suggestions import delete_problems, resource_problems
from cds_service.vendor.hooks_known import minimal_call, with_new_instance
from cds_service.vendor.wire import OK, Answer, Wire
from cds_service.vendor.words import JsonObject, empty_elements, objects, placed_objects, quoted

MUST, SHOULD, INFO = Level
PRECONDITION_FAILED: Final = 412
_RESPONSE: Final = "2.0 CDS Service Response"

ANSWERED = Rule(
    "call.answered",
    MUST,
    "a call is answered with 200, or 412 when data is missing",
    f"{_RESPONSE}: HTTP Status Codes, r54",
    "Answer a good call with cards, or with 412. If credentials are wanted, give them with --header or a token key.",
)
JSON = Rule("call.json", MUST, "the answer is a JSON object", "2.0 Use of JSON", "Answer with one JSON object.")
MEDIA_TYPE = Rule(
    "call.content-type",
    SHOULD,
    "the answer is sent as application/json",
    "2.0 Use of JSON",
    "Send Content-Type: application/json.",
)
CARDS = Rule(
    "call.cards",
    MUST,
    "`cards` is an array of objects",
    f"{_RESPONSE}: HTTP Response",
    'Answer {"cards": []} when there is nothing to say.',
)
NO_EMPTY = Rule(
    "call.no-empty",
    MUST,
    "no element is null or empty, save `cards`",
    "2.0 Use of JSON, r3",
    "Leave an element without a value out.",
)
SYSTEM_ACTIONS = Rule(
    "call.system-actions",
    MUST,
    "`systemActions` is absent, or an array of actions",
    f"{_RESPONSE}: System Action",
    "Leave it out when there is none; each needs `type` and what the type asks for.",
)
EXTENSIONS = Rule(
    "call.extensions",
    MUST,
    "an `extension` is an object",
    "2.0 Extensions, r214-215",
    "Send one JSON object, its members named by reverse domain.",
)
MISSING_DATA = Rule(
    "call.outcome-412",
    SHOULD,
    "a 412 says in an OperationOutcome what is missing",
    "3.0 Returning OperationOutcome",
    "Send an OperationOutcome that names the data.",
)
ANSWER_RULES: Final = (JSON, MEDIA_TYPE, CARDS, NO_EMPTY, SYSTEM_ACTIONS, EXTENSIONS, MISSING_DATA)


@dataclass(frozen=True, slots=True)
class Made:
    """A call that was made.

    Attributes:
        service: whom it was for.
        url: where it went.
        body: what was sent.
        answer: what came back.
    """

    service: Listed
    url: str
    body: JsonObject
    answer: Answer

    @property
    def place(self) -> str:
        """What a finding calls it."""
        return f"{self.service.hook} {quoted(self.service.id)}"

    @property
    def is_good(self) -> bool:
        """Whether it was answered as a good call may be."""
        return self.answer.failure is None and self.answer.status in {OK, PRECONDITION_FAILED}

    @property
    def cards(self) -> list[JsonObject]:
        """The cards that came."""
        content = self.answer.json() if self.answer.status == OK else None
        return objects(content.get("cards")) if isinstance(content, dict) else []


def make_calls(
    wire: Wire, address: Address, services: Sequence[Listed], hook_calls: Sequence[JsonObject]
) -> list[Made]:
    """Call each service once with each of the given calls for its hook, or else with a minimal one."""
    made = []
    for service in services:
        given = [call for call in hook_calls if call["hook"] == service.hook]
        url = address.service(service.id)
        for call in given or [minimal_call(service.hook)]:
            body = with_new_instance(call)
            made.append(Made(service, url, body, wire.post(url, body)))
    return made


def best_calls(made: Sequence[Made]) -> list[Made]:
    """Of the calls of each service on each hook, the one that shows most: with cards, else with 200, else the first."""
    best: dict[tuple[str, str], Made] = {}
    for one in made:
        key = (one.service.hook, one.url)
        if key not in best or _shows(one) > _shows(best[key]):
            best[key] = one
    return list(best.values())


def _shows(made: Made) -> tuple[bool, int]:
    return made.answer.status == OK, len(made.cards)


def answer_checks(made: Sequence[Made]) -> list[Check]:
    """The answers as a whole held against the specification."""
    if not made:
        return all_skipped((ANSWERED, *ANSWER_RULES), "no service is listed")
    answered = ANSWERED.check(f"{one.place} {one.answer.said()}" for one in made if not one.is_good)
    cards = [one for one in made if one.is_good and one.answer.status == OK]
    missing = [one for one in made if one.answer.status == PRECONDITION_FAILED]
    outcome = (
        MISSING_DATA.check(f"{one.place} {one.answer.said()}" for one in missing if not is_outcome(one.answer.json()))
        if missing
        else MISSING_DATA.skipped("no call was answered with 412")
    )
    if not cards:
        return [answered, *all_skipped(ANSWER_RULES[:-1], "no call was answered with 200"), outcome]
    whole = [(content, one.place) for one in cards if isinstance(content := one.answer.json(), dict)]
    return [
        answered,
        JSON.check(f"{one.place} {one.answer.said()}" for one in cards if not isinstance(one.answer.json(), dict)),
        MEDIA_TYPE.check(
            f"{one.place} answered as {quoted(one.answer.media_type)}"
            for one in cards
            if one.answer.media_type != "application/json"
        ),
        CARDS.check(problem for content, place in whole for problem in _no_cards(content, place)),
        NO_EMPTY.check(
            f"{place} {where} is null or empty"
            for content, place in whole
            for where in empty_elements(content)
            if where != "cards" or content["cards"] is None
        ),
        SYSTEM_ACTIONS.check(problem for content, place in whole for problem in _system_actions(content, place)),
        EXTENSIONS.check(problem for content, place in whole for problem in _extensions(content, place)),
        outcome,
    ]


def is_outcome(content: object) -> bool:
    """Whether a value is an OperationOutcome that says something."""
    return (
        isinstance(content, dict)
        and content.get("resourceType") == "OperationOutcome"
        and bool(objects(content.get("issue")))
    )


def _no_cards(content: JsonObject, place: str) -> Iterator[str]:
    cards = content.get("cards")
    if not isinstance(cards, list):
        yield f"{place} has no array `cards`" if cards is None else f"{place} cards is {quoted(cards)}"
        return
    for position, card in enumerate(cards):
        if not isinstance(card, dict):
            yield f"{place} cards[{position}] is {quoted(card)}, not an object"


def _system_actions(content: JsonObject, place: str) -> Iterator[str]:
    actions = content.get("systemActions", [])
    if not isinstance(actions, list) or len(objects(actions)) != len(actions):
        yield f"{place} systemActions is {quoted(actions)}"
        return
    for action, where in placed_objects(actions, f"{place} systemActions"):
        if action.get("type") not in ("create", "update", "delete"):
            yield f"{where}.type is {quoted(action.get('type'))}"
        yield from resource_problems(action, where)
        yield from delete_problems(action, where)


def _extensions(content: JsonObject, place: str) -> Iterator[str]:
    """Wherever one stands but in a FHIR resource, whose extensions are a list of FHIR's own."""
    waiting: list[tuple[object, str]] = [(content, "")]
    while waiting:  # no recursion: what came may be nested deeply
        one, where = waiting.pop()
        if isinstance(one, list):
            waiting.extend((member, f"{where}[{position}]") for position, member in enumerate(one))
        elif isinstance(one, dict) and "resourceType" not in one:
            if not isinstance(one.get("extension", {}), dict):
                yield f"{place} {where or 'the answer'} has the extension {quoted(one['extension'])}"
            further = ((name, member) for name, member in one.items() if name != "extension")
            waiting.extend((member, f"{where}.{name}" if where else str(name)) for name, member in further)
