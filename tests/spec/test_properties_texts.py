"""Whatever is decided, the pathway that speaks has every word that the card needs, and short enough."""

import itertools

import pytest
from hypothesis import given
from situations import PATHWAYS, REDIRECTS, Situation, situations

from cds_service.pathway.facts import Modality, RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import NationalFallback, Pathway
from cds_service.pathway.outcomes import Caution, Outcome, TextKey
from cds_service.pathway.texts import SPELLED_OUT, OrderWords

CDS_HOOKS_SUMMARY = 140
"""A summary has fewer characters than this (CDS Hooks, "Card attributes")."""

SPEAKERS: dict[RegionId, Pathway | NationalFallback] = {**PATHWAYS, RegionId("national"): NATIONAL}
ORDERS = [OrderWords(modality, count) for modality in Modality for count in (1, 2)]
EVERY_TEXT = list(itertools.product(SPEAKERS, TextKey))


@given(situations())
def test_the_speaker_has_the_words_for_whatever_it_decides(situation: Situation) -> None:
    """Card text, cautions, other red flags and reasons to keep a scan: none is missing from the files."""
    decision = situation.decided()
    texts = SPEAKERS[decision.speaker].texts

    assert decision.text is None or decision.text in texts.cards
    assert set(decision.cautions) <= set(texts.cautions)
    assert set(decision.also_coded) <= set(texts.also_coded)
    assert set(decision.keep) <= set(texts.kept)
    assert decision.reasons != ("",)


@given(situations())
def test_a_decision_names_sentences_exactly_where_a_document_speaks(situation: Situation) -> None:
    """Secondary care to redirect, each rule of a region says which of its document's sentences it rests on."""
    decision = situation.decided()

    initial = {"nwl": "N", "nel": "E"}.get(decision.speaker, "")
    assert all(source.startswith(initial) for source in decision.sources)
    assert decision.speaker != "national" or decision.sources == ()


@given(situations())
def test_only_a_redirect_is_conditional(situation: Situation) -> None:
    """No red-flag summary ever ends "unless red flags"."""
    decision = situation.decided()

    assert Caution.UNLESS_RED_FLAGS not in decision.cautions or decision.outcome in REDIRECTS
    assert not decision.conditional or decision.outcome in REDIRECTS


@given(situations())
def test_a_card_never_names_its_own_outcome_as_another_red_flag(situation: Situation) -> None:
    """`also_coded` is what stands beside the answer, each once, most urgent first."""
    decision = situation.decided()
    order = list(Outcome)

    assert decision.outcome not in decision.also_coded
    assert list(decision.also_coded) == sorted(set(decision.also_coded), key=order.index)


@pytest.mark.parametrize(("speaker", "key"), EVERY_TEXT)
def test_every_summary_is_short_whole_and_in_words(speaker: RegionId, key: TextKey) -> None:
    """For one order or several, conditional or not: fewer than 140 characters and nothing left to fill in."""
    text = SPEAKERS[speaker].texts.cards[key]

    for words, conditional in itertools.product(ORDERS, (False, True)):
        summary = text.summary_for(words, unless_red_flags=conditional)
        assert len(summary) < CDS_HOOKS_SUMMARY
        assert not set("{}\n*<>") & set(summary)
        assert all(spelled.lower() in summary.lower() for spelled in SPELLED_OUT.get(key, ()))


@pytest.mark.parametrize(("speaker", "key"), EVERY_TEXT)
def test_every_step_is_whole(speaker: RegionId, key: TextKey) -> None:
    """Nothing is left to fill in, and emphasis that opens also closes."""
    text = SPEAKERS[speaker].texts.cards[key]

    for line, words in itertools.product([*text.do, text.safety_net or ""], ORDERS):
        filled = words.fill(line)
        assert not set("{}") & set(filled)
        assert filled.count("*") % 2 == 0
