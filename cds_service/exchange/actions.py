"""One action of a PlanDefinition for each rule, its cards below it, and what a card suggests below that.

R4 applies every action whose conditions all hold. So that exactly one rule answers, each carries its own
condition and the contrary of every rule before it; its cards likewise (PlanDefinition.action.condition).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cds_service import __version__
from cds_service.exchange.fhirpath import FHIRPATH, none
from cds_service.exchange.names import CARD_SYSTEM, OUTCOME_SYSTEM, RULE_SYSTEM, Json, concept, resource_url
from cds_service.exchange.precedence import RuleCondition
from cds_service.exchange.signs import SignExpressions, sign_expressions
from cds_service.exchange.variants import CardVariant, cards_of, scan_may_go
from cds_service.pathway.decide import PROPOSING
from cds_service.pathway.facts import Modality
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import OUTCOME_OF, Basis, NationalFallback, Pathway, Rule
from cds_service.pathway.outcomes import Indicator, RuleId, TextKey
from cds_service.pathway.scan_removal import REMOVING_RULES
from cds_service.pathway.texts import OrderWords

HOOKS = ("order-select", "order-sign")
"""The hooks that trigger each rule, as named events."""

_ACTION_TYPE = "http://terminology.hl7.org/CodeSystem/action-type"
_PRIORITIES = {Indicator.CRITICAL: "stat", Indicator.WARNING: "urgent", Indicator.INFO: "routine"}
"""A card's indicator as request priority: R4 has no other element for how loud advice is."""

_ONE_SCAN = OrderWords(Modality.OTHER)


class Condition(NamedTuple):
    """An applicability condition: what it means in words, and as FHIRPath."""

    means: str
    expression: str


class Voice(NamedTuple):
    """Who speaks in a list of rules, and how.

    Attributes:
        pathway: the region's pathway in force; None where national guidance speaks.
        signs: what coded reasons mean there.
        referrals: the texts for which there is an ActivityDefinition.
        guards: what must hold for any rule of the list.
        id_prefix: begins the id of each action.
    """

    pathway: Pathway | None
    signs: SignExpressions
    referrals: frozenset[TextKey]
    guards: tuple[Condition, ...]
    id_prefix: str


def rule_actions(rules: Sequence[RuleCondition], voice: Voice) -> list[Json]:
    """An action for each rule of a list, exactly one of which applies where the guards hold."""
    return [
        _rule_action(number, rule, [*voice.guards, *_first_match(rules, position)], voice)
        for position, rule in enumerate(rules)
        for number in [position + 1]
    ]


def _first_match(rules: Sequence[RuleCondition], position: int) -> Iterable[Condition]:
    own = rules[position]
    if own.when is not None:
        yield Condition(f"The rule's own condition: {own.rule}", own.when)
    for earlier in rules[:position]:
        if earlier.when is not None:
            yield Condition(f"Not {earlier.rule}, which comes first", none(earlier.when))


def _rule_action(number: int, stated: RuleCondition, conditions: list[Condition], voice: Voice) -> Json:
    rule = stated.rule
    regional = voice.pathway if voice.pathway is not None and voice.pathway.enabled(rule) else None
    speaker: Pathway | NationalFallback = NATIONAL if regional is None else regional
    described = speaker.rules[rule]
    rule_id = f"{voice.id_prefix}.{rule}"
    signs = sign_expressions(symptoms_count=True) if regional is None else voice.signs
    cards = cards_of(rule, signs)
    action: Json = {
        "id": rule_id,
        "prefix": str(number),
        "title": f"{'Card' if cards else 'No card'}: {str(rule).replace('_', ' ')}",
        "description": described.because,
        "code": [
            {**concept(RULE_SYSTEM, rule), "text": f"{speaker.id}.{rule}"},
            concept(OUTCOME_SYSTEM, str(OUTCOME_OF[rule])),
        ],
        "documentation": _sources(described, speaker),
        "trigger": [{"type": "named-event", "name": hook} for hook in HOOKS],
        "condition": _conditions(conditions),
    }
    if cards:
        action["groupingBehavior"] = "logical-group"
        action["action"] = [
            _card_action(f"{rule_id}.{position + 1}", rule, cards, position, speaker, voice)
            for position in range(len(cards))
        ]
    return action


def _card_action(  # the card's place among the rule's cards says what it excludes
    action_id: str,
    rule: RuleId,
    cards: list[CardVariant],
    position: int,
    speaker: Pathway | NationalFallback,
    voice: Voice,
) -> Json:
    card = cards[position]
    text = speaker.texts.cards[card.text]
    conditions = [] if card.when is None else [Condition("This card's own condition", card.when)]
    conditions += [
        Condition(f"Not {earlier.text} ({earlier.indicator}), which comes first", none(earlier.when))
        for earlier in cards[:position]
        if earlier.when is not None
    ]
    lines = [line for line in (*text.do, text.drafting, text.safety_net) if line is not None]
    action: Json = {
        "id": action_id,
        "title": _ONE_SCAN.fill(text.summary),
        "textEquivalent": "\n".join(f"- {_ONE_SCAN.fill(line)}" for line in lines),
        "priority": _PRIORITIES[card.indicator],
        "code": [concept(CARD_SYSTEM, card.text)],
    }
    if links := _links(card.text, speaker):
        action["documentation"] = links
    if conditions:
        action["condition"] = _conditions(conditions)
    if isinstance(speaker, Pathway) and rule in PROPOSING and card.text in voice.referrals:
        action["groupingBehavior"] = "logical-group"
        action["selectionBehavior"] = "at-most-one"
        action["action"] = _suggestions(action_id, rule, card.text, speaker, voice.signs)
    return action


def _suggestions(action_id: str, rule: RuleId, key: TextKey, pathway: Pathway, signs: SignExpressions) -> list[Json]:
    text = pathway.texts.cards[key]
    keeping = {
        "id": f"{action_id}.refer",
        "title": _ONE_SCAN.fill(text.suggestion_keeping_scan or "Draft a referral"),
        **_creates(key),
    }
    if rule not in REMOVING_RULES:
        return [keeping]
    may_go = scan_may_go(rule, signs, pathway.adult_from)
    removing = {
        "id": f"{action_id}.refer-and-remove",
        "title": _ONE_SCAN.fill(text.suggestion or "Draft a referral and remove {the}"),
        "groupingBehavior": "logical-group",
        "selectionBehavior": "all-or-none",
        "condition": _conditions(
            Condition(f"Does not hold: {pathway.texts.kept[one.reason]}", one.is_absent) for one in may_go
        ),
        "action": [
            {"id": f"{action_id}.create", "title": "Draft the referral", **_creates(key)},
            {
                "id": f"{action_id}.remove",
                "title": "Remove the scan that the card is about, only together with the referral",
                "type": concept(_ACTION_TYPE, "remove", "Remove"),
            },
        ],
    }
    all_hold = " and ".join(f"({one.is_absent})" for one in may_go)
    stays = Condition("A reason to keep the scan holds", none(all_hold))
    return [removing, {**keeping, "condition": _conditions([stays])}]


def referral_id(text: TextKey) -> str:
    """The id of the ActivityDefinition of a card text's referral."""
    return f"msk-imaging-referral-{str(text).replace('_', '-')}"


def _creates(text: TextKey) -> Json:
    return {
        "type": concept(_ACTION_TYPE, "create", "Create"),
        "requiredBehavior": "could",
        "definitionCanonical": f"{resource_url('ActivityDefinition', referral_id(text))}|{__version__}",
    }


def _conditions(conditions: Iterable[Condition]) -> list[Json]:
    return [
        {
            "kind": "applicability",
            "expression": {"description": one.means, "language": FHIRPATH, "expression": one.expression},
        }
        for one in conditions
    ]


def _sources(rule: Rule, speaker: Pathway | NationalFallback) -> list[Json]:
    """The sentences that a rule rests on, by number and in our words; those of the document stay in it."""
    said = speaker.document.sentences if isinstance(speaker, Pathway) else {}
    named = [
        {
            "type": "justification",
            "label": sentence,
            "display": ": ".join(filter(None, (f"{speaker.title}: sentence {sentence}", said.get(sentence)))),
        }
        for sentence in rule.sentences
    ]
    national = [{"type": "justification", "display": "National guidance"}] if rule.basis is Basis.NATIONAL else []
    return [*national, *named]


def _links(text: TextKey, speaker: Pathway | NationalFallback) -> list[Json]:
    """The pages that a card offers; one whose address was lost is named without it."""
    shown = [link for link in speaker.links if text in link.shown_on]
    return [
        {
            "type": "documentation",
            **({} if link.sentence is None else {"label": link.sentence}),
            "display": link.label + (" (for spine orders)" if link.spine_only else ""),
            **({} if link.url is None else {"url": str(link.url)}),
        }
        for link in shown
    ]
