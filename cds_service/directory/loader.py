"""The configuration folder into a `Directory`: reads all files, then either starts or tells all problems."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from cds_service.directory.advice import (
    destination_advice,
    organisation_advice,
    register_advice,
    unread_files,
)
from cds_service.directory.errors import ConfigurationError, Findings
from cds_service.directory.model import (
    Destination,
    Directory,
    LocalProcedure,
    Organisation,
    RegisterEntry,
)
from cds_service.directory.rows import DestinationRow, OrganisationRow, ProcedureRow, RegisterRow
from cds_service.directory.tables import (
    DESTINATIONS,
    FCP_REGISTER,
    ORGANISATIONS,
    PROCEDURES,
    Record,
    read_table,
)
from cds_service.directory.vocabulary import borough_key, code_key, identifier_key, region_key


def load_directory(folder: Path, footprints: Mapping[str, str], regions: Iterable[str] = ()) -> Directory:
    """Read the CSV files of a configuration folder.

    Args:
        folder: the configuration folder; `organisations.csv` must be in it, the other files may be.
        footprints: the region id of each sub-ICB location or legacy ICB code that lies in a pathway's
            footprint, for example `{"W2U3Z": "nwl"}`. A code that is not here lies in no footprint.
        regions: the ids of regions that rows may name besides: those that hold no area on this day, since their
            pathway is yet to begin, or another's has taken over all of it.

    Raises:
        ConfigurationError: a file holds something wrong; the error lists every problem of every file.
    """
    footprints = {code_key(code): region_key(region) for code, region in footprints.items()}
    known = frozenset({*footprints.values(), *map(region_key, regions)})
    findings = Findings()

    organisations = read_table(folder, ORGANISATIONS, known, findings)
    register = read_table(folder, FCP_REGISTER, known, findings)
    destinations = read_table(folder, DESTINATIONS, known, findings)
    procedures = read_table(folder, PROCEDURES, known, findings)
    if findings.problems:
        raise ConfigurationError(folder, findings.problems)

    directory = Directory(
        organisations=_organisations(organisations, footprints),
        fcp_register=_register(register),
        destinations=_destinations(destinations),
        procedures=_procedures(procedures),
    )
    advice = (
        *unread_files(folder),
        *findings.warnings,
        *organisation_advice(tuple(directory.organisations.values()), footprints),
        *register_advice(register, directory),
        *destination_advice(directory),
    )
    return replace(directory, warnings=advice)


def _organisations(
    records: Iterable[Record[OrganisationRow]], footprints: Mapping[str, str]
) -> Mapping[str, Organisation]:
    rows = (record.row for record in records)
    return MappingProxyType(
        {
            row.ods_code: Organisation(
                ods_code=row.ods_code,
                name=row.name,
                setting=row.setting,
                sub_icb=row.sub_icb,
                region=footprints.get(row.sub_icb),
                borough=row.borough,
                pcn=row.pcn,
            )
            for row in rows
        }
    )


def _register(
    records: Iterable[Record[RegisterRow]],
) -> Mapping[tuple[str, str], tuple[RegisterEntry, ...]]:
    entries: dict[tuple[str, str], list[RegisterEntry]] = defaultdict(list)
    for record in records:
        row = record.row
        entries[identifier_key(row.identifier_system, row.identifier_value)].append(
            RegisterEntry(row.organisation, row.valid_from, row.valid_to, row.spine)
        )
    return MappingProxyType({key: tuple(listed) for key, listed in entries.items()})


def _destinations(
    records: Iterable[Record[DestinationRow]],
) -> Mapping[tuple[str, str, str], Destination]:
    rows = (record.row for record in records)
    return MappingProxyType(
        {(row.region, borough_key(row.borough), row.kind): Destination(**row.model_dump()) for row in rows}
    )


def _procedures(records: Iterable[Record[ProcedureRow]]) -> Mapping[tuple[str, str], LocalProcedure]:
    rows = (record.row for record in records)
    return MappingProxyType(
        {(row.system, code_key(row.code)): LocalProcedure(row.modality, row.body_region, row.display) for row in rows}
    )
