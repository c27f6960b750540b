"""What the orders of one call mean for each other, which `decide` cannot say: it sees one order."""

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
