"""What each number of the monitor counts, what it is divided by, and what it cannot say (docs/monitor.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Definition:
    """One number, or one way of looking at numbers.

    Attributes:
        name: in addresses.
        title: as pages call it.
        numerator: what is counted.
        denominator: what it is divided by; a dash for a count.
        caveat: what it cannot say.
    """

    name: str
    title: str
    numerator: str
    denominator: str
    caveat: str


_NONE: Final = "nothing: it is a count"
_FEEDBACK: Final = "By the last feedback of each card, by the clinician's time."
_CARDS: Final = "Cards shown"

_DEFINITIONS: Final = (
    Definition(
        "firings",
        "Firings in scope",
        "Evaluations of MSK imaging orders that a pathway in force speaks of, one each time that an order fires",
        _NONE,
        "An order fires at each change while it is chosen (order-select) and when it is signed (order-sign), so that "
        "there are more firings than orders, also at one hook. The log sees orders that were started in the EHR, not "
        "scans that were done. Left out are the outcomes: not an MSK scan, outside every "
        "footprint, not in force yet, could not be evaluated, and scan that the pathway does not cover; on the "
        "page Where also red flags.",
    ),
    Definition(
        "distinct-orders",
        "Distinct orders in scope",
        "MSK imaging orders that a pathway in force speaks of, each counted once however often it fires",
        _NONE,
        "Firings are tied within a window of order episodes, by the EHR's own ids: an order without an id is not in "
        "it, and one that fires in two windows counts in both. Of the windows that begin in the period. Not counted "
        "where episodes are switched off, nor by hook.",
    ),
    Definition(
        "outcome",
        "Outcome",
        "Firings of orders with this answer of the rules",
        "All firings",
        "Each firing has exactly one outcome, by the first rule that matches.",
    ),
    Definition(
        "cards-shown",
        "Cards shown",
        "Cards that were sent to an EHR",
        _NONE,
        "Whether anybody looked is not known. An order shows a card each time that it fires. A card that speaks of "
        "several orders counts once, under the first.",
    ),
    Definition(
        "accepted",
        "Accepted",
        "Cards that were accepted",
        _CARDS,
        f"{_FEEDBACK} A card that is ignored is never reported, so this is a lower bound; a card without a suggestion "
        "has nothing to accept. A draft that was accepted is not a referral made.",
    ),
    Definition(
        "redirect-accepted",
        "Redirects accepted",
        "Redirect cards whose suggestion was accepted",
        "Redirect cards shown",
        f"{_FEEDBACK} A card that is ignored is never reported, so this is a lower bound. It is not a referral made: "
        "that is in e-RS and community data, which the log does not see.",
    ),
    Definition(
        "accepted-of-answered",
        "Redirects accepted, of those answered",
        "Redirect cards whose suggestion was accepted",
        "Redirect cards that were accepted or overridden, both as they are shown",
        f"{_FEEDBACK} An EHR that sends no feedback is not in it; in the share of cards shown it looks like cards that "
        "nobody wanted. Those who answer a card need not be like those who leave it.",
    ),
    Definition(
        "overridden",
        "Overridden",
        "Cards that were overridden",
        _CARDS,
        f"{_FEEDBACK} Lower is better, but not zero: some overrides are right.",
    ),
    Definition(
        "not-answered",
        "Not answered",
        "Cards of which no EHR said anything",
        _CARDS,
        "Ignored, acted on without a click, abandoned, or shown by an EHR that sends no feedback at all. An order that "
        "fires twice shows two cards: where the second is accepted, the first counts here. Look first whether the "
        "EHR ever sends any.",
    ),
    Definition(
        "override-reasons",
        "Override reasons",
        "Overridden cards with this coded reason",
        "Overridden cards with any coded reason",
        "“Other” above 20% says that the list of reasons does not fit. What was written beside is not kept.",
    ),
    Definition(
        "critical-cards",
        "Critical cards",
        "Cards about cauda equina syndrome and metastatic spinal cord compression",
        _NONE,
        "A safety signal, to be looked at each month. A card that was not answered may well have been acted on, or "
        "answered when the order fired again: each firing shows a card of its own.",
    ),
    Definition(
        "red-flag-cards",
        "Red-flag cards",
        "Cards about CES, MSCC, suspected cancer, suspected sarcoma, and patients under oncology",
        _NONE,
        "Only coded reasons earn such a card. Below the footprint they are not shown, and to nobody but the clinical "
        "safety role one by one.",
    ),
    Definition(
        "fcp-exempt",
        "Exempt First Contact Practitioner firings",
        "Firings of MRI orders that the assured-practitioner register exempted",
        _NONE,
        "An order fires more than once. For orders, see “Distinct orders in scope” of the overview, narrowed to this "
        "outcome. Rises when the register grows. The register is looked at on the day of the order.",
    ),
    Definition(
        "fcp-overrides",
        "Said to be assured",
        "Cards overridden with the reason “I am an assured First Contact Practitioner”",
        _NONE,
        "Says that the register may be incomplete, out of date, or about another place. It exempts nobody.",
    ),
    Definition(
        "episodes",
        "Order episodes",
        "Orders with a card, each counted once however often they fire, by what became of them",
        "Orders with a card whose end is known",
        "Firings are tied within a window (7 days unless set otherwise) by the EHR's own ids. “Cut” orders began on "
        "the window's last day and were not signed: their end is not known, they are left out. Those of that day that "
        "were signed or changed count, so that these two shares are a little too high, and “not signed” a little too "
        "low. Windows that are not over are left out. "
        "“Signed anyway” is sent to signing for the same scan: order-sign fires when somebody is about to sign, and "
        "whether they then did is not seen. It leaves out a signing whose own card was accepted, by its last feedback, "
        "with the suggestion that removes every scan of that card; an EHR that does not send such feedback makes the "
        "order look signed. Not signed does not mean referred: the log cannot see it.",
    ),
    Definition(
        "substitution",
        "Scan chosen in place of another",
        "Orders that were not signed, where another scan was chosen after the card, in the same order or session",
        _NONE,
        "The clinician may have had another reason than the card, or have wanted both. Scans of one call, and those "
        "that another order had been for before, do not count. Times are kept to the hour: of two scans that different "
        "processes of the service answered within an hour, chance may tell which came first.",
    ),
    Definition(
        "without-indication",
        "No reason",
        "Firings of orders without any reason",
        "Firings",
        "Many EHRs add the reason only at signing: compare the two hooks. A reason in free text counts as one, and "
        "so does one that is refuted.",
    ),
    Definition(
        "setting-unknown",
        "Setting unknown",
        "Firings of orders of which nothing told where the requester works, or the evidence disagreed",
        "Firings",
        "Such an order earns an information card at most, and nothing exempts it.",
    ),
    Definition(
        "oncology-unknown",
        "Oncology unknown",
        "Firings of orders of which nothing told whether the patient has or had cancer",
        "Firings",
        "Not known is never taken for no.",
    ),
    Definition(
        "known-by-text",
        "Known by text alone",
        "Firings of orders whose scan was recognised by its text, not by a code",
        "Firings",
        "Such a scan is never removed, and never exempt.",
    ),
    Definition(
        "calls",
        "Hook calls",
        "Calls of the service that were answered, by result",
        _NONE,
        "Counted by EHR; a call has no footprint, since most are out of scope.",
    ),
    Definition(
        "unknown-procedures",
        "Unknown procedure codes",
        "Selected orders whose procedure code is on no list",
        _NONE,
        "Counted by month: those that the period touches count whole. Most are no MSK scans.",
    ),
    Definition(
        "process-control",
        "Control limits",
        "Mean of the weeks, and limits at 2.66 times the average moving range (XmR chart, Making Data Count)",
        _NONE,
        "Limits need 13 weeks. A week is special when it lies outside the limits, belongs to 7 on one side of the "
        "mean, to a trend, or to 2 of 3 near one limit. Limits begin anew with the first whole week of a pathway "
        "version. Below each chart stands how many weeks make a trend, and from which the limits are.",
    ),
    Definition(
        "funnel",
        "Funnel",
        "Places by number of cards and share accepted, with the limits within which chance alone would put them",
        _NONE,
        "A small place varies more. Outside the funnel is a question to ask, not a judgement.",
    ),
)

DEFINITIONS: Final[Mapping[str, Definition]] = MappingProxyType({each.name: each for each in _DEFINITIONS})
"""Each by its name, in the order of the page."""
