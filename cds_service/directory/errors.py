"""What stops the start: every wrong cell of the configuration folder, told in one error.

An ICB that mends its files wants the whole list at once, so `ConfigurationError` carries all problems.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_LONGEST_VALUE = 60
_MOST_PROBLEMS = 20  # of a file with thousands of rows: the first tell whether it is the wrong file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a configuration file.

    Attributes:
        file: the file's name in the configuration folder.
        fault: what is wrong, to be read after the value ("is not a setting").
        mend: what to do about it, a sentence without its full stop.
        line: the line on which the row begins, counted from 1 as an editor does; None for a whole file.
        column: the column's name; None when a whole row or file is meant.
        value: the cell as it was written; None when no single cell is meant.
    """

    file: str
    fault: str
    mend: str
    line: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        """Say file, line, column, value and mend on one line."""
        place = self.file
        if self.line is not None:
            place += f", line {self.line}"
        if self.column is not None:
            place += f", column {self.column}"
        # repr() also keeps control characters of a damaged file out of the terminal and the log.
        shown = f"{_cut(self.value)!r} " if self.value else ""
        return f"{place}: {shown}{self.fault}. {self.mend}."


@dataclass(slots=True)
class Findings:
    """What reading the folder turned up: problems stop the start, warnings are only told."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def stop(self, problem: Problem) -> None:
        """Add something that the service must not start with."""
        self.problems.append(problem)

    def warn(self, sentence: str) -> None:
        """Add something that an operator should know."""
        self.warnings.append(sentence)


class ConfigurationError(Exception):
    """The configuration folder holds something that the service must not start with.

    Attributes:
        folder: the folder that was read.
        problems: all that is wrong, by file and line.
    """

    def __init__(self, folder: Path, problems: Iterable[Problem]) -> None:
        self.folder = folder
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or 0)))
        count = len(self.problems)
        heading = f"The configuration folder {folder} has {count} problem{'' if count == 1 else 's'}:"
        super().__init__("\n".join([heading, *(f"- {problem}" for problem in self.problems)]))


class SourceFileError(Exception):
    """A file that the directory is brought up to date from is not what it should be.

    Attributes:
        path: the file.
        problems: what is wrong, by line.
    """

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        count = len(self.problems)
        shown = [f"- {problem}" for problem in self.problems[:_MOST_PROBLEMS]]
        if count > _MOST_PROBLEMS:
            shown.append(f"- and {count - _MOST_PROBLEMS} more.")
        super().__init__("\n".join([f"{path} has {count} problem{'' if count == 1 else 's'}:", *shown]))


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
