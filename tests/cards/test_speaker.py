from datetime import date

import pytest

from cds_service.cards.speaker import OVERRIDE_SYSTEM, Speaker, speakers_of
from cds_service.pathway.facts import Modality, RegionId
from cds_service.pathway.loading import NATIONAL as NATIONAL_FALLBACK
from cds_service.pathway.outcomes import TextKey
from cds_service.pathway.texts import OrderWords
from tests.cards.conftest import NATIONAL, PATHWAYS, SPEAKERS, an_order, some_facts

NWL = SPEAKERS[RegionId("nwl")]
NEL = SPEAKERS[RegionId("nel")]


def test_there_is_a_speaker_for_each_pathway_and_one_for_the_nation() -> None:
    """By id."""
    assert set(speakers_of(PATHWAYS, dict.fromkeys([*PATHWAYS, "national"], "https://x.example"))) == {
        "nwl",
        "nel",
        "national",
    }


@pytest.mark.parametrize(
    ("speaker", "label", "url"),
    [
        (NWL, "North West London MSK MRI and ultrasound pathway v1.2", "https://pathway.example/nwl"),
        (
            NEL,
            "North East London MSK MRI pathway v1.4",
            "https://primarycare.northeastlondon.icb.nhs.uk/news/use-of-mri-in-primary-care-for-msk-conditions",
        ),
        (
            NATIONAL,
            "National guidance for suspected red flags in MSK imaging orders v1.0",
            "https://pathway.example/national",
        ),
    ],
)
def test_the_source_is_title_version_and_page(speaker: Speaker, label: str, url: str) -> None:
    """What a clinician reads beside the card: the document that the version names, else the service's own page."""
    assert speaker.source == {"label": label, "url": url}


def test_only_a_region_suggests_anything() -> None:
    """National guidance has no destinations."""
    assert [speaker.is_regional for speaker in (NWL, NEL, NATIONAL)] == [True, True, False]


@pytest.mark.parametrize("speaker", [NWL, NEL, NATIONAL])
def test_override_reasons_are_coded_in_our_own_system(speaker: Speaker) -> None:
    """At most twelve, each with words."""
    assert 0 < len(speaker.override_reasons) <= 12
    assert {reason["system"] for reason in speaker.override_reasons} == {OVERRIDE_SYSTEM}
    assert all(reason["display"] for reason in speaker.override_reasons)


def test_only_nel_offers_the_assured_practitioners_reason() -> None:
    """No other document exempts one."""
    offering = [
        name
        for name, speaker in SPEAKERS.items()
        if "assured-first-contact-practitioner" in {reason["code"] for reason in speaker.override_reasons}
    ]

    assert offering == ["nel"]


def test_links_are_those_of_the_text_that_have_an_address() -> None:
    """A link that the document lost is not offered."""
    stated = [link for link in NWL.pathway.links if TextKey.SUSPECTED_CANCER in link.shown_on]
    offered = NWL.links_on(TextKey.SUSPECTED_CANCER, spine=True)

    assert [link["label"] for link in offered] == [link.label for link in stated if link.url is not None]
    assert any(link.url is None for link in stated)


def test_pages_about_the_spine_are_offered_on_spine_orders_only() -> None:
    """Low back pain guidance on a knee's card would teach nobody to read cards."""
    knee, spine = (NWL.links_on(TextKey.REDIRECT, spine=spine) for spine in (False, True))

    assert [link for link in spine if link not in knee]
    assert all(link in spine for link in knee)


def test_provenance_names_rule_sentences_pathway_and_review() -> None:
    """So that advice can be traced to a sentence."""
    assert NWL.provenance(an_order().decision, date(2026, 11, 21)) == (
        "*Rule nwl.redirect (sentences N2, N5). North West London MSK MRI and ultrasound pathway v1.2; "
        "review due 1 January 2027. Advice only: override it with a reason.*"
    )


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2027, 1, 1), "review due 1 January 2027"),
        (date(2027, 1, 2), "**past its review date** (1 January 2027)"),
    ],
)
def test_provenance_says_when_the_review_is_past(today: date, words: str) -> None:
    """On the review date itself it is not (D50)."""
    assert words in NWL.provenance(an_order(today=today).decision, today)


def test_national_provenance_has_no_review_date() -> None:
    """It stands in for no region."""
    decision = an_order(some_facts(region=RegionId("other"))).decision

    provenance = NATIONAL.provenance(decision, date(2040, 1, 1))

    assert "national guidance, always in force" in provenance
    assert "review" not in provenance


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (OrderWords(Modality.MRI), "this MRI"),
        (OrderWords(Modality.USS), "this ultrasound"),
        (OrderWords(Modality.MRI, 2), "these scans"),
        (OrderWords(Modality.OTHER, 2), "these scans"),
    ],
)
def test_a_text_speaks_of_its_orders(words: OrderWords, named: str) -> None:
    """One by its kind, several as scans."""
    assert named in NWL.filled(TextKey.REDIRECT, words).summary


def test_the_conditional_summary_ends_in_the_condition() -> None:
    """Fact 2."""
    filled = NWL.filled(TextKey.REDIRECT, OrderWords(Modality.MRI))

    assert filled.conditional_summary == f"{filled.summary} unless red flags"


@pytest.mark.parametrize("speaker", [NWL, NEL, NATIONAL])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("key", list(TextKey))
def test_nothing_is_left_unfilled(speaker: Speaker, key: TextKey, count: int) -> None:
    """Not in a summary, a step, a safety net or a suggestion; a service is filled in where it is known."""
    for modality in Modality:
        filled = speaker.filled(key, OrderWords(modality, count))
        lines = [*filled._replace(destination=None), (filled.destination or "").replace("{service}", "a service")]
        assert not any("{" in words or "}" in words for words in lines if words is not None)


def test_the_national_fallback_has_every_text() -> None:
    """It also lends them to the regions."""
    assert set(NATIONAL_FALLBACK.texts.cards) == set(TextKey)
