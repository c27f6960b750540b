"""The columns of the monitor's tables: the same name, words and meaning wherever they stand."""

from typing import Final

from cds_service.monitor.sums import ACCEPTED, NOT_ANSWERED, OVERRIDDEN
from cds_service.monitor.tables import Heading, Share

WEEK: Final = Heading("week", "Week from", "Monday of a complete week, Monday to Sunday, in London")
FOUR_WEEKS: Final = Heading(
    "four_weeks_from",
    "Four weeks from",
    "Monday of the first of four complete weeks; such blocks are the same whatever is asked",
)
WINDOW: Final = Heading("window_from", "Window from", "first day of a window within which firings of an order are tied")
OUTCOME: Final = Heading("outcome", "Outcome", "what the pathway answered")
CLIENT: Final = Heading("client", "EHR", "configured id of the electronic health record that called")
REASON: Final = Heading("reason", "Reason", "coded reason that the clinician chose, in words")
REASON_CODE: Final = Heading("reason_code", "Code", "the same as a code; empty when none was sent")
PLACE: Final = Heading(
    "place", "Place", "footprint, borough, primary care network or practice, by how far was looked into"
)
PRACTICE: Final = Heading("practice", "Practice", "organisation of the requester, with its ODS code")

FIRINGS: Final = Heading(
    "firings",
    "Firings",
    "evaluations of MSK imaging orders: an order counts each time that it fires, while chosen and when signed",
)
SHARE_OF_FIRINGS: Final = Heading("share_of_firings", "Share", "percentage of all firings of the table")

SHOWN: Final = Heading(
    "cards_shown", "Cards shown", "cards that were answered to an EHR; whether anybody looked is not known"
)
ANSWERS: Final = (
    Heading(ACCEPTED, "Accepted", "cards of which the last feedback says that a suggestion was accepted"),
    Heading(OVERRIDDEN, "Overridden", "cards of which the last feedback says that they were overridden"),
    Heading(NOT_ANSWERED, "Not answered", "cards of which no EHR said anything: ignored, or the EHR sends no feedback"),
)
ACCEPTED_SHARE: Final = Share(Heading("accepted_percent", "Accepted, %", "accepted of cards shown"), ACCEPTED)
OVERRIDDEN_SHARE: Final = Share(Heading("overridden_percent", "Overridden, %", "overridden of cards shown"), OVERRIDDEN)
NOT_ANSWERED_SHARE: Final = Share(
    Heading("not_answered_percent", "Not answered, %", "not answered of cards shown"), NOT_ANSWERED
)

OVERRIDES: Final = Heading("overrides", "Overrides", "cards overridden with this reason, by the last feedback of each")
OVERRIDES_BEFORE: Final = Heading(
    "overrides_before",
    "Period before",
    "the same in as many weeks before; empty where the log does not reach back over all of them, or they are still "
    "being worked out",
)
SHARE_OF_REASONS: Final = Heading("share_of_reasons", "Share", "percentage of all overrides with a coded reason")
