"""What `decide` cannot say, which sees the facts of one order.

What the orders of one call mean for each other, what a reason means that was sent and that nobody could read, and what
an order means that is no draft any more, or that its requester marks as one that cannot wait.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import Indication
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.outcomes import RED_FLAGS, Caution, KeepScan, Outcome, RuleId
from cds_service.pathway.scan_removal import REMOVING_RULES
from cds_service.pathway.signs import CODED_CANCER, STATED_URGENT, URGENT_SYMPTOMS

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
    """

    patient: Hashable
    indications: frozenset[Indication]


def keeping_scans_beside_red_flags(
    decisions: Sequence[Decision], patients: Sequence[Hashable], others: Iterable[OrderBeside] = ()
) -> list[Decision]:
    """The decisions of one call; a redirect leaves its scan where another order of its patient carries a red flag.

    The reason may have been coded on one of two scans of the same thing, and the other be the one that is kept.

    Args:
        decisions: what `decide` answered, order by order.
        patients: whose order each is.
        others: what stands beside these orders in the call. For keeping a scan their coded reasons count as well.
    """
    flagged = {patient for decision, patient in zip(decisions, patients, strict=True) if _is_a_red_flag(decision)}
    flagged |= {other.patient for other in others if not RED_FLAG_REASONS.isdisjoint(other.indications)}
    return [
        decision._replace(keep=(*decision.keep, KeepScan.RED_FLAG_BESIDE))
        if decision.rule is RuleId.REDIRECT and patient in flagged
        else decision
        for decision, patient in zip(decisions, patients, strict=True)
    ]


def keeping_an_order_in_force(decision: Decision) -> Decision:
    """The decision of an order that is no draft: no card removes it.

    It may be booked and vetted already; such an order is revoked by whoever made it, and not deleted.
    """
    if decision.rule not in REMOVING_RULES:
        return decision
    return decision._replace(keep=(*decision.keep, KeepScan.IN_FORCE))


def _is_a_red_flag(decision: Decision) -> bool:
    return decision.outcome in KEEPING_SCANS or KeepScan.STRONG_SIGN in decision.keep


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


_REDIRECTS = frozenset({RuleId.REDIRECT, RuleId.REDIRECT_UNKNOWN_SETTING})


EXEMPTING = frozenset({RuleId.OUT_OF_POLICY, RuleId.COMMUNITY_MSK, RuleId.FCP_EXEMPT})
"""Rules that say nothing because the reasons hold no red flag; secondary care is silent whatever they hold."""


def not_exempting_an_unread_condition(decision: Decision) -> Decision:
    """The decision of an order that refers to a Condition that could not be read: none of `EXEMPTING` holds.

    Their silence rests on what the reasons are (facts 1, 2 and 5), and one of them nobody knows.
    """
    if decision.rule not in EXEMPTING:
        return decision
    return Decision(
        Outcome.COULD_NOT_EVALUATE,
        RuleId.COULD_NOT_EVALUATE,
        NATIONAL.id,
        decision.facts,
        reasons=(REASON_UNREAD,),
        keep=(KeepScan.OUTCOME, KeepScan.REASON_UNREAD),
    )


REASON_UNREAD = "A reason that the order refers to could not be read; without it nobody can say that nothing is urgent."


def could_not_read_its_reason(decision: Decision) -> bool:
    """Whether an order could not be evaluated for its reason, and not because nothing places it in a region."""
    return decision.outcome is Outcome.COULD_NOT_EVALUATE and KeepScan.REASON_UNREAD in decision.keep
