"""What the card log may know: one value per evaluated order and one per feedback entry.

The fields are the allow list of the project's information-governance rules. No field takes free text, an id
of a patient, clinician, order or encounter, or anything else of the call's payload, and `forms` holds each
text to a form: what must not be stored cannot be expressed. `docs/card-log.md` says why each field is there.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from cds_service.cardlog import forms
from cds_service.pathway.facts import (
    BodyRegion,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    Setting,
)
from cds_service.pathway.outcomes import Indicator, Outcome

_LONDON: Final = ZoneInfo("Europe/London")
_LONGEST_LATENCY_MS: Final = 2**31 - 1  # what an INTEGER column holds on PostgreSQL
_INDICATIONS: Final = frozenset(Indication)


class AgeBand(StrEnum):
    """The patient's age, as coarse as the rules and the monitor can bear."""

    UNDER_16 = "<16"
    FROM_16_TO_17 = "16-17"
    FROM_18_TO_64 = "18-64"
    FROM_65 = "65+"
    UNKNOWN = "unknown"


class BodyRegionGroup(StrEnum):
    """The part of the body, coarser than the order states it."""

    SPINE = "spine"
    UPPER_LIMB = "upper-limb"
    LOWER_LIMB = "lower-limb"
    PELVIS_HIP = "pelvis-hip"
    CHEST_WALL = "chest-wall"
    UNKNOWN = "unknown"


class FeedbackOutcome(StrEnum):
    """What a client may say of a card (CDS Hooks, Feedback)."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


_GROUPS: Final = {
    BodyRegion.CERVICAL_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.THORACIC_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.THORACOLUMBAR_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.LUMBAR_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.SACRAL_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.WHOLE_SPINE: BodyRegionGroup.SPINE,
    BodyRegion.SPINE: BodyRegionGroup.SPINE,
    BodyRegion.SACROILIAC_JOINT: BodyRegionGroup.PELVIS_HIP,
    BodyRegion.CHEST_WALL: BodyRegionGroup.CHEST_WALL,
    BodyRegion.SHOULDER: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.UPPER_ARM: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.ELBOW: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.FOREARM: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.WRIST: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.HAND: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.UPPER_LIMB: BodyRegionGroup.UPPER_LIMB,
    BodyRegion.HIP: BodyRegionGroup.PELVIS_HIP,
    BodyRegion.THIGH: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.KNEE: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.LOWER_LEG: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.ANKLE: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.FOOT: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.LOWER_LIMB: BodyRegionGroup.LOWER_LIMB,
    BodyRegion.NOT_MSK: BodyRegionGroup.UNKNOWN,
    BodyRegion.UNKNOWN: BodyRegionGroup.UNKNOWN,
}


def age_band(age: int | None) -> AgeBand:
    """The band of an age in whole years; an age that is missing or negative is unknown."""
    if age is None or age < 0:
        return AgeBand.UNKNOWN
    if age < 16:  # noqa: PLR2004 - the bands' own bounds
        return AgeBand.UNDER_16
    if age < 18:  # noqa: PLR2004 - the bands' own bounds
        return AgeBand.FROM_16_TO_17
    return AgeBand.FROM_18_TO_64 if age < 65 else AgeBand.FROM_65  # noqa: PLR2004 - the bands' own bounds


def body_region_group(region: BodyRegion) -> BodyRegionGroup:
    """The group of a body region; a region outside the musculoskeletal pathways counts as unknown."""
    return _GROUPS[region]


def london_day_and_hour(moment: datetime) -> tuple[date, int]:
    """The day and the hour (0 to 23) of an aware moment on clocks in London.

    Minutes are left out on purpose: with them a row could be matched to one consultation.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("moment: has no time zone; pass an aware datetime, for example datetime.now(UTC)")
    local = moment.astimezone(_LONDON)
    return local.date(), local.hour


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
        indication_present: the order carries a reason.
        indication_groups: groups of the coded reasons, sorted; never a code or text of the order.
        oncology: what is known of cancer.
        age_band: the patient's age band.
        fcp_listing: the requester's state on the First Contact Practitioner register.
        hook: `order-select` or `order-sign`; one order fires both.
        client_id: the configured id of the EHR that called.
        latency_ms: time the service took over the whole call, in milliseconds.
        configuration_flags: options that this deployment switched, comma-joined; may be empty.
        software_version: the version of this service.

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
    configuration_flags: str
    software_version: str

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
        put(self, "configuration_flags", forms.flags(self.configuration_flags))
        put(self, "software_version", forms.token(self.software_version))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackEvent:
    """One entry of a feedback call.

    The client's comment has no place here: whoever builds the event looks at it only to set `had_comment`.

    Attributes:
        event_id: uuid, made with the event unless given; lets a repeated write be recognised.
        received_on: day on which the entry came, Europe/London; for late feedback.
        received_hour: hour of that day, 0 to 23.
        service_id: the service named in the address, so that feedback sent to a wrong one is visible.
        card_id: the card spoken of; None when the client sent something that is not a uuid.
        outcome: accepted or overridden.
        suggestion_accepted: whether any suggestion was accepted; a redirect counts as taken only then.
        override_reason_code: the coded reason, when it looks like a code; None otherwise.
        override_reason_system: its code system, when it is an absolute URI of at most 200 characters.
        had_comment: whether the clinician wrote something, and nothing of what.
        outcome_timestamp: when the clinician decided, an aware time cut to the second in UTC; of several
            entries for one card the last counts.

    Raises:
        ValueError: `event_id` is not a uuid, or `outcome_timestamp` has no time zone.
    """

    event_id: str = field(default_factory=_new_event_id)
    received_on: date
    received_hour: int
    service_id: str
    card_id: str | None
    outcome: FeedbackOutcome
    suggestion_accepted: bool
    override_reason_code: str | None
    override_reason_system: str | None
    had_comment: bool
    outcome_timestamp: datetime

    def __post_init__(self) -> None:
        """Hold every text to its form and the timestamp to whole seconds in UTC."""
        put = object.__setattr__
        put(self, "event_id", _checked_event_id(self.event_id))
        put(self, "service_id", forms.token(self.service_id))
        put(self, "card_id", forms.uuid(self.card_id))
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
