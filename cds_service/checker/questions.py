"""The questions of the form, and the reading of their answers from a URL: strict, so that no misspelling counts as one.

What is left out is not known, as in a call: only the scan, the place and the hook have a first choice.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from cds_service.cards.words import ONCOLOGY_WORDS, SETTING_WORDS
from cds_service.checker.places import CONFLICT
from cds_service.checker.reasons import FREE_TEXT, REASONS, RULED_OUT
from cds_service.checker.scans import BODY_WORDS, MODALITY_WORDS, Scans
from cds_service.directory.model import Directory, Organisation
from cds_service.pages.fields import Field, Option
from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, BodyRegion, Modality, Oncology, Setting

AGES = {"adult": 50, "16-17": 16, "1-15": 12, "under-1": 0}
"""Years that stand for each age band; whoever is in none of them has no birth date."""

EARLIEST, LATEST = date(2020, 1, 1), date(2099, 12, 31)
"""The days for which the pathway can be asked."""

LONGEST_SHOWN = 40
"""Characters of a wrong value that an error repeats."""


class Asked(NamedTuple):
    """The form as it was sent: each question with what is chosen, and what is wrong with it.

    Attributes:
        fields: the questions, in order.
        strangers: names in the URL that are no question.
    """

    fields: tuple[Field, ...]
    strangers: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether every answer can be read."""
        return not self.strangers and all(field.error is None for field in self.fields)

    def value(self, name: str) -> str:
        """What is chosen for a question; empty for nothing."""
        return next(field.value for field in self.fields if field.name == name)

    def values(self, name: str) -> tuple[str, ...]:
        """All that is chosen for a question."""
        return next(field.values for field in self.fields if field.name == name)

    def with_error(self, name: str, message: str) -> "Asked":
        """The same with something wrong about one question."""
        marked = (field._replace(error=message) if field.name == name else field for field in self.fields)
        return self._replace(fields=tuple(marked))


def questions(directory: Directory, regions: Mapping[str, str], scans: Scans, today: date) -> tuple[Field, ...]:
    """The questions with their first choices.

    Args:
        directory: its organisations can be chosen.
        regions: the name of each region that has a pathway, by id.
        scans: the procedures that can be chosen.
        today: the date in Europe/London.
    """
    return (
        _practice(directory, regions),
        Field("region", "Region", options=_regions(regions), values=(next(iter(regions), UNRESOLVED),)),
        Field("setting", "Setting", options=_SETTINGS, values=(Setting.GENERAL_PRACTICE,)),
        Field("home", "The patient is registered", options=_homes(regions), values=("",)),
        Field(
            "procedure",
            "The scan",
            options=_procedures(scans),
            values=("",),
            hint="With a procedure chosen here, kind and part of the body are its own.",
            wide=True,
        ),
        Field("modality", "Kind of scan", options=_MODALITIES, values=(Modality.MRI,)),
        Field("body", "Part of the body", options=_BODY, values=(BodyRegion.KNEE,)),
        Field("named", "The order names it", options=_NAMED, values=("code",)),
        Field("reason", "Reasons for the scan", "checkboxes", _REASONS, hint="Any number; none is an answer too."),
        Field("age", "Age", options=_AGES, values=("",)),
        Field("oncology", "Cancer history", options=_ONCOLOGY, values=(Oncology.UNKNOWN,)),
        Field("asked", "A specialist asked for it", options=_ASKED, values=("",)),
        Field("register", "First Contact Practitioner", options=_REGISTER, values=("",)),
        Field("hook", "When", options=_HOOKS, values=("order-select",)),
        Field("date", "On the day", "date", values=(today.isoformat(),)),
    )


def read_answers(fields: tuple[Field, ...], query: Iterable[tuple[str, str]]) -> Asked:
    """The form with the answers of a URL; a question that is not answered keeps its first choice.

    Args:
        fields: the questions.
        query: names and values, in order.
    """
    sent: dict[str, list[str]] = {}
    for name, value in query:
        sent.setdefault(name, []).append(value)
    known = {field.name for field in fields}
    strangers = tuple(_short(name) for name in sent if name not in known)
    return Asked(tuple(_answered(field, sent.get(field.name)) for field in fields), strangers)


def _answered(field: Field, sent: list[str] | None) -> Field:
    if sent is None:
        return field
    values = tuple(dict.fromkeys(sent))
    if field.kind != "checkboxes" and len(values) > 1:
        return field._replace(error=f"{field.label}: choose one answer, not {len(values)}.")
    if field.kind == "date":
        return _day_answered(field, values[0])
    choices = {option.value for option in field.options}
    for value in values:
        if value not in choices:
            return field._replace(
                error=f"{field.label}: '{_short(value)}' is none of the choices. Choose from the list."
            )
    return field._replace(values=values)


def _day_answered(field: Field, value: str) -> Field:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return field._replace(
            error=f"{field.label}: '{_short(value)}' is not a date. Write it as {EARLIEST.isoformat()}."
        )
    if not EARLIEST <= day <= LATEST:
        return field._replace(
            error=f"{field.label}: {value} is not between {EARLIEST} and {LATEST}. Choose such a day."
        )
    return field._replace(values=(day.isoformat(),))


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 1] + "…"


def _practice(directory: Directory, regions: Mapping[str, str]) -> Field:
    organisations = sorted(directory.organisations.values(), key=lambda one: (one.region or "~", one.name))
    options = [Option("", "Any, by the region and setting below")]
    options += [_organisation(one, regions) for one in organisations]
    return Field(
        "practice",
        "Where the order is made",
        options=tuple(options),
        values=("",),
        hint="With a practice or service chosen here, region and setting are its own.",
        wide=True,
    )


def _organisation(organisation: Organisation, regions: Mapping[str, str]) -> Option:
    group = regions.get(organisation.region or "", "In no pathway's area")
    setting = SETTING_WORDS[Setting(organisation.setting)]
    return Option(organisation.ods_code, f"{organisation.name} ({organisation.ods_code}, {setting})", group)


def _regions(regions: Mapping[str, str]) -> tuple[Option, ...]:
    known = [Option(region, name) for region, name in regions.items()]
    return (*known, Option(OUTSIDE, "In no pathway's area"), Option(UNRESOLVED, "Not known"))


def _homes(regions: Mapping[str, str]) -> tuple[Option, ...]:
    elsewhere = [Option(region, f"In {name}") for region, name in regions.items()]
    return (
        Option("", "At the same place"),
        *elsewhere,
        Option(OUTSIDE, "In no pathway's area"),
        Option("unknown", "Not known"),
    )


def _procedures(scans: Scans) -> tuple[Option, ...]:
    listed = sorted(scans.by_code.items(), key=lambda item: (item[1][1].modality, item[1][1].display))
    return (
        Option("", "Any, by the kind and part of the body below"),
        *(Option(code, concept.display, MODALITY_WORDS[Modality(concept.modality)]) for code, (_, concept) in listed),
    )


_SETTINGS = (
    *(Option(setting, words[0].upper() + words[1:]) for setting, words in SETTING_WORDS.items()),
    Option(CONFLICT, "The evidence disagrees"),
)
_MODALITIES = tuple(Option(modality, words) for modality, words in MODALITY_WORDS.items())
_BODY = tuple(Option(region, words[0].upper() + words[1:]) for region, words in BODY_WORDS.items())
_NAMED = (Option("code", "By its code"), Option("text", "By its words alone"))
_AGES = (
    Option("", "Not known"),
    Option("adult", "18 or over"),
    Option("16-17", "16 or 17"),
    Option("1-15", "1 to 15"),
    Option("under-1", "Under 1"),
)
_ONCOLOGY = tuple(Option(value, words[0].upper() + words[1:]) for value, words in ONCOLOGY_WORDS.items())
_REGISTER = (
    Option("", "None, or not listed"),
    Option("current", "On the assured register"),
    Option("current-not-spine", "On it, but not for the spine"),
    Option("expired", "On it, but expired"),
)
_ASKED = (Option("", "No"), Option("yes", "Yes"))
_HOOKS = (
    Option("order-select", "Scan chosen (order-select)"),
    Option("order-sign", "Order signed (order-sign)"),
)
_REASONS = (
    *(Option(reason.code, reason.words, reason.heading) for reason in REASONS),
    Option(FREE_TEXT, "A reason typed as free text", "Without a code"),
    Option(RULED_OUT, "Cauda equina syndrome that was ruled out (a refuted Condition)", "Without a code"),
)
