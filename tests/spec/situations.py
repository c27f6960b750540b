"""Generated situations for the property tests: facts of every kind, the pathway handed to `decide`, and the day.

The pathways are the packaged ones and what a region may make of them: rules switched off, another adult age, another
sorting of the settings, and nothing at all. Days lie on and around every effective and review date.
"""

from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from hypothesis import strategies as st

from cds_service.pathway.decide import decide
from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import (
    NO_SINGLE_PART,
    OUTSIDE,
    UNRESOLVED,
    BodyRegion,
    Facts,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.loading import load_pathways
from cds_service.pathway.model import LOCKED_RULES, NATIONAL_ONLY, Pathway, Settings
from cds_service.pathway.outcomes import Outcome, RuleId

TODAY = date(2026, 11, 21)
PATHWAYS = load_pathways()
SWITCHABLE = sorted(set(RuleId) - NATIONAL_ONLY - LOCKED_RULES)
"""The rules that a region may switch off."""

CANCER_HISTORIES = (Oncology.PAST, Oncology.ACTIVE, Oncology.UNDER_CARE)
RED_FLAG_CARDS = frozenset(
    {Outcome.CES, Outcome.MSCC, Outcome.SUSPECTED_SARCOMA, Outcome.SUSPECTED_CANCER, Outcome.URGENT_MSK}
)
REDIRECTS = frozenset({Outcome.REDIRECT, Outcome.REDIRECT_UNKNOWN_SETTING})
SILENT = frozenset(
    {
        Outcome.NOT_APPLICABLE,
        Outcome.OUTSIDE_FOOTPRINT,
        Outcome.NOT_EFFECTIVE,
        Outcome.COULD_NOT_EVALUATE,
        Outcome.SPECIALIST_EXEMPT,
        Outcome.OUT_OF_POLICY,
        Outcome.FCP_EXEMPT,
    }
)
"""The outcomes without a card (docs/outcomes.md)."""

_TURNING_POINTS = [day for pathway in PATHWAYS.values() for day in (pathway.effective, pathway.review)]


class Choices(NamedTuple):
    """A packaged pathway and what its region makes of it."""

    region: RegionId
    off: frozenset[RuleId] = frozenset()
    adult_from: int = 16
    sorting: int = 0
    spine_requires_expertise: bool = False

    def pathway(self) -> Pathway:
        """The pathway with these choices."""
        return _pathway_with(self)


_SORTINGS = [
    Settings.model_validate({"redirect": redirect, "exempt": exempt})
    for redirect, exempt in (
        (["general-practice", "urgent-care"], ["community-msk", "secondary-care"]),
        (["general-practice"], ["urgent-care", "community-msk", "secondary-care"]),
        (["general-practice", "urgent-care", "community-msk"], ["secondary-care"]),
    )
]
"""Ways in which a region may sort the settings, the packaged one first."""


@cache
def _pathway_with(choices: Choices) -> Pathway:
    packaged = PATHWAYS[choices.region]
    exemption = packaged.fcp_exemption
    if exemption is not None:
        exemption = exemption.model_copy(update={"spine_requires_expertise": choices.spine_requires_expertise})
    rules = {
        rule_id: rule.model_copy(update={"enabled": rule_id not in choices.off})
        for rule_id, rule in packaged.rules.items()
    }
    return packaged.model_copy(
        update={
            "adult_from": choices.adult_from,
            "settings": _SORTINGS[choices.sorting],
            "fcp_exemption": exemption,
            "rules": rules,
        }
    )


class Situation(NamedTuple):
    """One call of `decide`; `choices` stands for the pathway handed to it, which may be none."""

    facts: Facts
    choices: Choices | None
    today: date

    def decided(self) -> Decision:
        """What `decide` answers."""
        return decide(self.facts, None if self.choices is None else self.choices.pathway(), self.today)

    def with_facts(self, **changes: Any) -> "Situation":  # noqa: ANN401 - a test names any fact
        """The same situation with some facts changed."""
        return self._replace(facts=self.facts._replace(**changes))

    def with_reasons(self, *reasons: Indication) -> "Situation":
        """The same situation with further coded reasons."""
        return self.with_facts(indications=self.facts.indications | set(reasons))

    def in_region(self, choices: Choices) -> "Situation":
        """The same situation in a region whose pathway, with these choices, is in force."""
        today = max(self.today, choices.pathway().effective)
        return Situation(self.facts._replace(region=choices.region), choices, today)


@st.composite
def regional_choices(draw: st.DrawFn) -> Choices:
    """Draw a packaged pathway with choices that its region may make."""
    return Choices(
        draw(st.sampled_from(list(PATHWAYS))),
        draw(st.frozensets(st.sampled_from(SWITCHABLE), max_size=3)),
        draw(st.integers(16, 18)),
        draw(st.integers(0, len(_SORTINGS) - 1)),
        draw(st.booleans()),
    )


ADULTS = st.integers(18, 110)
AGES = ADULTS | st.none() | st.sampled_from([0, 1, 15, 16, 17])
REGIONS = st.sampled_from([*PATHWAYS, OUTSIDE, UNRESOLVED, RegionId("elsewhere")])
DATES = st.just(TODAY) | st.builds(
    lambda day, days: day + timedelta(days), st.sampled_from(_TURNING_POINTS), st.integers(-2, 2)
)
ROUTINE_REASONS = st.sampled_from(
    [
        frozenset[Indication](),
        frozenset({Indication.PAIN}),
        frozenset({Indication.BENIGN_CAUSE}),
        frozenset({Indication.PAIN, Indication.BACK_PAIN_OR_SCIATICA}),
        frozenset({Indication.TEXT_ONLY}),
        frozenset({Indication.UNRECOGNISED, Indication.BENIGN_CAUSE}),
    ]
)
REMOVABLE_REASONS = ROUTINE_REASONS.filter(lambda reasons: Indication.UNRECOGNISED not in reasons)
"""Routine reasons that all are read, or are none but words (D52): no other scan is removed by a redirect."""
REASONS = ROUTINE_REASONS | st.frozensets(st.sampled_from(Indication), max_size=4)
FACTS = st.builds(
    Facts,
    modality=st.sampled_from([Modality.MRI, Modality.MRI, Modality.USS, Modality.USS, Modality.OTHER]),
    body_region=st.sampled_from([BodyRegion.LUMBAR_SPINE, BodyRegion.KNEE, BodyRegion.HIP])
    | st.sampled_from(BodyRegion),
    known_by=st.sampled_from([KnownBy.CODE, KnownBy.CODE, KnownBy.TEXT]),
    live=st.sampled_from([True] * 5 + [False]),
    region=REGIONS,
    setting=st.sampled_from([Setting.GENERAL_PRACTICE, *Setting]),
    fcp_listing=st.sampled_from([FcpListing.CURRENT, *FcpListing]),
    indications=REASONS,
    oncology=st.sampled_from([Oncology.NONE, *Oncology]),
    age=AGES,
    patient_region=st.none() | st.sampled_from([*PATHWAYS, OUTSIDE]),
    specialist_request=st.sampled_from([False, False, True]),
    evidence=st.dictionaries(st.sampled_from(["setting", "region"]), st.sampled_from(["encounter", "conflict"])),
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Draw facts, a day, and a pathway: mostly the one of the order's region, else another or none."""
    facts = draw(FACTS)
    choices = draw(st.none() | regional_choices())
    if choices is not None and draw(st.integers(0, 3)):
        facts = facts._replace(region=choices.region)
    return Situation(facts, choices, draw(DATES))


MSK_REGIONS = sorted(set(BodyRegion) - {BodyRegion.NOT_MSK})
"""Every part of the body that an MSK order may image, the unstated one among them."""


@st.composite
def msk_orders_outside_secondary_care(draw: st.DrawFn) -> Situation:
    """Draw a live MRI or ultrasound of an MSK (or unstated) part of the body, ordered outside secondary care."""
    return draw(situations()).with_facts(
        live=True,
        modality=draw(st.sampled_from([Modality.MRI, Modality.USS])),
        body_region=draw(st.sampled_from(MSK_REGIONS)),
        setting=draw(st.sampled_from(sorted(set(Setting) - {Setting.SECONDARY_CARE}))),
    )


@st.composite
def orders_under_a_pathway(draw: st.DrawFn) -> Situation:
    """Draw such an order where its region's pathway is in force, of a stated part of the body, for no infant."""
    order = draw(msk_orders_outside_secondary_care()).with_facts(
        body_region=draw(st.sampled_from(sorted(set(MSK_REGIONS) - NO_SINGLE_PART))),
        age=draw(st.none() | st.integers(1, 110)),
    )
    return order.in_region(draw(regional_choices()))


@st.composite
def removable_scans(draw: st.DrawFn) -> Situation:
    """Draw an order that nothing of fact 6 protects: its scan is removed together with creating the referral."""
    choices = draw(regional_choices())
    modality = draw(st.sampled_from(PATHWAYS[choices.region].modalities))
    emergency = draw(st.booleans())
    reasons = draw(REMOVABLE_REASONS) | ({Indication.CAUDA_EQUINA} if emergency else set())
    body_region = draw(st.sampled_from(sorted(set(MSK_REGIONS) - NO_SINGLE_PART)))
    settings = [Setting.GENERAL_PRACTICE, Setting.COMMUNITY_MSK] if emergency else [Setting.GENERAL_PRACTICE]
    order = Facts(
        modality,
        body_region,
        setting=draw(st.sampled_from(settings)),
        fcp_listing=draw(st.sampled_from([FcpListing.NONE, FcpListing.EXPIRED, FcpListing.UNKNOWN])),
        indications=reasons,
        oncology=Oncology.NONE if emergency else draw(st.sampled_from([Oncology.NONE, Oncology.UNKNOWN])),
        age=draw(ADULTS),
    )
    return Situation(order, None, draw(DATES)).in_region(choices)


@st.composite
def exempt_practitioners(draw: st.DrawFn) -> Situation:
    """Draw a routine NEL MRI of an assured First Contact Practitioner with every proof."""
    order = Facts(
        Modality.MRI,
        draw(st.sampled_from(sorted(set(MSK_REGIONS) - NO_SINGLE_PART))),
        setting=Setting.GENERAL_PRACTICE,
        fcp_listing=FcpListing.CURRENT,
        indications=draw(ROUTINE_REASONS),
        oncology=draw(st.sampled_from([Oncology.NONE, Oncology.PAST, Oncology.UNKNOWN])),
        age=draw(AGES),
    )
    choices = draw(regional_choices())
    choices = choices._replace(region=RegionId("nel"), off=choices.off - {RuleId.FCP_EXEMPT})
    return Situation(order, None, draw(DATES)).in_region(choices)
