"""One day of the invented history: orders from their first draft to their end, and what clients told of their cards."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from cds_service.cardlog.bands import AgeBand, BodyRegionGroup
from cds_service.cardlog.events import (
    CallRecord,
    CardEvent,
    EvaluationEvent,
    FeedbackEvent,
    FeedbackOutcome,
    SuggestionEvent,
)
from cds_service.cardlog.mode_of_log import DEMO
from cds_service.cardlog.rows import Record
from cds_service.invented_history import kinds
from cds_service.invented_history.kinds import Kind
from cds_service.invented_history.places import HOSPITAL_EHR, LATE_EHR, SILENT_EHR, Practice, hospital, practices
from cds_service.invented_history.story import Story
from cds_service.pathway.facts import FcpListing, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.outcomes import RED_FLAGS, Outcome

SELECT: Final = "order-select"
SIGN: Final = "order-sign"

_SERVICE: Final = "msk-imaging-pathway"
_ORDERS_OF_A_PRACTICE: Final = 0.42  # on an ordinary Wednesday
_HOURS: Final = (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
_BUSY: Final = (6, 14, 15, 13, 8, 6, 12, 12, 9, 4, 1)


class Version(NamedTuple):
    """What was in force in a region on a day.

    Attributes:
        name: the version.
        is_current: whether it is the one that is loaded now, and not the one before it.
    """

    name: str
    is_current: bool


class Made(NamedTuple):
    """What a day leaves in the card log.

    Attributes:
        records: answered calls and feedback.
        calls: how many calls there were, by hour, client, hook and result.
    """

    records: list[Record]
    calls: Counter[tuple[int, str, str, str]]


class _Order(NamedTuple):
    practice: Practice
    kind: Kind
    modality: Modality
    part: BodyRegionGroup
    hour: int
    order_key: bytes
    session_key: bytes


class InventedDay:
    """Makes a day.

    Args:
        seed: of the whole history.
        story: what happens when.
        day: the day in London.
        versions: what is in force, by region.
        software_version: of this service.
    """

    def __init__(
        self, seed: int, story: Story, day: date, versions: Mapping[str, Version], software_version: str
    ) -> None:
        self._choose = random.Random(f"{seed} {day}")  # noqa: S311 - invented, and the same each time
        self._story = story
        self._day = day
        self._versions = versions
        self._software_version = software_version
        self._made = Made([], Counter())

    def make(self) -> Made:
        """All that happened on the day."""
        season = self._story.season(self._day)
        for practice in practices():
            if practice.region not in self._versions:
                continue
            if practice.client_id == LATE_EHR and not self._story.is_after_go_live(self._day):
                continue
            for _ in range(self._some(_ORDERS_OF_A_PRACTICE * season * practice.size * self._demand(practice))):
                self._order(practice, self._kind(practice))
        for region in self._versions:
            for _ in range(self._some(1.4 * season)):
                self._order(hospital(region), kinds.SECONDARY_CARE)
        self._other_calls(season)
        return self._made

    def _demand(self, practice: Practice) -> float:
        """Fewer scans are asked for once the current version is in force."""
        return 0.88 if self._versions[practice.region].is_current else 1.0

    def _kind(self, practice: Practice) -> Kind:
        if practice.client_id == SILENT_EHR and self._story.is_in_fault(self._day):
            return kinds.UNKNOWN_SETTING
        if practice.region == "nel":
            if self._happens(0.12):
                return kinds.OUT_OF_POLICY
            if self._happens(0.08) and self._versions["nel"].is_current:
                return kinds.FCP_EXEMPT
        return self._choose.choices(kinds.KINDS, kinds.SHARES)[0]

    def _order(self, practice: Practice, kind: Kind) -> None:
        """An order: drafts, then signed, accepted away, changed for another scan, or left."""
        order = self._drafted(practice, kind, self._choose.choices(_HOURS, _BUSY)[0], self._choose.randbytes(16))
        answer = self._answer(order)
        for _ in range(1 if self._happens(0.8) else 2):
            card, evaluation = self._fire(order, SELECT)
        if card is not None and answer is not None:
            self._feedback(order, card, evaluation, answer)
        if answer is FeedbackOutcome.ACCEPTED:
            return
        signs = 0.95 if card is None or answer is FeedbackOutcome.OVERRIDDEN else 0.68
        if self._happens(signs):
            self._fire(order, SIGN)
        elif self._happens(0.45):
            self._change(order)

    def _drafted(self, practice: Practice, kind: Kind, hour: int, session_key: bytes) -> _Order:
        is_ultrasound = kind.outcome in {Outcome.LUMP, Outcome.OUT_OF_POLICY} or (
            practice.region == "nwl" and kind.outcome is Outcome.REDIRECT and self._happens(0.4)
        )
        modality = Modality.USS if is_ultrasound else Modality.MRI
        part = self._choose.choice(kind.parts)
        if is_ultrasound and part is BodyRegionGroup.SPINE:
            part = BodyRegionGroup.UPPER_LIMB
        return _Order(practice, kind, modality, part, hour, self._choose.randbytes(16), session_key)

    def _change(self, order: _Order) -> None:
        """Another scan in the same session: an ultrasound for a magnetic resonance image, or the other way round."""
        if order.kind is not kinds.REDIRECT:
            return
        is_mri = order.modality is Modality.MRI
        part = BodyRegionGroup.UPPER_LIMB if order.part is BodyRegionGroup.SPINE else order.part
        kind = kinds.OUT_OF_POLICY if is_mri and order.practice.region == "nel" else order.kind
        other = order._replace(
            kind=kind,
            modality=Modality.USS if is_mri else Modality.MRI,
            part=part,
            order_key=self._choose.randbytes(16),
        )
        self._fire(other, SELECT)
        self._fire(other, SIGN)

    def _answer(self, order: _Order) -> FeedbackOutcome | None:
        """What the client will tell of the card: some never tell anything, and most cards are passed over."""
        kind, practice = order.kind, order.practice
        if kind.indicator is None or practice.client_id == SILENT_EHR:
            return None
        accepts = 0.34 * practice.follows if kind.outcome not in RED_FLAGS else 0.55
        if kind is kinds.REDIRECT and practice.region == "nwl" and self._story.is_easier(self._day):
            accepts *= 2
        if kind.suggestion is None:
            accepts = 0.05
        overrides = 0.25 if kind.outcome not in RED_FLAGS else 0.2
        if self._is_unlisted_fcp(practice, kind):
            accepts, overrides = 0.1, 0.6
        chance = self._choose.random()
        if chance < accepts:
            return FeedbackOutcome.ACCEPTED
        return FeedbackOutcome.OVERRIDDEN if chance < accepts + overrides else None

    def _is_unlisted_fcp(self, practice: Practice, kind: Kind) -> bool:
        return practice.has_unlisted_fcp and kind is kinds.REDIRECT and self._versions["nel"].is_current

    def _fire(self, order: _Order, hook: str) -> tuple[CardEvent | None, EvaluationEvent]:
        """One call with one order."""
        kind = order.kind
        card_id = self._uuid() if kind.indicator is not None else None
        evaluation = self._evaluation(order, hook, card_id)
        cards = []
        if card_id is not None and kind.indicator is not None:
            suggestions = (SuggestionEvent(self._uuid(), *kind.suggestion),) if kind.suggestion else ()
            cards = [
                CardEvent(card_id, self._day, evaluation.event_id, 1, kind.outcome, kind.indicator, 1, suggestions)
            ]
        self._made.records.append(CallRecord([evaluation], cards))
        self._made.calls[order.hour, order.practice.client_id, hook, "cards" if cards else "silent"] += 1
        return (cards[0] if cards else None), evaluation

    def _evaluation(self, order: _Order, hook: str, card_id: str | None) -> EvaluationEvent:
        choose, practice, kind = self._choose, order.practice, order.kind
        is_known = kind is not kinds.UNKNOWN_SETTING
        has_reason = self._happens(0.86) or kind.outcome not in {Outcome.REDIRECT, Outcome.OUT_OF_POLICY}
        setting = Setting.SECONDARY_CARE if kind is kinds.SECONDARY_CARE else Setting.GENERAL_PRACTICE
        is_fcp = kind is kinds.FCP_EXEMPT or self._is_unlisted_fcp(practice, kind)
        return EvaluationEvent(
            event_id=self._uuid(),
            occurred_on=self._day,
            occurred_hour=order.hour,
            region=practice.region,
            pathway_id=practice.region,
            pathway_version=self._versions[practice.region].name,
            rule_id=f"{practice.region}.{kind.rule}",
            outcome=kind.outcome,
            indicator=kind.indicator,
            card_id=card_id,
            card_count=0 if card_id is None else 1,
            modality=order.modality,
            body_region_group=order.part,
            known_by=KnownBy.TEXT if self._happens(0.07) and kind is kinds.REDIRECT else KnownBy.CODE,
            setting=setting if is_known else Setting.UNKNOWN,
            setting_evidence="requester-role" if is_known else None,
            requester_category="first-contact-physiotherapist"
            if is_fcp
            else choose.choice(("gp", "gp", "gp", "nurse")),
            organisation=practice.organisation if is_known else None,
            pcn=practice.pcn if is_known else None,
            borough=practice.borough if is_known else None,
            region_conflict=self._happens(0.02),
            indication_present=has_reason,
            indication_groups=(choose.choice(kind.reasons),) if has_reason else (),
            oncology=choose.choice(kind.oncology) if has_reason else Oncology.UNKNOWN,
            age_band=AgeBand.UNDER_16
            if kind.outcome is Outcome.PAEDIATRIC
            else choose.choice((AgeBand.FROM_18_TO_64, AgeBand.FROM_18_TO_64, AgeBand.FROM_65)),
            fcp_listing=FcpListing.CURRENT if kind is kinds.FCP_EXEMPT else FcpListing.NONE,
            hook=hook,
            client_id=practice.client_id,
            latency_ms=choose.randint(2, 14),
            mode=DEMO,
            software_version=self._software_version,
            order_key=order.order_key,
            session_key=order.session_key,
        )

    def _feedback(self, order: _Order, card: CardEvent, evaluation: EvaluationEvent, answer: FeedbackOutcome) -> None:
        choose = self._choose
        is_override = answer is FeedbackOutcome.OVERRIDDEN
        taken = card.suggestions[0].suggestion_id if card.suggestions and not is_override else None
        reason = self._reason(order.practice, order.kind) if is_override else None
        moment = datetime(self._day.year, self._day.month, self._day.day, order.hour, choose.randrange(60), tzinfo=UTC)
        self._made.records.append(
            [
                FeedbackEvent(
                    event_id=self._uuid(),
                    received_on=self._day,
                    received_hour=order.hour,
                    service_id=_SERVICE,
                    client_id=evaluation.client_id,
                    card_id=card.card_id,
                    outcome=answer,
                    suggestion_accepted=taken is not None,
                    suggestion_id=taken,
                    override_reason_code=reason,
                    override_reason_system=None if reason is None else kinds.REASON_SYSTEM,
                    had_comment=is_override and self._happens(0.15),
                    outcome_timestamp=moment,
                )
            ]
        )

    def _reason(self, practice: Practice, kind: Kind) -> str | None:
        choose = self._choose
        if self._is_unlisted_fcp(practice, kind) and self._happens(0.7):
            return kinds.ASSURED
        if self._happens(0.06):
            return None
        reasons = kinds.RED_FLAG_REASONS if kind.outcome in RED_FLAGS else kinds.REASONS
        return choose.choices(list(reasons), list(reasons.values()))[0]

    def _other_calls(self, season: float) -> None:
        """Drugs and blood tests, about which nothing is kept but that there was a call; and the few that failed."""
        clients = {practice.client_id for practice in practices()} | {HOSPITAL_EHR}
        if not self._story.is_after_go_live(self._day):
            clients.discard(LATE_EHR)
        for client_id in sorted(clients):
            for hour in (9, 11, 15):
                self._made.calls[hour, client_id, SELECT, "out_of_scope"] += self._some(180 * season)
                self._made.calls[hour, client_id, SIGN, "out_of_scope"] += self._some(70 * season)
            self._made.calls[11, client_id, SELECT, "not_evaluated"] += self._some(0.3 * season)

    def _happens(self, share: float) -> bool:
        """What comes about in a share of cases."""
        return self._choose.random() < share

    def _some(self, expected: float) -> int:
        """A whole number around what is expected, as chance would have it."""
        if expected > 20:  # noqa: PLR2004 - from here on the two can hardly be told apart
            return max(0, round(self._choose.gauss(expected, expected**0.5)))
        count, waited = 0, self._choose.expovariate(1)
        while waited < expected:
            count, waited = count + 1, waited + self._choose.expovariate(1)
        return count

    def _uuid(self) -> str:
        digits = f"{self._choose.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
