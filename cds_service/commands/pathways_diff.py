"""`cds-service pathways diff`: what changes from one pathway file to another, and for how many logged orders."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

import click
from sqlalchemy import Engine, func, select

from cds_service.cardlog.bands import AgeBand, BodyRegionGroup
from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.schema import evaluation
from cds_service.commands.faults import told
from cds_service.commands.pathways import FAULTS, pathways
from cds_service.london_time import today_in_london
from cds_service.pathway.differing import Counted, LoggedFacts, changed_fields, changes, count_changed
from cds_service.pathway.facts import BodyRegion, FcpListing, Indication, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.loading import PathwayFileError, parse_pathway, read_text
from cds_service.pathway.model import Pathway

_QUARTER: Final = timedelta(days=92)

_BODIES: Final = {
    BodyRegionGroup.SPINE: (BodyRegion.LUMBAR_SPINE, BodyRegion.CERVICAL_SPINE),
    BodyRegionGroup.PELVIS_HIP: (BodyRegion.HIP, BodyRegion.SACROILIAC_JOINT),
    BodyRegionGroup.UPPER_LIMB: (BodyRegion.SHOULDER,),
    BodyRegionGroup.LOWER_LIMB: (BodyRegion.KNEE,),
    BodyRegionGroup.CHEST_WALL: (BodyRegion.CHEST_WALL,),
    BodyRegionGroup.UNKNOWN: (BodyRegion.UNKNOWN, BodyRegion.SPINE_AND_MORE),
}
"""For each group of the log, body regions that the rules can tell apart."""

_AGES: Final[dict[AgeBand, tuple[int | None, ...]]] = {
    AgeBand.UNDER_16: (0, 10),
    AgeBand.FROM_16_TO_17: (16, 17),
    AgeBand.FROM_18_TO_64: (40,),
    AgeBand.FROM_65: (70,),
    AgeBand.UNKNOWN: (None,),
}


@pathways.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("new", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--database-url", default=None, envvar="CDS_SERVICE_DATABASE_URL", help="The card log, for counts.")
@click.option("--each", is_flag=True, help="Name every fact of each situation, whatever OLD answers.")
def diff(old: Path, new: Path, database_url: str | None, each: bool) -> None:  # noqa: FBT001 - click passes options by name
    """List every situation with no or one coded reason whose answer changes from OLD to NEW, and all else that differs.

    OLD and NEW are pathway files of one region; a suspension stands in neither. Below two answers stands which of the
    situations that OLD answers so NEW answers otherwise.
    """
    with told(*FAULTS):
        before, after = (parse_pathway(read_text(path), path.name) for path in (old, new))
        if before.id != after.id:
            msg = f"{new.name}: id '{after.id}' is another region than '{before.id}' of {old.name}"
            raise PathwayFileError(msg)
    found = changes(before, after, each=each)
    if found and not each:
        click.echo("Each line says which of the orders with the old answer get the new one.")
    for (was, now), situations in groupby(found, key=lambda change: (change.before, change.after)):
        click.echo(f"was {was}\nis  {now}")
        for situation in situations:
            click.echo(f"  - {situation.when}")
    for text in changed_fields(before, after):
        click.echo(f"also: {text}")
    click.echo(f"{len(found)} situation(s) with no or one coded reason are answered otherwise; they may overlap.")
    if database_url is not None:
        since = today_in_london() - _QUARTER
        engine = open_engine(database_url)
        try:
            counted = count_changed(before, after, _logged(engine, before, since))
            otherwise = f"{_in_words(counted)} answered otherwise by {after.version} than by {before.version}"
            click.echo(f"Of {counted.orders:,} live evaluations since {since}, whichever answered them, {otherwise}.")
        finally:
            engine.dispose()


def _in_words(counted: Counted) -> str:
    least, most, _ = counted
    return f"{least:,} are" if least == most else f"between {least:,} and {most:,} are"


def _logged(engine: Engine, pathway: Pathway, since: date) -> Iterator[tuple[LoggedFacts, int]]:
    columns = evaluation.c
    facts = (
        columns.modality,
        columns.body_region_group,
        columns.known_by,
        columns.setting,
        columns.indication_groups,
        columns.oncology,
        columns.age_band,
        columns.fcp_listing,
    )
    of_the_quarter = columns.region == pathway.id, columns.mode == "live", columns.occurred_on >= since
    asked = select(*facts, func.count()).where(*of_the_quarter).group_by(*facts)
    with engine.connect() as connection:
        for modality, body, known_by, setting, groups, oncology, age, listing, count in connection.execute(asked):
            yield (
                LoggedFacts(
                    Modality(modality),
                    _BODIES[BodyRegionGroup(body)],
                    KnownBy(known_by),
                    Setting(setting),
                    frozenset(map(Indication, filter(None, groups.split(",")))),
                    Oncology(oncology),
                    _AGES[AgeBand(age)],
                    FcpListing(listing),
                ),
                count,
            )
