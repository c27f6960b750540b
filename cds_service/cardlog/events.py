"""What the card log may know: one value per evaluated order, card, suggestion and feedback entry.

The fields are the allow list of the project's information-governance rules. No field takes free text, an id
of a patient, clinician, order or encounter, or anything else of the call's payload, and `forms` holds each
text to a form: what must not be stored cannot be expressed. `data_dictionary.csv` says why each field is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import uuid4

from cds_service.cardlog import forms
from cds_service.cardlog.bands import AgeBand, BodyRegionGroup
from cds_service.pathway.facts import (
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    Setting,
)
from cds_service.pathway.outcomes import Indicator, Outcome

_LONGEST_LATENCY_MS: Final = 2**31 - 1  # what an INTEGER column holds on PostgreSQL
_INDICATIONS: Final = frozenset(Indication)


class FeedbackOutcome(StrEnum):
    """What a client may say of a card (CDS Hooks, Feedback)."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


def _new_event_id() -> str:
    return str(uuid4())


def _checked_event_id(value: str) -> str:
    # Replacing a wrong id would make events share one, and all but the first would be taken for repeats.
    checked = forms.uuid(value)
    if checked is None:
        raise ValueError("event_id: is not a uuid; leave it out and one is made")
    return checked


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationEvent:
    """One MSK imaging order held against a pathway.

    Attributes:
        event_id: uuid, made with the event unless given; lets a repeated write be recognised.
        occurred_on: day of the call, Europe/London; for trends.
        occurred_hour: hour of that day, 0 to 23; for load and out-of-hours use.
        region: the footprint applied, or `other` / `unresolved`; every figure is split by it.
        pathway_id: the pathway that spoke; None when none did.
        pathway_version: its version, so that a change of wording can be seen in the figures.
        rule_id: the rule that matched, for example `nwl.redirect`.
        outcome: what the rule answered.
        indicator: urgency of the card; None when there is no card.
        card_id: uuid of the card that speaks of this order, which feedback names; None when there is no card.
        card_count: cards in the whole answer; measures interruption.
        modality: how the body is imaged.
        body_region_group: what is imaged, coarsely.
        known_by: whether a code or only text said so; measures the client's coding.
        setting: where the requester works.
        setting_evidence: the kind of place the setting was read from, such as `requester-role`,
            never a reference or id; None when nothing told.
        requester_category: kind of professional (`gp`, `nurse`), never a person.
        organisation: the requester's ODS code; None when unknown.
        pcn: the organisation's primary care network, from the configuration folder.
        borough: the organisation's borough, from the configuration folder.
        region_conflict: requester and patient belong to different regions.
        indication_present: the order carries a reason, be it one that does not count.
        indication_groups: groups of the coded reasons, sorted; never a code or text of the order.
        oncology: what is known of cancer.
        age_band: the patient's age band.
        fcp_listing: the requester's state on the First Contact Practitioner register.
        hook: `order-select` or `order-sign`; one order fires both.
        client_id: the configured id of the EHR that called.
        latency_ms: time from the call's arrival until its answer was made, in milliseconds.
        mode: `live`, or `demo` for the service that a newcomer tries.
        software_version: the version of this service.
        order_key: 16 bytes that the firings of one draft order share within a window (`episode_keys`); None without.
        session_key: the same for the firings of one session.

    Raises:
        ValueError: `event_id` is not a uuid.
    """

    event_id: str = field(default_factory=_new_event_id)
    occurred_on: date
    occurred_hour: int
    region: str
    pathway_id: str | None
    pathway_version: str | None
    rule_id: str
    outcome: Outcome
    indicator: Indicator | None
    card_id: str | None
    card_count: int
    modality: Modality
    body_region_group: BodyRegionGroup
    known_by: KnownBy
    setting: Setting
    setting_evidence: str | None
    requester_category: str
    organisation: str | None
    pcn: str | None
    borough: str | None
    region_conflict: bool
    indication_present: bool
    indication_groups: tuple[Indication, ...]
    oncology: Oncology
    age_band: AgeBand
    fcp_listing: FcpListing
    hook: str
    client_id: str
    latency_ms: int
    mode: str
    software_version: str
    order_key: bytes | None = None
    session_key: bytes | None = None

    def __post_init__(self) -> None:
        """Hold every text to its form; see `forms` for why a wrong one is dropped rather than refused."""
        put = object.__setattr__
        put(self, "event_id", _checked_event_id(self.event_id))
        put(self, "region", forms.token(self.region))
        put(self, "pathway_id", forms.optional_token(self.pathway_id))
        put(self, "pathway_version", forms.label(self.pathway_version))
        put(self, "rule_id", forms.token(self.rule_id))
        put(self, "card_id", forms.uuid(self.card_id))
        put(self, "setting_evidence", forms.place(self.setting_evidence))
        put(self, "requester_category", forms.token(self.requester_category))
        put(self, "organisation", forms.ods_code(self.organisation))
        put(self, "pcn", forms.label(self.pcn))
        put(self, "borough", forms.label(self.borough))
        put(self, "indication_groups", tuple(sorted(_INDICATIONS.intersection(self.indication_groups))))
        put(self, "hook", forms.token(self.hook))
        put(self, "client_id", forms.token(self.client_id))
        put(self, "latency_ms", max(0, min(self.latency_ms, _LONGEST_LATENCY_MS)))
        put(self, "mode", forms.token(self.mode))
        put(self, "software_version", forms.token(self.software_version))


class SuggestionEvent(NamedTuple):
    """One suggestion of a card.

    Attributes:
        suggestion_id: the uuid that feedback names when it is accepted.
        creates: resources that it adds, such as a referral.
        deletes: scan orders that it takes away.
    """

    suggestion_id: str
    creates: int
    deletes: int


class CardEvent(NamedTuple):
    """One card of an answer. Every value is this service's own: nothing in it comes from the call.

    Attributes:
        card_id: the uuid that feedback names.
        occurred_on: day of the answer, Europe/London.
        event_id: the evaluation of the first order that the card speaks of; place, client and hook are its.
        position: its place in the answer, from 1; a reader may not reach the last.
        outcome: what it says.
        indicator: how urgently.
        orders: evaluated orders that it speaks of.
        suggestions: what it offers to do.
    """

    card_id: str
    occurred_on: date
    event_id: str
    position: int
    outcome: Outcome
    indicator: Indicator
    orders: int
    suggestions: tuple[SuggestionEvent, ...] = ()


class CallRecord(NamedTuple):
    """What one answered call leaves in the log: written whole or not at all.

    Attributes:
        evaluations: one for each evaluated order; at least one.
        cards: one for each card that speaks of one of them.
    """

    evaluations: Sequence[EvaluationEvent]
    cards: Sequence[CardEvent] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackEvent:
    """One entry of a feedback call.

    The client's comment has no place here: whoever builds the event looks at it only to set `had_comment`.

    Attributes:
        event_id: uuid, made with the event unless given; lets a repeated write be recognised.
        received_on: day on which the entry came, Europe/London; for late feedback.
        received_hour: hour of that day, 0 to 23.
        service_id: the service named in the address, `other` for one that is not here.
        client_id: the configured id of the EHR that sent it; shows which clients send feedback at all.
        card_id: the card spoken of; None when the client sent something that is not a uuid.
        outcome: accepted or overridden.
        suggestion_accepted: whether any suggestion was accepted; a redirect counts as taken only then.
        suggestion_id: the first accepted suggestion, when its id is a uuid; None otherwise.
        override_reason_code: the coded reason, when it looks like a code; None otherwise.
        override_reason_system: its code system, when it is an absolute URI of at most 200 characters.
        had_comment: whether the clinician wrote something, and nothing of what.
        outcome_timestamp: when the clinician decided, an aware time cut to the second in UTC; of several
            entries for one card the last counts, of those with the same second the one with the greater id.

    Raises:
        ValueError: `event_id` is not a uuid, or `outcome_timestamp` has no time zone.
    """

    event_id: str = field(default_factory=_new_event_id)
    received_on: date
    received_hour: int
    service_id: str
    client_id: str
    card_id: str | None
    outcome: FeedbackOutcome
    suggestion_accepted: bool
    suggestion_id: str | None
    override_reason_code: str | None
    override_reason_system: str | None
    had_comment: bool
    outcome_timestamp: datetime

    def __post_init__(self) -> None:
        """Hold every text to its form and the timestamp to whole seconds in UTC."""
        put = object.__setattr__
        put(self, "event_id", _checked_event_id(self.event_id))
        put(self, "service_id", forms.token(self.service_id))
        put(self, "client_id", forms.token(self.client_id))
        put(self, "card_id", forms.uuid(self.card_id))
        put(self, "suggestion_id", forms.uuid(self.suggestion_id))
        put(self, "override_reason_code", forms.reason_code(self.override_reason_code))
        put(self, "override_reason_system", forms.reason_system(self.override_reason_system))
        put(self, "outcome_timestamp", _whole_second_utc(self.outcome_timestamp))


def _whole_second_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("outcome_timestamp: has no time zone; RFC 3339 asks for one, for example a final Z")
    whole = moment.replace(microsecond=0)
    try:
        return whole.astimezone(UTC)
    except OverflowError:  # an offset that leaves the years 1 to 9999; such a client's clock tells nothing anyway
        return whole.replace(tzinfo=UTC)
