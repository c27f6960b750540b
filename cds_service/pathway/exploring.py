"""Every combination of what the rules read, found by watching them read.

A stand-in for `Facts` chooses a value when a rule first reads a fact, and remembers the choice. Asked again with the
next choice until none is left, the rules show every way through them. What they did not read on the way cannot have
mattered, so it need not be varied; a fact that they read and that is not in the fact space stops the search.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from cds_service.pathway.fact_space import Domains
from cds_service.pathway.facts import Facts

_Answer = TypeVar("_Answer")


class UnknownFactError(Exception):
    """The rules read something that the proof knows nothing of."""


def explore(ask: Callable[[Facts], _Answer], domains: Domains) -> Iterator[tuple[dict[str, Any], _Answer]]:
    """Every way through the rules, each once.

    Args:
        ask: puts facts to the rules; it must be pure.
        domains: the values of each fact that can be told apart.

    Yields:
        The facts that were read, in that order, with their values; and the answer.

    Raises:
        UnknownFactError: the rules read something else.
    """
    chosen: dict[str, Any] = {}
    left: list[tuple[str, Iterator[Any]]] = []
    while True:
        facts = cast("Facts", _WatchedFacts(domains, chosen, left))
        answer = ask(facts)
        yield dict(chosen), answer
        while left:
            name, rest = left[-1]
            if (value := next(rest, _NONE_LEFT)) is not _NONE_LEFT:
                chosen[name] = value
                break
            left.pop()
            del chosen[name]
        else:
            return


_NONE_LEFT = object()


class _WatchedFacts:
    """Facts that come to be as they are read; those that are chosen already are plain attributes."""

    def __init__(self, domains: Domains, chosen: dict[str, Any], left: list[tuple[str, Iterator[Any]]]) -> None:
        self.__dict__.update(chosen)
        self._domains = domains
        self._chosen = chosen
        self._left = left

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each fact has a type of its own
        """Choose; called for the first reading of a fact alone, since the choice is then an attribute."""
        if name == "indications":  # what the rules make of the reasons depends on these two, so they come first
            rest: Iterator[Any] = iter(self._domains.reasons[self.body_region, self.oncology])
        elif name in self._domains.of:
            rest = iter(self._domains.of[name])
        else:
            msg = f"the rules read '{name}' of an order, which the proof does not vary: add it to the fact space"
            raise UnknownFactError(msg)
        value = self._chosen[name] = next(rest)
        self._left.append((name, rest))
        setattr(self, name, value)
        return value
