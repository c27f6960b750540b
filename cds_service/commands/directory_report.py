"""What bringing `organisations.csv` up to date would change, as a person reads it before accepting it.

Every change is shown, none is counted away: nobody accepts what was not shown. Of what stays as it is, the first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import click

from cds_service.directory.importing import Change, ImportReport, Listed
from cds_service.directory.vocabulary import code_key

_SHOWN: Final = 20
_NOWHERE: Final = "in no footprint"


def show_import(
    report: ImportReport, rows: Sequence[Mapping[str, str]], region_of: Mapping[str, str], exempting: Collection[str]
) -> None:
    """Show a report.

    Args:
        report: what changed and what stayed.
        rows: the rows of `organisations.csv`, as they are after the change.
        region_of: the region of each code that lies in a footprint, upper case.
        exempting: the practices and networks at which somebody is on the register today or from a later day.
    """
    counts: dict[str, int] = {}
    for row in rows:
        place = region_of.get(code_key(row["sub_icb"]), _NOWHERE)
        counts[place] = counts.get(place, 0) + 1
    click.echo("Rows: " + ", ".join(f"{place} {count}" for place, count in sorted(counts.items())) + ".")
    row_of = {code_key(row["ods_code"]): row for row in rows}
    _list("join", [_joiner(row_of[joiner.code], region_of, exempting) for joiner in report.joiners])
    _list("leave: ODS says that they are closed, their rows go", [_leaver(one, exempting) for one in report.leavers])
    _list("have another commissioner", _moves(report.moved, region_of))
    _list("have another name", [Listed(one.code, f"{one.before} -> {one.now}") for one in report.renamed])
    _list("have another borough", [_told(one) for one in report.boroughs_changed])
    _list("have another network", [_network(one, exempting) for one in report.networks_changed])
    kept = [_kept_network(row_of[one.code], exempting) for one in report.networks_kept]
    _list("keep a network of which ODS states nothing", kept)
    _show_what_stays(report)


def _joiner(row: Mapping[str, str], region_of: Mapping[str, str], exempting: Collection[str]) -> Listed:
    code, network = code_key(row["ods_code"]), code_key(row["pcn"])
    place = region_of.get(code_key(row["sub_icb"]), _NOWHERE)
    told = f"{row['name']}: {row['setting']}, {row['sub_icb']} ({place})"
    if network:
        told += f", network {network}"
    listed = [one for one in (code, network) if one in exempting]
    return Listed(code, "".join([told, *(f"; {_exempts(one)}" for one in listed)]))


def _leaver(one: Listed, exempting: Collection[str]) -> Listed:
    if one.code not in exempting:
        return one
    return one._replace(name=f"{one.name}; listings at {one.code} in fcp-register.csv then count nowhere: end them")


def _moves(moved: Iterable[Change], region_of: Mapping[str, str]) -> list[Listed]:
    """Moves, first those that leave a footprint: another pathway speaks there, or none."""
    leaving, staying = [], []
    for one in moved:
        before, now = region_of.get(code_key(one.before)), region_of.get(one.now)
        line = _told(one)
        if before == now:
            staying.append(line)
        elif before is None:
            staying.append(line._replace(name=f"{line.name} (now in {now})"))
        else:
            leaving.append(line._replace(name=f"{line.name} (LEAVES {before}, now in {now or 'no footprint'})"))
    return leaving + staying


def _network(one: Change, exempting: Collection[str]) -> Listed:
    line = _told(one)
    if one.now in exempting:
        line = line._replace(name=f"{line.name}; {_exempts(one.now)}")
    if one.before in exempting:
        line = line._replace(name=f"{line.name}; listings at {one.before} in fcp-register.csv count here no longer")
    return line


def _kept_network(row: Mapping[str, str], exempting: Collection[str]) -> Listed:
    network = code_key(row["pcn"])
    told = f"{row['name']}: {network}"
    return Listed(code_key(row["ods_code"]), f"{told}; {_exempts(network)}" if network in exempting else told)


def _exempts(place: str) -> str:
    return f"listings at {place} in fcp-register.csv count here, and exempt from cards"


def _told(one: Change) -> Listed:
    return Listed(one.code, f"{one.name}: {one.before or 'none'} -> {one.now}")


def _show_what_stays(report: ImportReport) -> None:
    _first("keep a setting of their own, which ODS does not give them", report.settings_kept)
    _first("are yours as community MSK or secondary care, and stay as they are", report.decided)
    _first("are dormant or proposed, neither open nor closed at ODS, and stay as they are", report.neither)
    _first("of a footprint have no borough: give it in --boroughs", report.without_borough)
    for borough, count in sorted(report.odd_boroughs.items()):
        click.echo(f"{count} have the borough {borough!r}, which is none of their pathway's: is it misspelt?")
    _first("were not taken: they are dormant or proposed, neither open nor closed at ODS", report.not_open)
    for kind, skipped in sorted(report.skipped.items()):
        _first(f"were not taken ({kind}): add a row yourself where orders come from there", skipped)
    _first("were not taken: their commissioner is a merged ICB, which places nobody", report.placeless)
    _first("of the list of boroughs are no organisation here", [Listed(code, "") for code in report.unused_boroughs])
    _first("are not among those that were read, and stay as they are", report.kept)


def _list(what: str, listed: Sequence[Listed], most: int | None = None) -> None:
    """A heading and a line for each; with `most`, no more than that and how many there are besides."""
    if not listed:
        return
    click.echo(f"{len(listed)} {what}:")
    shown = listed[:most]
    for code, name in shown:
        click.echo(f"  {code}  {name}".rstrip())
    if len(shown) < len(listed):
        click.echo(f"  and {len(listed) - len(shown)} more")


def _first(what: str, listed: Sequence[Listed]) -> None:
    _list(what, listed, _SHOWN)
