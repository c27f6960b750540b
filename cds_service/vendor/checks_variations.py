"""Good calls made again with what the specification lets a client send, and the time that they take."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Final

from cds_service.vendor.check import Check, Level, Rule, all_skipped
from cds_service.vendor.checks_calls import PRECONDITION_FAILED, Made, best_calls
from cds_service.vendor.hooks_known import with_new_instance
from cds_service.vendor.wire import OK, Answer, Wire
from cds_service.vendor.words import JsonObject, objects, quoted

MUST, SHOULD, INFO = Level

UNKNOWN = Rule(
    "call.unknown-members",
    MUST,
    "unknown members and extensions are ignored",
    "2.0 Extensions, r214-215",
    "Read what you know and leave the rest: the next version of the specification adds fields.",
)
NEW_UUIDS = Rule(
    "call.new-uuids",
    MUST,
    "the same call again gets cards with uuids of their own",
    "2.0 Card Attributes, r80",
    "Make a new random UUID for each card and suggestion of each answer: feedback is told apart by it.",
)
NULL_PREFETCH = Rule(
    "call.null-prefetch",
    MUST,
    "prefetch of nulls is read as nothing found",
    "2.0 Prefetch Template",
    "A client sends null for a key that it has no data for: answer 200, or 412.",
)
OUTCOME_PREFETCH = Rule(
    "call.outcome-prefetch",
    SHOULD,
    "prefetch of OperationOutcomes is read as not had",
    "2.0 Prefetch Template",
    "A client may send an OperationOutcome for a key that it could not fetch: answer 200, or 412.",
)
LATENCY = Rule(
    "call.latency",
    INFO,
    "an answer takes at most about 500 ms",
    "2.0 Providing FHIR Resources to a CDS Service, r27",
    "A clinician waits for it: measure where the time goes.",
)

VARIATION_RULES: Final = (UNKNOWN, NEW_UUIDS, NULL_PREFETCH, OUTCOME_PREFETCH, LATENCY)

LATENCY_CALLS: Final = 5
LONGEST_LATENCY: Final = 500.0
"""Milliseconds (r27)."""


def variation_checks(wire: Wire, made: Sequence[Made]) -> list[Check]:
    """Each service called again, with what the specification lets a client send."""
    good = best_calls([one for one in made if one.is_good])
    if not good:
        return all_skipped(VARIATION_RULES, "no call was answered with 200 or 412")
    keyed = [one for one in good if one.service.prefetch]
    checks = [
        UNKNOWN.check(problem for one in good for problem in _with_unknown_members(wire, one)),
        NEW_UUIDS.check(problem for one in good if one.cards for problem in _again(wire, one))
        if any(one.cards for one in good)
        else NEW_UUIDS.skipped("no call earned a card"),
    ]
    if keyed:
        outcome = {
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "error", "code": "transient", "diagnostics": "Not to be had now."}],
        }
        checks += [
            NULL_PREFETCH.check(problem for one in keyed for problem in _with_prefetch_of(wire, one, None)),
            OUTCOME_PREFETCH.check(problem for one in keyed for problem in _with_prefetch_of(wire, one, outcome)),
        ]
    else:
        checks += all_skipped((NULL_PREFETCH, OUTCOME_PREFETCH), "no service asks for prefetch")
    return [*checks, _latency(wire, good)]


def _with_unknown_members(wire: Wire, made: Made) -> Iterator[str]:
    unknown = {"com.example.doctor": {"member": [1, "two"]}}
    context = {**made.body["context"], "extension": unknown, "doctorUnknownMember": {"nested": [1, None]}}
    body = {**with_new_instance(made.body), "context": context, "extension": unknown, "doctorUnknownMember": "text"}
    answer = wire.post(made.url, body)
    if answer.status != made.answer.status:
        yield f"{made.place}, answered {made.answer.status} before, with unknown members {answer.said()}"
    elif _gist(answer) != _gist(made.answer):
        yield f"{made.place} gave other cards once the call had unknown members"


def _again(wire: Wire, made: Made) -> Iterator[str]:
    again = Made(made.service, made.url, made.body, wire.post(made.url, with_new_instance(made.body)))
    for uuid in sorted(_uuids(made.cards) & _uuids(again.cards)):
        yield f"{made.place} gave {quoted(uuid)} twice"


def _uuids(cards: Sequence[JsonObject]) -> set[str]:
    members = [one for card in cards for one in (card, *objects(card.get("suggestions")))]
    return {one["uuid"] for one in members if isinstance(one.get("uuid"), str)}


def _gist(answer: Answer) -> list[tuple[str, str]]:
    content = answer.json()
    cards = objects(content.get("cards")) if isinstance(content, dict) else []
    return [(str(card.get("summary")), str(card.get("indicator"))) for card in cards]


def _with_prefetch_of(wire: Wire, made: Made, value: object) -> Iterator[str]:
    body = {**with_new_instance(made.body), "prefetch": dict.fromkeys(made.service.prefetch, value)}
    answer = wire.post(made.url, body)
    if answer.status not in {OK, PRECONDITION_FAILED}:
        yield f"{made.place} {answer.said()}"


def _latency(wire: Wire, good: Sequence[Made]) -> Check:
    slow = []
    medians = []
    for one in good:
        answers = [wire.post(one.url, with_new_instance(one.body)) for _ in range(LATENCY_CALLS)]
        median = statistics.median(answer.milliseconds for answer in answers)
        medians.append(f"{one.place} {median:.0f} ms")
        if median > LONGEST_LATENCY:
            slow.append(f"{one.place} took {median:.0f} ms, the median of {LATENCY_CALLS} calls")
    return LATENCY.check(slow, f"Median of {LATENCY_CALLS} calls: {', '.join(medians)}")
