import pytest
from fhir_builders import (
    CATALOGUE,
    DIRECTORY,
    MRI_ANYWHERE,
    MRI_BRAIN,
    MRI_KNEE,
    MRI_LUMBAR,
    SNOMED,
    TERMINOLOGY,
    US_ANYWHERE,
    concept,
    order,
)
from hypothesis import given
from hypothesis import strategies as st

from cds_service.fhir.procedure import NOT_RECOGNISED, Procedure, order_label, read_procedure
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import BodyRegion, KnownBy, Modality
from cds_service.terminology import classify_text

MRI_HIP = "241639000"
MRI_SHOULDER = "241633004"
MRI_CERVICAL = "241646009"
MRI_PELVIS = "396161000119106"
US_KNEE = "241504009"
US_THIGH = "425410009"
REFERRAL = "3457005"
IMAGING = "363679005"
UNKNOWN_CATALOGUE = "https://other.example/catalogue"

MRI, USS, OTHER = Modality.MRI, Modality.USS, Modality.OTHER
UNKNOWN, NOT_MSK = BodyRegion.UNKNOWN, BodyRegion.NOT_MSK


def procedure(code: object, *sites: Json | str) -> Procedure:
    """How an order with this code and these body sites (concepts or texts) is classified."""
    body_site = [{"text": site} if isinstance(site, str) else site for site in sites]
    return read_procedure(order(code=code, bodySite=body_site), TERMINOLOGY, DIRECTORY)


def seen(code: object, *sites: Json | str) -> tuple[Modality, BodyRegion, KnownBy]:
    """Modality, body region and how both are known."""
    found = procedure(code, *sites)
    return found.modality, found.body_region, found.known_by


def displayed(*displays: str, text: str | None = None, system: str = UNKNOWN_CATALOGUE) -> Json:
    """A concept of codes that nobody knows, with these displays."""
    codings = [{"system": system, "code": f"X{place}", "display": display} for place, display in enumerate(displays)]
    return {"coding": codings} | ({"text": text} if text is not None else {})


def both(*coded: tuple[str, str]) -> Json:
    """A concept with codings of several systems."""
    return {"coding": [{"system": system, "code": code} for system, code in coded]}


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
        (MRI_ANYWHERE, MRI, UNKNOWN),
        (US_ANYWHERE, USS, UNKNOWN),
        (f" {MRI_KNEE} ", MRI, BodyRegion.KNEE),
    ],
)
def test_a_snomed_code_of_our_lists_says_how_and_what_is_imaged(
    code: str, modality: Modality, region: BodyRegion
) -> None:
    """Explicit lists; the provisional codes are switched on."""
    assert seen(concept(code)) == (modality, region, KnownBy.CODE)
    assert procedure(concept(code)).evidence == "SNOMED CT list"


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
        [(SNOMED, MRI_LUMBAR), (SNOMED, MRI_HIP)],
    ],
)
def test_codes_that_disagree_leave_the_body_region_unknown(coded: list[tuple[str, str]]) -> None:
    """In either order; an MRI stays an MRI, so that a coded cauda equina still speaks."""
    expected = (MRI, UNKNOWN, KnownBy.CODE)
    assert [seen(both(*coded)), seen(both(*reversed(coded)))] == [expected, expected]
    assert procedure(both(*coded)).evidence == "codes that disagree"


@pytest.mark.parametrize("site", ["Hip", "Both hips", "Sacroiliac joint"])
def test_an_mri_of_the_pelvis_is_never_refined_by_a_body_site(site: str) -> None:
    """It may be gynaecology or urology: the body region stays unknown."""
    assert seen(concept(MRI_PELVIS), site) == (MRI, UNKNOWN, KnownBy.CODE)


def test_an_mri_of_the_pelvis_is_never_refined_by_another_code() -> None:
    """Ambiguous is not the same as unstated: the pelvis with the hips may still be gynaecology."""
    code = both((SNOMED, MRI_PELVIS), (SNOMED, MRI_HIP))
    assert seen(code) == (MRI, UNKNOWN, KnownBy.CODE)


@pytest.mark.parametrize(
    ("code", "site", "modality", "region"),
    [
        (MRI_ANYWHERE, "Knee", MRI, BodyRegion.KNEE),
        (MRI_ANYWHERE, "Right knee joint", MRI, BodyRegion.KNEE),
        (MRI_ANYWHERE, "Lumbar spine", MRI, BodyRegion.LUMBAR_SPINE),
        (US_ANYWHERE, "Shoulder", USS, BodyRegion.SHOULDER),
    ],
)
def test_a_code_for_the_modality_alone_is_refined_by_the_body_site(
    code: str, site: str, modality: Modality, region: BodyRegion
) -> None:
    """By its text or its display; it is then known by text, which never deletes."""
    by_display = {"coding": [{"system": SNOMED, "code": "1", "display": site}]}
    expected = (modality, region, KnownBy.TEXT)
    assert [seen(concept(code), site), seen(concept(code), by_display)] == [expected, expected]


@pytest.mark.parametrize("site", ["Brain", "Abdomen", "Pelvis", "somewhere", "", "Lower leg vein"])
def test_a_body_site_that_is_not_known_to_be_msk_refines_nothing(site: str) -> None:
    """The region stays unknown, and the order quiet unless a reason is CES or MSCC."""
    assert seen(concept(US_ANYWHERE), site) == (USS, UNKNOWN, KnownBy.CODE)


@pytest.mark.parametrize(
    ("code", "sites"),
    [
        (US_ANYWHERE, [{"text": "Femoral vein", "coding": [{"display": "Thigh"}]}]),
        (US_ANYWHERE, [{"text": "Thigh", "coding": [{"display": "Structure of femoral vein"}]}]),
        (US_ANYWHERE, ["Popliteal vein", "Knee"]),
        (US_ANYWHERE, ["Knee", "Popliteal vein"]),
        (MRI_ANYWHERE, ["Brain", "Cervical spine"]),
        (MRI_ANYWHERE, ["Knee", "Brain"]),
    ],
)
def test_one_excluding_word_among_the_body_sites_is_enough(code: str, sites: list[Json | str]) -> None:
    """Words that exclude win: a scan for a clot must never be sent to community MSK."""
    assert procedure(concept(code), *sites).body_region in {UNKNOWN, NOT_MSK}


def test_a_precise_code_is_not_touched_by_the_body_site() -> None:
    """The side, mostly."""
    assert seen(concept(MRI_KNEE), "Left shoulder") == (MRI, BodyRegion.KNEE, KnownBy.CODE)


@pytest.mark.parametrize(
    ("code", "modality", "region"),
    [
        ({"text": "MRI Knee Rt"}, MRI, BodyRegion.KNEE),
        (displayed("MRI Knee Rt"), MRI, BodyRegion.KNEE),
        (displayed("", "US Shoulder Lt"), USS, BodyRegion.SHOULDER),
        (displayed("MRI Knee Rt", system=SNOMED), MRI, BodyRegion.KNEE),
        (displayed("MRI Knee Rt", text="Please scan"), MRI, BodyRegion.KNEE),
        ({"coding": [{"display": "MRI Knee Rt"}]}, MRI, BodyRegion.KNEE),
        ({"coding": [{"system": SNOMED, "code": IMAGING}], "text": "MRI hip"}, MRI, BodyRegion.HIP),
        ({"text": "MRI brain"}, MRI, NOT_MSK),
        ({"text": "US Doppler leg veins"}, USS, NOT_MSK),
        ({"text": "MRI pelvis"}, MRI, UNKNOWN),
        ({"text": "MRI"}, MRI, UNKNOWN),
        ({"text": "USS guided injection shoulder"}, OTHER, UNKNOWN),
    ],
)
def test_text_classifies_where_no_code_is_known(code: Json, modality: Modality, region: BodyRegion) -> None:
    """The concept's text, then the displays of its codes."""
    assert seen(code) == (modality, region, KnownBy.TEXT)
    assert procedure(code).evidence == "procedure text"


@pytest.mark.parametrize(
    "code",
    [
        displayed("US Doppler lower limb veins Lt", text="US thigh"),
        displayed("US thigh", "US Doppler lower limb veins Lt"),
        displayed("MRI brain and cervical spine", text="MRI cervical spine"),
        displayed("US guided injection shoulder", text="US shoulder"),
    ],
)
def test_one_excluding_word_in_the_text_or_a_display_is_enough(code: Json) -> None:
    """Words that exclude win, in whichever of the concept's words they stand."""
    found = procedure(code)
    assert found.modality is OTHER or found.body_region in {UNKNOWN, NOT_MSK}


@pytest.mark.parametrize("text", ["MRI", "MRI scan", "Magnetic resonance imaging"])
def test_a_text_for_the_modality_alone_leaves_the_region_to_the_display(text: str) -> None:
    """The code is unknown, and its display says which scan it is."""
    assert seen(displayed("MRI Knee Rt", text=text)) == (MRI, BodyRegion.KNEE, KnownBy.TEXT)


@pytest.mark.parametrize("site", ["Knee", {"coding": [{"display": "Knee joint structure"}]}])
def test_a_text_for_the_modality_alone_is_read_with_the_body_site(site: Json | str) -> None:
    """As a code for the modality alone is."""
    assert seen({"text": "MRI"}, site) == (MRI, BodyRegion.KNEE, KnownBy.TEXT)


def test_a_text_for_the_modality_alone_is_read_with_every_body_site() -> None:
    """A brain among them excludes."""
    assert seen({"text": "MRI"}, "Knee", "Brain") == (MRI, UNKNOWN, KnownBy.TEXT)


@pytest.mark.parametrize(
    "code",
    [
        None,
        {},
        {"coding": [{}]},
        {"coding": []},
        {"coding": None},
        {"coding": [{"code": MRI_KNEE}]},
        {"coding": [{"system": SNOMED}]},
        {"text": "X-ray knee"},
        {"text": "Full blood count"},
        displayed("CT knee"),
    ],
)
def test_an_order_that_names_no_mri_or_ultrasound_is_not_recognised(code: object) -> None:
    """The sandbox's first call is one; it leaves at the first fork."""
    found = procedure(code)
    assert (found, found.in_scope) == (NOT_RECOGNISED, False)


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


WORDS = st.sampled_from(
    ["MRI", "US", "USS", "knee", "hip", "spine", "lumbar", "brain", "Doppler", "vein", "guided", "x"]
)


@given(words=st.lists(WORDS, min_size=1, max_size=5))
def test_text_alone_is_read_as_the_terminology_reads_it_and_never_as_code(words: list[str]) -> None:
    """What is known by text can be told from what is known by code, whatever the words."""
    text = " ".join(words)
    found, expected = procedure({"text": text}), classify_text(text)
    assert found.known_by is KnownBy.TEXT
    assert (found.modality, found.body_region) == (
        (expected.modality, expected.body_region) if expected else (OTHER, UNKNOWN)
    )
