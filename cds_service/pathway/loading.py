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
        pathway = parse_pathway(_read(path), path.name)
        if pathway.id in own:
            msg = f"{path.name}: id '{pathway.id}' is also in {own[pathway.id]}; keep one file for a region"
            raise PathwayFileError(msg)
        own[pathway.id] = path.name
        pathways[pathway.id] = pathway
    _check_footprints_are_apart(pathways, own)
    return MappingProxyType(pathways)


def parse_pathway(text: str, name: str) -> Pathway:
    """Read one region's file; texts it does not give are the national ones.

    Raises:
        PathwayFileError: as for `load_pathways`.
    """
    stated = _parse_yaml(text, name)
    national = NATIONAL.texts.model_dump(mode="json", exclude_none=True)
    try:
        return Pathway.model_validate({**stated, "texts": _merged(national, stated.get("texts") or {})})
    except ValidationError as error:
        raise PathwayFileError(_in_words(name, error)) from error


def _merged(national: object, own: object) -> object:
    """A region's texts over the national ones, text by text and line by line; anything odd is left for the model."""
    if not isinstance(national, dict) or not isinstance(own, dict):
        return own
    return {**national, **{key: _merged(national.get(key), value) for key, value in own.items()}}


def footprint_regions(pathways: Mapping[RegionId, Pathway]) -> Mapping[str, RegionId]:
    """The region of each sub-ICB location and, as a fallback, legacy ICB code (fact 4)."""
    return MappingProxyType(
        {
            code.upper(): pathway.id
            for pathway in pathways.values()
            for code in (*pathway.footprint.sub_icb, *pathway.footprint.legacy_icb)
        }
    )


def _check_footprints_are_apart(pathways: Mapping[RegionId, Pathway], own: Mapping[RegionId, str]) -> None:
    owner: dict[str, RegionId] = {}
    for pathway in pathways.values():
        for code in (*pathway.footprint.sub_icb, *pathway.footprint.legacy_icb):
            if code.upper() in owner:
                msg = (
                    f"{own.get(pathway.id, pathway.id)}: footprint: code {code} is claimed by "
                    f"'{owner[code.upper()]}' and '{pathway.id}'; keep it in one"
                )
                raise PathwayFileError(msg)
            owner[code.upper()] = pathway.id


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{path.name}: not UTF-8 text; save it as UTF-8"
        raise PathwayFileError(msg) from error


_FASTEST_SAFE_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader where PyYAML was built with it: a tenth of the time at start."""


class _OneOfEachKey(_FASTEST_SAFE_LOADER):  # type: ignore[misc,valid-type] # the class is chosen at import
    """YAML lets a later key silently win over an earlier one; in a pathway that would hide a line."""


def _construct_mapping(loader: _OneOfEachKey, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    doubled = [key for position, key in enumerate(keys) if key in keys[:position]]
    if doubled:
        problem = f"the key {doubled[0]!r} stands twice; keep one"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return mapping


_OneOfEachKey.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)


def _parse_yaml(text: str, name: str) -> dict[str, Any]:
    try:
        stated = yaml.load(text, _OneOfEachKey)  # noqa: S506 - a safe loader that also refuses a doubled key
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
