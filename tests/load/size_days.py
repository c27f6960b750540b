"""The rows that a day of the invented England leaves in the card log, in the form in which the service writes them.

An order fires at each edit and mostly once more when it is signed; some calls hold two orders, some cards get feedback,
some of that twice, late or contradictory. Rows are made straight away, for millions of events would take an hour
otherwise; a test holds them to what `cardlog.rows` makes of an event.
"""

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from size_cases import Case, cases
from size_england import England, Place, england

from cds_service.cardlog.rows import Row, Rows
from cds_service.pathway.outcomes import Outcome

REASON_SYSTEM: Final = "https://cds-service.example/fhir/CodeSystem/msk-imaging-override-reason"
"""The code system of the reasons; stored as sent."""

REASONS: Final = {
    "specialist-or-advice-and-guidance-requested": 22,
    "clinical-disagreement": 20,
    "service-unavailable-or-wait": 15,
    "patient-preference": 12,
    "red-flag-already-actioned": 8,
    "surveillance-or-follow-up": 7,
    "other": 6,
    "community-msk-requested": 5,
    "not-an-msk-scan": 3,
    "assured-first-contact-practitioner": 2,
}
"""Override reasons with their shares in percent."""

_SERVICE: Final = "msk-imaging-pathway"
_VERSION: Final = "0.1.0"
_KEYS_KEPT: Final = timedelta(days=28)
_WEEKDAYS: Final = (1.1, 1.05, 1.0, 1.0, 0.9, 0.12, 0.06)
_HOURS: Final = (0.5, *[0.2] * 6, 2, 8, 14, 14, 12, 8, 8, 10, 10, 9, 7, 4, 2, 1, 1, 0.5, 0.5)
_EDITS: Final = {1: 30, 2: 30, 3: 20, 4: 12, 5: 8}
_NOWHERE: Final = {Outcome.OUTSIDE_FOOTPRINT.value: "other", Outcome.COULD_NOT_EVALUATE.value: "unresolved"}
_AT_ONCE: Final = 512


def evaluations_by_day(events: int, last: date, days: int) -> dict[date, int]:
    """How many evaluations each of the days up to the last gets; they add up to `events`."""
    filled = [last - timedelta(days=days - 1 - number) for number in range(days)]
    weights = [_WEEKDAYS[day.weekday()] for day in filled]
    counts: dict[date, int] = {}
    made, taken = 0, 0.0
    for day, weight in zip(filled, weights, strict=True):
        taken += weight
        counts[day] = round(events * taken / sum(weights)) - made
        made += counts[day]
    return counts


def a_uuid(choose: random.Random) -> str:
    """A random uuid; `uuid4` asks the system each time, which takes longer."""
    digits = f"{choose.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


class DayOfRows:
    """Makes the rows of one day.

    Args:
        day: the day in London.
        last: the last day of all; feedback comes no later, and keys are kept of the four weeks before it.
        country: where orders are made.
        kinds: what is ordered.
    """

    def __init__(self, day: date, last: date, country: England, kinds: list[Case]) -> None:
        self._day = day
        self._last = last
        self._country = country
        self._kinds = kinds
        self._keyed = last - day < _KEYS_KEPT
        self._choose = random.Random(day.toordinal())
        self._rows = Rows([], [], [], [], [])

    def rows(self, evaluations: int) -> Rows:
        """Rows of this many evaluations or, to end the last order, a few more; with all that belongs to them."""
        choose = self._choose
        while len(self._rows.evaluation) < evaluations:
            places = choose.choices(self._country.practices, cum_weights=self._country.shares, k=_AT_ONCE)
            hours = choose.choices(range(24), _HOURS, k=_AT_ONCE)
            edits = choose.choices(list(_EDITS), list(_EDITS.values()), k=_AT_ONCE)
            for place, hour, edited in zip(places, hours, edits, strict=True):
                if len(self._rows.evaluation) >= evaluations:
                    break
                self._order(place, hour, edited)
        return self._rows

    def _order(self, place: Place, hour: int, edits: int) -> None:
        """An order from its first draft on; a few are given up for another scan in the same session."""
        session = self._key()
        case = self._case()
        signed = self._choose.random() < (0.93 if case.indicator is None else 0.6)
        self._fire(case, place, hour, edits, signed, session)
        if not signed and self._choose.random() < 0.4:
            self._fire(self._case(), place, min(hour + 1, 23), 1, True, session)

    def _fire(self, case: Case, place: Place, hour: int, edits: int, signed: bool, session: bytes | None) -> None:
        if case.outcome == Outcome.SPECIALIST_EXEMPT:
            place = self._choose.choice(self._country.hospitals[place.region])
        hooks = ["order-select"] * edits + ["order-sign"] * signed
        orders = [self._key()] + ([self._key()] if self._choose.random() < 0.03 else [])
        for hook in hooks:
            card_id = None if case.indicator is None else a_uuid(self._choose)
            ids = [self._evaluation(case, place, hour, hook, card_id) for _ in orders]
            if self._keyed:
                self._rows.episode_key.extend(
                    (event_id, self._day, order, session) for event_id, order in zip(ids, orders, strict=True)
                )
            if card_id is not None:
                self._card(case, card_id, ids[0], len(ids), place.client_id, hour)

    def _evaluation(self, case: Case, place: Place, hour: int, hook: str, card_id: str | None) -> str:
        event_id = a_uuid(self._choose)
        nowhere = _NOWHERE.get(case.outcome)
        known = case.setting_evidence is not None
        self._rows.evaluation.append(
            (
                event_id,
                self._day,
                hour,
                nowhere or place.region,
                None if nowhere else place.region,
                None if nowhere else "1.2",
                f"{nowhere or place.region}.{case.outcome}",
                case.outcome,
                case.indicator,
                card_id,
                0 if card_id is None else 1,
                case.modality,
                case.body_region_group,
                case.known_by,
                case.setting,
                case.setting_evidence,
                case.requester_category,
                place.organisation if known else None,
                place.pcn if known else None,
                place.borough if known else None,
                False,
                case.indication_present,
                case.indication_groups,
                case.oncology,
                case.age_band,
                case.fcp_listing,
                hook,
                place.client_id,
                self._choose.getrandbits(3) + 1,
                "live",
                _VERSION,
            )
        )
        return event_id

    def _card(self, case: Case, card_id: str, event_id: str, orders: int, client_id: str, hour: int) -> None:
        suggestions = 0
        if case.suggestion is not None:
            suggestions = 1
            self._rows.suggestion.append((a_uuid(self._choose), self._day, card_id, *case.suggestion))
        self._rows.card.append((card_id, self._day, event_id, 1, case.outcome, case.indicator, orders, suggestions))
        if self._choose.random() < 0.25:
            self._feedback(card_id, client_id, hour, suggestions)

    def _feedback(self, card_id: str, client_id: str, hour: int, suggestions: int) -> None:
        """An answer; now and then late, twice, thought better of, or about a card that nobody knows."""
        choose = self._choose
        about = card_id if choose.random() < 0.995 else a_uuid(choose)
        late = timedelta(days=choose.randint(1, 5)) if choose.random() < 0.05 else timedelta(0)
        received_on = min(self._day + late, self._last)
        moment = datetime(self._day.year, self._day.month, self._day.day, hour, choose.randrange(60), tzinfo=UTC)
        overridden = choose.random() < 0.55
        entry = self._entry(about, client_id, suggestions, overridden)
        self._rows.feedback.append((a_uuid(choose), received_on, hour, *entry, moment))
        again = choose.random()
        if again < 0.05:
            self._rows.feedback.append((a_uuid(choose), received_on, hour, *entry, moment))
        elif again < 0.08:
            entry = self._entry(about, client_id, suggestions, not overridden)
            later = moment + timedelta(minutes=20)
            self._rows.feedback.append((a_uuid(choose), received_on, hour, *entry, later))

    def _entry(self, card_id: str, client_id: str, suggestions: int, overridden: bool) -> Row:
        """The middle of a feedback row, from the service to the comment."""
        choose = self._choose
        if not overridden:
            taken = suggestions == 1 and choose.random() < 0.7
            suggestion_id = a_uuid(choose) if taken else None
            return (_SERVICE, client_id, card_id, "accepted", taken, suggestion_id, None, None, False)
        commented = choose.random() < 0.2
        if choose.random() < 0.1:
            return (_SERVICE, client_id, card_id, "overridden", False, None, None, None, commented)
        reason = choose.choices(list(REASONS), list(REASONS.values()))[0]
        return (_SERVICE, client_id, card_id, "overridden", False, None, reason, REASON_SYSTEM, commented)

    def _case(self) -> Case:
        return self._kinds[int(self._choose.random() * len(self._kinds))]

    def _key(self) -> bytes | None:
        return self._choose.randbytes(16) if self._keyed else None


def rows_of_day(day: date, last: date, evaluations: int) -> Rows:
    """The rows of a day; the same at each call.

    Args:
        day: the day in London.
        last: the last day of all.
        evaluations: how many, at least.
    """
    return DayOfRows(day, last, _england(), _cases()).rows(evaluations)


_england = cache(england)
_cases = cache(cases)
