"""What `decide` cannot say, which sees the facts of one order.

What the orders of one call mean for each other, and what a reason means that was sent and that nobody could read.
"""

from collections.abc import Hashable, Sequence

from cds_service.pathway.decision import Decision
from cds_service.pathway.outcomes import RED_FLAGS, KeepScan, Outcome, RuleId

KEEPING_SCANS = frozenset({*RED_FLAGS, Outcome.URGENT_MSK})
"""Outcomes beside which no redirect removes a scan of the same patient."""


def keeping_scans_beside_red_flags(decisions: Sequence[Decision], patients: Sequence[Hashable]) -> list[Decision]:
    """The decisions of one call; a redirect leaves its scan where another order of its patient carries a red flag.

    The reason may have been coded on one of two scans of the same thing, and the other be the one that is kept.

    Args:
        decisions: what `decide` answered, order by order.
        patients: whose order each is.
    """
    flagged = {
        patient for decision, patient in zip(decisions, patients, strict=True) if decision.outcome in KEEPING_SCANS
    }
    return [
        decision._replace(keep=(*decision.keep, KeepScan.RED_FLAG_BESIDE))
        if decision.rule is RuleId.REDIRECT and patient in flagged
        else decision
        for decision, patient in zip(decisions, patients, strict=True)
    ]


def keeping_a_scan_whose_reason_is_unread(decision: Decision) -> Decision:
    """The decision of an order whose reason was sent and could not be read: a redirect leaves its scan.

    The reason may be the red flag for which this scan was ordered, and no fact says that it is not.
    """
    if decision.rule is not RuleId.REDIRECT:
        return decision
    return decision._replace(keep=(*decision.keep, KeepScan.REASON_UNREAD))
