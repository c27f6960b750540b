"""What an order says in words, where its code says nothing or the modality alone."""

import pytest
from fhir_builders import MRI_ANYWHERE, MRI_BRAIN, MRI_KNEE, SNOMED, US_ANYWHERE, concept
from hypothesis import given
from hypothesis import strategies as st
from procedure_builders import MRI, NOT_MSK, OTHER, UNKNOWN, USS, displayed, procedure, seen

from cds_service.fhir.procedure import NOT_RECOGNISED
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import NO_SINGLE_PART, BodyRegion, KnownBy, Modality
from cds_service.terminology import classify_text

IMAGING = "363679005"


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
    assert procedure(concept(code), site).evidence == "procedure text"


@pytest.mark.parametrize("code", [MRI_ANYWHERE, US_ANYWHERE])
@pytest.mark.parametrize(
    "words",
    [
        {"text": "Knee"},
        {"text": "Magnetic resonance imaging (procedure)", "display": "Knee joint"},
        {"text": "Please scan the right knee"},
        {"display": "Right knee"},
        {"text": "Rt", "sites": ["Knee"]},
        {"text": "Right", "display": "Joint", "sites": ["Knee"]},
    ],
)
def test_a_code_for_the_modality_alone_is_refined_by_the_orders_own_words(code: str, words: Json) -> None:
    """Its text, its displays and its body sites, together; it is then known by text."""
    coded = {"coding": [{"system": SNOMED, "code": code, "display": words.get("display")}], "text": words.get("text")}
    modality = MRI if code == MRI_ANYWHERE else USS
    assert seen(coded, *words.get("sites", [])) == (modality, BodyRegion.KNEE, KnownBy.TEXT)


@pytest.mark.parametrize(
    ("text", "display", "sites"),
    [
        ("Doppler", None, ["Knee"]),
        ("Knee", "Doppler", []),
        ("Knee", None, ["Popliteal vein"]),
        (None, "Knee", ["Popliteal vein"]),
        ("Infant hips", None, ["Hip"]),
        ("Guided injection", None, ["Shoulder"]),
        ("Shoulder", "Abdomen", ["Shoulder"]),
        ("Knee and hip", None, ["Shoulder"]),
    ],
)
def test_one_word_that_excludes_anywhere_leaves_a_code_for_the_modality_alone_as_it_is(
    text: str | None, display: str | None, sites: list[str]
) -> None:
    """Words that exclude win, and words for several regions name none: such an order has no known region."""
    coded = {"coding": [{"system": SNOMED, "code": US_ANYWHERE, "display": display}], "text": text}
    assert seen(coded, *sites) == (USS, UNKNOWN, KnownBy.CODE)


def test_words_never_change_the_modality_of_a_code() -> None:
    """The code is what was ordered; only the region is left to the words."""
    assert seen(concept(US_ANYWHERE, text="MRI knee")) == (USS, BodyRegion.KNEE, KnownBy.TEXT)


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
    assert procedure(concept(code), *sites).body_region in NO_SINGLE_PART | {NOT_MSK}


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
    assert found.modality is OTHER or found.body_region in NO_SINGLE_PART | {NOT_MSK}


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


def test_a_text_that_names_a_region_is_read_with_the_body_site_as_well() -> None:
    """All words are classified together, so that one that excludes is not missed for standing in the body site."""
    assert seen({"text": "US thigh"}, "Femoral vein") == (USS, UNKNOWN, KnownBy.TEXT)
    assert seen({"text": "MRI knee"}, "Right knee") == (MRI, BodyRegion.KNEE, KnownBy.TEXT)


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


@pytest.mark.parametrize("site", ["Back", "Neck", "Thoracic", {"coding": [{"display": "Cauda equina structure"}]}])
@pytest.mark.parametrize("code", [concept(MRI_ANYWHERE), {"text": "MRI"}], ids=["by code", "by words"])
def test_a_body_site_that_may_be_the_spine_is_one_where_nothing_else_states_the_part(
    code: Json, site: Json | str
) -> None:
    """Nothing routine is said of "Back"; a coded emergency speaks."""
    modality, region, known_by = seen(code, site)
    assert (modality, known_by) == (MRI, KnownBy.TEXT)
    assert region is (BodyRegion.LUMBAR_SPINE if isinstance(site, dict) else BodyRegion.SPINE_AND_MORE)


@pytest.mark.parametrize("site", ["Back", "Neck", "Thoracic"])
def test_a_body_site_that_may_be_the_spine_changes_no_code_for_another_part(site: str) -> None:
    """A brain with the site "Neck" is one of the neck's soft parts; nor does an ultrasound become one of the spine."""
    assert procedure(concept(MRI_BRAIN), site).body_region is NOT_MSK
    assert procedure(concept(US_ANYWHERE), site).body_region is UNKNOWN
