"""Organisations as ODS has them, laid over `organisations.csv`: what would change, told before anything is written.

What ODS owns is taken over: a practice's name, its commissioner and, where the source tells it, its network. What the
ICB owns stays: every row that somebody made community MSK or secondary care, whatever ODS says of its code; another
setting that somebody changed; boroughs that no list gives. Nothing is removed but a practice that ODS says is closed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cds_service.directory.csv_edits import EditableCsv
from cds_service.directory.practices import OdsPractice, prescribing_setting
from cds_service.directory.vocabulary import MERGED_ICB, REFERRING_SETTINGS, borough_key, code_key


class Change(NamedTuple):
    """A cell that changed: the organisation's code and name, and what the cell held before and holds now."""

    code: str
    name: str
    before: str
    now: str


class Listed(NamedTuple):
    """An organisation as a report names it."""

    code: str
    name: str


@dataclass(slots=True)
class ImportReport:
    """What an import changes and leaves.

    Attributes:
        joiners: practices that are new.
        leavers: practices that ODS says are closed; their rows go.
        moved: practices with another commissioner.
        renamed: practices with another name.
        boroughs_changed: organisations with another borough, or one for the first time.
        networks_changed: practices with another primary care network.
        networks_kept: practices of a network of which ODS states none; the row's stands.
        without_borough: practices of a footprint that have none, so that their cards can name no local service.
        settings_kept: rows whose setting is not the one that ODS's would give; the row's stands.
        decided: rows of community MSK and secondary care of which ODS says something else; they stay as they are.
        neither: practices that ODS says are neither open nor closed; their rows stay as they are.
        not_open: practices that were not taken because ODS says that they are neither open nor closed.
        skipped: prescribing cost centres that were not taken, by what they are.
        placeless: practices that were not taken because the commissioner stated places nobody.
        kept: rows that the source says nothing of.
        unused_boroughs: codes of the list of boroughs that are no organisation here.
        odd_boroughs: boroughs that are none of their footprint's, by name, with how many rows have them.
    """

    joiners: list[Listed] = field(default_factory=list)
    leavers: list[Listed] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)
    renamed: list[Change] = field(default_factory=list)
    boroughs_changed: list[Change] = field(default_factory=list)
    networks_changed: list[Change] = field(default_factory=list)
    networks_kept: list[Listed] = field(default_factory=list)
    without_borough: list[Listed] = field(default_factory=list)
    settings_kept: list[Listed] = field(default_factory=list)
    decided: list[Listed] = field(default_factory=list)
    neither: list[Listed] = field(default_factory=list)
    not_open: list[Listed] = field(default_factory=list)
    skipped: dict[str, list[Listed]] = field(default_factory=lambda: defaultdict(list))
    placeless: list[Listed] = field(default_factory=list)
    kept: list[Listed] = field(default_factory=list)
    unused_boroughs: list[str] = field(default_factory=list)
    odd_boroughs: Counter[str] = field(default_factory=Counter)


class Footprints(NamedTuple):
    """Where the pathways reach.

    Attributes:
        region_of: the region of each code that lies in a footprint, upper case.
        boroughs: the boroughs of each region that has a pathway, also of one that holds no area on the day.
    """

    region_of: Mapping[str, str]
    boroughs: Mapping[str, Iterable[str]]


_TAKEN: Final = ("ods_code", "name", "setting", "sub_icb", "borough", "pcn")


def lay_over(
    table: EditableCsv,
    practices: Iterable[OdsPractice],
    boroughs: Mapping[str, str],
    commissioners: frozenset[str],
    footprints: Footprints,
) -> ImportReport:
    """Change the rows of `organisations.csv` to what ODS says, and tell what changed.

    Args:
        table: the rows; changed in place, and not saved.
        practices: what ODS says.
        boroughs: the borough of each ODS code, upper case, for which a list gives one.
        commissioners: the commissioners whose practices are wanted.
        footprints: where the pathways reach.
    """
    report = ImportReport()
    said = {practice.code: practice for practice in practices}
    rows = {code_key(row["ods_code"]): row for row in table.rows}
    for code, row in rows.items():
        practice = said.get(code)
        if practice is None:
            report.kept.append(_of_row(row))
        elif row["setting"].lower() not in REFERRING_SETTINGS:
            _tell_beside(row, practice, report)
        elif practice.status == "neither":
            report.neither.append(_of_row(row))
        elif practice.status == "closed":
            report.leavers.append(_of_row(row))
        else:
            _update(row, practice, report)
    closed = {leaver.code for leaver in report.leavers}
    table.rows[:] = [row for row in table.rows if code_key(row["ods_code"]) not in closed]
    for code in sorted(said.keys() - rows.keys()):
        _join(table, said[code], commissioners, report)
    _give_boroughs(table, boroughs, report)
    _look_at_boroughs(table, footprints, report)
    return report


def _of_row(row: Mapping[str, str]) -> Listed:
    return Listed(code_key(row["ods_code"]), row["name"])


def _tell_beside(row: Mapping[str, str], practice: OdsPractice, report: ImportReport) -> None:
    """A row that a person made community MSK or secondary care is theirs: what ODS says else is told, not taken."""
    setting = prescribing_setting(practice.role).setting
    said = [
        None if practice.status == "active" else practice.status,
        setting,
        f"of {practice.commissioner}" if _has_moved(row, practice) else None,
        f"in network {practice.pcn}" if practice.pcn and code_key(row["pcn"]) != practice.pcn else None,
    ]
    if any(said):
        told = f"{row['name']}, {row['setting']}; ODS: {', '.join(filter(None, said))}"
        report.decided.append(Listed(practice.code, told))


def _has_moved(row: Mapping[str, str], practice: OdsPractice) -> bool:
    """Whether ODS states another commissioner; a merged ICB places nobody, and says nothing."""
    return practice.commissioner not in {"", MERGED_ICB, code_key(row["sub_icb"])}


def _update(row: dict[str, str], practice: OdsPractice, report: ImportReport) -> None:
    """A row that ODS knows: its own facts are taken, a person's stay."""
    setting = prescribing_setting(practice.role).setting
    if setting is not None and row["setting"].lower() != setting:
        report.settings_kept.append(_of_row(row))
    if _differ(row["name"], practice.name) and practice.name:
        report.renamed.append(Change(practice.code, practice.name, row["name"], practice.name))
        row["name"] = practice.name
    if _has_moved(row, practice):
        report.moved.append(Change(practice.code, row["name"], row["sub_icb"], practice.commissioner))
        row["sub_icb"] = practice.commissioner
    network = code_key(row["pcn"])
    if practice.pcn and network != practice.pcn:
        report.networks_changed.append(Change(practice.code, row["name"], network, practice.pcn))
        row["pcn"] = practice.pcn
    elif network and practice.pcn == "":
        # A relation that is missing at ODS is no evidence: a person may know the network.
        report.networks_kept.append(_of_row(row))


def _differ(name: str, other: str) -> bool:
    """Whether two names are not the same but for case and spacing: an ICB may write them more readably."""
    return " ".join(name.lower().split()) != " ".join(other.lower().split())


def _join(table: EditableCsv, practice: OdsPractice, commissioners: frozenset[str], report: ImportReport) -> None:
    """A practice that has no row yet; one without any commissioner is none of the ICBs concerned."""
    listed = Listed(practice.code, practice.name)
    kind, setting = prescribing_setting(practice.role)
    is_placeless = practice.commissioner == MERGED_ICB and setting is not None
    if practice.status == "closed" or not (is_placeless or practice.commissioner in commissioners):
        return
    if practice.status == "neither":
        report.not_open.append(listed)
    elif is_placeless:
        report.placeless.append(listed)
    elif setting is None:
        report.skipped[kind].append(listed)
    else:
        values = (practice.code, practice.name, setting, practice.commissioner, "", practice.pcn or "")
        table.rows.append(dict(zip(_TAKEN, values, strict=True)))
        report.joiners.append(listed)


def _give_boroughs(table: EditableCsv, boroughs: Mapping[str, str], report: ImportReport) -> None:
    rows = {code_key(row["ods_code"]): row for row in table.rows}
    for code, borough in boroughs.items():
        row = rows.get(code)
        if row is None:
            report.unused_boroughs.append(code)
        elif borough_key(row["borough"]) != borough_key(borough):
            report.boroughs_changed.append(Change(code, row["name"], row["borough"], borough))
            row["borough"] = borough


def _look_at_boroughs(table: EditableCsv, footprints: Footprints, report: ImportReport) -> None:
    for row in table.rows:
        region = footprints.region_of.get(code_key(row["sub_icb"]))
        if region is None or row["setting"].lower() not in REFERRING_SETTINGS:
            continue
        if not row["borough"]:
            report.without_borough.append(_of_row(row))
        elif borough_key(row["borough"]) not in {borough_key(name) for name in footprints.boroughs.get(region, ())}:
            report.odd_boroughs[row["borough"]] += 1
