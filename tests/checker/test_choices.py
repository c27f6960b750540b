"""What the form offers, held against the value sets, the facts and the outcomes."""

from dataclasses import replace
from datetime import date
from importlib import resources

import pytest

from cds_service.checker.explanation import FACT_WORDS, KEEP_WORDS, OUTCOME_WORDS
from cds_service.checker.places import STAND_INS, UNLISTED, NoSuchPlaceError, Wish, find_place, with_stand_ins
from cds_service.checker.questions import AGES, questions
from cds_service.checker.reasons import REASONS
from cds_service.checker.scans import Scans
from cds_service.directory import load_directory
from cds_service.fhir.reasons import INDICATION_OF_GROUP
from cds_service.pathway.decision import FACTS_READ
from cds_service.pathway.facts import BodyRegion, Modality, Oncology, Setting
from cds_service.pathway.outcomes import KeepScan, Outcome
from cds_service.terminology import load_terminology
from cds_service.terminology.value_sets import read_value_sets
from tests.conftest import DEMO_CONFIGURATION

TODAY = date(2026, 11, 21)
REGIONS = {"nwl": "North West London", "nel": "North East London"}
VALUE_SETS = {
    value_set.group: {concept.code: concept.display for concept in value_set.concepts}
    for value_set in read_value_sets(resources.files("cds_service.terminology") / "value_sets")
}
SCANS = Scans(load_terminology())
DIRECTORY = load_directory(DEMO_CONFIGURATION, {"W2U3Z": "nwl", "A3A8R": "nel"})
FIELDS = {field.name: field for field in questions(DIRECTORY, REGIONS, SCANS, TODAY)}


def wish(**changes: str) -> Wish:
    """A wish for a general practice of NWL, with some things otherwise."""
    return Wish("", "nwl", "general-practice", "", "")._replace(**changes)


def test_every_reason_stands_in_its_value_set_under_these_words() -> None:
    """No code is from memory."""
    assert {reason.code: VALUE_SETS[reason.group][reason.code] for reason in REASONS} == {
        reason.code: reason.words for reason in REASONS
    }


def test_every_meaning_of_a_code_can_be_chosen() -> None:
    """A group of indications without a reason would be a part of the pathway that nobody can try."""
    assert {INDICATION_OF_GROUP[reason.group] for reason in REASONS} == set(INDICATION_OF_GROUP.values())


def test_every_value_of_a_fact_can_be_chosen() -> None:
    """Settings, cancer histories, modalities and parts of the body."""
    for name, values in (("setting", Setting), ("oncology", Oncology), ("modality", Modality), ("body", BodyRegion)):
        assert {option.value for option in FIELDS[name].options} >= {str(value) for value in values}
    assert {option.value for option in FIELDS["age"].options} == {"", *AGES}
    assert {option.value for option in FIELDS["procedure"].options} == {"", *SCANS.by_code}
    assert {option.value for option in FIELDS["practice"].options} == {"", *DIRECTORY.organisations}


def test_every_outcome_fact_and_reason_to_keep_a_scan_has_words() -> None:
    """Nothing is shown by its name in the code."""
    assert set(OUTCOME_WORDS) == set(Outcome)
    assert set(KEEP_WORDS) == set(KeepScan)
    assert set(FACT_WORDS) >= {name for names in FACTS_READ.values() for name in names}


@pytest.mark.parametrize("modality", [Modality.MRI, Modality.USS])
def test_a_scan_chosen_by_its_part_of_the_body_is_that_scan(modality: Modality) -> None:
    """By the packaged lists, whichever procedure stands for it."""
    terminology = load_terminology()
    for body in BodyRegion:
        scan = SCANS.plainest(modality, body)
        if scan is not None and scan.system is not None and scan.code is not None:
            found = terminology.procedure(scan.system, scan.code)
            assert found is not None
            assert (found.modality, found.body_region) == (modality.value, body.value)


@pytest.mark.parametrize(
    ("wanted", "code", "home"),
    [
        (wish(), "Z99001", "Z99001"),
        (wish(practice="z99102"), "Z99102", "Z99102"),
        (wish(setting="secondary-care"), "Z99030", "Z99001"),
        (wish(region="nel", setting="community-msk"), "Z99120", "Z99101"),
        (wish(setting="unknown"), None, "Z99001"),
        (wish(region="other"), "Z99201", "Z99201"),
        (wish(region="unresolved", setting="unknown"), None, None),
        (wish(home="nel"), "Z99001", "Z99101"),
        (wish(home="unknown"), "Z99001", None),
        (wish(region="nel", register="current-not-spine"), "Z99102", "Z99102"),
    ],
)
def test_a_place_is_found_that_fits(wanted: Wish, code: str | None, home: str | None) -> None:
    """The first of its kind, in the patient's borough where there is one, and where a listing is there to be tried."""
    place = find_place(wanted, DIRECTORY, TODAY)

    assert (place.organisation.ods_code if place.organisation else None) == code
    assert (place.home.ods_code if place.home else None) == home
    assert place.is_listed


def test_evidence_that_disagrees_comes_from_two_settings() -> None:
    """A practice and a hospital of one region."""
    place = find_place(wish(setting="conflict"), DIRECTORY, TODAY)

    assert place.organisation is not None
    assert place.contradicting is not None
    assert (place.organisation.setting, place.contradicting.setting) == ("general-practice", "secondary-care")


def test_a_directory_without_the_place_says_what_to_choose() -> None:
    """Never another place in its stead."""
    practices = {code: one for code, one in DIRECTORY.organisations.items() if one.setting == "general-practice"}
    lonely = replace(DIRECTORY, organisations={code: one for code, one in practices.items() if one.region == "nwl"})

    for wanted in (wish(setting="conflict"), wish(setting="urgent-care"), wish(region="nel"), wish(home="nel")):
        with pytest.raises(NoSuchPlaceError, match="Choose"):
            find_place(wanted, lonely, TODAY)


def test_stand_ins_are_listed_for_the_checker_alone() -> None:
    """The directory that answers live calls knows none of them; the other has each in its state, everywhere."""
    system = "https://fhir.nhs.uk/Id/sds-user-id"
    ours = with_stand_ins(DIRECTORY)

    for code in ("Z99001", "Z99103"):
        organisation = DIRECTORY.organisation(code)
        for state, user_id in STAND_INS.items():
            assert ours.fcp_listing([(system, user_id)], organisation, TODAY) == state
            assert DIRECTORY.fcp_listing([(system, user_id)], organisation, TODAY) == "none"
        assert ours.fcp_listing([(system, UNLISTED)], organisation, TODAY) == "none"
    assert ours.organisations == DIRECTORY.organisations
