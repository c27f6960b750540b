"""Reading pathway files: the packaged ones, and a deployment's own in place of them."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import ValidationError

from cds_service.pathway.facts import RegionId
from cds_service.pathway.model import NationalFallback, Pathway

_PACKAGED = resources.files("cds_service.pathway") / "packaged"
PACKAGED_REGIONS = (RegionId("nwl"), RegionId("nel"))


class PathwayFileError(Exception):
    """A pathway file cannot be used; the message names file, field, value and mend."""


def load_pathways(folder: Path | None = None) -> Mapping[RegionId, Pathway]:
    """The pathway of each region: the packaged ones, replaced or joined by the files of `folder`.

    Args:
        folder: a deployment's `pathways/` folder of `*.yaml` files, or None.

    Raises:
        PathwayFileError: a file is not YAML, breaks a rule of the model, or two files name one region.
    """
    pathways = {
        region: parse_pathway((_PACKAGED / f"{region}.yaml").read_text("utf-8"), f"{region}.yaml")
        for region in PACKAGED_REGIONS
    }
    own: dict[RegionId, str] = {}
    for path in sorted(folder.glob("*.yaml")) if folder is not None and folder.is_dir() else ():
        pathway = parse_pathway(path.read_text("utf-8"), path.name)
        if pathway.id in own:
            msg = f"{path.name}: id '{pathway.id}' is also in {own[pathway.id]}; keep one file for a region"
            raise PathwayFileError(msg)
        own[pathway.id] = path.name
        pathways[pathway.id] = pathway
    _check_footprints_are_apart(pathways)
    return MappingProxyType(pathways)


def parse_pathway(text: str, name: str) -> Pathway:
    """Read one region's file; texts it does not give are the national ones.

    Raises:
        PathwayFileError: as for `load_pathways`.
    """
    stated = _parse_yaml(text, name)
    own_texts = stated.get("texts")
    merged = NATIONAL.texts.model_dump(mode="json")
    for part, entries in (own_texts if isinstance(own_texts, dict) else {}).items():
        merged[part] = {**merged.get(part, {}), **entries} if isinstance(entries, dict) else entries
    try:
        return Pathway.model_validate({**stated, "texts": merged})
    except ValidationError as error:
        raise PathwayFileError(_in_words(name, error)) from error


def footprint_regions(pathways: Mapping[RegionId, Pathway]) -> Mapping[str, RegionId]:
    """The region of each sub-ICB location and, as a fallback, legacy ICB code (fact 4)."""
    return MappingProxyType(
        {
            code.upper(): pathway.id
            for pathway in pathways.values()
            for code in (*pathway.footprint.sub_icb, *pathway.footprint.legacy_icb)
        }
    )


def _check_footprints_are_apart(pathways: Mapping[RegionId, Pathway]) -> None:
    owner: dict[str, RegionId] = {}
    for pathway in pathways.values():
        for code in (*pathway.footprint.sub_icb, *pathway.footprint.legacy_icb):
            if code.upper() in owner:
                msg = f"footprint code {code} is claimed by '{owner[code.upper()]}' and '{pathway.id}'; keep it in one"
                raise PathwayFileError(msg)
            owner[code.upper()] = pathway.id


def _parse_yaml(text: str, name: str) -> dict[str, Any]:
    try:
        stated = yaml.safe_load(text)
    except yaml.YAMLError as error:
        msg = f"{name}: not YAML: {error}"
        raise PathwayFileError(msg) from error
    if not isinstance(stated, dict):
        msg = f"{name}: a pathway file is a mapping that starts with 'id:'"
        raise PathwayFileError(msg)
    return stated


def _in_words(name: str, error: ValidationError) -> str:
    lines = [
        f"{name}: {'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "\n".join(lines)


def _load_national() -> NationalFallback:
    stated = _parse_yaml((_PACKAGED / "national.yaml").read_text("utf-8"), "national.yaml")
    return NationalFallback.model_validate(stated)


NATIONAL = _load_national()
"""The packaged national fallback, always in force."""
