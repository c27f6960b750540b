import pytest
from fhir_builders import (
    BLOOD_TEST,
    CATALOGUE,
    DIRECTORY,
    KNEE_PAIN,
    MRI_ANYWHERE,
    MRI_BRAIN,
    MRI_KNEE,
    MRI_LUMBAR,
    REFERRAL,
    SNOMED,
    TERMINOLOGY,
    US_ANYWHERE,
    concept,
    order,
)
from procedure_builders import (
    MRI,
    MRI_PELVIS,
    NOT_MSK,
    OTHER,
    UNKNOWN,
    UNKNOWN_CATALOGUE,
    USS,
    both,
    displayed,
    procedure,
    seen,
)

from cds_service.fhir.procedure import NOT_RECOGNISED, order_label, read_procedure, unknown_codes
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import BodyRegion, KnownBy, Modality

MRI_HIP = "241639000"
MRI_SHOULDER = "241633004"
MRI_CERVICAL = "241646009"
US_KNEE = "241504009"


@pytest.mark.parametrize(
    ("code", "modality", "region"),
    [
        (MRI_KNEE, MRI, BodyRegion.KNEE),
        (MRI_LUMBAR, MRI, BodyRegion.LUMBAR_SPINE),
        ("241645008", MRI, BodyRegion.SPINE),
        ("411611000119102", MRI, BodyRegion.WHOLE_SPINE),
        ("241643001", MRI, BodyRegion.ANKLE),
        (US_KNEE, USS, BodyRegion.KNEE),
        ("241497006", USS, BodyRegion.SHOULDER),
        (MRI_BRAIN, MRI, NOT_MSK),
        ("709979004", USS, NOT_MSK),
        (MRI_PELVIS, MRI, UNKNOWN),
        (f" {MRI_KNEE} ", MRI, BodyRegion.KNEE),
    ],
)
def test_a_snomed_code_of_our_lists_says_how_and_what_is_imaged(
    code: str, modality: Modality, region: BodyRegion
) -> None:
    """Explicit lists; the provisional codes are switched on."""
    assert seen(concept(code)) == (modality, region, KnownBy.CODE)
    assert procedure(concept(code)).evidence == "SNOMED CT list"


@pytest.mark.parametrize(("code", "modality"), [(MRI_ANYWHERE, MRI), (US_ANYWHERE, USS)])
def test_a_code_for_the_modality_alone_says_how_and_not_what_is_imaged(code: str, modality: Modality) -> None:
    """And the evidence says that it was no more than that."""
    assert seen(concept(code)) == (modality, UNKNOWN, KnownBy.CODE)
    assert procedure(concept(code)).evidence == "code for the modality alone"


@pytest.mark.parametrize("code", ["MKNEE", "mknee", " MKNEE "])
def test_a_code_of_the_sites_catalogue_says_the_same(code: str) -> None:
    """`procedures.csv`, compared without case."""
    assert seen(concept(code, system=CATALOGUE)) == (MRI, BodyRegion.KNEE, KnownBy.CODE)
    assert procedure(concept(code, system=CATALOGUE)).evidence == "procedures.csv"


@pytest.mark.parametrize("code", [concept("MKNEE", system=UNKNOWN_CATALOGUE), concept(MRI_KNEE, system="SNOMED")])
def test_a_code_counts_in_its_own_system_only(code: Json) -> None:
    """The same digits elsewhere are another code."""
    assert procedure(code) == NOT_RECOGNISED


@pytest.mark.parametrize("prefix", [f"{MRI_ANYWHERE}000000109", MRI_KNEE[:-1], f"{MRI_KNEE}1"])
def test_nothing_is_inferred_from_a_prefix(prefix: str) -> None:
    """113091000000109 is "Seen in minor injuries department"."""
    assert procedure(concept(prefix)) == NOT_RECOGNISED


def test_no_display_outweighs_a_known_code() -> None:
    """A display may be wrong; the code is what was ordered."""
    code = {"coding": [{"system": SNOMED, "code": MRI_KNEE, "display": "MRI brain"}]}
    assert seen(code) == (MRI, BodyRegion.KNEE, KnownBy.CODE)


@pytest.mark.parametrize(
    ("code", "modality", "region"),
    [
        (both((SNOMED, MRI_KNEE), (CATALOGUE, "MKNEE")), MRI, BodyRegion.KNEE),
        (both((UNKNOWN_CATALOGUE, "K1"), (SNOMED, MRI_KNEE)), MRI, BodyRegion.KNEE),
        (both((SNOMED, MRI_ANYWHERE), (SNOMED, MRI_HIP)), MRI, BodyRegion.HIP),
        (both((SNOMED, MRI_ANYWHERE), (SNOMED, MRI_BRAIN)), MRI, NOT_MSK),
        (both((SNOMED, MRI_KNEE), (SNOMED, MRI_ANYWHERE)), MRI, BodyRegion.KNEE),
        (both((SNOMED, US_ANYWHERE), (SNOMED, US_KNEE)), USS, BodyRegion.KNEE),
        (both((SNOMED, MRI_LUMBAR), (SNOMED, MRI_CERVICAL)), MRI, BodyRegion.SPINE),
        (both((SNOMED, MRI_LUMBAR), (CATALOGUE, "MLSP")), MRI, BodyRegion.LUMBAR_SPINE),
    ],
)
def test_codes_that_agree_are_one_procedure(code: Json, modality: Modality, region: BodyRegion) -> None:
    """Translations of one concept; a plainer code beside a precise one says nothing against it."""
    assert seen(code) == (modality, region, KnownBy.CODE)


@pytest.mark.parametrize(
    "coded",
    [
        [(SNOMED, MRI_KNEE), (SNOMED, MRI_SHOULDER)],
        [(SNOMED, MRI_KNEE), (SNOMED, MRI_BRAIN)],
        [(SNOMED, MRI_KNEE), (SNOMED, US_KNEE)],
        [(SNOMED, MRI_KNEE), (CATALOGUE, "XKNEE")],
        [(SNOMED, MRI_KNEE), (SNOMED, REFERRAL)],
    ],
)
def test_codes_that_disagree_leave_the_body_region_unknown(coded: list[tuple[str, str]]) -> None:
    """In either order; an MRI stays an MRI, so that a coded cauda equina still speaks."""
    expected = (MRI, UNKNOWN, KnownBy.CODE)
    assert [seen(both(*coded)), seen(both(*reversed(coded)))] == [expected, expected]
    assert procedure(both(*coded)).evidence == "codes that disagree"


@pytest.mark.parametrize(
    "coded",
    [
        [(SNOMED, MRI_LUMBAR), (SNOMED, MRI_HIP)],
        [(SNOMED, MRI_LUMBAR), (SNOMED, MRI_BRAIN)],
        [(SNOMED, MRI_LUMBAR), (SNOMED, MRI_PELVIS)],
        [(SNOMED, MRI_LUMBAR), (SNOMED, US_KNEE)],
        [(SNOMED, MRI_LUMBAR), (SNOMED, REFERRAL)],
    ],
)
def test_of_codes_that_disagree_a_spine_stays_known(coded: list[tuple[str, str]]) -> None:
    """In either order: a coded metastasis speaks of it."""
    expected = (MRI, BodyRegion.SPINE_AND_MORE, KnownBy.CODE)
    assert [seen(both(*coded)), seen(both(*reversed(coded)))] == [expected, expected]


@pytest.mark.parametrize("code", [MRI_PELVIS, MRI_BRAIN])
@pytest.mark.parametrize("site", ["Lumbar spine", "Whole spine"])
def test_a_code_of_another_part_beside_the_spine_as_body_site_names_both(code: str, site: str) -> None:
    """The body site is words, so the whole is known by text."""
    assert seen(concept(code), site) == (MRI, BodyRegion.SPINE_AND_MORE, KnownBy.TEXT)


@pytest.mark.parametrize(("code", "known_by"), [(concept(MRI_ANYWHERE), KnownBy.TEXT), ({"text": "MRI"}, KnownBy.TEXT)])
def test_body_sites_that_name_the_spine_and_another_part(code: Json, known_by: KnownBy) -> None:
    """Beside a code or a text for the modality alone."""
    assert seen(code, "Lumbar spine", "Pelvis") == (MRI, BodyRegion.SPINE_AND_MORE, known_by)


@pytest.mark.parametrize(
    "coded",
    [
        [(SNOMED, US_ANYWHERE), (SNOMED, MRI_KNEE)],
        [(SNOMED, MRI_ANYWHERE), (SNOMED, US_KNEE)],
        [(SNOMED, MRI_ANYWHERE), (SNOMED, REFERRAL)],
        [(SNOMED, MRI_ANYWHERE), (CATALOGUE, "XKNEE")],
    ],
)
def test_a_code_for_another_modality_alone_disagrees_as_any_other_code_does(coded: list[tuple[str, str]]) -> None:
    """In either order: such an order must neither lose a coded cauda equina nor be taken for the precise code."""
    expected = (MRI, UNKNOWN, KnownBy.CODE)
    assert [seen(both(*coded)), seen(both(*reversed(coded)))] == [expected, expected]


@pytest.mark.parametrize("sites", [[], ["Knee"]])
def test_of_two_codes_for_a_modality_alone_it_does_not_matter_which_stands_first(sites: list[str]) -> None:
    """It is then an MRI, as where any other codes disagree."""
    coded = [(SNOMED, MRI_ANYWHERE), (SNOMED, US_ANYWHERE)]
    one, other = seen(both(*coded), *sites), seen(both(*reversed(coded)), *sites)
    assert one == other
    assert one[0] is MRI


@pytest.mark.parametrize("site", ["Hip", "Both hips", "Sacroiliac joint"])
def test_an_mri_of_the_pelvis_is_never_refined_by_a_body_site(site: str) -> None:
    """It may be gynaecology or urology: the body region stays unknown."""
    assert seen(concept(MRI_PELVIS), site) == (MRI, UNKNOWN, KnownBy.CODE)


def test_an_mri_of_the_pelvis_is_never_refined_by_another_code() -> None:
    """Ambiguous is not the same as unstated: the pelvis with the hips may still be gynaecology."""
    code = both((SNOMED, MRI_PELVIS), (SNOMED, MRI_HIP))
    assert seen(code) == (MRI, UNKNOWN, KnownBy.CODE)


def test_a_precise_code_is_not_touched_by_the_body_site() -> None:
    """The side, mostly."""
    assert seen(concept(MRI_KNEE), "Left shoulder") == (MRI, BodyRegion.KNEE, KnownBy.CODE)


@pytest.mark.parametrize("code", [REFERRAL, "306171006", "183545006"])
@pytest.mark.parametrize("text", [None, "MRI knee", "Referral: MRI shows meniscal tear of the knee"])
def test_a_referral_is_never_taken_for_a_scan(code: str, text: str | None) -> None:
    """Our own suggestion comes back as a draft and must earn no card."""
    found = procedure(concept(code, text=text))
    assert (found.modality, found.in_scope) == (OTHER, False)


def test_codes_that_agree_on_no_scan_are_no_scan() -> None:
    """An X-ray that is coded twice over stays out of scope."""
    assert procedure(both((CATALOGUE, "XKNEE"), (SNOMED, REFERRAL))).in_scope is False


@pytest.mark.parametrize(
    ("code", "in_scope"),
    [(MRI_KNEE, True), (MRI_PELVIS, True), (MRI_ANYWHERE, True), (MRI_BRAIN, False), (REFERRAL, False)],
)
def test_what_is_or_may_be_msk_is_in_scope(code: str, *, in_scope: bool) -> None:
    """An unknown region stays, since a coded cauda equina speaks there."""
    assert procedure(concept(code)).in_scope is in_scope


def test_a_card_calls_a_known_order_by_our_own_label() -> None:
    """The call's words are not needed then."""
    draft = order(code=concept(MRI_KNEE, text="anything at all"))
    found = read_procedure(draft, TERMINOLOGY, DIRECTORY)
    assert order_label(draft, found) == "Magnetic resonance imaging of knee"


@pytest.mark.parametrize(
    ("code", "label"),
    [(displayed("MRI Knee Rt", text="Knee MRI"), "Knee MRI"), (displayed("MRI Knee Rt"), "MRI Knee Rt"), ({}, None)],
)
def test_a_card_calls_another_order_by_the_words_of_the_call(code: Json, label: str | None) -> None:
    """Or plainly, where there are none."""
    draft = order(code=code)
    assert order_label(draft, read_procedure(draft, TERMINOLOGY, DIRECTORY)) == (label or "Imaging order")


def unknown(code: object) -> list[tuple[str, str]]:
    """The codes of an order with this `code` that a site may have to map."""
    draft = order(code=code)
    return unknown_codes(draft, read_procedure(draft, TERMINOLOGY, DIRECTORY), TERMINOLOGY, DIRECTORY)


@pytest.mark.parametrize("text", [None, "Full blood count", "MRI knee", "MRI brain"])
def test_a_code_that_no_list_knows_is_unknown_whatever_the_text_says(text: str | None) -> None:
    """A scan that only its words tell is the very case to map."""
    assert unknown(concept("K1", system=UNKNOWN_CATALOGUE, text=text)) == [(UNKNOWN_CATALOGUE, "K1")]


def test_each_coding_of_an_unknown_procedure_is_told_once_as_sent() -> None:
    """Whichever of them the site maps, the order is known."""
    code = both((UNKNOWN_CATALOGUE, "K1"), (SNOMED, BLOOD_TEST), (UNKNOWN_CATALOGUE, "K1"), ("", " k2 "))
    assert unknown(code) == [(UNKNOWN_CATALOGUE, "K1"), (SNOMED, BLOOD_TEST), ("", " k2 ")]


@pytest.mark.parametrize(
    "known",
    [
        (SNOMED, MRI_KNEE),
        (SNOMED, MRI_BRAIN),
        (SNOMED, MRI_ANYWHERE),
        (SNOMED, REFERRAL),
        (SNOMED, KNEE_PAIN),
        (CATALOGUE, "xknee"),
    ],
)
def test_beside_a_known_code_nothing_is_unknown(known: tuple[str, str]) -> None:
    """Imaging of another kind, a referral, or a code that is on a list for something else: nothing to map."""
    assert unknown(both((UNKNOWN_CATALOGUE, "K1"), known)) == []


@pytest.mark.parametrize(
    "code",
    [
        None,
        {},
        {"text": "MRI knee"},
        {"coding": [{}]},
        {"coding": [{"code": "K1"}, {"system": UNKNOWN_CATALOGUE}, {"system": 1, "code": "K1"}]},
    ],
)
def test_without_system_and_code_there_is_nothing_to_map(code: object) -> None:
    """A display or a text is not a code, and a code without its system is none either."""
    assert unknown(code) == []


def test_an_order_tells_ten_unknown_codes_at_most() -> None:
    """However many were put into it."""
    codes = [(UNKNOWN_CATALOGUE, f"K{number}") for number in range(1000)]
    assert unknown(both(*codes)) == codes[:10]
