"""FHIR search over resources in memory: which of them a query names, and what it includes with them.

It knows the parameters that a served type states, and no more. The rule that
shapes it: a query that could not be filled in must find nothing, because a server that ignores what it does
not understand hands a whole population to whoever asked for one encounter.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

JsonObject = dict[str, Any]

Query = Sequence[tuple[str, str]]
"""Search parameters in the order given; a name may repeat."""


class SearchError(ValueError):
    """A query that the server understands and must refuse (R4 search, "modifiers"); says how to mend it."""


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter of one resource type.

    Attributes:
        name: as it stands in the URL.
        kind: its FHIR type.
        element: the top-level element it looks at.
    """

    name: str
    kind: Literal["token", "reference", "uri", "string"]
    element: str

    def matches(self, resource: JsonObject, value: str) -> bool:
        """Whether the resource has this value (one alternative, not a comma-separated list)."""
        element = resource.get(self.element)
        if element is None:
            return False
        match self.kind:
            case "reference":
                return _refers_to(element, value)
            case "uri":  # a canonical may name the version that is meant
                return value in (element, f"{element}|{resource.get('version')}")
            case "string":
                return str(element).lower().startswith(value.lower())
            case "token":
                return _has_token(element, value)


@dataclass(frozen=True, slots=True)
class ServedType:
    """A resource type and what it can be searched by.

    Attributes:
        name: the resource type.
        parameters: its search parameters.
        includes: what `_include` can follow: search parameter to element.
        profile: the profile that its resources follow, if any.
    """

    name: str
    parameters: tuple[SearchParameter, ...]
    includes: Mapping[str, str] = field(default_factory=dict)
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What a search found.

    Attributes:
        total: how many resources match, on all pages.
        matches: the matches of this page, by id.
        included: what `_include` adds to them, each once.
        applied: the parameters that were understood, for the Bundle's self link.
        next_page: the query of the next page, or None on the last.
    """

    total: int
    matches: list[JsonObject]
    included: list[JsonObject]
    applied: Query
    next_page: Query | None


_UNRESOLVED: Final = "{{"
"""A prefetch token that the client could not fill in and sent as it stands."""

_PAGING: Final = ("_count", "_offset")

Chart = dict[str, dict[str, JsonObject]]
"""Resources by type and id."""


def chart_of(resources: Iterable[JsonObject], types: Iterable[ServedType]) -> Chart:
    """The resources by type and id, for every type served, ordered by id.

    Raises:
        KeyError: a resource's type is not among those served.
    """
    chart: Chart = {served.name: {} for served in types}
    for resource in sorted(resources, key=lambda each: str(each["id"])):
        chart[resource["resourceType"]][resource["id"]] = resource
    return chart


def search(chart: Chart, served: ServedType, query: Query) -> SearchAnswer:
    """What the query finds among the resources of one type.

    Commas mean "or", repeated parameters "and" (R4 search, "combining"). Unknown parameters are ignored,
    but a value that still holds a prefetch token (`{{context.encounterId}}`) finds nothing, whatever its
    parameter; so does a known parameter without a value.

    Args:
        chart: the resources.
        served: the type.
        query: the parameters.

    Raises:
        SearchError: a modifier on a known parameter, or a `_count` that is no whole number.
    """
    known = {parameter.name: parameter for parameter in served.parameters}
    found = [] if any(_UNRESOLVED in value for _, value in query) else list(chart[served.name].values())
    for name, value in query:
        base_name, colon, _ = name.partition(":")
        if colon and base_name in known:
            raise SearchError(f"Parameter '{base_name}': no modifier is supported here; ask for '{base_name}' alone.")
        if parameter := known.get(name):
            alternatives = [each for each in value.split(",") if each]
            found = [one for one in found if any(parameter.matches(one, each) for each in alternatives)]
    matches, next_page = _page(found, query)
    applied = [(name, value) for name, value in query if name in known or name in ("_include", *_PAGING)]
    return SearchAnswer(
        total=len(found),
        matches=matches,
        included=_included(chart, served, matches, query),
        applied=applied,
        next_page=next_page,
    )


def _page(found: list[JsonObject], query: Query) -> tuple[list[JsonObject], Query | None]:
    paging = {name: _whole_number(name, value) for name, value in query if name in _PAGING}
    start = paging.get("_offset", 0)
    end = start + paging.get("_count", len(found))
    if end >= len(found) or end == start:
        return found[start:end], None
    rest = [(name, value) for name, value in query if name != "_offset"]
    return found[start:end], [*rest, ("_offset", str(end))]


def _whole_number(name: str, value: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", value):
        raise SearchError(f"Parameter '{name}': not a whole number of at most 9 digits; give one, as in '{name}=20'.")
    return int(value)


def _included(chart: Chart, served: ServedType, matches: list[JsonObject], query: Query) -> list[JsonObject]:
    """What `_include` asks for; one value may hold several: the sandbox merges repeats with a comma."""
    found: dict[str, JsonObject] = {}
    for directive in (each for name, value in query if name == "_include" for each in value.split(",")):
        source_type, _, parameter = directive.partition(":")
        element = served.includes.get(parameter)
        if source_type != served.name or element is None:
            continue
        for match in matches:
            reference = match.get(element, {}).get("reference", "")
            target_type, _, target_id = reference.partition("/")
            if target := chart.get(target_type, {}).get(target_id):
                found[reference] = target
    return list(found.values())


def _refers_to(element: JsonObject, value: str) -> bool:
    """`value` may be an id, `Type/id` or an absolute URL."""
    reference = str(element.get("reference", ""))
    if "/" not in value:
        return reference.rpartition("/")[2] == value
    return reference == "/".join(value.split("/")[-2:])


def _has_token(element: str | JsonObject, value: str) -> bool:
    """`value` may be `code`, `system|code`, `|code` (no system) or `system|` (any code of it)."""
    system, bar, code = value.rpartition("|")
    if isinstance(element, str):  # an id or a `code`, whose system is implied by its binding
        return element == code
    return any(
        (not code or coding.get("code") == code) and (not bar or coding.get("system", "") == system)
        for coding in element.get("coding", [])
    )
