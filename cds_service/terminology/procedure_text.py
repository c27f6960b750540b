"""Modality and body region from the text of an order, for when no code is known.

The last resort (decision 0010). Whole words only, no grammar: the text is cut into words, and each word or phrase of
`procedure_words` found in it counts once. What is read this way is a weak fact; who uses it neither exempts nor
deletes by it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

from cds_service.terminology.procedure_words import (
    BARE_MODALITIES,
    BESIDE_BARE_MODALITY,
    LEG_PHRASES,
    LEVEL_COMBINATIONS,
    LEVELS_OF_A_NAMED_SPINE,
    LOOSE_PHRASES,
    MODALITY_PHRASES,
    REGION_PHRASES,
    SHIELDED_PHRASES,
    SIGN_PHRASES,
    SIGNS_OF_THE_CAUDA_EQUINA,
    SPINE_LEVELS,
    LooseWord,
    Sign,
)
from cds_service.terminology.vocabulary import (
    LOWER_LIMB,
    LOWER_LIMB_REGIONS,
    MRI,
    NOT_MSK,
    OTHER,
    SACROILIAC_JOINT,
    SPINE,
    SPINE_AND_MORE,
    SPINE_REGIONS,
    UNKNOWN,
    UPPER_LIMB,
    UPPER_LIMB_REGIONS,
    USS,
    WHOLE_SPINE,
)

LONGEST_TEXT: Final = 200
"""Characters that are read. A longer text is a letter, not the name of a scan."""

_WORD: Final = re.compile(r"[a-z0-9]+")
_GAP: Final = "|"  # stands for words already read: no word, so no phrase reaches across it


@dataclass(frozen=True, slots=True)
class TextClassification:
    """What the text of an order says.

    Attributes:
        modality: `mri`, `uss`, or `other` for a procedure under ultrasound guidance.
        body_region: a value of the pathway's `BodyRegion`; `unknown` when the text is silent, speaks of
            several regions, or of MSK and something else together; `spine-and-more` when the spine is among them.
    """

    modality: str
    body_region: str


class _Phrases:
    """Phrases and what each means; finds the longest at every word."""

    __slots__ = ("_longest", "_meanings")

    def __init__(self, meanings: Mapping[str, frozenset[str]]) -> None:
        plurals = {f"{phrase}s": meaning for phrase, meaning in meanings.items()}
        self._meanings = {**plurals, **meanings}
        self._longest = max(phrase.count(" ") + 1 for phrase in meanings)

    @classmethod
    def of(cls, phrases_by_meaning: Mapping[str, Iterable[str]]) -> "_Phrases":
        return cls(
            {phrase: frozenset({meaning}) for meaning, phrases in phrases_by_meaning.items() for phrase in phrases}
        )

    def words(self) -> frozenset[str]:
        return frozenset(chain.from_iterable(phrase.split() for phrase in self._meanings))

    def take(self, words: list[str]) -> tuple[frozenset[str], list[str]]:
        """Return what the words mean, and the words with the phrases that said so taken out."""
        found: set[str] = set()
        rest: list[str] = []
        start = 0
        while start < len(words):
            for size in range(min(self._longest, len(words) - start), 0, -1):
                meaning = self._meanings.get(" ".join(words[start : start + size]))
                if meaning is not None:
                    found |= meaning
                    rest.append(_GAP)
                    start += size
                    break
            else:
                rest.append(words[start])
                start += 1
        return frozenset(found), rest


_MODALITIES: Final = _Phrases.of(MODALITY_PHRASES)
_SHIELDED: Final = _Phrases.of(SHIELDED_PHRASES)
_SIGNS: Final = _Phrases.of(SIGN_PHRASES)
_REGIONS: Final = _Phrases(
    {
        **{phrase: frozenset({region}) for region, phrases in REGION_PHRASES.items() for phrase in phrases},
        **SPINE_LEVELS,
    }
)
_LEGS: Final = _Phrases.of(LEG_PHRASES)
_BARE_LEVELS: Final = _Phrases.of(LEVELS_OF_A_NAMED_SPINE)
_LOOSE: Final = _Phrases.of(LOOSE_PHRASES)
_SIGNS_OF_THE_CAUDA_EQUINA: Final = _Phrases.of({Sign.OUTSIDE: SIGNS_OF_THE_CAUDA_EQUINA})

_BESIDE_BARE_MODALITY: Final = BESIDE_BARE_MODALITY.union(
    *(table.words() for table in (_SHIELDED, _SIGNS, _REGIONS, _LEGS, _BARE_LEVELS))
)


def classify_text(text: str, *, loosely: bool = True) -> TextClassification | None:
    """Classify an order by its text, such as `MRI Knee Rt`.

    Args:
        text: the words.
        loosely: whether an everyday name such as "neck" or "back" names the spine in an MRI.

    Returns:
        None when the text names neither MRI nor ultrasound (an X-ray, a CT scan, nothing).
    """
    words = _words(text)
    modality = _modality(words)
    if modality is None:
        return None
    region, signs = _body_region(words, modality, loosely=loosely)
    if region is None or _is_cut(text):
        region = UNKNOWN
    if Sign.NEEDLE in signs and modality == USS:
        # Only a procedure under ultrasound is outside the pathways as such. An MRI that is asked for before
        # an injection stays an MRI of unknown region, so that a coded cauda equina still speaks.
        modality = OTHER
    return TextClassification(modality, region)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.strip()[:LONGEST_TEXT].lower())


def _is_cut(text: str) -> bool:
    """Say whether words were left unread; one of them might have excluded the order."""
    return len(text.strip()) > LONGEST_TEXT


def _modality(words: list[str]) -> str | None:
    named, _ = _MODALITIES.take(words)
    if not named:
        named = frozenset(
            BARE_MODALITIES[word]
            for place, word in enumerate(words)
            if word in BARE_MODALITIES and _stands_for_a_modality(words, place)
        )
    # Where both are named the MRI counts: it is the scan that both pathways speak of.
    return MRI if MRI in named else USS if USS in named else None


def _stands_for_a_modality(words: list[str], place: int) -> bool:
    """Tell "US shoulder" and "shoulder US" from "ask us", and "MR knee" from "Mr Jones"."""
    if place == 0 and words[0] == "us":
        return True  # a sentence may open with "Mr", never with "us"
    if place + 1 < len(words):
        return words[place + 1] in _BESIDE_BARE_MODALITY
    return place == 0 or words[place - 1] in _BESIDE_BARE_MODALITY


def _body_region(words: list[str], modality: str | None, *, loosely: bool) -> tuple[str | None, frozenset[str]]:
    """Return the body region, None when nothing in the words is known, and the signs that were found."""
    shielded, words = _SHIELDED.take(words)
    signs, words = _SIGNS.take(words)
    beside_spine, words = _SIGNS_OF_THE_CAUDA_EQUINA.take(words)
    named, words = _REGIONS.take(words)
    legs, words = _LEGS.take(words)
    levels, words = _BARE_LEVELS.take(words)
    loose = _LOOSE.take(words)[0] if loosely else frozenset[str]()
    regions = shielded | named
    if modality == MRI:
        regions |= legs | _lumbar(loose, regions)
    elif LooseWord.NECK in loose:
        signs |= {Sign.OUTSIDE}
    is_spine = bool(regions & SPINE_REGIONS)
    if beside_spine and not (is_spine and modality == MRI):
        signs |= beside_spine
    if levels and is_spine:
        regions |= levels
    several = SPINE_AND_MORE if is_spine else UNKNOWN
    if Sign.OUTSIDE in signs or Sign.NEEDLE in signs:
        return (several if regions else NOT_MSK), signs
    if loosely and modality == MRI and _is_loosely_spine(loose, levels, regions):
        return SPINE_AND_MORE, signs
    if Sign.UNCLEAR in signs or (levels and not is_spine) or (legs and modality != MRI):
        return several, signs
    return (_together(regions) if regions else None), signs


def _lumbar(loose: frozenset[str], regions: frozenset[str]) -> frozenset[str]:
    """The lumbar spine, where an MRI is called by one of its names."""
    is_named = LooseWord.LUMBAR in loose or (LooseWord.LUMBAR_PART in loose and not regions)
    return frozenset({"lumbar-spine"}) if is_named else frozenset()


def _is_loosely_spine(loose: frozenset[str], levels: frozenset[str], regions: frozenset[str]) -> bool:
    """Whether words of an MRI may name the spine, among else that they may name: nothing routine is said of it."""
    if LooseWord.NECK in loose or (levels and not regions & SPINE_REGIONS):
        return True
    return LooseWord.BACK in loose and not regions


def _together(regions: frozenset[str]) -> str:
    """Name the region that several make together."""
    spine = regions & SPINE_REGIONS
    if spine:
        # A spine scan often takes in the sacroiliac joints; the spine is what can hide a red flag.
        regions -= {SACROILIAC_JOINT}
    if len(spine) > 1:
        spine -= {SPINE}
        regions -= {SPINE}
    if len(regions) == 1:
        return next(iter(regions))
    if regions == spine:
        return WHOLE_SPINE if WHOLE_SPINE in spine else LEVEL_COMBINATIONS.get(spine, SPINE)
    if regions <= UPPER_LIMB_REGIONS:
        return UPPER_LIMB
    if regions <= LOWER_LIMB_REGIONS:
        return LOWER_LIMB
    return SPINE_AND_MORE if spine else UNKNOWN
