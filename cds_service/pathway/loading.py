"""Reading pathway files: the packaged ones, and a deployment's own in place of them."""

from collections.abc import Iterable, Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cds_service.pathway.facts import RegionId
from cds_service.pathway.model import NationalFallback, Pathway

_PACKAGED = resources.files("cds_service.pathway") / "packaged"
PACKAGED_REGIONS = (RegionId("nwl"), RegionId("nel"))


class PathwayFileError(Exception):
    """A pathway file cannot be used; the message names file, field, value and mend."""


class PathwayFile(NamedTuple):
    """A pathway file that was read.

    Attributes:
        name: its name, without the folder.
        text: what it holds.
        pathway: what it says.
        packaged: whether it came with the service.
    """

    name: str
    text: str
    pathway: Pathway
    packaged: bool


def read_pathway_files(folder: Path | None = None) -> tuple[PathwayFile, ...]:
    """The pathway files that count: those of `folder`, and the packaged one of each region that these leave out.

    Args:
        folder: a deployment's `pathways/` folder of `*.yaml` files, or None.

    Raises:
        PathwayFileError: a file is not YAML or breaks a rule of the model.
    """
    own = [
        PathwayFile(path.name, text := read_text(path), parse_pathway(text, path.name), packaged=False)
        for path in (sorted(folder.glob("*.yaml")) if folder is not None and folder.is_dir() else ())
    ]
    regions = {file.pathway.id for file in own}
    packaged = [_read_packaged(region) for region in PACKAGED_REGIONS if region not in regions]
    return (*packaged, *own)


def packaged_file(region: RegionId) -> PathwayFile | None:
    """The file that came with the service for a region; None where none did."""
    return _read_packaged(region) if region in PACKAGED_REGIONS else None


def packaged_path(file: PathwayFile) -> str:
    """Where a packaged file lies, for whoever copies it."""
    return str(_PACKAGED / file.name)


def _read_packaged(region: RegionId) -> PathwayFile:
    name = f"{region}.yaml"
    text = (_PACKAGED / name).read_text("utf-8")
    return PathwayFile(name, text, parse_pathway(text, name), packaged=True)


def load_pathways(folder: Path | None = None) -> Mapping[RegionId, Pathway]:
    """The pathway of each region, where no folder has two versions of one; `PathwayRegister` chooses between those.

    Args:
        folder: a deployment's `pathways/` folder of `*.yaml` files, or None.

    Raises:
        PathwayFileError: a file is not YAML, breaks a rule of the model, or two files name one region.
    """
    files = read_pathway_files(folder)
    names: dict[RegionId, str] = {}
    for file in files:
        if file.pathway.id in names:
            msg = f"{file.name}: id '{file.pathway.id}' is also in {names[file.pathway.id]}; keep one file for a region"
            raise PathwayFileError(msg)
        names[file.pathway.id] = file.name
    check_footprints_are_apart(files)
    return MappingProxyType({file.pathway.id: file.pathway for file in files})


def parse_pathway(text: str, name: str) -> Pathway:
    """Read one region's file; texts it does not give are the national ones.

    Raises:
        PathwayFileError: as for `load_pathways`.
    """
    stated = _parse_yaml(text, name)
    if "suspension" in stated:
        msg = f"{name}: suspension: stands in suspensions.yaml of the configuration folder, by region; move it there"
        raise PathwayFileError(msg)
    national = NATIONAL.texts.model_dump(mode="json", exclude_none=True)
    try:
        return Pathway.model_validate({**stated, "texts": _merged(national, stated.get("texts") or {})})
    except ValidationError as error:
        raise PathwayFileError(in_words(name, error)) from error


def _merged(national: object, own: object) -> object:
    """A region's texts over the national ones, text by text and line by line; anything odd is left for the model."""
    if not isinstance(national, dict) or not isinstance(own, dict):
        return own
    return {**national, **{key: _merged(national.get(key), value) for key, value in own.items()}}


def check_footprints_are_apart(files: Iterable[PathwayFile]) -> None:
    """Hold each code of a footprint to one region.

    Raises:
        PathwayFileError: two regions claim one code.
    """
    owner: dict[str, RegionId] = {}
    for file in files:
        footprint = file.pathway.footprint
        for code in (*footprint.sub_icb, *footprint.legacy_icb):
            first = owner.setdefault(code.upper(), file.pathway.id)
            if first != file.pathway.id:
                both = f"'{first}' and '{file.pathway.id}'"
                msg = f"{file.name}: footprint: code {code} is claimed by {both}; keep it in one"
                raise PathwayFileError(msg)


def footprint_codes(pathway: Pathway) -> tuple[str, ...]:
    """The ODS codes of a pathway's footprint, in upper case."""
    return tuple(code.upper() for code in (*pathway.footprint.sub_icb, *pathway.footprint.legacy_icb))


def read_text(path: Path) -> str:
    """What a file holds.

    Raises:
        PathwayFileError: it is not UTF-8.
    """
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{path.name}: not UTF-8 text; save it as UTF-8"
        raise PathwayFileError(msg) from error


_FASTEST_SAFE_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader where PyYAML was built with it: a tenth of the time at start."""


class _StrictLoader(_FASTEST_SAFE_LOADER):  # type: ignore[misc,valid-type] # the class is chosen at import
    """Refuses with its place what PyYAML lets by, or fails over without saying where.

    YAML lets a later key silently win over an earlier one; in a pathway that would hide a line.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:  # noqa: FBT001, FBT002 - PyYAML's own
        """Make the value of a node; one that is no value, such as the 31st of November, is an error of the file."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError, AttributeError, OverflowError) as error:  # as its makers of values raise
            problem = f"{node.value!r} is no value ({error})"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


def _construct_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    doubled = [key for position, key in enumerate(keys) if key in keys[:position]]
    if doubled:
        problem = f"the key {doubled[0]!r} stands twice; keep one"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return mapping


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)


def load_yaml(text: str, name: str) -> object:
    """What a YAML file states.

    Raises:
        PathwayFileError: it is not YAML, a key stands twice, or a value is none, such as a day that does not exist.
    """
    try:
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a safe loader that refuses more
    except yaml.YAMLError as error:
        msg = f"{name}: not YAML: {error}"
        raise PathwayFileError(msg) from error


def with_entry(text: str, entry: object) -> str:
    """A YAML file with one entry more at its end, all above it as somebody wrote it.

    Args:
        text: what the file holds.
        entry: a list or a mapping of what to add.
    """
    above = text if not text or text.endswith("\n") else f"{text}\n"
    return above + yaml.safe_dump(entry, sort_keys=False, allow_unicode=True)


def _parse_yaml(text: str, name: str) -> dict[str, Any]:
    stated = load_yaml(text, name)
    if not isinstance(stated, dict):
        msg = f"{name}: a pathway file is a mapping that starts with 'id:'"
        raise PathwayFileError(msg)
    return stated


def in_words(name: str, error: ValidationError) -> str:
    """What is wrong with a file, a line for each problem: file, field, value, and the mend."""
    problems = error.errors(include_url=False, include_context=False)
    inner = {problem["loc"][:-1] for problem in problems if problem["loc"]}
    # A list whose one entry is wrong is told to be too short as well.
    told = (problem for problem in problems if problem["type"] != "too_short" or problem["loc"] not in inner)
    return "\n".join(": ".join(filter(None, (name, _field(problem), _mend(problem)))) for problem in told)


_A_KEY = "[key]"
"""How pydantic ends the place of a key that is wrong."""

_SETTINGS = "general-practice, urgent-care, community-msk or secondary-care"
_LISTED = {"modalities": "mri or uss", "redirect": _SETTINGS, "exempt": _SETTINGS}
"""What a list of a pathway file takes: less than its facts may be, which also stand for an order's."""

_LONGEST_SHOWN = 60
"""Characters of a value that a message repeats; a longer one is found by its field."""


def _field(problem: ErrorDetails) -> str:
    """The place in the file; empty for a rule of the whole file, whose message names the field itself."""
    return ".".join(str(part) for part in problem["loc"] if part != _A_KEY)


def _mend(problem: ErrorDetails) -> str:
    kind, place, said = problem["type"], problem["loc"], problem["msg"].removeprefix("Value error, ")
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden" or place[-1:] == (_A_KEY,):
        return "is not known here; correct its spelling, or take it out"
    if kind == "enum" and len(place) > 1 and place[-2] in _LISTED:
        return f"{_shown(problem['input'])} cannot stand here; write {_LISTED[str(place[-2])]}"
    if kind in {"model_type", "dict_type"}:
        return "should be a mapping; correct it"
    _, should, what = said.replace("valid tuple", "list").partition(" should ")
    return f"{_shown(problem['input'])} should {what}; correct it" if should and kind != "value_error" else said


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    shown = str(value) if isinstance(value, date) else repr(value)
    return (
        shown if isinstance(value, str | int | float | date) and len(shown) <= _LONGEST_SHOWN else "what stands there"
    )


def _load_national() -> NationalFallback:
    stated = _parse_yaml((_PACKAGED / "national.yaml").read_text("utf-8"), "national.yaml")
    return NationalFallback.model_validate(stated)


NATIONAL = _load_national()
"""The packaged national fallback, always in force."""
