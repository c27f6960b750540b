"""A small evaluator of PlanDefinitions: it knows R4 and FHIRPath (by an engine that is not ours), and no rule of ours.

R4, PlanDefinition.action.condition: an action applies when all its applicability conditions hold; what stands below
an action that does not apply is not looked at.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import fhirpathpy
from fhirpathpy.engine.nodes import FP_DateTime
from fhirpathpy.models import models

from cds_service.pathway.facts import Facts

Json = dict[str, Any]

Variables = Mapping[str, list[Any]]
"""The values of each fact, by its name; none for one that is not known."""


def input_of(facts: Facts, today: date) -> Variables:
    """The facts and the day as the variables that the Library describes; what is unknown is empty."""
    return {
        "modality": [facts.modality.value],
        "bodyRegion": [facts.body_region.value],
        "knownBy": [facts.known_by.value],
        "live": [facts.live],
        "region": [str(facts.region)],
        "setting": [facts.setting.value],
        "fcpListing": [facts.fcp_listing.value],
        "indication": [group.value for group in sorted(facts.indications)],
        "oncology": [facts.oncology.value],
        "age": [] if facts.age is None else [facts.age],
        "specialistRequest": [facts.specialist_request],
        "today": [today],
    }


_VARIABLE = re.compile(r"%(\w+)")


class _Compiled:
    """One expression, compiled once; what it gave for the variables that it names is kept."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._run = fhirpathpy.compile(expression, models["r4"])
        self._names = sorted(set(_VARIABLE.findall(expression)))
        self._known: dict[tuple[tuple[Any, ...], ...], bool] = {}

    def holds(self, variables: Variables) -> bool:
        """Whether it holds; anything but one plain true or false is a defect of the export."""
        values = tuple(tuple(variables[name]) for name in self._names)
        if values not in self._known:
            result = self._run({}, {name: [as_literal(one) for one in variables[name]] for name in self._names})
            assert result in ([True], [False]), (self._expression, values, result)
            self._known[values] = result[0]
        return self._known[values]


def as_literal(value: object) -> object:
    """A value as the engine holds its literal: a day is `@2026-11-21`, and no string."""
    return FP_DateTime(value.isoformat()) if isinstance(value, date) else value


_compiled = cache(_Compiled)


class Applied(NamedTuple):
    """An action that applies, with those below it that do."""

    action: Json
    below: list["Applied"]


def applied(actions: list[Json], variables: Variables) -> list[Applied]:
    """The actions that apply to an input, in order, each with what applies below it."""
    return [
        Applied(action, applied(action.get("action", []), variables))
        for action in actions
        if all(_holds(condition, variables) for condition in action.get("condition", []))
    ]


def _holds(condition: Json, variables: Variables) -> bool:
    assert (condition["kind"], condition["expression"]["language"]) == ("applicability", "text/fhirpath")
    return _compiled(condition["expression"]["expression"]).holds(variables)


def code_of(action: Json, code_system: str) -> str | None:
    """The code of an action in a code system named by the end of its URL."""
    for concept in action["code"]:
        for coding in concept["coding"]:
            if coding["system"].endswith(f"/{code_system}"):
                return str(coding["code"])
    return None
