"""Which regions' pathways are put out of force: kept in `suspensions.yaml` of the configuration folder.

A suspension is of a region and not of a version: it lasts when the next version begins. It stands beside the pathway
files and in none of them, so that their seals, proofs and sign-offs hold as they are. CES and MSCC speak on.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter, ValidationError

from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import PathwayFileError, in_words, load_yaml, read_text, with_entry
from cds_service.pathway.model import Suspension

SUSPENSIONS = "suspensions.yaml"
"""The name of the file, in the configuration folder."""

NOBODY_SUSPENDED: Mapping[RegionId, Suspension] = MappingProxyType({})

_BY_REGION = TypeAdapter(dict[RegionId, Suspension])


def read_suspensions(config: Path | None) -> Mapping[RegionId, Suspension]:
    """The suspension of each region that has one; it may lie ahead or be over.

    Whatever bears the name and is no such file was meant to stop a pathway, so it is never read as nobody suspended.

    Raises:
        PathwayFileError: the file cannot be read or is none, or an entry lacks who decided it, why, or since when.
    """
    path = config / SUSPENSIONS if config is not None else None
    if path is None or not os.path.lexists(path):  # a link that leads nowhere exists here, and not for Path.exists
        return NOBODY_SUSPENDED
    try:
        stated = load_yaml(read_text(path), SUSPENSIONS)
    except OSError as error:
        msg = f"{SUSPENSIONS}: cannot be read ({error.strerror}); put the file there, or delete what bears its name"
        raise PathwayFileError(msg) from error
    return _read(stated)


def _read(stated: object) -> Mapping[RegionId, Suspension]:
    if stated is None:  # blank, or remarks alone: each entry was taken out
        return NOBODY_SUSPENDED
    try:
        return MappingProxyType(_BY_REGION.validate_python(stated))
    except ValidationError as error:
        raise PathwayFileError(in_words(SUSPENSIONS, error)) from error


def in_file(config: Path, suspensions: Mapping[RegionId, Suspension], new: RegionId) -> str:
    """All suspensions as the file of a folder is to hold them, with the remarks of whoever wrote in it.

    An entry that takes the place of another, or a file that cannot be added to at its end, is written anew.

    Args:
        config: the folder, whose file states all but the new one.
        suspensions: all of them.
        new: the region whose suspension is new.
    """
    stated = {region: one.model_dump(exclude_none=True) for region, one in suspensions.items()}
    anew = with_entry(_HEAD, {str(region): entry for region, entry in stated.items()})
    path = config / SUSPENSIONS
    longer = with_entry(read_text(path) if path.is_file() else _HEAD, {str(new): stated[new]})
    try:
        return longer if _read(load_yaml(longer, SUSPENSIONS)) == suspensions else anew
    except PathwayFileError:  # two entries of a region, or a mapping in braces
        return anew


_HEAD = "# Regions whose pathway is out of force: CES and MSCC alone speak. To end one give its last day as 'until'.\n"
