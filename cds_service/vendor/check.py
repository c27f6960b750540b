"""What the doctor says: a rule of the specification, and what came of holding a service against it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a rule weighs.

    `must`: the specification requires it, or no client can work with its opposite. `should`: recommended, or needed
    by some clients. `info`: worth knowing; nothing to break.
    """

    MUST = "must"
    SHOULD = "should"
    INFO = "info"


class Result(StrEnum):
    """What came of a check; a broken `must` fails, a broken `should` or `info` warns."""

    PASS = "pass"  # noqa: S105 - the name of a result, not a password
    FAIL = "fail"
    WARN = "warn"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: `section.name`, stable, for machines.
        level: how much it weighs.
        title: what holds when it is kept.
        reference: where it stands in the CDS Hooks specification ("r83" is the number in Inferno's requirements
            for 2.0), or another source.
        mend: how to mend a service that breaks it.
    """

    id: str
    level: Level
    title: str
    reference: str
    mend: str

    @property
    def section(self) -> str:
        """The group of checks that it belongs to."""
        return self.id.partition(".")[0]

    def check(self, problems: Iterable[str], finding: str = "") -> "Check":
        """The rule held against a service.

        Args:
            problems: each breach in words; none when the rule is kept.
            finding: what to say when it is kept.
        """
        found = list(problems)
        if not found:
            return Check(self, Result.PASS, finding)
        more = f" ({len(found) - 1} more like it)" if len(found) > 1 else ""
        result = Result.FAIL if self.level is Level.MUST else Result.WARN
        return Check(self, result, f"{found[0]}{more}. {self.mend}")

    def skipped(self, why: str) -> "Check":
        """The rule, which could not be held against the service."""
        return Check(self, Result.SKIPPED, why)


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, its result, and the finding in words, with how to mend what is wrong."""

    rule: Rule
    result: Result
    finding: str


def all_skipped(rules: Iterable[Rule], why: str) -> list[Check]:
    """Every rule of a group that could not be looked at."""
    return [rule.skipped(why) for rule in rules]
