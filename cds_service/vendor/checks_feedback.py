"""Feedback in each form that the specification shows (CDS Hooks 2.0, "Feedback"); a service may do without it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from cds_service.vendor.check import Check, Level, Rule, all_skipped
from cds_service.vendor.checks_calls import Made
from cds_service.vendor.wire import Answer, Wire
from cds_service.vendor.words import JsonObject, is_text, objects

MUST, SHOULD, INFO = Level
_FEEDBACK: Final = "2.0 Feedback"
_TAKE: Final = "Answer 2xx, whether the card is known or not: feedback may come late, repeated and contradictory."
_REFUSE: Final = "Answer 400 with an OperationOutcome: what is taken silently is lost silently."
NOT_OFFERED: Final = frozenset({404, 405, 501})

SUPPORTED = Rule(
    "feedback.supported", INFO, "feedback is taken", f"{_FEEDBACK}; optional", "It tells you what became of cards."
)
ACCEPTED = Rule("feedback.accepted", MUST, "an accepted suggestion", f"{_FEEDBACK}: Suggestion accepted", _TAKE)
ACCEPTED_TWO = Rule(
    "feedback.accepted-two", MUST, "two accepted suggestions", f"{_FEEDBACK}: Suggestion accepted", _TAKE
)
OVERRIDDEN = Rule(
    "feedback.overridden", MUST, "a dismissal without a reason", f"{_FEEDBACK}: Overridden guidance", _TAKE
)
REASON = Rule("feedback.reason", MUST, "a dismissal with a coded reason", f"{_FEEDBACK}: OverrideReason", _TAKE)
COMMENT = Rule("feedback.comment", MUST, "a dismissal with a comment only", f"{_FEEDBACK}: OverrideReason", _TAKE)
BOTH = Rule(
    "feedback.reason-and-comment", MUST, "a dismissal with reason and comment", f"{_FEEDBACK}: OverrideReason", _TAKE
)
SEVERAL = Rule("feedback.several", MUST, "feedback on several cards at once", _FEEDBACK, _TAKE)
REPEATED = Rule("feedback.repeated", MUST, "the same card accepted and then overridden", _FEEDBACK, _TAKE)
UNKNOWN = Rule("feedback.unknown-members", SHOULD, "unknown members are ignored", "2.0 Extensions, r214-215", _TAKE)
NOT_JSON = Rule("feedback.not-json", MUST, "a body that is no JSON is refused", "2.0 Use of JSON", _REFUSE)
NO_ARRAY = Rule("feedback.no-array", MUST, "a body without `feedback` is refused", _FEEDBACK, _REFUSE)
NO_CARD = Rule("feedback.no-card", SHOULD, "feedback on no card is refused", _FEEDBACK, _REFUSE)
NO_SUGGESTION = Rule(
    "feedback.no-suggestion", SHOULD, "accepted without `acceptedSuggestions` is refused", _FEEDBACK, _REFUSE
)
OUTCOME = Rule("feedback.outcome", SHOULD, "an outcome that is not in the list is refused", _FEEDBACK, _REFUSE)
TIMESTAMP = Rule("feedback.timestamp", SHOULD, "a timestamp that is no RFC 3339 time is refused", _FEEDBACK, _REFUSE)

TAKEN: Final = (ACCEPTED, ACCEPTED_TWO, OVERRIDDEN, REASON, COMMENT, BOTH, SEVERAL, REPEATED, UNKNOWN)
REFUSED: Final = (NOT_JSON, NO_ARRAY, NO_CARD, NO_SUGGESTION, OUTCOME, TIMESTAMP)


@dataclass(frozen=True, slots=True)
class Sample:
    """A card to give feedback on: one that came, or, where none has a uuid, ids that nobody knows."""

    card: str
    suggestion: str
    reason: JsonObject


def feedback_checks(wire: Wire, made: Sequence[Made]) -> list[Check]:
    """Each form of feedback sent to each service."""
    services: dict[str, list[Made]] = {}
    for one in made:
        services.setdefault(one.url, []).append(one)
    if not services:
        return all_skipped((SUPPORTED, *TAKEN, *REFUSED), "no service answers a good call without refusing it")
    offered = {
        url: (calls[0].place, sample)
        for url, calls in services.items()
        if _is_offered(wire, url, sample := sample_of([card for call in calls for card in call.cards]))
    }
    if not offered:
        why = "there is no feedback endpoint, which is optional"
        return [SUPPORTED.check(["No service takes feedback"]), *all_skipped((*TAKEN, *REFUSED), why)]
    problems: dict[Rule, list[str]] = {rule: [] for rule in (*TAKEN, *REFUSED)}
    for url, (place, sample) in offered.items():
        for rule, answer in _answers(wire, url, sample):
            if not (answer.accepted if rule in TAKEN else answer.refused):
                problems[rule].append(f"Feedback of {place} {answer.said()}")
    return [SUPPORTED.check([]), *(rule.check(found) for rule, found in problems.items())]


def _is_offered(wire: Wire, url: str, sample: Sample) -> bool:
    return _sent(wire, url, _taken(sample)[ACCEPTED]).status not in NOT_OFFERED


def _answers(wire: Wire, url: str, sample: Sample) -> Iterator[tuple[Rule, Answer]]:
    for rule, entries in _taken(sample).items():
        yield rule, _sent(wire, url, entries)
    for rule, body in _wrong(sample).items():
        yield rule, wire.post(f"{url}/feedback", body)


def sample_of(cards: Sequence[JsonObject]) -> Sample:
    """The first card that came with a uuid, its first suggestion and reason; invented ids for what is missing."""
    card = next((one for one in cards if is_text(one.get("uuid"))), {})
    suggestions = [one for one in objects(card.get("suggestions")) if is_text(one.get("uuid"))]
    reasons = [one for one in objects(card.get("overrideReasons")) if is_text(one.get("code"))]
    reason = reasons[0] if reasons else {"code": "doctor", "system": "https://example.org/override-reasons"}
    return Sample(
        card=card.get("uuid", str(uuid4())),
        suggestion=suggestions[0]["uuid"] if suggestions else str(uuid4()),
        reason={name: reason[name] for name in ("code", "system") if name in reason},
    )


def accepted(card: str, *suggestions: str) -> JsonObject:
    """Feedback that suggestions of a card were accepted."""
    return {**_entry(card, "accepted"), "acceptedSuggestions": [{"id": one} for one in suggestions]}


def overridden(card: str, reason: JsonObject | None = None, comment: str | None = None) -> JsonObject:
    """Feedback that a card was dismissed, with a coded reason, a comment, both, or neither."""
    override = {
        **({"reason": reason} if reason is not None else {}),
        **({"userComment": comment} if comment is not None else {}),
    }
    return {**_entry(card, "overridden"), **({"overrideReason": override} if override else {})}


def _entry(card: str, outcome: str) -> JsonObject:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"card": card, "outcome": outcome, "outcomeTimestamp": now}


def _sent(wire: Wire, url: str, entries: Sequence[JsonObject]) -> Answer:
    return wire.post(f"{url}/feedback", {"feedback": list(entries)})


def _taken(sample: Sample) -> dict[Rule, list[JsonObject]]:
    comment = "Sent by a conformance check; no patient."
    took = accepted(sample.card, sample.suggestion)
    return {
        ACCEPTED: [took],
        ACCEPTED_TWO: [accepted(sample.card, sample.suggestion, str(uuid4()))],
        OVERRIDDEN: [overridden(sample.card)],
        REASON: [overridden(sample.card, sample.reason)],
        COMMENT: [overridden(sample.card, comment=comment)],
        BOTH: [overridden(sample.card, sample.reason, comment)],
        SEVERAL: [took, overridden(str(uuid4()), sample.reason), overridden(str(uuid4()))],
        REPEATED: [took, overridden(sample.card)],
        UNKNOWN: [{**took, "doctorUnknownMember": {"nested": 1}, "extension": {"com.example.doctor": True}}],
    }


def _wrong(sample: Sample) -> dict[Rule, object]:
    took = accepted(sample.card, sample.suggestion)
    return {
        NOT_JSON: b'{"feedback": ',
        NO_ARRAY: {"feedbacks": [took]},
        NO_CARD: {"feedback": [{name: value for name, value in took.items() if name != "card"}]},
        NO_SUGGESTION: {"feedback": [_entry(sample.card, "accepted")]},
        OUTCOME: {"feedback": [_entry(sample.card, "ignored")]},
        TIMESTAMP: {"feedback": [{**took, "outcomeTimestamp": "yesterday"}]},
    }
