"""The form that each stored piece of text must have, so that nobody's words can end up in the card log.

Most values are made by this service or come from the deployment's own configuration; those repeat, and a
check of one is remembered. A few arrive with a call (an organisation's code, an override reason, a card's id)
and could hold anything. A value that lacks its form is never repaired and never reported, since it may be
about a person: it is left out, or replaced by `MALFORMED`.
Nothing here raises, because a fault in the log must not cost the clinician the card.
Values of a closed set (modality, setting, outcome) are enumerations, which the type checker holds to.
"""

import re
from functools import lru_cache

MALFORMED = "malformed"
"""Stands for a required value that did not have its form; a count of it shows a fault to be mended."""

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}")
_LABEL = re.compile(r"[^\W_](?:[^\W_]|[ .,'&()/-]){0,79}")
_PLACE = re.compile(r"[A-Za-z][A-Za-z _.,:()>→-]{0,79}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_REASON_CODE = re.compile(r"[A-Za-z0-9.-]{1,64}")
_REASON_SYSTEM = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9._~/-]*)?|urn:oid:[0-2](?:\.[0-9]+)+")
_REASON_SYSTEM_LIMIT = 200
# Three characters for a trust or an ICB; longer codes (practices, networks, sites) mix letters and digits.
_ODS_CODE = re.compile(r"[A-Z0-9]{3}|(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*[0-9])[A-Z0-9]{4,12}")
# An NHS number, grouped or not, and an ISO date, which may be somebody's date of birth.
_LOOKS_PERSONAL = re.compile(r"(?<!\d)(?:\d{3}[ .-]?\d{3}[ .-]?\d{4}|\d{4}-?\d{2}-?\d{2})(?!\d)")

_PROCEDURE_CODE = re.compile(r"[A-Za-z0-9.-]{1,18}")
_TEN_DIGITS = re.compile(r"(?<!\d)(\d{3})[.-]?(\d{3})[.-]?(\d{4})(?!\d)")
_DATE = re.compile(
    r"(?<!\d)(?:"
    r"(?:19\d\d|20\d\d|2100)(?P<mark>[.-]?)(?:0[1-9]|1[0-2])(?P=mark)(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[1-9]|[12]\d|3[01])(?P<dash>[.-])(?:0[1-9]|1[0-2])(?P=dash)(?:19\d\d|20\d\d|2100)"
    r")(?!\d)"
)
_WEIGHTS = range(10, 0, -1)


@lru_cache(maxsize=1024)
def token(value: str) -> str:
    """A short identifier without spaces (rule, hook, client), else `MALFORMED`."""
    return value if _TOKEN.fullmatch(value) else MALFORMED


def optional_token(value: str | None) -> str | None:
    """As `token`; None stays None."""
    return None if value is None else token(value)


@lru_cache(maxsize=1024)
def label(value: str | None) -> str | None:
    """A name of the configuration folder (borough, primary care network, version), else `MALFORMED`.

    It is one line of at most 80 letters, digits, spaces and plain marks, without anything like an NHS number.
    """
    if value is None:
        return None
    return value if _LABEL.fullmatch(value) and not _LOOKS_PERSONAL.search(value) else MALFORMED


@lru_cache(maxsize=1024)
def place(value: str | None) -> str | None:
    """Where in a call a fact was found: words, dots and arrows, else `MALFORMED`.

    Digits and slashes are refused, so that a reference such as `Practitioner/123` cannot pass.
    """
    return value if value is None or _PLACE.fullmatch(value) else MALFORMED


def uuid(value: str | None) -> str | None:
    """A uuid in lower case; None for anything else, which cannot be an id that this service gave out."""
    return value.lower() if value is not None and _UUID.fullmatch(value) else None


def ods_code(value: str | None) -> str | None:
    """An Organisation Data Service code in capitals, else None."""
    if value is None:
        return None
    code = value.strip().upper()
    return code if _ODS_CODE.fullmatch(code) else None


def reason_code(value: str | None) -> str | None:
    """An override reason's code, else None; what could be an NHS number or a date is not kept."""
    if value is None or not _REASON_CODE.fullmatch(value) or _looks_personal(value):
        return None
    return value


def reason_system(value: str | None) -> str | None:
    """An override reason's code system: an absolute URI without query or fragment, else None."""
    if value is None or len(value) > _REASON_SYSTEM_LIMIT or not _REASON_SYSTEM.fullmatch(value):
        return None
    return None if _looks_personal(value) else value


def _looks_personal(value: str) -> bool:
    return bool(_LOOKS_PERSONAL.search(value) or _DATE.search(value))


def procedure_code(system: str, code: str) -> tuple[str, str] | None:
    """A procedure's code with its system, else None; what could be an NHS number or a date is not kept.

    SNOMED CT has codes of eight and of ten digits. So ten digits are refused only where they are a valid NHS number, as
    one code in eleven is by chance, and eight only where they are a date from 1900 to 2100.
    """
    code = code.strip()
    if not _PROCEDURE_CODE.fullmatch(code) or _holds_nhs_number(code) or _DATE.search(code):
        return None
    known_form = reason_system(system)
    return None if known_form is None else (known_form, code)


def _holds_nhs_number(text: str) -> bool:
    return any(_is_nhs_number("".join(groups)) for groups in _TEN_DIGITS.findall(text))


def _is_nhs_number(digits: str) -> bool:
    """NHS Data Dictionary, "NHS Number": the last digit makes the weighted sum a multiple of eleven."""
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11 == 0
