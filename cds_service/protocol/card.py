"""The shapes that leave the service: cards (specification 2.0, "CDS Service Response") and discovery.

They are TypedDicts: built as plain objects at no cost, checked by the type checker, and held against these very
shapes in the tests and the OpenAPI document.
"""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict


class Coding(TypedDict):
    """A FHIR Coding as cards use it."""

    system: str
    code: str
    display: str


class Source(TypedDict):
    """Where the advice comes from."""

    label: str
    url: NotRequired[str]
    topic: NotRequired[Coding]


class Action(TypedDict):
    """One change that a suggestion makes: create a resource, or delete the one at `resourceId`."""

    type: Literal["create", "delete"]
    description: str
    resource: NotRequired[dict[str, Any]]
    resourceId: NotRequired[str]


class Suggestion(TypedDict):
    """Actions that are taken together."""

    label: str
    uuid: str
    isRecommended: NotRequired[bool]
    actions: list[Action]


class Link(TypedDict):
    """A page for the clinician."""

    label: str
    url: str
    type: Literal["absolute"]


class Card(TypedDict):
    """One card; `selectionBehavior` stands with suggestions only."""

    uuid: str
    summary: str
    indicator: Literal["info", "warning", "critical"]
    detail: str
    source: Source
    suggestions: NotRequired[list[Suggestion]]
    selectionBehavior: NotRequired[Literal["at-most-one"]]
    overrideReasons: NotRequired[list[Coding]]
    links: NotRequired[list[Link]]


class Cards(TypedDict):
    """The answer; an empty list means evaluated, with nothing to say."""

    cards: list[Card]


class Service(TypedDict):
    """One entry of discovery."""

    hook: str
    id: str
    title: str
    description: str
    version: str
    hookVersion: str
    prefetch: dict[str, str]
    usageRequirements: str


class Services(TypedDict):
    """The discovery answer."""

    services: list[Service]
