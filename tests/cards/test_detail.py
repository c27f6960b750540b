from datetime import date

import pytest

from cds_service.pathway.facts import BodyRegion, FcpListing, Indication, KnownBy, Oncology, RegionId, Setting
from cds_service.terminology import load_terminology
from tests.cards.conftest import KNEE_PAIN, SNOMED, Destinations, an_order, card_of, in_this_order, some_facts

TERMINOLOGY = load_terminology()
SPINE = {"body_region": BodyRegion.LUMBAR_SPINE, "indications": frozenset({Indication.PAIN})}


def detail_of(**facts: object) -> str:
    """The detail of the card for one order with those facts."""
    return card_of(an_order(some_facts(**facts)))["detail"]


def test_the_parts_stand_in_the_order_in_which_they_are_needed() -> None:
    """Where to, what to do, what to watch for, why, and where it comes from."""
    assert in_this_order(
        detail_of(),
        ["**Refer to:**", "**What to do**", "**Red flags:**", "**Why this card**", "*Rule nwl.redirect"],
    )


def test_parts_are_paragraphs() -> None:
    """A blank line between them, and one before a list, as Markdown needs it."""
    detail = detail_of()

    assert "**What to do**\n\n- " in detail
    assert "**Why this card**\n\n- " in detail
    assert "\n\n\n" not in detail


@pytest.mark.parametrize(
    "facts",
    [
        {"indications": frozenset()},
        {"indications": frozenset({Indication.TEXT_ONLY})},
        {"indications": frozenset({Indication.UNRECOGNISED})},
        {"oncology": Oncology.UNKNOWN},
    ],
)
def test_the_safety_net_leads_when_reason_or_cancer_status_is_missing(facts: dict[str, object]) -> None:
    """Before what to do, and once (fact 2)."""
    card = card_of(an_order(some_facts(**facts)))

    assert card["summary"].endswith(" unless red flags")
    assert in_this_order(card["detail"], ["check for red flags first", "**Red flags:**", "**What to do**"])
    assert card["detail"].count("**Red flags:**") == 1


def test_the_safety_net_follows_when_nothing_is_missing() -> None:
    """The advice comes first."""
    card = card_of(an_order())

    assert "unless red flags" not in card["summary"]
    assert in_this_order(card["detail"], ["**What to do**", "**Red flags:**"])


@pytest.mark.parametrize("history", [Oncology.PAST, Oncology.ACTIVE, Oncology.UNDER_CARE])
def test_a_spine_order_with_any_cancer_history_leads_with_ng234(history: Oncology) -> None:
    """Both urgencies of NICE, before what to do."""
    detail = detail_of(**SPINE, oncology=history)

    assert in_this_order(detail, ["NG234", "*immediately*", "*within 24 hours*", "**What to do**"])


SIGN = "A strong sign of cauda equina syndrome or cord compression is coded"


def test_a_strong_sign_on_another_spine_leads_with_what_it_may_be() -> None:
    """Conditional, with the sign named, then the safety net, then what to do; and the scan stays."""
    facts = some_facts(body_region=BodyRegion.THORACIC_SPINE, indications=frozenset({Indication.CES_SYMPTOM_STRONG}))
    card = card_of(an_order(facts))

    assert card["summary"].endswith(" unless red flags")
    assert in_this_order(card["detail"], [SIGN, "*immediately*", "**Red flags:**", "**What to do**"])
    assert "MRI of knee stays:** a strong sign of cauda equina syndrome or cord compression is coded" in card["detail"]
    assert "check for red flags first" not in card["detail"]
    assert [action["type"] for action in card["suggestions"][0]["actions"]] == ["create"]


def test_under_oncology_a_strong_sign_stands_below_ng234() -> None:
    """On a spine with cancer the MSCC coordinator comes first."""
    facts = some_facts(
        body_region=BodyRegion.THORACIC_SPINE,
        indications=frozenset({Indication.CES_SYMPTOM_STRONG}),
        oncology=Oncology.ACTIVE,
    )
    card = card_of(an_order(facts))

    assert card["summary"].startswith("Examine today")
    assert not card["summary"].endswith("unless red flags")
    assert in_this_order(card["detail"], ["NG234", SIGN, "**What to do**", "MSCC coordinator (or acute oncology)"])


@pytest.mark.parametrize(
    ("facts", "act"),
    [
        ({**SPINE, "indications": frozenset({Indication.URGENT_SAME_DAY})}, "hospital assessment *immediately*"),
        ({**SPINE, "indications": frozenset({Indication.CES_SYMPTOM_WEAK})}, "MSCC coordinator (or acute oncology)"),
        ({"indications": frozenset({Indication.RHEUMATOLOGY})}, "Refer to rheumatology"),
    ],
)
def test_under_oncology_the_team_is_named_after_the_urgent_act(facts: dict[str, object], act: str) -> None:
    """The number that stands first is not that of whom to phone first."""
    detail = detail_of(**facts, oncology=Oncology.ACTIVE)

    assert in_this_order(detail, ["**What to do**", act, "Invented oncology service"])
    assert "also coded" not in detail


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        ({Indication.SUSPECTED_CANCER, Indication.URGENT_SAME_DAY}, "same-day assessment, *immediately*, by phone"),
        ({Indication.SARCOMA, Indication.URGENT_SAME_DAY}, "same-day assessment, *immediately*, by phone"),
        ({Indication.SARCOMA, Indication.SUSPECTED_CANCER}, "Suspected cancer is also coded"),
    ],
)
def test_another_red_flag_stands_before_what_to_do(reasons: set[Indication], words: str) -> None:
    """Discitis beside a suspected cancer is the more urgent of the two."""
    assert in_this_order(detail_of(**{**SPINE, "indications": frozenset(reasons)}), [words, "**What to do**"])


def test_under_oncology_a_sign_of_cord_compression_names_the_coordinator_first() -> None:
    """The draft goes to the oncology team all the same."""
    facts = some_facts(**{**SPINE, "indications": frozenset({Indication.CES_SYMPTOM_WEAK})}, oncology=Oncology.ACTIVE)
    card = card_of(an_order(facts))

    services = ["**To phone:** Invented mscc service", "**To phone:** Invented oncology service"]
    assert in_this_order(card["detail"], services)
    (action,) = card["suggestions"][0]["actions"]
    assert action["resource"]["performer"][0]["display"] == "Invented oncology service"


def test_on_the_card_of_an_emergency_nothing_stands_before_what_to_do() -> None:
    """What else is coded follows (D55)."""
    detail = detail_of(**{**SPINE, "indications": frozenset({Indication.CAUDA_EQUINA, Indication.SARCOMA})})

    assert in_this_order(detail, ["**What to do**", "Suspected sarcoma is also coded"])


def test_a_child_under_oncology_is_sent_to_no_adult_service() -> None:
    """The paediatric route is the second branch, and the card says the age."""
    detail = detail_of(oncology=Oncology.ACTIVE, indications=frozenset(), age=12)

    assert in_this_order(
        detail,
        ["**Refer to:** Invented oncology service", "**Refer to:** Invented paediatric service", "- Age: 12 years"],
    )
    assert "community" not in detail


def test_a_childs_lump_has_the_childs_time_and_route() -> None:
    """NICE NG12: very urgent ultrasound within 48 hours for a lump that is unexplained and growing."""
    detail = detail_of(indications=frozenset({Indication.SOFT_TISSUE_LUMP}), age=12)

    assert in_this_order(detail, ["**Refer to:** Invented paediatric service", "*within 48 hours*", "- Age: 12 years"])
    assert "Invented lump service" not in detail


def test_a_destination_is_named_with_its_telephone_and_wait() -> None:
    """As the configuration folder states them."""
    order = an_order(destination=Destinations(phone="020 7946 0001", wait="4 weeks"))

    assert (
        "**Refer to:** Invented community-msk service — telephone **020 7946 0001** (stated wait: 4 weeks)"
        in card_of(order)["detail"]
    )


def test_a_stated_wait_has_its_day_where_the_file_gives_one() -> None:
    """One of last year must not look like today's."""
    order = an_order(destination=Destinations(wait="4 weeks", as_of=date(2025, 10, 31)))

    assert "(stated wait: 4 weeks, as of 31 October 2025)" in card_of(order)["detail"]


def test_a_destination_without_telephone_or_wait_is_named_alone() -> None:
    """Both may be blank."""
    assert "**Refer to:** Invented community-msk service\n" in card_of(an_order())["detail"]


def test_without_a_destination_the_wording_is_generic() -> None:
    """No service is invented (D26)."""
    detail = card_of(an_order(destination=Destinations("all")))["detail"]

    assert "**Refer to:**" not in detail
    assert "Refer to community MSK" in detail


@pytest.mark.parametrize(
    ("facts", "act", "words"),
    [
        ({"indications": frozenset({Indication.URGENT_SAME_DAY})}, "hospital assessment", "Not the hospital"),
        ({"indications": frozenset({Indication.RHEUMATOLOGY})}, "Refer to rheumatology", "Not rheumatology"),
        (
            {"indications": frozenset({Indication.CES_SYMPTOM_WEAK}), "body_region": BodyRegion.LUMBAR_SPINE},
            "emergency department *immediately*",
            "Only for a patient without any such sign",
        ),
    ],
)
def test_a_service_that_is_not_whom_the_card_sends_to_first_is_named_after_the_act_for_what_it_is(
    facts: dict[str, object], act: str, words: str
) -> None:
    """A busy reader phones the number that stands first."""
    order = an_order(some_facts(**facts), destination=Destinations(phone="020 7946 0001"))
    detail = card_of(order)["detail"]

    service = "**Local urgent MSK service:** Invented urgent-msk service — telephone **020 7946 0001**. "
    assert in_this_order(detail, [act, service + words])
    assert "**Refer to:**" not in detail


def test_an_urgent_referral_whose_service_is_the_act_names_it_first() -> None:
    """The urgent MSK route is what the card sends to."""
    detail = detail_of(indications=frozenset({Indication.URGENT}))

    assert in_this_order(detail, ["**Refer to:** Invented urgent-msk service", "**What to do**"])


def test_two_branches_name_two_destinations() -> None:
    """The oncology team first, community MSK second (D15)."""
    detail = detail_of(oncology=Oncology.UNDER_CARE)

    assert in_this_order(
        detail, ["**Refer to:** Invented oncology service", "**Refer to:** Invented community-msk service"]
    )


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"age": None}, "the patient's age is not known"),
        ({"known_by": KnownBy.TEXT}, "the scan is known by its text alone"),
        ({**SPINE, "oncology": Oncology.PAST}, "it images the spine of a patient with a history of cancer"),
        ({"indications": frozenset({Indication.SUSPICIOUS_PAIN})}, "the coded pain may come from cancer"),
        ({"specialist_request": True}, "a specialist asked for it"),
        (
            {"indications": frozenset({Indication.CAUDA_EQUINA}), "setting": Setting.UNKNOWN},
            "the requester's setting is not known",
        ),
        ({"indications": frozenset({Indication.CAUDA_EQUINA}), "age": 12}, "the patient is a child"),
        (
            {"indications": frozenset({Indication.CAUDA_EQUINA}), "body_region": BodyRegion.UNKNOWN},
            "the body region is not stated, or there are several",
        ),
    ],
)
def test_a_card_says_why_the_scan_stays(facts: dict[str, object], words: str) -> None:
    """Where such a card may remove one."""
    assert f"**MRI of knee stays:** {words}." in detail_of(**facts)


def test_what_a_removal_asks_for_is_said_only_with_a_removal() -> None:
    """Beside a scan that stays, or where nothing is drafted, it would speak of what does not happen."""
    said = [
        [line for line in card_of(order)["detail"].splitlines() if "draft referral is not" in line]
        for order in (
            an_order(),
            an_order(some_facts(age=None)),
            an_order(reference=None),
            an_order(destination=Destinations("all")),
        )
    ]

    send = "- A draft referral is not a referral. Complete and send it"
    assert said == [[f"{send}, above all if you remove the MRI."], [f"{send}."], [f"{send}."], []]


def test_the_steps_of_a_card_stay_one_list() -> None:
    """What is said of the draft is the last of them."""
    steps = detail_of().partition("**What to do**\n\n")[2].partition("\n\n")[0].splitlines()

    assert [step[:2] for step in steps] == ["- "] * 3
    assert "Complete and send it" in steps[-1]


@pytest.mark.parametrize("oncology", [Oncology.ACTIVE, Oncology.UNDER_CARE])
def test_beside_cauda_equina_no_other_reason_is_claimed_that_is_not_there(oncology: Oncology) -> None:
    """It is the cancer on record that keeps the scan, of the spine or not."""
    ces = frozenset({Indication.CAUDA_EQUINA})
    spine = detail_of(indications=ces, oncology=oncology, body_region=BodyRegion.LUMBAR_SPINE)

    assert "stays:** it images the spine of a patient with a history of cancer." in spine
    assert "stays:** the patient has active cancer, or is under oncology care." in detail_of(
        indications=ces, oncology=oncology
    )


def test_a_cancer_that_is_a_reason_of_a_spine_order_leads_with_ng234() -> None:
    """And what the record says is told of the record alone."""
    detail = detail_of(body_region=BodyRegion.LUMBAR_SPINE, indications=frozenset({Indication.MALIGNANCY}))

    assert in_this_order(detail, ["NG234", "*immediately*", "*within 24 hours*", "**What to do**"])
    assert "- Cancer history: no listed code of a diagnosed cancer on the problem list or in care records" in detail


def test_several_reasons_to_stay_are_all_said() -> None:
    """In one line."""
    assert "the patient's age is not known; the scan is known by its text alone." in detail_of(
        age=None, known_by=KnownBy.TEXT
    )


@pytest.mark.parametrize(
    "facts", [{}, {"indications": frozenset({Indication.SARCOMA})}, {"indications": frozenset({Indication.URGENT})}]
)
def test_nothing_is_explained_where_nothing_could_be_removed(facts: dict[str, object]) -> None:
    """A sarcoma card's own text says that the scan stays."""
    assert "stays:**" not in detail_of(**facts)


def test_a_patient_of_another_region_is_noted() -> None:
    """Whose pathway applies, and where the referral goes (D48)."""
    assert "registered in another region" in detail_of(patient_region=RegionId("nel"))
    assert "registered in another region" not in detail_of(patient_region=RegionId("nwl"))


def test_a_pathway_past_its_review_date_says_so() -> None:
    """It stands all the same (D50)."""
    day = date(2027, 1, 2)
    card = card_of(an_order(today=day), today=day)

    assert "This pathway is past its review date." in card["detail"]
    assert "**past its review date** (1 January 2027)" in card["detail"]


def test_other_red_flags_are_named() -> None:
    """Most urgent first; the card itself speaks of the first (D55)."""
    detail = detail_of(
        indications=frozenset({Indication.CAUDA_EQUINA, Indication.SUSPECTED_CANCER, Indication.SOFT_TISSUE_LUMP}),
    )

    assert in_this_order(detail, ["Suspected cancer is also coded", "A soft-tissue lump is also coded"])
    assert "cauda equina syndrome is also coded" not in detail


def test_why_names_order_rule_and_facts() -> None:
    """Each with where it came from."""
    assert detail_of().partition("**Why this card**\n\n")[2].partition("\n\n")[0].splitlines() == [
        "- Order: MRI of knee; reason: Knee pain",
        "- MSK scans are not routinely ordered outside specialist settings, whatever the requester's role.",
        "- Setting: general practice (Larkspur Demo Surgery); from the requester's role at an organisation",
        "- Cancer history: no listed code of a diagnosed cancer on the problem list or in care records",
        "- Age: 50 years",
    ]


def test_a_cauda_equina_card_does_not_dwell_on_age_or_cancer() -> None:
    """The rule does not read them."""
    detail = detail_of(indications=frozenset({Indication.CAUDA_EQUINA}))

    assert "- Age:" not in detail
    assert "- Cancer history:" not in detail


@pytest.mark.parametrize(
    ("listing", "words"),
    [
        (FcpListing.NONE, "not on the register"),
        (FcpListing.EXPIRED, "listing as an assured First Contact Practitioner has expired"),
        (FcpListing.UNKNOWN, "not known on the register"),
    ],
)
def test_in_nel_a_redirect_says_how_the_requester_stands_on_the_register(listing: FcpListing, words: str) -> None:
    """Because a listing would have exempted them."""
    assert f"- Requester: {words}" in detail_of(region=RegionId("nel"), fcp_listing=listing)
    assert "- Requester:" not in detail_of(fcp_listing=listing)


@pytest.mark.parametrize(
    ("evidence", "place", "words"),
    [
        ("conflict", "North West Demo Hospitals NHS Trust", "the evidence disagrees"),
        ("conflict", None, "the evidence disagrees"),
        ("not-listed", None, "the organisation sent is not listed"),
        ("none", None, "no organisation was sent"),
    ],
)
def test_an_unknown_setting_says_what_was_missing(evidence: str, place: str | None, words: str) -> None:
    """In whole words, and without naming one of two places that disagree."""
    order = an_order(some_facts(setting=Setting.UNKNOWN, evidence={"setting": evidence}), place=place)

    (line,) = [line for line in card_of(order)["detail"].splitlines() if line.startswith("- Setting:")]
    assert line.startswith("- Setting: not known")
    assert words in line
    assert "the the" not in line
    assert "Trust" not in line


def test_an_order_known_by_its_text_says_so() -> None:
    """And shows the text, escaped."""
    order = an_order(some_facts(known_by=KnownBy.TEXT), label="MRI <b>Knee</b> [Rt](x)")

    assert (
        r"- Order: MRI &lt;b&gt;Knee&lt;/b&gt; \[Rt\]\(x\) (recognised by its text alone)" in card_of(order)["detail"]
    )


def test_reasons_are_named_by_their_displays_escaped() -> None:
    """The first display of each."""
    reasons = (
        KNEE_PAIN,
        {"coding": [{"code": "1"}, {"display": "Pain *here*"}, {"display": "not this"}]},
        {"coding": [{"code": "2"}], "text": "in words"},
    )

    assert r"; reason: Knee pain, Pain \*here\*, in words" in card_of(an_order(reasons=reasons))["detail"]


@pytest.mark.parametrize(
    ("display", "shown"),
    [
        ("Knee pain (finding)", "Knee pain"),
        ("Cauda equina syndrome (disorder) ", "Cauda equina syndrome"),
        ("Pain (left)", r"Pain \(left\)"),
        ("Sepsis (disorder) of knee", r"Sepsis \(disorder\) of knee"),
    ],
)
def test_a_reason_is_shown_without_its_semantic_tag(display: str, shown: str) -> None:
    """The end of a SNOMED CT name says nothing to a clinician; other brackets stay."""
    order = an_order(reasons=({"coding": [{"code": "1", "display": display}]},))

    assert f"; reason: {shown}\n" in card_of(order)["detail"]


@pytest.mark.parametrize(
    "reasons",
    [
        (),
        ({"text": "Mrs Test-adult says her knee hurts"},),
        ({"coding": [], "text": "Mrs Test-adult says her knee hurts"},),
        ({"coding": "junk"},),
        ({"coding": [{"display": 5}, None, {"display": " "}]},),
        ({},),
    ],
)
def test_free_text_is_not_repeated_as_a_reason(reasons: tuple[dict[str, object], ...]) -> None:
    """Only what stands beside a code counts."""
    assert "; reason: no coded reason\n" in card_of(an_order(reasons=reasons))["detail"]


CES_CODE = {"system": SNOMED, "code": "192970008"}


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ({"coding": [CES_CODE]}, "Cauda equina syndrome"),
        ({"coding": [{"system": SNOMED, "code": "1"}, CES_CODE]}, "Cauda equina syndrome"),
        ({"coding": [CES_CODE], "text": "?CES"}, "Cauda equina syndrome"),
        ({"coding": [{**CES_CODE, "display": "CES"}]}, "CES"),
        ({"coding": [{"system": SNOMED, "code": "1"}]}, "a code without words"),
        ({"coding": [{"code": "192970008"}]}, "a code without words"),
    ],
)
def test_a_coded_reason_without_a_display_is_not_called_none(reason: dict[str, object], shown: str) -> None:
    """Our own name for the code, else that it came without words; the call's own display comes first."""
    order = an_order(reasons=(reason,), display=TERMINOLOGY.display)

    assert f"; reason: {shown}\n" in card_of(order)["detail"]


LEFT = {"coding": [{"system": SNOMED, "code": "82169009", "display": "Left knee region structure (body structure)"}]}


@pytest.mark.parametrize(
    ("sites", "name"),
    [
        ((LEFT,), "MRI of knee, Left knee region structure"),
        (({"text": "Left"}, {"text": "left knee"}), "MRI of knee, Left"),
        (({"text": "Knee"},), "MRI of knee"),
        (({"text": "a"}, {"text": "b"}, {"text": "c"}), "MRI of knee, a, b"),
        (({"text": "*Left*"},), r"MRI of knee, \*Left\*"),
        (({"coding": [{"code": "82169009"}]}, {}), "MRI of knee"),
    ],
)
def test_an_order_is_named_with_its_side(sites: tuple[dict[str, object], ...], name: str) -> None:
    """The body site, where it says more than the label."""
    assert f"- Order: {name}; reason" in card_of(an_order(body_sites=sites))["detail"]


def test_what_holds_for_one_order_is_said_of_that_one() -> None:
    """A specialist's request, bone pain, another requester's setting."""
    left = an_order(body_sites=({"text": "Left"},))
    right = an_order(
        some_facts(
            specialist_request=True,
            setting=Setting.URGENT_CARE,
            indications=frozenset({Indication.SUSPICIOUS_PAIN}),
        ),
        body_sites=({"text": "Right"},),
        place=None,
    )
    detail = card_of(left, right)["detail"]

    assert "MRI of knee, Right: This order rests on a specialist's request." in detail
    assert "MRI of knee, Right: **The coded pain can come from cancer" in detail
    assert "- Setting: MRI of knee, Left: general practice (Larkspur Demo Surgery); " in detail
    assert "; MRI of knee, Right: urgent care; " in detail


def test_a_caution_that_holds_for_all_orders_names_none() -> None:
    """It is the card's."""
    both = [an_order(some_facts(specialist_request=True), reference=f"ServiceRequest/{n}") for n in range(2)]

    assert "\n\nThis order rests on a specialist's request." in card_of(*both)["detail"]


def test_an_order_for_another_patient_says_so() -> None:
    """Who reads the card has the call's patient in view."""
    detail = card_of(an_order(other_patient="Patient/other"))["detail"]

    assert "- Order: MRI of knee (for another patient than the one of this call); reason" in detail


def test_of_many_reasons_six_are_named_and_the_others_counted() -> None:
    """More would bury the advice; a number says that they are there."""
    reasons = tuple({"coding": [{"system": SNOMED, "code": str(n), "display": f"reason {n}"}]} for n in range(9))
    detail = card_of(an_order(reasons=reasons))["detail"]

    assert "reason 5, and 3 more\n" in detail
    assert "reason 6" not in detail


@pytest.mark.parametrize(
    ("priority", "reasons", "shown"),
    [
        ("routine", (), ""),
        ("urgent", (), "; priority: urgent"),
        ("asap", (KNEE_PAIN,), "; priority: as soon as possible (asap), because of Knee pain"),
        ("stat", ({"text": "*new* since May"},), r"; priority: immediately (stat), because of \*new\* since May"),
        ("<b>now</b>", (), "; priority: &lt;b&gt;now&lt;/b&gt;"),
        (None, (), "; priority: not readable"),
        ("routine", (KNEE_PAIN, {"text": "fell"}), "; priority: routine, because of Knee pain, fell"),
    ],
)
def test_the_requesters_priority_is_shown_where_it_is_not_routine(
    priority: str | None, reasons: tuple[dict[str, object], ...], shown: str
) -> None:
    """With the reasons that came with it, made safe to show."""
    order = an_order(priority=priority, priority_reasons=reasons)

    assert f"; reason: Knee pain{shown}\n" in card_of(order)["detail"]


def test_a_long_reason_of_a_priority_is_cut() -> None:
    """At 80 characters, as other text of the call."""
    detail = card_of(an_order(priority="asap", priority_reasons=({"text": "x" * 100},)))["detail"]

    assert f"because of {'x' * 79}…\n" in detail


def test_two_orders_are_both_named() -> None:
    """Each with its own reason; what they share is said once."""
    shoulder = an_order(
        some_facts(body_region=BodyRegion.SHOULDER), label="MRI of shoulder", reasons=(), reference="ServiceRequest/2"
    )
    detail = card_of(an_order(), shoulder)["detail"]

    assert in_this_order(
        detail, ["- Order: MRI of knee; reason: Knee pain", "- Order: MRI of shoulder; reason: no coded"]
    )
    assert detail.count("- Setting:") == 1
    assert detail.count("not routinely ordered") == 1
