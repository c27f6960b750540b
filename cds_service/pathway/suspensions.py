"""Which regions' pathways are put out of force: kept in `suspensions.yaml` of the configuration folder.

A suspension is of a region and not of a version: it lasts when the next version begins. It stands beside the pathway
files and in none of them, so that their seals, proofs and sign-offs hold as they are. CES and MSCC speak on.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import TypeAdapter, ValidationError

from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import PathwayFileError, in_words, load_yaml, read_text
from cds_service.pathway.model import Suspension

SUSPENSIONS = "suspensions.yaml"
"""The name of the file, in the configuration folder."""

NOBODY_SUSPENDED: Mapping[RegionId, Suspension] = MappingProxyType({})

_BY_REGION = TypeAdapter(dict[RegionId, Suspension])


def read_suspensions(config: Path | None) -> Mapping[RegionId, Suspension]:
    """The suspension of each region that has one; it may lie ahead or be over.

    Raises:
        PathwayFileError: the file is none, or an entry lacks who decided it, why, or since when.
    """
    path = config / SUSPENSIONS if config is not None else None
    if path is None or not path.is_file():
        return NOBODY_SUSPENDED
    try:
        return MappingProxyType(_BY_REGION.validate_python(load_yaml(read_text(path), SUSPENSIONS) or {}))
    except ValidationError as error:
        raise PathwayFileError(in_words(SUSPENSIONS, error)) from error


def in_file(suspensions: Mapping[RegionId, Suspension]) -> str:
    """All suspensions as the file holds them."""
    stated = {str(region): one.model_dump(exclude_none=True) for region, one in suspensions.items()}
    return f"{_HEAD}{yaml.safe_dump(stated, sort_keys=False, allow_unicode=True)}"


_HEAD = "# Regions whose pathway is out of force: CES and MSCC alone speak. To end one give its last day as 'until'.\n"
