"""What a card adds to its text: cautions, and the other red flags that the reasons carry."""

from datetime import date
from typing import Any

import pytest

from cds_service.pathway.decide import decide
from cds_service.pathway.explain import has_region_conflict
from cds_service.pathway.facts import (
    OUTSIDE,
    UNRESOLVED,
    BodyRegion,
    Facts,
    Indication,
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import Caution, Outcome

TODAY = date(2026, 11, 21)
LUMBAR = BodyRegion.LUMBAR_SPINE


def test_a_plain_redirect_has_nothing_to_add(routine: Facts, nwl: Pathway) -> None:
    """Everything is known, it is a knee, and the pathway is in date."""
    assert decide(routine, nwl, TODAY).cautions == ()


@pytest.mark.parametrize(
    ("change", "cautions"),
    [
        ({"indications": frozenset()}, (Caution.UNLESS_RED_FLAGS,)),
        ({"indications": frozenset({Indication.TEXT_ONLY})}, (Caution.UNLESS_RED_FLAGS,)),
        ({"indications": frozenset({Indication.UNRECOGNISED})}, (Caution.UNLESS_RED_FLAGS,)),
        ({"oncology": Oncology.UNKNOWN}, (Caution.UNLESS_RED_FLAGS,)),
        ({"oncology": Oncology.PAST}, (Caution.CANCER_HISTORY,)),
        (
            {"oncology": Oncology.ACTIVE, "indications": frozenset({Indication.BENIGN_CAUSE})},
            (Caution.CANCER_HISTORY,),
        ),
        (
            {"oncology": Oncology.UNDER_CARE, "indications": frozenset({Indication.BENIGN_CAUSE})},
            (Caution.UNDER_ONCOLOGY,),
        ),
        ({"indications": frozenset({Indication.SUSPICIOUS_PAIN})}, (Caution.SUSPICIOUS_PAIN,)),
        ({"body_region": LUMBAR}, (Caution.SPINE_EXPERTISE,)),
        ({"specialist_request": True}, (Caution.SPECIALIST_REQUEST,)),
        ({"patient_region": RegionId("nel")}, (Caution.REGION_CONFLICT,)),
        ({"patient_region": OUTSIDE}, (Caution.REGION_CONFLICT,)),
        ({"patient_region": RegionId("nwl")}, ()),
        (
            {"body_region": LUMBAR, "oncology": Oncology.PAST},
            (Caution.SPINE_AND_CANCER, Caution.CANCER_HISTORY, Caution.SPINE_EXPERTISE),
        ),
        (
            {"setting": Setting.UNKNOWN, "indications": frozenset(), "body_region": LUMBAR},
            (Caution.UNLESS_RED_FLAGS, Caution.SPINE_EXPERTISE),
        ),
    ],
    ids=str,
)
def test_the_cautions_of_a_redirect(
    routine: Facts, nwl: Pathway, change: dict[str, Any], cautions: tuple[Caution, ...]
) -> None:
    """What is missing first, then cancer, then what concerns this order."""
    decision = decide(routine._replace(**change), nwl, TODAY)

    assert decision.outcome in {Outcome.REDIRECT, Outcome.REDIRECT_UNKNOWN_SETTING}
    assert decision.cautions == cautions


def test_a_missing_reason_makes_only_a_redirect_conditional(routine: Facts, nwl: Pathway) -> None:
    """A child's card or an oncology card does not depend on it."""
    child = routine._replace(age=12, indications=frozenset())
    under_care = routine._replace(oncology=Oncology.UNDER_CARE, indications=frozenset())

    assert decide(child, nwl, TODAY).cautions == ()
    assert decide(under_care, nwl, TODAY).cautions == ()


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (Indication.CAUDA_EQUINA, Outcome.CES),
        (Indication.CORD_COMPRESSION, Outcome.MSCC),
        (Indication.SARCOMA, Outcome.SUSPECTED_SARCOMA),
        (Indication.SUSPECTED_CANCER, Outcome.ONCOLOGY),
        (Indication.PAIN, Outcome.ONCOLOGY),
        (Indication.BENIGN_CAUSE, Outcome.REDIRECT),
    ],
)
def test_a_spine_order_with_a_cancer_history_leads_with_ng234(
    routine: Facts, nwl: Pathway, reason: Indication, outcome: Outcome
) -> None:
    """On whatever card."""
    facts = routine._replace(body_region=LUMBAR, oncology=Oncology.UNDER_CARE, indications=frozenset({reason}))
    decision = decide(facts, nwl, TODAY)

    assert decision.outcome is outcome
    assert decision.cautions[0] is Caution.SPINE_AND_CANCER


@pytest.mark.parametrize(
    "reason", [Indication.MALIGNANCY, Indication.SUSPECTED_CANCER, Indication.SARCOMA, Indication.METASTASIS]
)
def test_a_spine_order_whose_reason_is_a_cancer_carries_ng234(routine: Facts, nwl: Pathway, reason: Indication) -> None:
    """As with a history of it; the record may not have it yet."""
    facts = routine._replace(indications=frozenset({reason}), oncology=Oncology.NONE)

    assert decide(facts._replace(body_region=LUMBAR), nwl, TODAY).cautions == (Caution.SPINE_AND_CANCER,)
    assert Caution.SPINE_AND_CANCER not in decide(facts, nwl, TODAY).cautions


@pytest.mark.parametrize("reason", [Indication.SARCOMA, Indication.CAUDA_EQUINA])
def test_the_treating_oncology_team_is_named_beside_another_red_flag(
    routine: Facts, nwl: Pathway, reason: Indication
) -> None:
    """D58; the oncology card itself needs no reminder."""
    facts = routine._replace(oncology=Oncology.UNDER_CARE)

    assert Caution.UNDER_ONCOLOGY in decide(facts._replace(indications=frozenset({reason})), nwl, TODAY).cautions
    assert Caution.UNDER_ONCOLOGY not in decide(facts, nwl, TODAY).cautions


@pytest.mark.parametrize(
    ("day", "cautions"),
    [(date(2027, 1, 1), ()), (date(2027, 1, 2), (Caution.PAST_REVIEW,)), (date(2030, 1, 1), (Caution.PAST_REVIEW,))],
)
def test_a_pathway_is_past_review_from_the_day_after(
    routine: Facts, nwl: Pathway, day: date, cautions: tuple[Caution, ...]
) -> None:
    """The review date itself is not past (D50)."""
    assert decide(routine, nwl, day).cautions == cautions


def test_a_red_flag_card_says_past_review_and_region_conflict_too(routine: Facts, nwl: Pathway) -> None:
    """They are about the pathway that speaks, whatever it says."""
    facts = routine._replace(patient_region=RegionId("nel"), indications=frozenset({Indication.CAUDA_EQUINA}))

    assert decide(facts, nwl, date(2027, 1, 2)).cautions == (Caution.REGION_CONFLICT, Caution.PAST_REVIEW)


def test_national_wording_speaks_of_no_region_and_no_review(routine: Facts) -> None:
    """There is no pathway whose region or review it could be."""
    facts = routine._replace(region=UNRESOLVED, patient_region=RegionId("nel"))
    facts = facts._replace(indications=frozenset({Indication.CAUDA_EQUINA}))

    assert decide(facts, None, date(2030, 1, 1)).cautions == ()


@pytest.mark.parametrize(
    ("region", "patient_region", "conflict"),
    [
        ("nwl", "nel", True),
        ("nwl", OUTSIDE, True),
        ("nwl", "nwl", False),
        ("nwl", None, False),
        (OUTSIDE, "nwl", False),
        (UNRESOLVED, "nwl", False),
    ],
)
def test_a_region_conflict_needs_two_known_regions(
    routine: Facts, region: str, patient_region: str | None, conflict: bool
) -> None:
    """A patient without a known practice is no conflict, and neither is an order without a region."""
    home = None if patient_region is None else RegionId(patient_region)

    assert has_region_conflict(routine._replace(region=RegionId(region), patient_region=home)) == conflict


@pytest.mark.parametrize(
    ("reasons", "oncology", "outcome", "also"),
    [
        ({Indication.PAIN}, Oncology.NONE, Outcome.REDIRECT, ()),
        ({Indication.CAUDA_EQUINA, Indication.SUSPECTED_CANCER}, "none", Outcome.CES, (Outcome.SUSPECTED_CANCER,)),
        ({Indication.CAUDA_EQUINA, Indication.METASTASIS}, "none", Outcome.CES, (Outcome.MSCC,)),
        ({Indication.SARCOMA, Indication.SOFT_TISSUE_LUMP}, "none", Outcome.SUSPECTED_SARCOMA, (Outcome.LUMP,)),
        (
            {Indication.SARCOMA, Indication.SUSPECTED_CANCER, Indication.URGENT},
            "none",
            Outcome.SUSPECTED_SARCOMA,
            (Outcome.SUSPECTED_CANCER, Outcome.URGENT_MSK),
        ),
        ({Indication.SUSPECTED_CANCER, Indication.URGENT}, "none", Outcome.SUSPECTED_CANCER, (Outcome.URGENT_MSK,)),
        ({Indication.SUSPECTED_CANCER}, "under_care", Outcome.ONCOLOGY, ()),
        (
            {Indication.SUSPECTED_CANCER, Indication.URGENT},
            "under_care",
            Outcome.ONCOLOGY,
            (Outcome.SUSPECTED_CANCER,),
        ),
        ({Indication.URGENT, Indication.SOFT_TISSUE_LUMP}, "none", Outcome.URGENT_MSK, (Outcome.LUMP,)),
    ],
)
def test_other_red_flags_are_named_most_urgent_first(
    routine: Facts,
    nwl: Pathway,
    reasons: set[Indication],
    oncology: str,
    outcome: Outcome,
    also: tuple[Outcome, ...],
) -> None:
    """All but those that the card's own text is about: under oncology what is urgent, else a suspected cancer (D54)."""
    facts = routine._replace(body_region=LUMBAR, indications=frozenset(reasons), oncology=Oncology(oncology))
    decision = decide(facts, nwl, TODAY)

    assert (decision.outcome, decision.also_coded) == (outcome, also)


def test_a_silent_decision_adds_nothing(routine: Facts, nel: Pathway) -> None:
    """No card, no words."""
    facts = routine._replace(region=RegionId("nel"), modality=Modality.USS)
    decision = decide(facts._replace(indications=frozenset({Indication.SOFT_TISSUE_LUMP})), nel, TODAY)

    assert decision.outcome is Outcome.OUT_OF_POLICY
    assert (decision.cautions, decision.also_coded) == ((), ())
