"""How one cell is read: each column type with what it accepts and the mend that it asks for.

A reader gets the trimmed cell and returns the value, or raises `CellError`. Several checks are there for what
a spreadsheet does to a CSV file when it saves it: long numbers in scientific notation, telephone numbers
without their leading zero, dates turned round.
"""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from pydantic_core import ErrorDetails

from cds_service.directory.vocabulary import (
    BODY_REGIONS,
    KINDS,
    MERGED_ICB,
    MODALITIES,
    SETTINGS,
    region_key,
)

_ODS_CODE = re.compile(r"[A-Z0-9]{3,12}")
_IDENTIFIER = re.compile(r"[!-~]+")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_HTTPS_URL = re.compile(
    r"https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:[/?#][\w./?#\[\]@!$&'()*+,;=:%~-]*)?",
    re.ASCII | re.IGNORECASE,
)
_REWRITTEN_NUMBER = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]+", re.IGNORECASE)
_LOST_ZERO = re.compile(r"(?:44)?[1-9][0-9]{8,9}")


class CellError(ValueError):
    """A cell that cannot be read.

    Attributes:
        fault: what is wrong, to be read after the value.
        mend: what to write instead.
    """

    def __init__(self, fault: str, mend: str) -> None:
        super().__init__(f"{fault}. {mend}")
        self.fault = fault
        self.mend = mend


def cell_error(details: ErrorDetails) -> CellError:
    """Return the `CellError` inside pydantic's account of a failed cell: the readers raise nothing else."""
    error: CellError = details["ctx"]["error"]
    return error


def _blank_as_none(value: str) -> str | None:
    return value or None


def _text(value: str) -> str:
    words = " ".join(value.split())
    if not words or not words.isprintable():
        raise CellError("holds a character that cannot be printed", "Write plain text, at least one character")
    return words


def _ods_code(value: str) -> str:
    code = value.upper()
    if not _ODS_CODE.fullmatch(code):
        raise CellError("is not an ODS code", "Write 3 to 12 letters and digits, without spaces")
    return code


def _sub_icb(value: str) -> str:
    code = _ods_code(value)
    if code == MERGED_ICB:
        raise CellError(
            "is the merged ICB, which spans two footprints",
            "Write the sub-ICB location instead, W2U3Z for North West London or 93C for North Central London",
        )
    return code


def _one_of(what: str, allowed: tuple[str, ...]) -> AfterValidator:
    def read(value: str) -> str:
        word = value.lower()
        if word not in allowed:
            raise CellError(f"is not a {what}", f"Write one of: {', '.join(allowed)}")
        return word

    return AfterValidator(read)


def _region(value: str, info: ValidationInfo) -> str:
    region = region_key(value)
    regions: frozenset[str] = info.context["regions"] if info.context else frozenset()
    if region not in regions:
        raise CellError("is not a region id", f"Write one of: {', '.join(sorted(regions))}")
    return region


def _date(value: str) -> date:
    error = CellError("is not a date", "Write a date of the calendar as YYYY-MM-DD, for example 2025-11-17")
    if not _ISO_DATE.fullmatch(value):
        raise error
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise error from None


def _optional_date(value: str) -> date | None:
    return _date(value) if value else None


def _yes_unless_no(value: str) -> bool:
    if value.lower() not in {"yes", "no", ""}:
        raise CellError("is neither yes nor no", "Write yes or no, or leave the cell blank for yes")
    return value.lower() != "no"


def _code_system(value: str) -> str:
    if not _ABSOLUTE_URI.fullmatch(value):
        raise CellError(
            "is not an absolute URI",
            "Write the system as the EHR sends it, for example https://fhir.nhs.uk/Id/sds-user-id",
        )
    return value


def _https_url(value: str) -> str:
    if not _HTTPS_URL.fullmatch(value):
        raise CellError("is not an absolute https address", "Write the whole address, beginning with https://")
    return value


def _identifier(value: str) -> str:
    _refuse_rewritten_number(value)
    if not _IDENTIFIER.fullmatch(value):
        raise CellError("is not a code", "Write letters, digits and signs without spaces or accents")
    return value


def _phone(value: str) -> str:
    _refuse_rewritten_number(value)
    number = _text(value)
    if not any(character.isdigit() for character in number):
        raise CellError("is not a telephone number", "Write the number, or leave the cell blank")
    if _LOST_ZERO.fullmatch(re.sub(r"[ ()-]", "", number)):
        raise CellError("has no leading 0 or +44", "Write the number whole and keep the column as text")
    return number


def _refuse_rewritten_number(value: str) -> None:
    if _REWRITTEN_NUMBER.fullmatch(value):
        raise CellError(
            "was shortened by a spreadsheet",
            "Write all its digits and keep the column as text",
        )


BlankIsNone = BeforeValidator(_blank_as_none)

Text = Annotated[str, AfterValidator(_text)]
OdsCode = Annotated[str, AfterValidator(_ods_code)]
SubIcb = Annotated[str, AfterValidator(_sub_icb)]
Identifier = Annotated[str, AfterValidator(_identifier)]
CodeSystem = Annotated[str, AfterValidator(_code_system)]
RegionId = Annotated[str, AfterValidator(_region)]
Setting = Annotated[str, _one_of("setting", SETTINGS)]
Kind = Annotated[str, _one_of("kind of destination", KINDS)]
Modality = Annotated[str, _one_of("modality", MODALITIES)]
BodyRegion = Annotated[str, _one_of("body region", BODY_REGIONS)]
Date = Annotated[date, BeforeValidator(_date)]
YesUnlessNo = Annotated[bool, BeforeValidator(_yes_unless_no)]

OptionalText = Annotated[Text | None, BlankIsNone]
OptionalOdsCode = Annotated[OdsCode | None, BlankIsNone]
OptionalIdentifier = Annotated[Identifier | None, BlankIsNone]
OptionalPhone = Annotated[Annotated[str, AfterValidator(_phone)] | None, BlankIsNone]
OptionalUrl = Annotated[Annotated[str, AfterValidator(_https_url)] | None, BlankIsNone]
OptionalDate = Annotated[date | None, BeforeValidator(_optional_date)]
