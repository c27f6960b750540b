"""The packaged pathways against the two documents (sentences N1-N14 and E1-E14) and national guidance."""

import json
from datetime import date
from importlib import resources

import pytest

from cds_service.pathway.facts import Modality, RegionId, Setting
from cds_service.pathway.loading import NATIONAL, load_pathways
from cds_service.pathway.model import Basis, NationalFallback, Pathway
from cds_service.pathway.outcomes import Caution, Outcome, RuleId, TextKey

PATHWAYS = load_pathways()
SPEAKERS: dict[RegionId, Pathway | NationalFallback] = {**PATHWAYS, RegionId("national"): NATIONAL}
SENTENCES = {
    region: {f"{initial}{number}" for number in range(1, 15)} for region, initial in (("nwl", "N"), ("nel", "E"))
}
NATIONAL_BASIS = {RuleId.MSCC, RuleId.URGENT_MSK, RuleId.PAEDIATRIC, RuleId.SYMPTOMS}


def test_nwl_is_as_its_document_says(nwl: Pathway) -> None:
    """Version, dates, modalities and settings (N1, N2, N3, N14)."""
    assert (nwl.version, nwl.effective, nwl.review) == ("1.2", date(2025, 7, 1), date(2027, 1, 1))
    assert nwl.document.effective_as_printed == "01/07/2025"
    assert nwl.document.review_as_printed == "01/01/2027"
    assert nwl.document.reviewed == "July 2025"
    assert nwl.document.contact == "nhsnwl.diagnostics@nhs.net"
    assert nwl.modalities == (Modality.MRI, Modality.USS)
    assert set(nwl.settings.redirect) == {Setting.GENERAL_PRACTICE, Setting.URGENT_CARE}
    assert set(nwl.settings.exempt) == {Setting.COMMUNITY_MSK, Setting.SECONDARY_CARE}


def test_no_role_is_exempt_in_nwl(nwl: Pathway) -> None:
    """N2: regardless of the requester's role."""
    assert nwl.fcp_exemption is None
    assert RuleId.FCP_EXEMPT not in nwl.rules


def test_the_nwl_approval_date_is_kept_as_printed_and_flagged(nwl: Pathway) -> None:
    """Printed twice, in the future, equal to the review date: implausible, and never used to decide."""
    approval = nwl.document.approval
    assert approval is not None

    assert (approval.date, approval.status) == (date(2027, 1, 1), "implausible")
    assert approval.as_printed.startswith("01/01/2027")
    assert approval.note is not None
    assert approval.date == nwl.review > nwl.effective


def test_nel_is_as_its_document_says(nel: Pathway) -> None:
    """Version, dates, modality and settings (E1, E2, E3, E14)."""
    assert (nel.version, nel.effective, nel.review) == ("1.4", date(2025, 11, 17), date(2027, 11, 17))
    assert nel.document.effective_as_printed == "17/11/2025"
    assert nel.document.review_as_printed == "17/11/2027"
    assert nel.document.reviewed == "November 2025"
    assert nel.modalities == (Modality.MRI,)
    assert set(nel.settings.redirect) == {Setting.GENERAL_PRACTICE, Setting.URGENT_CARE}
    assert set(nel.settings.exempt) == {Setting.COMMUNITY_MSK, Setting.SECONDARY_CARE}


def test_the_nel_document_prints_no_approval_date(nel: Pathway) -> None:
    """Its approvers are listed without one."""
    assert nel.document.approval is None
    assert nel.document.approved_by != ()


def test_assured_practitioners_are_exempt_in_nel_for_mri(nel: Pathway) -> None:
    """E5 and E6; expertise of the spine (E13) is not asked for unless the region switches it on."""
    assert nel.fcp_exemption is not None
    assert nel.fcp_exemption.modalities == (Modality.MRI,)
    assert nel.fcp_exemption.spine_requires_expertise is False
    assert nel.rules[RuleId.FCP_EXEMPT].sentences == ("E5", "E6")


@pytest.mark.parametrize(
    ("region", "sub_icb", "legacy_icb", "boroughs"),
    [("nwl", ("W2U3Z",), ("QRV",), 8), ("nel", ("A3A8R",), ("QMF",), 7)],
)
def test_footprints(region: RegionId, sub_icb: tuple[str], legacy_icb: tuple[str], boroughs: int) -> None:
    """Sub-ICB locations first, legacy codes as fallback, and the region's boroughs (N13; fact 4)."""
    footprint = PATHWAYS[region].footprint

    assert (footprint.sub_icb, footprint.legacy_icb) == (sub_icb, legacy_icb)
    assert len(set(footprint.boroughs)) == len(footprint.boroughs) == boroughs


@pytest.mark.parametrize("region", PATHWAYS)
def test_adults_are_sixteen_and_older(region: RegionId) -> None:
    """The default until an ICB says otherwise."""
    assert PATHWAYS[region].adult_from == 16


@pytest.mark.parametrize("region", PATHWAYS)
def test_every_sentence_named_exists(region: RegionId) -> None:
    """In rules and links, of the region's own document."""
    pathway = PATHWAYS[region]
    named = {sentence for rule in pathway.rules.values() for sentence in rule.sentences}
    linked = {link.sentence for link in pathway.links if link.sentence is not None}

    assert named | linked <= set(pathway.document.sentences) == SENTENCES[region]


@pytest.mark.parametrize("region", PATHWAYS)
def test_what_goes_beyond_the_document_says_so(region: RegionId) -> None:
    """MSCC, urgent MSK, paediatric and symptoms rest on national guidance; everything else on a sentence."""
    rules = PATHWAYS[region].rules

    assert {rule_id for rule_id, rule in rules.items() if rule.basis is Basis.NATIONAL} == NATIONAL_BASIS
    assert all(rule.enabled for rule in rules.values())


@pytest.mark.parametrize(
    ("region", "rule", "sentence"),
    [
        ("nwl", RuleId.CES, "N10"),
        ("nwl", RuleId.SUSPECTED_CANCER, "N8"),
        ("nwl", RuleId.SUSPECTED_SARCOMA, "N8"),
        ("nwl", RuleId.ONCOLOGY, "N9"),
        ("nwl", RuleId.LUMP, "N11"),
        ("nwl", RuleId.REDIRECT, "N2"),
        ("nwl", RuleId.REDIRECT, "N5"),
        ("nwl", RuleId.COMMUNITY_MSK, "N3"),
        ("nwl", RuleId.SECONDARY_CARE, "N3"),
        ("nel", RuleId.CES, "E9"),
        ("nel", RuleId.SUSPECTED_CANCER, "E7"),
        ("nel", RuleId.SUSPECTED_SARCOMA, "E10"),
        ("nel", RuleId.ONCOLOGY, "E8"),
        ("nel", RuleId.URGENT_MSK, "E11"),
        ("nel", RuleId.OUT_OF_POLICY, "E1"),
        ("nel", RuleId.REDIRECT, "E2"),
        ("nel", RuleId.REDIRECT, "E4"),
        ("nel", RuleId.SECONDARY_CARE, "E3"),
    ],
)
def test_each_rule_rests_on_its_sentence(region: RegionId, rule: RuleId, sentence: str) -> None:
    """The sentence that the project's reading of the documents gives for it."""
    assert sentence in PATHWAYS[region].rules[rule].sentences


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_at_most_twelve_override_reasons_each_with_hl7s_code_where_one_fits(speaker: RegionId) -> None:
    """Every mapped code exists in HL7's non-adherence reasons, as the packaged value set lists them."""
    value_set = resources.files("cds_service.terminology") / "value_sets" / "override-reason.json"
    included = json.loads(value_set.read_text("utf-8"))["compose"]["include"]
    hl7 = {concept["code"] for include in included for concept in include["concept"]}
    reasons = SPEAKERS[speaker].override_reasons

    assert len(reasons) <= 12
    assert {reason.hl7 for reason in reasons} - {None} <= hl7
    assert len({reason.display for reason in reasons}) == len(reasons)
    assert reasons[-1].code == "other"


def test_only_nel_offers_to_be_an_assured_practitioner(nwl: Pathway, nel: Pathway) -> None:
    """In NWL and nationally it would be no reason."""
    code = "assured-first-contact-practitioner"
    offered = {reason.code: reason.display for reason in nel.override_reasons}

    assert "assured First Contact Practitioner" in offered[code]
    assert code not in {reason.code for reason in (*nwl.override_reasons, *NATIONAL.override_reasons)}


def test_a_reason_means_the_same_wherever_it_is_given() -> None:
    """One code system: a code has one display and one HL7 code."""
    meanings = {reason for speaker in SPEAKERS.values() for reason in speaker.override_reasons}

    assert len({reason.code for reason in meanings}) == len(meanings)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_links_are_secure_and_each_is_shown_somewhere(speaker: RegionId) -> None:
    """A link that the document lost is kept as lost, with its sentence, so that the region can fill it in."""
    for link in SPEAKERS[speaker].links:
        assert link.url is None or link.url.scheme == "https"
        assert link.url is not None or link.sentence is not None
        assert len(set(link.shown_on)) == len(link.shown_on)


@pytest.mark.parametrize("region", PATHWAYS)
@pytest.mark.parametrize(
    "text",
    [
        TextKey.CES,
        TextKey.MSCC,
        TextKey.SUSPECTED_CANCER,
        TextKey.SUSPECTED_CANCER_CHILD,
        TextKey.SUSPECTED_SARCOMA,
        TextKey.SUSPECTED_SARCOMA_CHILD,
        TextKey.LUMP,
        TextKey.LUMP_CHILD,
        TextKey.ONCOLOGY_EXAMINE_TODAY,
        TextKey.PAEDIATRIC,
        TextKey.REDIRECT_UNKNOWN_SETTING,
    ],
)
def test_a_card_that_needs_a_link_has_one_before_any_destination_is_configured(region: RegionId, text: TextKey) -> None:
    """Red flags link to national guidance; paediatric, lump and unknown setting offer a link too."""
    assert [link.url for link in PATHWAYS[region].links if text in link.shown_on and link.url is not None]


def whole_text(speaker: RegionId, key: TextKey) -> str:
    """Everything that a card text says."""
    text = SPEAKERS[speaker].texts.cards[key]
    return "\n".join([text.summary, *text.do, text.safety_net or ""])


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize(
    ("key", "said"),
    [
        (TextKey.CES, ["*immediately*", "Phone now", "A draft referral is not a referral", "within hours"]),
        (
            TextKey.MSCC,
            ["MSCC coordinator", "*immediately*", "*within 24 hours*", "A draft referral is not a referral"],
        ),
        (TextKey.SUSPECTED_SARCOMA_CHILD, ["*within 48 hours*", "paediatric"]),
        (TextKey.SUSPECTED_CANCER_CHILD, ["*within 48 hours*", "paediatric"]),
        (TextKey.SUSPECTED_CANCER, ["urgent suspected cancer"]),
        (TextKey.ONCOLOGY_NEW_PRIMARY, ["new primary", "urgent suspected cancer"]),
        (TextKey.ONCOLOGY_TWO_BRANCHES, ["oncology team", "community MSK"]),
        (TextKey.ONCOLOGY_TWO_BRANCHES_CHILD, ["oncology team", "paediatric route", "*within 48 hours*"]),
        (TextKey.ONCOLOGY_SAME_DAY, ["hospital assessment *immediately*", "same day", "treating oncology team"]),
        (
            TextKey.ONCOLOGY_EXAMINE_TODAY,
            ["Examine *today*", "MSCC coordinator (or acute oncology) *immediately*", "treating oncology team"],
        ),
        (TextKey.ONCOLOGY_URGENT, ["Refer *urgently*", "treating oncology team", "infection"]),
        (TextKey.ONCOLOGY_RHEUMATOLOGY, ["rheumatology", "*urgent*", "treating oncology team"]),
        (TextKey.ONCOLOGY_SUSPICIOUS, ["the pain may come from the cancer"]),
        (TextKey.URGENT_SAME_DAY, ["*immediately*", "same day", "A draft referral is not a referral"]),
        (TextKey.URGENT_EXAMINE_TODAY, ["cauda equina", "*immediately*", "*urgently*"]),
        (TextKey.URGENT, ["*urgently*"]),
        (TextKey.URGENT_RHEUMATOLOGY, ["rheumatology"]),
        (TextKey.LUMP, ["sarcoma"]),
        (TextKey.LUMP_CHILD, ["sarcoma", "*very urgent*", "*within 48 hours*", "paediatric route"]),
        (TextKey.REDIRECT, ["cauda equina", "cord compression", "cancer", "infection", "fracture"]),
        (TextKey.REDIRECT_UNKNOWN_SETTING, ["cauda equina", "cord compression", "cancer", "infection", "fracture"]),
        (TextKey.COULD_NOT_EVALUATE, ["not", "red flags", "no concerns"]),
        (TextKey.COULD_NOT_EVALUATE_REASON, ["not", "reason", "red flags", "no concerns"]),
    ],
)
def test_a_card_says_what_it_must(speaker: RegionId, key: TextKey, said: list[str]) -> None:
    """NICE's words for how soon, whom to phone, and that a draft sends nobody anywhere."""
    text = whole_text(speaker, key)

    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize(
    ("key", "act"),
    [
        (TextKey.ONCOLOGY_SAME_DAY, "Phone for same-day hospital assessment, immediately"),
        (TextKey.ONCOLOGY_EXAMINE_TODAY, "Examine today"),
        (TextKey.ONCOLOGY_URGENT, "Refer urgently"),
        (TextKey.ONCOLOGY_RHEUMATOLOGY, "Refer urgently to rheumatology"),
    ],
)
def test_under_oncology_the_urgent_act_leads_and_no_pain_is_assumed(speaker: RegionId, key: TextKey, act: str) -> None:
    """The oncology team is named after it."""
    text = whole_text(speaker, key)

    assert text.startswith(act)
    assert "oncology" in text.splitlines()[0].removeprefix(act)
    assert "the pain may" not in text


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize("key", [TextKey.ONCOLOGY_TWO_BRANCHES_CHILD, TextKey.LUMP_CHILD])
def test_a_childs_card_names_no_adult_route(speaker: RegionId, key: TextKey) -> None:
    """NICE NG12 has times of its own for children and young people."""
    text = whole_text(speaker, key)

    assert "community MSK" not in text
    assert "2 weeks" not in text


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize("key", TextKey)
def test_no_card_uses_a_word_that_is_out_of_use_or_american(speaker: RegionId, key: TextKey) -> None:
    """The two-week wait ended in October 2023; the service writes British English."""
    text = whole_text(speaker, key).lower()

    assert [word for word in ("2ww", "two-week wait", "tumor", "pediatric") if word in text] == []


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_a_suggestion_that_removes_a_scan_says_so(speaker: RegionId) -> None:
    """All, some or none of the orders: only the redirect and cauda equina cards remove any."""
    texts = SPEAKERS[speaker].texts.cards
    removing = {TextKey.CES, TextKey.REDIRECT}

    assert {key for key, text in texts.items() if text.suggestion} == removing
    assert {key for key, text in texts.items() if text.suggestion_removing_some} == removing
    for key in removing:
        assert "remove {" in str(texts[key].suggestion)
        assert "remove some" in str(texts[key].suggestion_removing_some)
    assert all("keep {the}" in text.suggestion_keeping_scan for text in texts.values() if text.suggestion_keeping_scan)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_spine_and_cancer_is_worded_as_ng234(speaker: RegionId) -> None:
    """Neurological signs: the MSCC coordinator immediately; pain suggestive of spinal metastases: within 24 hours."""
    caution = SPEAKERS[speaker].texts.cautions[Caution.SPINE_AND_CANCER]

    assert all(words in caution for words in ("NG234", "MSCC coordinator *immediately*", "*within 24 hours*"))


def test_the_national_file_speaks_for_the_red_flags_alone() -> None:
    """docs/outcomes.md: ces and mscc anywhere, and sarcoma, cancer and urgent where the region is unresolved."""
    spoken = {rule.outcome for rule in NATIONAL.rules.values()}

    assert spoken == {
        Outcome.NOT_APPLICABLE,
        Outcome.SPECIALIST_EXEMPT,
        Outcome.CES,
        Outcome.MSCC,
        Outcome.OUTSIDE_FOOTPRINT,
        Outcome.NOT_EFFECTIVE,
        Outcome.COULD_NOT_EVALUATE,
        Outcome.SUSPECTED_SARCOMA,
        Outcome.SUSPECTED_CANCER,
        Outcome.URGENT_MSK,
    }
    assert all(rule.basis is Basis.NATIONAL and not rule.sentences for rule in NATIONAL.rules.values())
