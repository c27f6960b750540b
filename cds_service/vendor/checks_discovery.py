"""Discovery: what a service says of itself (CDS Hooks 2.0 and 3.0, "Discovery")."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cds_service.vendor.address import Address
from cds_service.vendor.check import Check, Level, Rule, all_skipped
from cds_service.vendor.checks_prefetch import PREFETCH_RULES, prefetch_checks
from cds_service.vendor.wire import OK, Answer, Wire
from cds_service.vendor.words import JsonObject, empty_elements, is_text, objects, placed_objects, quoted

MUST, SHOULD, INFO = Level
_RESPONSE: Final = "2.0 Discovery: Response"

HTTPS = Rule(
    "discovery.https",
    MUST,
    "the address is https",
    "2.0 Security and Safety",
    "Serve it over TLS; plain http is for one machine alone.",
)
ANSWERED = Rule(
    "discovery.answered",
    MUST,
    "GET {base}/cds-services answers 200",
    "2.0 Discovery: HTTP Request",
    "Answer GET at exactly this path with 200 and no redirect.",
)
JSON = Rule("discovery.json", MUST, "the answer is a JSON object", "2.0 Use of JSON", "Answer with one JSON object.")
MEDIA_TYPE = Rule(
    "discovery.content-type",
    SHOULD,
    "the answer is sent as application/json",
    "2.0 Use of JSON",
    "Send Content-Type: application/json.",
)
SERVICES = Rule(
    "discovery.services",
    MUST,
    "`services` is an array of objects",
    _RESPONSE,
    'Answer {"services": [...]}; a server without services answers with an empty array.',
)
NO_EMPTY = Rule(
    "discovery.no-empty",
    MUST,
    "no element is null or empty",
    "2.0 Use of JSON, r3",
    "Leave an element without a value out.",
)
REQUIRED = Rule(
    "discovery.required",
    MUST,
    "each service has `hook`, `id` and `description`",
    _RESPONSE,
    "Give each of them as text.",
)
TYPES = Rule(
    "discovery.types",
    MUST,
    "each member has its type",
    _RESPONSE,
    "All members are strings but `prefetch` (an object of strings) and `extension` (an object).",
)
TITLE = Rule(
    "discovery.title",
    SHOULD,
    "each service has a `title`",
    _RESPONSE,
    "Give a name that a person who sets up the EHR will recognise.",
)
UNIQUE = Rule(
    "discovery.id-unique",
    MUST,
    "an `id` stands once for each hook",
    "2.0 Discovery; r211",
    "One id may stand on several hooks, but a hook and id together only once.",
)
URL_SAFE = Rule(
    "discovery.id-url-safe",
    SHOULD,
    "an `id` can stand in a URL as it is",
    _RESPONSE,
    "Use letters, digits, '-', '.', '_' and '~': clients put it into the address as it stands.",
)
VERSION = Rule(
    "discovery.version",
    SHOULD,
    "`version` is the semantic version of the specification",
    "3.0 Discovery: Response",
    'Give for example "2.0.0".',
)
KNOWN_HOOK = Rule(
    "discovery.hook-name",
    INFO,
    "the hooks are named as hooks are",
    "2.0 Hooks: Hook name",
    "Hooks of the library are lower-case words with hyphens, noun-verb; a private one has a reverse domain name.",
)

RULES: Final = (JSON, MEDIA_TYPE, SERVICES, NO_EMPTY, REQUIRED, TYPES, TITLE, UNIQUE, URL_SAFE, VERSION, KNOWN_HOOK)

_URL_SAFE: Final = re.compile(r"(?!\.+$)[A-Za-z0-9._~-]+")
_SEMANTIC: Final = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?|STU[1-9]", re.ASCII)
_HOOK: Final = re.compile(r"[a-z]+(?:-[a-z]+)+|[a-z][a-z0-9-]*(?:\.[A-Za-z0-9_-]+)+")
_TEXTS: Final = ("hook", "id", "title", "description", "version", "hookVersion", "usageRequirements")


@dataclass(frozen=True, slots=True)
class Listed:
    """A service that discovery lists and that can be called.

    Attributes:
        hook: the hook that it is for.
        id: the last part of its URL.
        prefetch: its templates by key, as far as they are text.
    """

    hook: str
    id: str
    prefetch: dict[str, str]


@dataclass(frozen=True, slots=True)
class Discovery:
    """What came of asking for discovery: the answer, the checks, and the services that can be called."""

    answer: Answer
    checks: tuple[Check, ...]
    services: tuple[Listed, ...]


def ask_discovery(wire: Wire, address: Address) -> Discovery:
    """GET discovery and hold it against the specification."""
    answer = wire.get(address.discovery)
    checks = [
        _https(address),
        ANSWERED.check([] if answer.accepted and answer.status == OK else [f"GET {answer.said()}"]),
    ]
    if not answer.accepted:
        why = f"discovery {answer.said()}"
        return Discovery(answer, (*checks, *all_skipped((*RULES, *PREFETCH_RULES), why)), ())
    content = answer.json()
    checks += held_discovery(answer.media_type, content)
    return Discovery(answer, tuple(checks), listed_services(content))


def held_discovery(media_type: str, content: object) -> list[Check]:
    """A discovery answer held against the specification."""
    services = content.get("services") if isinstance(content, dict) else None
    found = list(placed_objects(services, "services"))
    checks = [
        JSON.check([] if isinstance(content, dict) else ["The body is no JSON object"]),
        MEDIA_TYPE.check([] if media_type == "application/json" else [f"It came as {quoted(media_type)}"]),
        SERVICES.check(_not_services(services)),
        NO_EMPTY.check(f"{place} is null or empty" for place in empty_elements(content) if place != "services"),
    ]
    if not found:
        return [*checks, *all_skipped((*RULES[len(checks) :], *PREFETCH_RULES), "no service is listed")]
    return [
        *checks,
        REQUIRED.check(problem for one, place in found for problem in _missing(one, place)),
        TYPES.check(problem for one, place in found for problem in _wrong_types(one, place)),
        TITLE.check(f"{place} has no `title`" for one, place in found if "title" not in one),
        UNIQUE.check(_twice(objects(services))),
        URL_SAFE.check(
            f"{place}.id is {quoted(one['id'])}"
            for one, place in found
            if is_text(one.get("id")) and not _URL_SAFE.fullmatch(one["id"])
        ),
        VERSION.check(problem for one, place in found for problem in _wrong_version(one, place)),
        KNOWN_HOOK.check(
            f"{place}.hook is {quoted(one['hook'])}"
            for one, place in found
            if is_text(one.get("hook")) and not _HOOK.fullmatch(one["hook"])
        ),
        *prefetch_checks(found),
    ]


def listed_services(content: object) -> tuple[Listed, ...]:
    """The services of a discovery answer that have what a caller needs: a hook and an id."""
    services = content.get("services") if isinstance(content, dict) else None
    return tuple(
        Listed(one["hook"], one["id"], _texts_of(one.get("prefetch")))
        for one in objects(services)
        if is_text(one.get("hook")) and is_text(one.get("id"))
    )


def _texts_of(prefetch: object) -> dict[str, str]:
    found = prefetch.items() if isinstance(prefetch, dict) else ()
    return {key: template for key, template in found if isinstance(template, str)}


def _https(address: Address) -> Check:
    if address.is_loopback:
        return HTTPS.skipped("the service is on this machine")
    return HTTPS.check([] if address.discovery.startswith("https:") else ["The address is plain http"])


def _not_services(services: object) -> Iterator[str]:
    if not isinstance(services, list):
        yield "There is no array `services`" if services is None else f"`services` is {quoted(services)}"
        return
    for position, one in enumerate(services):
        if not isinstance(one, dict):
            yield f"services[{position}] is {quoted(one)}, not an object"


def _missing(service: JsonObject, place: str) -> Iterator[str]:
    for name in ("hook", "id", "description"):
        if name not in service:
            yield f"{place} has no `{name}`"
        elif isinstance(service[name], str) and not service[name].strip():
            yield f"{place}.{name} is blank"


def _wrong_types(service: JsonObject, place: str) -> Iterator[str]:
    for name in _TEXTS:
        if name in service and not isinstance(service[name], str):
            yield f"{place}.{name} is {quoted(service[name])}, not text"
    for name in ("prefetch", "extension"):
        if name in service and not isinstance(service[name], dict):
            yield f"{place}.{name} is {quoted(service[name])}, not an object"
    prefetch = service.get("prefetch")
    for key, template in prefetch.items() if isinstance(prefetch, dict) else ():
        if not isinstance(template, str):
            yield f"{place}.prefetch.{quoted(key)} is {quoted(template)}, not text"


def _twice(services: list[JsonObject]) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for one in services:
        pair = (str(one.get("hook")), str(one.get("id")))
        if pair in seen:
            yield f"{quoted(pair[1])} stands twice on {quoted(pair[0])}"
        seen.add(pair)


def _wrong_version(service: JsonObject, place: str) -> Iterator[str]:
    if "version" not in service:
        yield f"{place} has no `version`"
    elif isinstance(service["version"], str) and not _SEMANTIC.fullmatch(service["version"]):
        yield f"{place}.version is {quoted(service['version'])}"
