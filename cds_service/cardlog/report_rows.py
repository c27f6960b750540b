"""What the reports are asked and what they answer with. An empty text means "not known"."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which figures are wanted. What is left out or empty does not narrow them.

    Attributes:
        first: first day; of figures by week, window or month, those that begin on it or later.
        last: last day; of figures by week, window or month, those that begin on it or before.
        regions: footprints, or `other` / `unresolved`.
        outcomes: what the rules answered.
        modality: how the body is imaged.
        hook: `order-select` or `order-sign`.
        client_id: the configured id of an EHR.
    """

    first: date | None = None
    last: date | None = None
    regions: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    modality: str | None = None
    hook: str | None = None
    client_id: str | None = None


class WeeklyCount(NamedTuple):
    """Evaluations and cards of a week, region and outcome.

    Attributes:
        week: its Monday.
        region: the footprint applied, `other` or `unresolved`.
        outcome: what the rules answered.
        evaluations: orders that were evaluated; one order fires on each hook.
        cards: cards shown, of which what follows is a part.
        accepted: cards whose last feedback is an acceptance.
        suggestions_accepted: those of them with an accepted suggestion.
        overridden: cards whose last feedback is an override.
        without_indication: evaluated orders without a reason.
        setting_unknown: evaluated orders from an unknown setting.
        oncology_unknown: evaluated orders for which nothing told about cancer.
        known_by_text: evaluated orders that were recognised by their text alone.
    """

    week: date
    region: str
    outcome: str
    evaluations: int
    cards: int
    accepted: int
    suggestions_accepted: int
    overridden: int
    without_indication: int
    setting_unknown: int
    oncology_unknown: int
    known_by_text: int

    @property
    def not_answered(self) -> int:
        """Cards of which no client said anything."""
        return self.cards - self.accepted - self.overridden


class ClientCount(NamedTuple):
    """The counts of `WeeklyCount` of an EHR (`client_id`), region and outcome over the period."""

    region: str
    client_id: str
    outcome: str
    evaluations: int
    cards: int
    accepted: int
    suggestions_accepted: int
    overridden: int
    without_indication: int
    setting_unknown: int
    oncology_unknown: int
    known_by_text: int

    @property
    def not_answered(self) -> int:
        """Cards of which no client said anything."""
        return self.cards - self.accepted - self.overridden


class PracticeCount(NamedTuple):
    """The first counts of `WeeklyCount` of a practice (`organisation`, an ODS code) and outcome over the period."""

    region: str
    borough: str
    pcn: str
    organisation: str
    outcome: str
    evaluations: int
    cards: int
    accepted: int
    suggestions_accepted: int
    overridden: int

    @property
    def not_answered(self) -> int:
        """Cards of which no client said anything."""
        return self.cards - self.accepted - self.overridden


class OverrideReason(NamedTuple):
    """Overridden cards of an outcome with a reason over the period; `commented` had a comment beside."""

    region: str
    outcome: str
    reason_system: str
    reason_code: str
    overrides: int
    commented: int


class PlaceOverrideReason(NamedTuple):
    """The same by practice, where a register or a list may be wrong."""

    region: str
    borough: str
    pcn: str
    organisation: str
    outcome: str
    reason_system: str
    reason_code: str
    overrides: int
    commented: int


class EpisodeState(NamedTuple):
    """Orders of a window and what became of them (`episodes`); `firings` is how often they fired."""

    window_start: date
    region: str
    outcome: str
    modality: str
    state: str
    changed_to_modality: str
    episodes: int
    firings: int


class CallCount(NamedTuple):
    """Hook calls over the period, those out of scope among them."""

    client_id: str
    hook: str
    result: str
    calls: int


class UnknownProcedure(NamedTuple):
    """Selected orders over the period whose procedure code is on no list."""

    client_id: str
    code_system: str
    code: str
    orders: int


class RedFlagCard(NamedTuple):
    """A red-flag card that was shown, for the clinical safety role alone.

    Attributes:
        week: the Monday of the week in which it was shown.
        region: the footprint applied.
        borough: where it was ordered.
        client_id: the EHR.
        outcome: what it said.
        answer: `accepted` or `overridden` by the last feedback; empty when nobody said anything.
    """

    week: date
    region: str
    borough: str
    client_id: str
    outcome: str
    answer: str
