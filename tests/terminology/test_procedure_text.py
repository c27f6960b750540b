"""The text of an order: what it is read as, and what it must never be read as."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.terminology import TextClassification, classify_text
from cds_service.terminology.procedure_words import (
    BARE_MODALITIES,
    BESIDE_BARE_MODALITY,
    LEG_PHRASES,
    LEVELS_OF_A_NAMED_SPINE,
    LOOSE_PHRASES,
    MODALITY_PHRASES,
    REGION_PHRASES,
    SHIELDED_PHRASES,
    SIGN_PHRASES,
    SIGNS_OF_THE_CAUDA_EQUINA,
    SPINE_LEVELS,
    Sign,
)
from cds_service.terminology.vocabulary import BODY_REGIONS, MODALITIES, MSK_REGIONS, SPINE_AND_MORE

TEXTS = {
    # One region, as order catalogues write it.
    "MRI Knee Rt": ("mri", "knee"),
    "mri knee": ("mri", "knee"),
    "MRI_KNEE_LEFT": ("mri", "knee"),
    "MRI Knee Both": ("mri", "knee"),
    "MRI both knees": ("mri", "knee"),
    "US Shoulder Lt": ("uss", "shoulder"),
    "USS shoulder": ("uss", "shoulder"),
    "U/S wrist": ("uss", "wrist"),
    "U.S. hand": ("uss", "hand"),
    "Ultrasound scan of hip": ("uss", "hip"),
    "Ultrasonography of elbow": ("uss", "elbow"),
    "Magnetic resonance imaging of thumb": ("mri", "hand"),
    "MR Knee": ("mri", "knee"),
    "Knee MR": ("mri", "knee"),
    "US popping knee": ("uss", "knee"),
    "MR arthrogram shoulder": ("mri", "shoulder"),
    "MRI ACJ": ("mri", "shoulder"),
    "MRI clavicle": ("mri", "shoulder"),
    "MRI SIJs": ("mri", "sacroiliac-joint"),
    "MRI tib/fib": ("mri", "lower-leg"),
    "MRI forearm with contrast": ("mri", "forearm"),
    "MRI hamstring origin": ("mri", "thigh"),
    "MRI sternum": ("mri", "chest-wall"),
    "US Achilles tendon": ("uss", "ankle"),
    "US heel": ("uss", "foot"),
    "US soft tissue lump forearm": ("uss", "forearm"),
    "MRI upper arm": ("mri", "upper-arm"),
    # Several words for one limb, and bones that have a head or a neck.
    "MRI foot & ankle": ("mri", "lower-limb"),
    "US wrist and hand": ("uss", "upper-limb"),
    "MRI femoral head": ("mri", "hip"),
    "MRI neck of femur": ("mri", "hip"),
    "MRI hip, head of the femur": ("mri", "hip"),
    "US humeral head": ("uss", "shoulder"),
    "US long head of biceps": ("uss", "shoulder"),
    # The spine and its levels.
    "MRI Spine lumbar": ("mri", "lumbar-spine"),
    "MR lumbar spine": ("mri", "lumbar-spine"),
    "MRI L-spine": ("mri", "lumbar-spine"),
    "MRI LS spine": ("mri", "lumbar-spine"),
    "MRI L/S spine": ("mri", "lumbar-spine"),
    "MRI lumbo-sacral spine": ("mri", "lumbar-spine"),
    "MRI lumbar and sacral spine": ("mri", "lumbar-spine"),
    "MRI lumbar spine and SI joints": ("mri", "lumbar-spine"),
    "MRI lumbar spine, urinary retention": ("mri", "lumbar-spine"),
    "MRI C spine": ("mri", "cervical-spine"),
    "MRI cervical spine": ("mri", "cervical-spine"),
    "MRI T-spine": ("mri", "thoracic-spine"),
    "MRI Spine thoracic": ("mri", "thoracic-spine"),
    "MRI sacrum and coccyx": ("mri", "sacral-spine"),
    "MRI thoracic and lumbar spine": ("mri", "thoracolumbar-spine"),
    "MRI thoracolumbar spine": ("mri", "thoracolumbar-spine"),
    "MRI cervical, thoracic and lumbar spine": ("mri", "whole-spine"),
    "MRI C/T/L spine": ("mri", "whole-spine"),
    "MRI whole spine": ("mri", "whole-spine"),
    "MRI Spine (whole)": ("mri", "whole-spine"),
    "MRI cervical and lumbar spine": ("mri", "spine"),
    "MRI spine": ("mri", "spine"),
    # Both scans named: the MRI counts.
    "MRI/US shoulder": ("mri", "shoulder"),
    # A region that is not MSK.
    "US Doppler lower limb veins Lt": ("uss", "not-msk"),
    "USS leg veins": ("uss", "not-msk"),
    "US carotid": ("uss", "not-msk"),
    "MRI brain": ("mri", "not-msk"),
    "MRI head": ("mri", "not-msk"),
    "MRI IAMs": ("mri", "not-msk"),
    "MRI pituitary": ("mri", "not-msk"),
    "MRI head and neck": ("mri", "not-msk"),
    "MRI thyroid, neck": ("mri", "not-msk"),
    "MRI cervical lymph nodes": ("mri", "not-msk"),
    "MRI thoracic aorta": ("mri", "not-msk"),
    "US neck soft tissue": ("uss", "not-msk"),
    "US cervical lymph nodes": ("uss", "not-msk"),
    "US thyroid": ("uss", "not-msk"),
    "US abdomen and pelvis": ("uss", "not-msk"),
    "US abdominal wall hernia": ("uss", "not-msk"),
    "MRI liver": ("mri", "not-msk"),
    "US renal": ("uss", "not-msk"),
    "US testes": ("uss", "not-msk"),
    "US breast": ("uss", "not-msk"),
    "MRI prostate": ("mri", "not-msk"),
    "MRI cardiac": ("mri", "not-msk"),
    "US obstetric": ("uss", "not-msk"),
    "US temporal artery": ("uss", "not-msk"),
    "US heel density": ("uss", "not-msk"),
    "Quantitative US heel density": ("uss", "not-msk"),
    "MRI whole body myeloma": ("mri", "not-msk"),
    "MRCP": ("mri", "not-msk"),
    # An excluding word beside an MSK region.
    "MRI brain and lumbar spine": ("mri", "spine-and-more"),
    "MRI brain and whole spine": ("mri", "spine-and-more"),
    "MRI head and cervical spine": ("mri", "spine-and-more"),
    "MRI spine myeloma": ("mri", "spine-and-more"),
    "US hips infant": ("uss", "unknown"),
    "US Hips ?CDH": ("uss", "unknown"),
    "US both hips, breech": ("uss", "unknown"),
    "US knee paediatric": ("uss", "knee"),
    "Neonatal hip ultrasound": ("uss", "unknown"),
    "US knee ?DVT": ("uss", "unknown"),
    "MRA Upper limb Rt": ("mri", "unknown"),
    "MRI lumbar spine before epidural injection": ("mri", "spine-and-more"),
    "US guided injection lumbar spine": ("other", "spine-and-more"),
    # Procedures under ultrasound.
    "US guided injection shoulder": ("other", "unknown"),
    "US-guided biopsy": ("other", "not-msk"),
    "Ultrasound aspiration knee": ("other", "unknown"),
    # No region, several regions, or one that may or may not be MSK.
    "MRI": ("mri", "unknown"),
    "US": ("uss", "unknown"),
    "US extremity": ("uss", "unknown"),
    "US leg": ("uss", "unknown"),
    "US calf": ("uss", "unknown"),
    "MRI leg": ("mri", "lower-limb"),
    "MRI calf": ("mri", "lower-leg"),
    "MRI pelvis": ("mri", "unknown"),
    "MRI pelvis and hips": ("mri", "unknown"),
    "MRI brachial plexus": ("mri", "unknown"),
    "MRI lumbosacral plexus": ("mri", "unknown"),
    "MRI anterior superior iliac spine": ("mri", "unknown"),
    "MRI Axilla Both": ("mri", "unknown"),
    "US chest wall": ("uss", "unknown"),
    # Everyday names of the spine that may name something else as well.
    "MRI back": ("mri", "spine-and-more"),
    "MR back": ("mri", "spine-and-more"),
    "MRI back and pelvis": ("mri", "spine-and-more"),
    "MRI cervical": ("mri", "spine-and-more"),
    "MRI thoracic": ("mri", "spine-and-more"),
    "MRI dorsal": ("mri", "spine-and-more"),
    "MRI neck": ("mri", "spine-and-more"),
    "MRI neck and shoulder": ("mri", "spine-and-more"),
    "MRI cervical and shoulder": ("mri", "spine-and-more"),
    "MRI lumbar spine, back pain": ("mri", "lumbar-spine"),
    "MRI back of knee": ("mri", "knee"),
    "MRI wrist dorsal ganglion": ("mri", "wrist"),
    "MRI thoracic outlet": ("mri", "unknown"),
    "US back": ("uss", "unknown"),
    "US neck": ("uss", "not-msk"),
    "US neck and shoulder": ("uss", "unknown"),
    "US cervical": ("uss", "unknown"),
    "US wrist dorsal ganglion": ("uss", "wrist"),
    # Names of the lumbar scan.
    "MRI LSS": ("mri", "lumbar-spine"),
    "MR LSSp": ("mri", "lumbar-spine"),
    "MRI cauda equina": ("mri", "lumbar-spine"),
    "MRI L5/S1": ("mri", "lumbar-spine"),
    "MRI L4/5": ("mri", "lumbar-spine"),
    "MRI L4-L5 disc": ("mri", "lumbar-spine"),
    "MRI cervical and LSS": ("mri", "spine"),
    "MRI LSS and hip": ("mri", "spine-and-more"),
    "MRI brain ?cauda equina": ("mri", "spine-and-more"),
    "MRI thoracic spine ?cauda equina": ("mri", "thoracic-spine"),
    "MRI knee, known L5/S1 disc": ("mri", "knee"),
    "US LSS": ("uss", "unknown"),
    # Words that exclude, but are a reason beside a spine.
    "MRI lumbar spine, reduced rectal tone": ("mri", "lumbar-spine"),
    "MRI lumbar spine, known prostate cancer": ("mri", "lumbar-spine"),
    "MRI LSS rectum": ("mri", "lumbar-spine"),
    "MRI lumbar spine, known breast cancer": ("mri", "spine-and-more"),
    "MRI rectum": ("mri", "not-msk"),
    "MRI hip, prostate cancer": ("mri", "unknown"),
    "US prostate": ("uss", "not-msk"),
    "US lumbar spine, prostate": ("uss", "spine-and-more"),
    "US thoracic": ("uss", "unknown"),
    "MRI knee and shoulder": ("mri", "unknown"),
    "MRI hip and lumbar spine": ("mri", "spine-and-more"),
    "MRI lumbar spine and pelvis": ("mri", "spine-and-more"),
    "MRI whole spine and pelvis": ("mri", "spine-and-more"),
    "MRI spine and knee and shoulder": ("mri", "spine-and-more"),
}

NEITHER_MRI_NOR_ULTRASOUND = [
    "",
    "   ",
    "Knee",
    "X-ray knee",
    "XR lumbar spine",
    "CT lumbar spine",
    "DEXA hip",
    "Doppler leg",
    "Xray knee, please contact us",
    "CT knee, ask us",
    "Please tell us why the knee hurts",
    "Refer to Mr Jones, knee clinic",
    "Mr Jones' knee clinic",
    "muscle",
    "mriknee",
    "磁気共鳴",
]

EXCLUDING = sorted(SIGN_PHRASES[Sign.OUTSIDE] + SIGN_PHRASES[Sign.NEEDLE])


def phrases_of(table: Mapping[str, tuple[str, ...]]) -> list[str]:
    """List every phrase of a table of words."""
    return [phrase for phrases in table.values() for phrase in phrases]


def is_msk_scan(text: str) -> bool:
    """Say whether a routine order with this text would be taken for an MSK scan."""
    classification = classify_text(text)
    return (
        classification is not None
        and classification.modality in {"mri", "uss"}
        and classification.body_region in MSK_REGIONS
    )


KNOWN_WORDS = sorted(
    {
        word
        for table in (
            MODALITY_PHRASES,
            SIGN_PHRASES,
            SHIELDED_PHRASES,
            REGION_PHRASES,
            LEG_PHRASES,
            LEVELS_OF_A_NAMED_SPINE,
            LOOSE_PHRASES,
            {Sign.OUTSIDE: SIGNS_OF_THE_CAUDA_EQUINA},
        )
        for phrase in phrases_of(table)
        for word in phrase.split()
    }
    | BESIDE_BARE_MODALITY
    | BARE_MODALITIES.keys()
    | {word for phrase in SPINE_LEVELS for word in phrase.split()}
)
PARTNERS_OF_SHIELDED_WORDS = [
    "femoral",
    "humeral",
    "of",
    "femur",
    "biceps",
    "femoris",
    "hip",
    "wall",
    "mri",
    "us",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_read(text: str) -> None:
    """Modality and body region come from whole words, in any case and order."""
    assert classify_text(text) == TextClassification(*TEXTS[text])


@pytest.mark.parametrize("text", NEITHER_MRI_NOR_ULTRASOUND)
def test_a_text_that_names_neither_scan_is_not_classified(text: str) -> None:
    """X-ray, CT and bone density are none of ours; nor is "us" or "Mr" in a sentence."""
    assert classify_text(text) is None


@pytest.mark.parametrize("phrase", EXCLUDING)
@pytest.mark.parametrize("scan", ["MRI", "US"])
def test_a_word_that_excludes_wins_over_a_region(scan: str, phrase: str) -> None:
    """No word that excludes leaves a knee or a spine as an MSK scan."""
    assert [text for text in (f"{scan} knee {phrase}", f"{scan} {phrase} lumbar spine") if is_msk_scan(text)] == []


def test_a_long_text_is_not_trusted() -> None:
    """Past 200 characters a word may stand that excludes, so the region is unknown."""
    short = "MRI knee ".ljust(197) + "end"
    assert classify_text(short) == TextClassification("mri", "knee")
    assert classify_text(short + " doppler") == TextClassification("mri", "unknown")
    assert classify_text("MRI brain ".ljust(250, "x")) == TextClassification("mri", "unknown")
    assert classify_text("MRI knee ".ljust(250, "x")) == TextClassification("mri", "unknown")
    assert classify_text(" " * 500 + "MRI knee" + " " * 500) == TextClassification("mri", "knee")


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("Knee joint", "knee"),
        ("Structure of left knee", "knee"),
        ("Lumbar spine", "lumbar-spine"),
        ("Whole spine", "whole-spine"),
        ("Both hips", "hip"),
        ("Foot and ankle", "lower-limb"),
        ("Head", "not-msk"),
        ("Head and cervical spine", "spine-and-more"),
        ("Neck of femur", "hip"),
        ("Pelvis", "unknown"),
        ("Knee and shoulder", "unknown"),
        ("Cervical", "spine-and-more"),
        ("Back", "spine-and-more"),
        ("Neck", "spine-and-more"),
        ("Cauda equina", "lumbar-spine"),
        ("L5-S1 intervertebral disc", "lumbar-spine"),
        ("Left", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_body_site_is_read_beside_the_modality(text: str, region: str) -> None:
    """One that names nothing known leaves the region unknown."""
    assert classify_text(f"MRI {text}") == TextClassification("mri", region)


@pytest.mark.parametrize(("scan", "modality", "region"), [("MRI", "mri", "lower-limb"), ("US", "uss", "unknown")])
def test_a_leg_is_a_region_of_an_mri_only(scan: str, modality: str, region: str) -> None:
    """An ultrasound of "the leg" may look for a clot."""
    assert classify_text(f"{scan} left leg") == TextClassification(modality, region)


def test_no_phrase_stands_in_two_tables() -> None:
    """A phrase has one meaning; only the modality's own words may exclude as well."""
    tables = [SIGN_PHRASES, SHIELDED_PHRASES, REGION_PHRASES, LEG_PHRASES, LEVELS_OF_A_NAMED_SPINE, LOOSE_PHRASES]
    phrases = [phrase for table in tables for phrase in phrases_of(table)] + list(SPINE_LEVELS)
    assert sorted({phrase for phrase in phrases if phrases.count(phrase) > 1}) == []


def test_every_phrase_is_in_the_form_in_which_texts_are_read() -> None:
    """Lower case, letters and digits, one space between words: else it could never be found."""
    tables = [MODALITY_PHRASES, SIGN_PHRASES, SHIELDED_PHRASES, REGION_PHRASES, LEG_PHRASES, LOOSE_PHRASES]
    phrases = [phrase for table in tables for phrase in phrases_of(table)] + list(SPINE_LEVELS)
    misshapen = [
        phrase
        for phrase in phrases
        if phrase != " ".join(phrase.lower().split()) or not phrase.replace(" ", "").isalnum()
    ]
    assert misshapen == []


def test_every_region_of_the_tables_is_an_msk_region() -> None:
    """The tables name only regions that the pathway knows."""
    regions = {*REGION_PHRASES, *SHIELDED_PHRASES, *LEG_PHRASES, *LEVELS_OF_A_NAMED_SPINE}
    assert regions | frozenset().union(*SPINE_LEVELS.values()) <= MSK_REGIONS


@given(st.text(max_size=300) | st.lists(st.sampled_from(KNOWN_WORDS), max_size=40).map(" ".join))
def test_no_text_raises(text: str) -> None:
    """Whatever text arrives, the answer is in the vocabulary or is none."""
    classification = classify_text(text)
    if classification is not None:
        assert classification.modality in MODALITIES
        assert classification.body_region in BODY_REGIONS | {SPINE_AND_MORE}


@given(
    st.lists(
        st.sampled_from(KNOWN_WORDS) | st.sampled_from(PARTNERS_OF_SHIELDED_WORDS) | st.text(max_size=8),
        max_size=8,
    ),
    st.sampled_from(EXCLUDING) | st.sampled_from(["head", "neck"]),
    st.data(),
)
def test_a_word_that_excludes_never_makes_an_msk_scan(words: list[str], phrase: str, data: st.DataObject) -> None:
    """Wherever it is put, it can silence an order and never wake one."""
    place = data.draw(st.integers(0, len(words)))
    before, after = " ".join(words), " ".join([*words[:place], phrase, *words[place:]])
    assert is_msk_scan(before) or not is_msk_scan(after)


@given(
    st.lists(st.sampled_from(KNOWN_WORDS), max_size=6),
    st.sampled_from([phrase for phrase in phrases_of(LOOSE_PHRASES) if phrase != "neck"]),
)
def test_an_everyday_name_of_the_spine_is_news_in_an_mri_alone(words: list[str], phrase: str) -> None:
    """An ultrasound whose words say "back", "LSS" or "dorsal" as well is what it was without them."""
    before = " ".join(["ultrasound", *words])
    after = f"{before} zz {phrase}"
    if (read := classify_text(before)) is not None and read.modality != "mri":
        assert classify_text(after) == read
