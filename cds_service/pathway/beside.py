"""What `decide` cannot say, which sees the facts of one order.

What the orders of one call mean for each other, what a reason means that was sent and that nobody could read, and what
an order means that is no draft any more, that its requester marks as one that cannot wait, or whose patient has an
emergency on the problem list.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import NO_SINGLE_PART, Facts, Indication, Modality, Setting
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.outcomes import RED_FLAGS, Caution, KeepScan, Outcome, RuleId
from cds_service.pathway.scan_removal import REMOVING_RULES
from cds_service.pathway.signs import CODED_CANCER, STATED_URGENT, URGENT_SYMPTOMS, is_spine

KEEPING_SCANS = frozenset({*RED_FLAGS, Outcome.URGENT_MSK})
"""Outcomes beside which no redirect removes a scan of the same patient."""


RED_FLAG_REASONS = (
    CODED_CANCER
    | STATED_URGENT
    | URGENT_SYMPTOMS
    | {Indication.CAUDA_EQUINA, Indication.CES_SYMPTOM_STRONG, Indication.CORD_COMPRESSION}
)
"""Coded reasons of an order that no pathway was held against, beside which no redirect removes a scan."""


class OrderBeside(NamedTuple):
    """An order of the same call of which no card speaks: not selected, or no MSK scan.

    Attributes:
        patient: whose order it is, as for the decided orders.
        indications: the groups of its coded reasons.
        is_unread: whether it refers to a Condition that could not be read.
    """

    patient: Hashable
    indications: frozenset[Indication]
    is_unread: bool = False


def keeping_scans_beside_others(
    decisions: Sequence[Decision],
    patients: Sequence[Hashable],
    others: Iterable[OrderBeside] = (),
    *,
    some_unreadable: bool = False,
) -> list[Decision]:
    """The decisions of one call; a redirect leaves its scan where another order carries a red flag, or may carry one.

    The reason may have been coded on one of two scans of the same thing, and the other be the one that is kept.

    Args:
        decisions: what `decide` answered, order by order.
        patients: whose order each is.
        others: what stands beside these orders in the call. For keeping a scan their coded reasons count as well.
        some_unreadable: whether the call holds an order, or what may be one, that could not be read at all; nobody can
            tell whose.
    """
    of_orders = [(patient, _as_seen_beside(decision)) for decision, patient in zip(decisions, patients, strict=True)]
    beside = Counter([*of_orders, *((other.patient, _of_an_other(other)) for other in others)])
    kept = []
    for decision, own in zip(decisions, of_orders, strict=True):
        patient, _ = own
        reasons = [reason for reason in _BESIDE if beside[patient, reason] > (own == (patient, reason))]
        if some_unreadable and KeepScan.UNREAD_BESIDE not in reasons:
            reasons.append(KeepScan.UNREAD_BESIDE)
        is_redirect = decision.rule is RuleId.REDIRECT
        kept.append(decision._replace(keep=(*decision.keep, *reasons)) if is_redirect and reasons else decision)
    return kept


_BESIDE = (KeepScan.RED_FLAG_BESIDE, KeepScan.UNREAD_BESIDE)


def _as_seen_beside(decision: Decision) -> KeepScan | None:
    """Why a decided order keeps the scans of its patient's other orders, or that it does not."""
    if decision.outcome in KEEPING_SCANS or KeepScan.STRONG_SIGN in decision.keep:
        return KeepScan.RED_FLAG_BESIDE
    return KeepScan.UNREAD_BESIDE if KeepScan.REASON_UNREAD in decision.keep else None


def _of_an_other(other: OrderBeside) -> KeepScan | None:
    if not RED_FLAG_REASONS.isdisjoint(other.indications):
        return KeepScan.RED_FLAG_BESIDE
    return KeepScan.UNREAD_BESIDE if other.is_unread else None


def keeping_an_order_in_force(decision: Decision) -> Decision:
    """The decision of an order that is no draft: no card removes it.

    It may be booked and vetted already; such an order is revoked by whoever made it, and not deleted.
    """
    if decision.rule not in REMOVING_RULES:
        return decision
    return decision._replace(keep=(*decision.keep, KeepScan.IN_FORCE))


def keeping_a_scan_whose_reason_is_unread(decision: Decision) -> Decision:
    """The decision of an order whose reason was sent and could not be read: a redirect leaves its scan.

    The reason may be the red flag for which this scan was ordered, and no fact says that it is not.
    """
    if decision.rule is not RuleId.REDIRECT:
        return decision
    others = (reason for reason in decision.keep if reason is not KeepScan.REASON_UNKNOWN)
    return decision._replace(keep=(*others, KeepScan.REASON_UNREAD))


def heeding_a_high_priority(decision: Decision) -> Decision:
    """The decision of an order that the requester marks as one that cannot wait: no card removes its scan.

    A redirect leads with the red flags, because the requester may have seen one that is not coded.
    """
    if decision.rule in _REDIRECTS:
        decision = decision._replace(cautions=(Caution.HIGH_PRIORITY, *decision.cautions), conditional=True)
    if decision.rule in REMOVING_RULES:
        decision = decision._replace(keep=(*decision.keep, KeepScan.HIGH_PRIORITY))
    return decision


def heeding_an_emergency_on_the_problem_list(decision: Decision) -> Decision:
    """The decision of a spine order whose patient has CES or cord compression among the active problems.

    It is no reason of the order and changes no outcome; a redirect says it first, and leaves the scan.
    """
    if decision.rule not in _REDIRECTS or not is_spine(decision.facts):
        return decision
    decision = decision._replace(cautions=(Caution.EMERGENCY_PROBLEM, *decision.cautions))
    if decision.rule is RuleId.REDIRECT:
        decision = decision._replace(keep=(*decision.keep, KeepScan.EMERGENCY_PROBLEM))
    return decision


_REDIRECTS = frozenset({RuleId.REDIRECT, RuleId.REDIRECT_UNKNOWN_SETTING})


SILENT_FOR_WANT_OF_A_RED_FLAG = frozenset(
    {
        RuleId.OUTSIDE_FOOTPRINT,
        RuleId.NOT_EFFECTIVE,
        RuleId.OUT_OF_POLICY,
        RuleId.COMMUNITY_MSK,
        RuleId.FCP_EXEMPT,
    }
)
"""Rules that say nothing because the reasons hold no red flag; secondary care is silent whatever they hold."""


def not_silent_before_an_unread_condition(decision: Decision) -> Decision:
    """The decision of an order that refers to a Condition that could not be read: it is not silence.

    Wherever a coded CES would speak, silence rests on what the reasons are, and one of them nobody knows (facts 1, 2
    and 5). So it is with a scan of no known part; not with one that is no MSK scan, or is screening of a baby's hip.
    """
    of_no_known_part = decision.rule is RuleId.NOT_AN_MSK_SCAN and _speaks_of_ces_alone(decision.facts)
    if decision.rule not in SILENT_FOR_WANT_OF_A_RED_FLAG and not of_no_known_part:
        return decision
    return Decision(
        Outcome.COULD_NOT_EVALUATE,
        RuleId.COULD_NOT_EVALUATE,
        NATIONAL.id,
        decision.facts,
        reasons=(REASON_UNREAD,),
        keep=(KeepScan.OUTCOME, KeepScan.REASON_UNREAD),
    )


def _speaks_of_ces_alone(facts: Facts) -> bool:
    """Whether an order that is no MSK scan for what is known of it would be one with a coded CES or MSCC."""
    is_of_interest = facts.live and facts.modality is not Modality.OTHER and facts.body_region in NO_SINGLE_PART
    return is_of_interest and facts.setting is not Setting.SECONDARY_CARE


REASON_UNREAD = "A reason that the order refers to could not be read; without it nobody can say that nothing is urgent."


def could_not_read_its_reason(decision: Decision) -> bool:
    """Whether an order could not be evaluated for its reason, and not because nothing places it in a region."""
    return decision.outcome is Outcome.COULD_NOT_EVALUATE and KeepScan.REASON_UNREAD in decision.keep
