"""Reading a YAML file of the configuration folder strictly: what YAML's reader would take without a word is an error.

Every problem is told with the file's name, its line and the mend, and repeats nothing that might be a secret.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

_IN_WORDS: Final = {
    "missing": "is missing; add it",
    "string_type": "is not text; write it in quotes",
    "string_unicode": "is not UTF-8 text; write it as that",
    "string_too_short": "is empty; write something, or leave the line out",
    "string_too_long": "is longer than {max_length} characters; write less",
    "string_pattern_mismatch": "has a form that it may not have; write it to the pattern {pattern}",
    "int_type": "is not a whole number; write one, without quotes",
    "greater_than_equal": "is less than {ge}; write {ge} or more",
    "less_than_equal": "is more than {le}; write {le} or less",
    "tuple_type": "is not a list; write it as one, in square brackets",
    "dict_type": "has no keys; write each below it, with its value",
    "model_type": "has no keys; write each below it, with its value",
    "too_short": "has too little in it; write {min_length} or more",
    "literal_error": "is not known; write {expected}",
}
"""What an operator is told of a problem, by pydantic's name for it; its own words are those of Python."""

_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

LARGEST_FILE = 1024 * 1024
"""Bytes; what an operator lists by hand is far smaller."""

FileError = Callable[[str], Exception]
"""Makes the error of a file from its message."""


class StrictYaml:
    """A file that was read.

    Args:
        path: the file.
        error: makes an error from a message.
        what: what has keys in it, for messages: `a client`.
        shape: how the file is to be: `starts with 'clients:' and a list of entries below it`.
        described: the page that describes its keys: `docs/configuration.md`.

    Raises:
        Exception: of `error`: the file is too large, not UTF-8, not YAML, or has a value or a key that cannot be meant.
    """

    def __init__(self, path: Path, error: FileError, *, what: str, shape: str, described: str) -> None:
        self.name = path.name
        self._error = error
        self._what = what
        self._shape = shape
        self._described = described
        self._root = self._parse(path)

    def mapping(self) -> dict[str, Any]:
        """The file's mapping; empty for an empty file.

        Raises:
            Exception: of the file's error: it is none, or has a value that cannot be read.
        """
        if self._root is None:
            return {}
        loader = yaml.SafeLoader("")
        try:
            read = loader.construct_document(self._root)
        except yaml.YAMLError as error:
            message = "a value that cannot be read; write it in quotes"
            raise self._error(f"{self.name}{_place(error)}: {message}") from None
        finally:
            loader.dispose()
        if not isinstance(read, dict):
            raise self._error(f"{self.name}: {self._shape}")
        return read

    def problems(self, error: ValidationError) -> str:
        """One line for each problem. What was written is repeated only where our own message chose to."""
        return "\n".join(
            f"{self.name}:{self.line(problem['loc'])}: {self._path(problem['loc'])}: "
            f"{self._said(problem['type'], problem['msg'], problem.get('ctx', {}))}"
            for problem in error.errors(include_url=False, include_input=False)
        )

    def line(self, location: Sequence[int | str]) -> int:
        """The line of the deepest part of a location that stands in the file."""
        node, line = self._root, 1
        for part in location:
            if isinstance(node, yaml.MappingNode):
                found = [(key, value) for key, value in node.value if key.value == part]
                if not found:
                    break
                key, node = found[-1]  # those of a merged entry come before its own
                line = key.start_mark.line + 1
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
        return line

    def _parse(self, path: Path) -> yaml.Node | None:
        """The file as YAML nodes, which know their lines; None for an empty file."""
        content = path.read_bytes()
        if len(content) > LARGEST_FILE:
            raise self._error(f"{self.name}: larger than {LARGEST_FILE} bytes; list each thing once")
        try:
            text = content.decode("utf-8")
            loader = yaml.SafeLoader(text)
        except UnicodeDecodeError:
            raise self._error(f"{self.name}: not UTF-8 text; save it as UTF-8") from None
        except yaml.YAMLError as error:
            raise self._not_yaml(_place(error)) from None
        try:
            root = loader.get_single_node()
            if root is not None:
                self._check_nodes(root)
        except yaml.YAMLError as error:
            raise self._not_yaml(_place(error)) from None
        except (ValueError, OverflowError):  # an escape that names no character
            raise self._not_yaml(f":{loader.line + 1}") from None
        except RecursionError:
            raise self._error(f"{self.name}: nested too deeply; it {self._shape}") from None
        finally:
            loader.dispose()
        return root

    def _not_yaml(self, place: str) -> Exception:
        return self._error(f"{self.name}{place}: not YAML; mend the indentation or the quotes there")

    def _check_nodes(self, root: yaml.Node) -> None:
        """What YAML's reader would take, or end in an error of Python's, is an error with its line here."""
        waiting, seen = [root], {id(root)}
        while waiting:
            node = waiting.pop()
            if isinstance(node, yaml.ScalarNode):
                self._check_scalar(node)
            if isinstance(node, yaml.MappingNode):
                self._check_no_key_twice(node)
            for child in _children(node):
                if id(child) not in seen:  # an alias names a node again
                    seen.add(id(child))
                    waiting.append(child)

    def _check_scalar(self, node: yaml.ScalarNode) -> None:
        """Dates, numbers and tags that cannot be read stand where an operator meant text."""
        loader = yaml.SafeLoader("")
        try:
            loader.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, AttributeError, OverflowError):
            line = node.start_mark.line + 1
            raise self._error(f"{self.name}:{line}: a value that cannot be read; write it in quotes") from None
        finally:
            loader.dispose()

    def _check_no_key_twice(self, node: yaml.MappingNode) -> None:
        """YAML's reader keeps the last of two equal keys."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in lines:
                    raise self._error(f"{self.name}:{lines[key.value]}: '{key.value}' stands twice; keep one of them")
                lines[key.value] = key.start_mark.line + 1

    def _said(self, kind: str, message: str, context: Mapping[str, object]) -> str:
        if kind == "extra_forbidden":
            return f"is not a key of {self._what}; see {self._described} for those that are"
        return in_words(kind, message, context)

    def _path(self, location: Sequence[int | str]) -> str:
        """Where a problem is: `client my-ehr: footprints` where the entry has that id, else `clients.0.footprints`."""
        entry, within = self._entry_id(location[:2]), location[2:]
        if entry is None or within == ("id",):
            return ".".join(map(str, location)) or "file"
        return ": ".join([f"{str(location[0]).removesuffix('s')} {entry}", *filter(None, [".".join(map(str, within))])])

    def _entry_id(self, location: Sequence[int | str]) -> str | None:
        """The id of an entry of a list at the top of the file, where it has one that may be repeated."""
        node = self._root
        for part in location:
            node = _below(node, part)
        node = _below(node, "id") if len(location) == 2 else None  # noqa: PLR2004 - a list's key, a place in it
        return node.value if isinstance(node, yaml.ScalarNode) and _PLAIN_ID.fullmatch(node.value) else None


def in_words(kind: str, message: str, context: Mapping[str, object]) -> str:
    """A problem that pydantic found, as an operator is told of it.

    Args:
        kind: pydantic's name for it.
        message: pydantic's message, which is ours where a validator of ours raised it.
        context: what the problem is about.
    """
    return _IN_WORDS[kind].format_map(context) if kind in _IN_WORDS else message.removeprefix("Value error, ")


def _place(error: yaml.YAMLError) -> str:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return f":{mark.line + 1}" if mark is not None else ""


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _below(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in reversed(node.value) if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        below: yaml.Node = node.value[part]
        return below
    return None
