"""What a pathway file may not say, with the message that its author reads."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from cds_service.pathway.facts import Modality
from cds_service.pathway.loading import NATIONAL, PathwayFileError
from cds_service.pathway.model import LOCKED_RULES, NATIONAL_ONLY, OUTCOME_OF, NationalFallback, Pathway
from cds_service.pathway.outcomes import RuleId, TextKey
from cds_service.pathway.texts import SPELLED_OUT, SPELLED_OUT_BESIDES, CardText, OrderWords

Json = dict[str, Any]
Read = Callable[[Json], Pathway]


def refusal(read: Read, stated: Json) -> str:
    """The message with which a file is refused."""
    with pytest.raises(PathwayFileError) as refused:
        read(stated)
    return str(refused.value)


def test_the_packaged_file_is_accepted(nwl_file: Json, read: Read, nwl: Pathway) -> None:
    """The file that the tests below break is whole."""
    assert read(nwl_file) == nwl


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("surprise", 1, ["surprise", "not known", "spelling"]),
        ("review", date(2025, 6, 30), ["review 2025-06-30", "before effective 2025-07-01", "check"]),
        ("adult_from", 15, ["adult_from", "16"]),
        ("adult_from", 19, ["adult_from", "18"]),
        ("after_review", "suspend", ["after_review", "warn"]),
        ("modalities", [], ["modalities", "at least 1"]),
        ("modalities", ["ct"], ["modalities.0", "mri"]),
        ("version", 1.2, ["version", "string"]),
        ("title", " ", ["title"]),
        ("id", "n w l", ["id"]),
        ("override_reasons", [], ["override_reasons", "at least 1"]),
        ("links", [{"label": "A page", "url": "lost", "shown_on": ["ces"]}], ["links.0.url", "URL"]),
        ("links", [{"label": "A page", "url": None, "shown_on": []}], ["links.0.shown_on", "at least 1"]),
        ("links", [{"label": "A page", "url": None, "sentence": "X", "shown_on": ["ces"]}], ["links.0.sentence"]),
    ],
)
def test_a_value_that_no_pathway_may_have(nwl_file: Json, read: Read, key: str, value: object, said: list[str]) -> None:
    """The message names the file, the field and what would be right."""
    message = refusal(read, {**nwl_file, key: value})

    assert message.startswith("own.yaml: ")
    assert all(words in message for words in said), message


@pytest.mark.parametrize("key", ["id", "version", "effective", "review", "footprint", "settings", "rules"])
def test_a_value_that_every_pathway_must_have(nwl_file: Json, read: Read, key: str) -> None:
    """Nothing that decides has a default."""
    del nwl_file[key]

    assert f"own.yaml: {key}" in refusal(read, nwl_file)


def test_a_review_date_may_be_the_effective_date(nwl_file: Json, read: Read) -> None:
    """Odd, but not impossible."""
    assert read({**nwl_file, "review": nwl_file["effective"]}).review == date(2025, 7, 1)


@pytest.mark.parametrize("part", ["sub_icb", "legacy_icb"])
@pytest.mark.parametrize("code", ["Z9B2Z", "z9b2z"])
def test_a_footprint_is_never_the_merged_icb(nwl_file: Json, read: Read, part: str, code: str) -> None:
    """Fact 4, and ODS codes are compared without case: `z9b2z` is the same ICB."""
    nwl_file["footprint"][part] = [code]
    message = refusal(read, nwl_file)

    assert "footprint" in message
    assert "W2U3Z" in message


@pytest.mark.parametrize("reserved", ["other", "unresolved", "national"])
def test_a_region_cannot_take_a_word_that_means_no_region(nwl_file: Json, read: Read, reserved: str) -> None:
    """Else its pathway would hold for every organisation outside the footprints, or stand for the national one."""
    assert "id" in refusal(read, {**nwl_file, "id": reserved})


@pytest.mark.parametrize(
    "settings",
    [
        {
            "redirect": ["general-practice", "urgent-care", "community-msk"],
            "exempt": ["community-msk", "secondary-care"],
        },
        {"redirect": ["general-practice", "general-practice"], "exempt": ["community-msk", "secondary-care"]},
        {"redirect": ["general-practice"], "exempt": ["community-msk", "secondary-care"]},
        {"redirect": ["general-practice", "urgent-care", "unknown"], "exempt": ["community-msk", "secondary-care"]},
    ],
)
def test_each_setting_stands_in_exactly_one_list(nwl_file: Json, read: Read, settings: Json) -> None:
    """Twice, left out, or unknown: refused with the four names."""
    message = refusal(read, {**nwl_file, "settings": settings})

    assert "settings" in message
    assert all(name in message for name in ("general-practice", "urgent-care", "community-msk", "secondary-care"))


def test_secondary_care_is_always_exempt(nwl_file: Json, read: Read) -> None:
    """No region can redirect a hospital."""
    settings = {"redirect": ["general-practice", "urgent-care", "secondary-care"], "exempt": ["community-msk"]}

    assert "secondary-care is always exempt" in refusal(read, {**nwl_file, "settings": settings})


def test_a_rule_of_the_document_names_its_sentence(nwl_file: Json, read: Read) -> None:
    """`basis: document` without a sentence is no source."""
    nwl_file["rules"]["ces"]["sentences"] = []
    message = refusal(read, nwl_file)

    assert "rules.ces" in message
    assert "names at least one sentence" in message


def test_a_sentence_that_a_rule_or_a_link_names_is_said(nwl_file: Json, read: Read) -> None:
    """Where the file says any: one left out, or a number that the document does not have, is told of."""
    nwl_file["rules"]["ces"]["sentences"] = ["N15"]
    del nwl_file["document"]["sentences"]["N12"]

    assert "document.sentences: N12, N15 not stated, but named by a rule or a link" in refusal(read, nwl_file)


@pytest.mark.parametrize("rule", sorted(LOCKED_RULES))
def test_a_red_flag_of_the_document_cannot_be_switched_off(nwl_file: Json, read: Read, rule: RuleId) -> None:
    """Nor the pathway itself: the message names the rule and what to remove."""
    nwl_file["rules"][rule.value]["enabled"] = False
    message = refusal(read, nwl_file)

    assert f"rules.{rule}.enabled" in message
    assert "remove 'enabled: false'" in message


@pytest.mark.parametrize("rule", [RuleId.MSCC, RuleId.URGENT_MSK, RuleId.PAEDIATRIC, RuleId.SYMPTOMS])
def test_what_rests_on_national_guidance_may_be_switched_off(nwl_file: Json, read: Read, rule: RuleId) -> None:
    """docs/pathways.md, "What a region may switch off": mscc, urgent_msk, paediatric and symptoms."""
    nwl_file["rules"][rule.value]["enabled"] = False

    assert not read(nwl_file).enabled(rule)


def test_only_those_and_the_exemption_can_be_switched_off() -> None:
    """Every other rule is locked or stands in the national file."""
    free = {RuleId.MSCC, RuleId.URGENT_MSK, RuleId.PAEDIATRIC, RuleId.SYMPTOMS, RuleId.FCP_EXEMPT}

    assert set(RuleId) - LOCKED_RULES - NATIONAL_ONLY == free


def test_a_rule_gives_its_own_outcome_only(nwl_file: Json, read: Read) -> None:
    """A file cannot call a cauda equina a redirect."""
    nwl_file["rules"]["ces"]["outcome"] = "redirect"
    message = refusal(read, nwl_file)

    assert "rules.ces.outcome: is redirect, must be ces" in message


def test_every_rule_is_stated(nwl_file: Json, read: Read) -> None:
    """One that a region does not want is switched off in words, not left out."""
    del nwl_file["rules"]["mscc"]
    message = refusal(read, nwl_file)

    assert "mscc not stated" in message
    assert "enabled: false" in message


@pytest.mark.parametrize("rule", sorted({*NATIONAL_ONLY, RuleId.FCP_EXEMPT}))
def test_a_region_states_no_rule_that_is_not_its_own(nwl_file: Json, read: Read, rule: RuleId) -> None:
    """The national file's rules, and the exemption where the region has none."""
    nwl_file["rules"][rule.value] = {"outcome": str(OUTCOME_OF[rule]), "basis": "national", "because": "A reason."}

    assert f"{rule} cannot be stated by this region" in refusal(read, nwl_file)


def test_each_override_reason_stands_once(nwl_file: Json, read: Read) -> None:
    """Two with one code could not be told apart in feedback."""
    nwl_file["override_reasons"].append(nwl_file["override_reasons"][0])

    assert "override_reasons: each code may stand once" in refusal(read, nwl_file)


def test_there_are_at_most_twelve_override_reasons(nwl_file: Json, read: Read) -> None:
    """A longer list is not read."""
    more = [{"code": f"reason-{letter}", "display": f"Reason {letter}"} for letter in "abc"]
    nwl_file["override_reasons"] += more

    assert "at most 12" in refusal(read, nwl_file)


def test_a_summary_is_too_long_when_its_longest_form_is(nwl_file: Json, read: Read) -> None:
    """The kind of scan and the words "unless red flags" count: 139 characters in all."""
    fits = "MSK " + "x" * (139 - len("MSK  the ultrasound unless red flags"))
    step = {"do": ["Refer."], "safety_net": "Red flags first."}

    nwl_file["texts"]["cards"]["redirect"] = {"summary": fits + " {the}", **step}
    assert read(nwl_file).texts.cards[TextKey.REDIRECT].summary == fits + " {the}"

    nwl_file["texts"]["cards"]["redirect"] = {"summary": fits + "x {the}", **step}
    message = refusal(read, nwl_file)
    assert "texts.cards.redirect.summary" in message
    assert "140 characters" in message
    assert "at most 139" in message


@pytest.mark.parametrize(("key", "words"), [(key, word) for key, words in SPELLED_OUT.items() for word in words])
def test_the_words_that_matter_cannot_be_edited_away(nwl_file: Json, read: Read, key: TextKey, words: str) -> None:
    """Whoever rewrites a summary: cauda equina, immediately, sarcoma, 48 hours and the others stay."""
    national = NATIONAL.texts.cards[key].model_dump(mode="json", exclude_none=True)
    summary = national["summary"].casefold().replace(words.casefold(), "")
    nwl_file["texts"]["cards"][key.value] = {**national, "summary": summary}

    assert f"texts.cards.{key}.summary: must spell out '{words}'" in refusal(read, nwl_file)


@pytest.mark.parametrize(
    ("part", "line", "words"),
    [(part, line, words) for (part, line), required in SPELLED_OUT_BESIDES.items() for words in required],
)
def test_the_words_of_an_emergency_beside_a_card_cannot_be_edited_away(
    nwl_file: Json, read: Read, part: str, line: str, words: str
) -> None:
    """What a redirect of a spine scan says of cancer, and any card of an emergency that is coded too."""
    national = NATIONAL.texts.model_dump(mode="json")[part][line]
    nwl_file["texts"][part] = {str(line): national.casefold().replace(words.casefold(), "")}

    assert f"texts.{part}.{line}: must spell out '{words}'" in refusal(read, nwl_file)


@pytest.mark.parametrize("key", [TextKey.CES, TextKey.MSCC, TextKey.REDIRECT, TextKey.REDIRECT_UNKNOWN_SETTING])
def test_a_safety_net_cannot_be_edited_away(nwl_file: Json, read: Read, key: TextKey) -> None:
    """A region that rewrites a card keeps the national red-flag lines, and cannot blank them (fact 2)."""
    national = NATIONAL.texts.cards[key]
    own: Json = {"summary": national.summary, "do": ["In our own words."]}

    nwl_file["texts"]["cards"][key.value] = own
    assert read(nwl_file).texts.cards[key].safety_net == national.safety_net

    nwl_file["texts"]["cards"][key.value] = {**own, "safety_net": None}
    assert f"texts.cards.{key}.safety_net" in refusal(read, nwl_file)


@pytest.mark.parametrize("destination", ["Phone them.", "{service} or {service}", "{service} for {this}"])
def test_a_destination_line_names_the_service_once(nwl_file: Json, read: Read, destination: str) -> None:
    """Anything else would show braces to a clinician, or lose the service."""
    nwl_file["texts"]["cards"]["urgent"] = {"destination": "Or phone {service}."}
    assert read(nwl_file).texts.cards[TextKey.URGENT].destination == "Or phone {service}."

    nwl_file["texts"]["cards"]["urgent"] = {"destination": destination}
    assert "texts.cards.urgent.destination: must hold {service} once" in refusal(read, nwl_file)


@pytest.mark.parametrize(
    ("words", "filled"),
    [
        (OrderWords(Modality.MRI), "this MRI; the MRI"),
        (OrderWords(Modality.USS), "this ultrasound; the ultrasound"),
        (OrderWords(Modality.OTHER), "this scan; the scan"),
        (OrderWords(Modality.MRI, 2), "these scans; the scans"),
        (OrderWords(Modality.OTHER, 3), "these scans; the scans"),
    ],
)
def test_a_text_speaks_of_its_orders(words: OrderWords, filled: str) -> None:
    """One MRI, one ultrasound, or several scans."""
    assert words.fill("{this}; {the}") == filled


def test_a_conditional_summary_ends_unless_red_flags() -> None:
    """Fact 2, word for word."""
    text = CardText(summary="Refer to community MSK instead of {this}", do=("Refer.",))

    words = OrderWords(Modality.MRI)
    assert text.summary_for(words, unless_red_flags=False) == "Refer to community MSK instead of this MRI"
    assert text.summary_for(words, unless_red_flags=True).endswith("instead of this MRI unless red flags")


def test_effective_and_review_dates_are_inclusive(nwl: Pathway) -> None:
    """In force on the first day, not past review on the last."""
    assert [nwl.is_effective(date(2025, 6, 30)), nwl.is_effective(date(2025, 7, 1))] == [False, True]
    assert [nwl.is_past_review(date(2027, 1, 1)), nwl.is_past_review(date(2027, 1, 2))] == [False, True]


@pytest.mark.parametrize(
    ("part", "lost", "said"),
    [("rules", "ces", "ces not stated"), ("texts", "redirect", "no text for redirect")],
)
def test_the_national_file_is_whole(part: str, lost: str, said: str) -> None:
    """Every rule that speaks without a region, and a text for every card."""
    stated = NATIONAL.model_dump(mode="json")
    del (stated["rules"] if part == "rules" else stated["texts"]["cards"])[lost]

    with pytest.raises(ValidationError, match=said):
        NationalFallback.model_validate(stated)


def test_a_pathway_cannot_be_changed(nwl: Pathway) -> None:
    """It is read once and shared by every call."""
    with pytest.raises(ValidationError, match="frozen"):
        nwl.adult_from = 18  # type: ignore[misc] # that it cannot be set is the point
