"""What the Organisation Data Service (ODS) says of a practice, and what of it the service may take over.

A prescribing setting is taken over only where it makes no difference that could exempt: general practice and urgent
care, whose orders are redirected. Nothing here ever makes an organisation community MSK or secondary care, which
would silence cards: that is a person's decision, in a row of their own (fact 2).
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from cds_service.directory.vocabulary import MERGED_ICB

OdsStatus = Literal["active", "closed", "neither"]
"""How an organisation stands at ODS; `neither` is dormant or proposed, and changes nothing here."""


class OdsPractice(NamedTuple):
    """A prescribing cost centre as ODS publishes it.

    Attributes:
        code: its ODS code, upper case.
        name: its name as published.
        role: its prescribing setting: a role id (`RO76`), or the number of older files (`4`).
        commissioner: the sub-ICB location that commissions it, upper case; empty when none is stated.
        geography: what the file states above it, an ICB; empty when nothing is.
        status: how it stands.
        pcn: the ODS code of its primary care network; empty when ODS states none, None when the source holds no
            networks.
    """

    code: str
    name: str
    role: str
    commissioner: str
    geography: str
    status: OdsStatus
    pcn: str | None = None


class PrescribingSetting(NamedTuple):
    """What a prescribing setting is called, and the setting that it stands for here; None where a person decides."""

    name: str
    setting: str | None


PRESCRIBING_SETTINGS: Final[Mapping[str, PrescribingSetting]] = {
    "RO76": PrescribingSetting("GP practice", "general-practice"),
    "RO87": PrescribingSetting("walk-in centre", "urgent-care"),
    "RO80": PrescribingSetting("out of hours", "urgent-care"),
    # Emergency departments and urgent treatment centres share this word, and only one of the two is redirected.
    "RO259": PrescribingSetting("urgent and emergency care", None),
    "RO247": PrescribingSetting("community health service", None),
    "RO250": PrescribingSetting("hospital service", None),
    "RO255": PrescribingSetting("public health service", None),
    "RO252": PrescribingSetting("optometry service", None),
    "RO249": PrescribingSetting("hospice", None),
    "RO246": PrescribingSetting("care home or nursing home", None),
    "RO82": PrescribingSetting("prison", None),
    "RO251": PrescribingSetting("immigration removal centre", None),
    "RO260": PrescribingSetting("young offender institution", None),
    "RO257": PrescribingSetting("secure training centre", None),
    "RO256": PrescribingSetting("secure children's home", None),
    "RO258": PrescribingSetting("sexual assault referral centre", None),
}
"""By ODS role id (ORD 2-0-0, `/roles`)."""

_OLDER_NUMBERS: Final[Mapping[str, PrescribingSetting]] = {
    "1": PRESCRIBING_SETTINGS["RO87"],
    "2": PRESCRIBING_SETTINGS["RO80"],
    "3": PrescribingSetting("walk-in centre and out of hours", "urgent-care"),
    "4": PRESCRIBING_SETTINGS["RO76"],
    "8": PRESCRIBING_SETTINGS["RO255"],
    "9": PRESCRIBING_SETTINGS["RO247"],
    "10": PRESCRIBING_SETTINGS["RO250"],
    "11": PRESCRIBING_SETTINGS["RO252"],
    "12": PRESCRIBING_SETTINGS["RO259"],
    "13": PRESCRIBING_SETTINGS["RO249"],
    "14": PRESCRIBING_SETTINGS["RO246"],
}
"""By the number that files before the role ids held."""

_ONE_ICB: Final = (frozenset({"W2U3Z", "93C"}),)
"""Sub-ICB locations of one ICB: NHS West and North London holds former NWL and former NCL (`terminology`, §7)."""

_REGION_PREFIX: Final = "Y"
"""NHS England regions (`Y56` is London) are no ICBs: what lies in one of them is not wanted as a whole."""


def prescribing_setting(role: str) -> PrescribingSetting:
    """What a prescribing setting is called and stands for; one that is not known stands for nothing."""
    known = PRESCRIBING_SETTINGS.get(role) or _OLDER_NUMBERS.get(role)
    return known or PrescribingSetting(f"prescribing setting {role or 'not stated'}", None)


def neighbours_of(footprints: Iterable[str]) -> frozenset[str]:
    """The sub-ICB locations that share an ICB with one of these, as far as that is known without a file."""
    codes = frozenset(footprints)
    return frozenset().union(*(icb for icb in _ONE_ICB if icb & codes)) - codes


def commissioners_concerned(
    practices: Iterable[OdsPractice], footprints: Iterable[str], also: Iterable[str] = ()
) -> frozenset[str]:
    """The commissioners whose practices are to be known: those of every ICB that holds a footprint.

    A practice outside the footprint is wanted as well: only one that is known is told from one that is not (fact 4).

    Args:
        practices: all practices of the source.
        footprints: the codes that lie in a footprint, upper case.
        also: further sub-ICB locations that the operator names, upper case.
    """
    listed = list(practices)
    inside = frozenset(footprints)
    above = {practice.geography for practice in listed if practice.commissioner in inside}
    icbs = {code for code in above if code and not code.startswith(_REGION_PREFIX)}
    beside = {practice.commissioner for practice in listed if practice.geography in icbs}
    return (inside | neighbours_of(inside) | beside | frozenset(also)) - {"", MERGED_ICB}
