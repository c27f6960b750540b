"""What the EHRs of the proof of identity send about people, and the search for it in whatever the service leaves.

Most values hold the mark. What has a form of its own cannot: NHS numbers (999 range, another for each call), dates of
birth (in years that occur nowhere else), and uuids. Those are remembered, in every form that a service might give them.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain
from typing import NamedTuple
from uuid import uuid4

MARK = "zqxvkj"
"""Long enough that random bytes, such as keys, do not hold it by chance."""

_FIRST_BIRTH = date(1931, 1, 1)
_BIRTH_DAYS = (date(1969, 12, 31) - _FIRST_BIRTH).days

_AROUND = 40
_WINDOW = 80
_DIGEST_DIGITS = 32
"""A longer digest is known by its beginning, since a service might cut it."""


def _base64_parts(word: bytes) -> Iterator[bytes]:
    """What a word looks like in Base64, for each of the three places at which it may begin."""
    for shift, skipped in enumerate((0, 2, 3)):
        whole = (shift + len(word)) * 4 // 3
        yield base64.b64encode(bytes(shift) + word)[skipped:whole]


_MARKS = [MARK.encode(), MARK.encode("utf-16-le")]
for _word in (MARK.encode(), MARK.capitalize().encode()):
    _MARKS += [_word.hex().encode(), *(part.lower() for part in _base64_parts(_word))]

_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONG_HEXADECIMAL = re.compile(rb"[0-9a-f]{32,}", re.IGNORECASE)
# What follows begins with digits of its own, or with a hyphen, since such a search is many times as fast.
_UUID_AFTER_ITS_BEGINNING = re.compile(rb"(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TEN_DIGITS = re.compile(rb"9(?=(99[ .-]?\d{3}[ .-]?\d{4}))")
_BIRTH_YEAR = re.compile(rb"19(?:3[1-9]|[456]\d)")
_MONTH_AND_DAY = re.compile(rb"-\d\d-\d\d")
_DAY_AND_MONTH = re.compile(rb"\d\d([/.-])\d\d\1\Z")


class Person(NamedTuple):
    """One call's patient, invented; the number of the call is in the names."""

    number: int
    patient_id: str
    encounter_id: str
    nhs_number: str
    birth_date: str
    given: str
    family: str

    @property
    def grouped_nhs_number(self) -> str:
        """As people write it."""
        digits = self.nhs_number
        return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


@dataclass
class Markers:
    """Everything that was sent and must not be found.

    Attributes:
        nhs_numbers: ten digits each.
        birth_dates: eight digits each, year first.
        uuids: in lower case, with hyphens.
        digests: beginnings of unkeyed digests of NHS numbers and patients' ids, and uuids without hyphens.
    """

    nhs_numbers: set[bytes] = field(default_factory=set)
    birth_dates: set[bytes] = field(default_factory=set)
    uuids: set[bytes] = field(default_factory=set)
    digests: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with the first number of the range."""
        self._unused_numbers = _nhs_numbers()

    def person(self, number: int) -> Person:
        """A patient whom no other call is about; every other one's ids are uuids."""
        nhs_number = next(self._unused_numbers)
        birth = _FIRST_BIRTH + timedelta(days=number * 37 % _BIRTH_DAYS)
        ids = (self.uuid(), self.uuid()) if number % 2 else (f"{MARK}-patient-{number}", f"{MARK}-encounter-{number}")
        self.nhs_numbers.add(nhs_number.encode())
        self.birth_dates.add(birth.strftime("%Y%m%d").encode())
        for value in (nhs_number, ids[0], f"Patient/{ids[0]}"):
            self.digests |= set(_digests(value))
        names = (f"{MARK.capitalize()}given{number}", f"{MARK.capitalize()}family{number}")
        return Person(number, *ids, nhs_number, birth.isoformat(), *names)

    def uuid(self) -> str:
        """A new uuid that a client sends."""
        value = str(uuid4())
        self.uuids.add(value.encode())
        self.digests.add(value.replace("-", "").encode())
        return value

    def found_in(self, content: bytes) -> list[str]:
        """Each place where a marked value stands, with what is around it."""
        positions = {*_marks(content), *self._ids(content), *self._numbers_and_dates(content)}
        return [_excerpt(content, position) for position in sorted(positions)]

    def _ids(self, content: bytes) -> Iterator[int]:
        for match in _UUID_AFTER_ITS_BEGINNING.finditer(content):
            start = max(0, match.start() - 8)
            if content[start : match.end()].lower() in self.uuids:
                yield start
        for match in _LONG_HEXADECIMAL.finditer(content):
            if match[0][:_DIGEST_DIGITS].lower() in self.digests:
                yield match.start()

    def _numbers_and_dates(self, content: bytes) -> Iterator[int]:
        for match in _TEN_DIGITS.finditer(content):
            is_sent = b"9" + re.sub(rb"\D", b"", match[1]) in self.nhs_numbers
            if is_sent and not _is_random(content, match.start()):
                yield match.start()
        for match in _BIRTH_YEAR.finditer(content):
            if self._is_birth(content, match.start()) and not _is_random(content, match.start()):
                yield match.start()

    def _is_birth(self, content: bytes, start: int) -> bool:
        """Whether a year is that of a date: with hyphens or day first any date, without either one that was sent."""
        before, after = content[max(0, start - 6) : start], content[start + 4 : start + 10]
        if _MONTH_AND_DAY.match(after) or _DAY_AND_MONTH.search(before):
            return True
        stands_alone = not before[-1:].isdigit() and before[-1:] != b"." and not after[4:5].isdigit()
        return stands_alone and content[start : start + 8] in self.birth_dates


def _marks(content: bytes) -> Iterator[int]:
    lowered = content.lower()
    for mark in _MARKS:
        start = -1
        while (start := lowered.find(mark, start + 1)) >= 0:
            yield start


def _nhs_numbers() -> Iterator[str]:
    """Every valid number of the range that is never issued, 999 000 0000 and upwards."""
    for candidate in range(999_000_000, 1_000_000_000):
        digits = str(candidate)
        check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            yield f"{digits}{check % 11}"


def _digests(value: str) -> Iterator[bytes]:
    for name in ("md5", "sha1", "sha256"):
        yield hashlib.new(name, value.encode(), usedforsecurity=False).hexdigest()[:_DIGEST_DIGITS].encode()


def _is_random(content: bytes, position: int) -> bool:
    """Whether it is inside a uuid or a key, whose digits may look like anything; one that was sent is found as such."""
    begin = max(0, position - _WINDOW)
    window = content[begin : position + _WINDOW]
    found = chain(_UUID.finditer(window), _LONG_HEXADECIMAL.finditer(window))
    return any(match.start() <= position - begin < match.end() for match in found)


def _excerpt(content: bytes, start: int) -> str:
    return content[max(0, start - _AROUND) : start + 2 * _AROUND].decode("latin-1")
