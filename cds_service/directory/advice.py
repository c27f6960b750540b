"""What an operator should know about a sound configuration: none of it stops the start."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cds_service.directory.model import Directory, Organisation
from cds_service.directory.rows import RegisterRow
from cds_service.directory.tables import DESTINATIONS, FCP_REGISTER, FILES, ORGANISATIONS, YAML_FILES, Record
from cds_service.directory.vocabulary import REFERRING_SETTINGS, borough_key

# Told apart by this: W2U32 is close to W2U3Z, while QMJ (North Central London) is not close to QMF.
_CLOSE = 0.75


_READ = {".csv": FILES, ".yaml": YAML_FILES, ".yml": YAML_FILES}
"""The names that count, for each ending under which one of them may be misspelt."""


def unread_files(folder: Path) -> list[str]:
    """Name the CSV and YAML files of the folder that the service does not read: most are misspelt.

    Names that begin with a dot are left out, as everywhere in the folder.
    """
    found = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    return [
        f"{path.name}: not read. The {'CSV' if read is FILES else 'YAML'} files of a configuration folder are "
        f"{', '.join(read)}."
        for path in found
        if (read := _READ.get(path.suffix.lower())) is not None and path.name not in read
    ]


def organisation_advice(organisations: Sequence[Organisation], footprints: Mapping[str, str]) -> list[str]:
    """Tell of an empty list, and of a sub-ICB code that looks like a footprint's but is not one."""
    if not organisations:
        return [f"{ORGANISATIONS.file}: lists no organisation, so no requester's setting or region is known."]
    outside = sorted({known.sub_icb for known in organisations if known.region is None})
    return [
        f"{ORGANISATIONS.file}: sub_icb {code} is in no footprint, so its organisations get no pathway. "
        f"Was {close[0]} meant?"
        for code in outside
        if (close := difflib.get_close_matches(code, footprints, n=1, cutoff=_CLOSE))
    ]


def register_advice(records: Iterable[Record[RegisterRow]], directory: Directory) -> list[str]:
    """Tell of listings that can never count because their practice or network is not listed.

    The line is named and the practitioner is not: nobody is identified in a log.
    """
    organisations = directory.organisations
    places = organisations.keys() | {known.pcn for known in organisations.values()}
    return [
        f"{FCP_REGISTER.file}, line {record.line}: {record.row.organisation} is no ods_code or pcn of "
        f"{ORGANISATIONS.file}, so the listing counts nowhere."
        for record in records
        if record.row.organisation not in places
    ]


def destination_advice(directory: Directory) -> list[str]:
    """Tell of each borough with practices or urgent care but no community MSK service to refer to (A30)."""
    without: dict[tuple[str, str], list[Organisation]] = defaultdict(list)
    for known in directory.organisations.values():
        if known.region is None or known.setting not in REFERRING_SETTINGS:
            continue
        if directory.destination(known.region, known.borough, "community-msk") is None:
            without[known.region, borough_key(known.borough)].append(known)
    return [
        f"{DESTINATIONS.file}: {region} has no community-msk destination for "
        f"{listed[0].borough or 'organisations without a borough'} ({_some(listed)}), "
        f"so redirect cards there name no service and suggest no referral."
        for (region, _), listed in sorted(without.items())
    ]


def _some(organisations: Sequence[Organisation]) -> str:
    first, others = organisations[0].ods_code, len(organisations) - 1
    return f"{first} and {others} more" if others else first
