"""What a decision needs and a call did not bring, as reads of the EHR's FHIR server. Pure: nothing is asked here.

A read is a path below the server's base. What the call puts into it are ids alone, of FHIR's own syntax, so that no
call can steer a read elsewhere; an id of another form gives no read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from cds_service.fhir.organisations import ODS_ORGANISATION, ODS_SITE
from cds_service.fhir.patient import find_patient
from cds_service.fhir.reading import HookContext, Selection
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, as_object, as_text, objects
from cds_service.fhir.whose import Whose, whose_order

MOST_READS = 16
"""Reads of one call's first round."""

MOST_ORGANISATIONS = 8
"""Reads of its second round."""

_REASONS_FIRST = 8
"""Reasons that are read before all else: a coded cauda equina may stand behind one (fact 1)."""

OF_THE_PATIENT = frozenset({"patient", "conditions", "pastConditions", "episodes", "careTeams"})
"""Prefetch keys that count only for an order that is, or may be, of the call's own patient."""

_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}")
"""A FHIR id (R4, `id`), but for `.` and `..`, which a path would read as steps."""

_TOKEN = re.compile(r"{{([A-Za-z.]+)}}")
_LONGEST_LINK = 4096
_LINK = re.compile(r"[!-\[\]-~]+")
_UNESCAPED = "!$&'()*+,;=:@/?%"
"""What stays as it is in a link's path and query; the rest, for example a bare `|`, is percent-encoded."""

_STEP = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)|%2f|%5c", re.IGNORECASE)
"""A dot segment or a hidden slash in a path, plain or percent-encoded."""


class MissingRead(NamedTuple):
    """One read.

    Attributes:
        key: the prefetch key that its answer belongs under; the path for what has no key in discovery.
        path: what is asked, below the FHIR base: `Type/id`, or a search with its query.
    """

    key: str
    path: str


def missing_reads(context: HookContext, selection: Selection, templates: Mapping[str, str]) -> tuple[MissingRead, ...]:
    """What the selected orders need and prefetch did not bring; at most 16 reads, each path once.

    A key is missing when it is absent, an OperationOutcome, or no resource at all. `null` is an answer: there is
    nothing. Of a Bundle with a `next` link the rest is missing.

    Args:
        context: the call.
        selection: its orders in scope.
        templates: the prefetch templates that discovery offers, by key.
    """
    if not selection.orders:
        return ()
    index = _index_of(context)
    orders = [order.resource for order, _ in selection.orders]
    reasons = list(_reasons(orders, index))
    wanted = [
        *reasons[:_REASONS_FIRST],
        *_templates(context, orders, templates, index),
        *_requesters(context, orders, templates, index),
        *reasons[_REASONS_FIRST:],
    ]
    return _each_once(wanted, MOST_READS)


def missing_organisations(context: HookContext, selection: Selection) -> tuple[MissingRead, ...]:
    """The organisations that what came points to and that did not come; at most 8 reads.

    A reference that carries an ODS code is read without its resource, and one that names another server cannot be.

    Args:
        context: the call, its prefetch completed by the first round.
        selection: its orders in scope.
    """
    if not selection.orders:
        return ()
    index = _index_of(context)
    orders = [order.resource for order, _ in selection.orders]
    wanted = [
        MissingRead(path, path)
        for reference, holder in _organisation_references(context, orders, index)
        if not _has_ods_code(reference) and (path := _path_of(reference, "Organization", holder, index)) is not None
    ]
    return _each_once(wanted, MOST_ORGANISATIONS)


def next_page(bundle: object, base: str) -> str | None:
    """The path of a Bundle's next page below a FHIR base; None without one, or when it lies elsewhere.

    Elsewhere is another scheme, host or port, a path that does not begin with the base's, or one with dot segments.

    Args:
        bundle: a search answer.
        base: the FHIR base URL.
    """
    links = [link for link in objects(as_object(bundle).get("link")) if link.get("relation") == "next"]
    url = as_text(links[0].get("url")) if links else None
    if url is None or len(url) > _LONGEST_LINK or not _LINK.fullmatch(url):
        return None
    root = base.rstrip("/")
    try:
        own, link = urlsplit(root), urlsplit(urljoin(f"{root}/", url))
        same_server = _server_of(root) == _server_of(link.geturl())
    except ValueError:
        return None
    rest = link.path.removeprefix(own.path)
    is_below = link.path.startswith(own.path) and (not rest or rest.startswith("/"))
    if not same_server or not is_below or _STEP.search(link.path) or not (rest or link.query):
        return None
    return quote(f"{rest.removeprefix('/')}{'?' if link.query else ''}{link.query}", safe=_UNESCAPED)


def _server_of(url: str) -> tuple[str, str, str | None, int | None]:
    """Scheme, user information, host and port of a URL.

    Raises:
        ValueError: the port is no number.
    """
    parts = urlsplit(url)
    default_port = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.netloc.rpartition("@")[0], parts.hostname, parts.port or default_port


def is_missing(prefetch: Json, key: str) -> bool:
    """Whether a prefetch key brought neither a resource nor the word that there is none."""
    if key not in prefetch:
        return True
    value = prefetch[key]
    if value is None:
        return False
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return not isinstance(kind, str) or kind == "OperationOutcome"


def _index_of(context: HookContext) -> ResourceIndex:
    return ResourceIndex(context.prefetch, context.draft_orders, context.fhir_server)


def _each_once(wanted: Iterable[MissingRead], most: int) -> tuple[MissingRead, ...]:
    by_path: dict[str, MissingRead] = {}
    for read in wanted:
        by_path.setdefault(read.path, read)
    return tuple(by_path.values())[:most]


def _reasons(orders: list[Json], index: ResourceIndex) -> Iterator[MissingRead]:
    for order in orders:
        for reference in objects(order.get("reasonReference")):
            path = _path_of(reference, "Condition", order, index)
            if path is not None:
                yield MissingRead(path, path)


def _templates(
    context: HookContext, orders: list[Json], templates: Mapping[str, str], index: ResourceIndex
) -> Iterator[MissingRead]:
    is_theirs = any(whose_order(order, context.patient_id, index) is not Whose.ANOTHER_PATIENT for order in orders)
    came = {
        "patient": find_patient(context.patient_id, index) is not None,
        "user": index.find(context.user_id) is not None,
        "encounter": context.encounter_id is not None and index.find(f"Encounter/{context.encounter_id}") is not None,
    }
    tokens = _tokens(context)
    for key, template in templates.items():
        if key in OF_THE_PATIENT and not is_theirs:
            continue
        if is_missing(context.prefetch, key):
            path = None if came.get(key) else _filled(template, tokens)
        else:
            path = next_page(context.prefetch[key], context.fhir_server) if context.fhir_server is not None else None
        if path is not None:
            yield MissingRead(key, path)


def _tokens(context: HookContext) -> dict[str, str]:
    """The values of the prefetch tokens (specification 2.0, "Prefetch Template"); those that have none are absent."""
    kind, _, identity = context.user_id.partition("/")
    stated = {
        "context.patientId": context.patient_id,
        "context.encounterId": context.encounter_id or "",
        "userPractitionerId": identity if kind == "Practitioner" else "",
        "userPractitionerRoleId": identity if kind == "PractitionerRole" else "",
    }
    return {token: value for token, value in stated.items() if _ID.fullmatch(value)}


def _filled(template: str, tokens: Mapping[str, str]) -> str | None:
    """A template with its tokens filled in, or None when one has no value."""
    if not tokens.keys() >= set(_TOKEN.findall(template)):
        return None
    return _TOKEN.sub(lambda token: tokens[token[1]], template)


def _requesters(
    context: HookContext, orders: list[Json], templates: Mapping[str, str], index: ResourceIndex
) -> Iterator[MissingRead]:
    """The roles of requesters who are not the user and of whom no role came, asked as the user's are."""
    for order in orders:
        target = as_text(as_object(order.get("requester")).get("reference"))
        relative = index.relative(target) if target is not None else None
        kind, _, identity = (relative or "").partition("/")
        if relative == context.user_id or not _ID.fullmatch(identity):
            continue
        if kind == "PractitionerRole" and index.find(relative) is None:
            path = _filled(templates.get("user", ""), {"userPractitionerRoleId": identity})
        elif kind == "Practitioner" and not _has_a_role(f"Practitioner/{identity}", index):
            path = _filled(templates.get("userRoles", ""), {"userPractitionerId": identity})
        else:
            continue
        if path:
            yield MissingRead(path, path)


def _has_a_role(practitioner: str, index: ResourceIndex) -> bool:
    named = (as_object(role.get("practitioner")).get("reference") for role in index.prefetched("PractitionerRole"))
    return any(isinstance(target, str) and index.relative(target) == practitioner for target in named)


def _organisation_references(
    context: HookContext, orders: list[Json], index: ResourceIndex
) -> Iterator[tuple[Json, Json]]:
    """Every reference to an organisation that the readers would follow, with the resource that holds it."""
    for order in orders:
        yield as_object(order.get("requester")), order
    for role in index.prefetched("PractitionerRole"):
        yield as_object(role.get("organization")), role
    of_call = f"Encounter/{context.encounter_id}" if context.encounter_id else None
    for encounter in [index.find(of_call), *(index.find(order.get("encounter"), holder=order) for order in orders)]:
        if encounter is not None:
            yield as_object(encounter.get("serviceProvider")), encounter
    patient = find_patient(context.patient_id, index) or {}
    practices = objects(patient.get("generalPractitioner"))
    for practice in practices or objects([patient.get("managingOrganization")]):
        yield practice, patient


def _has_ods_code(reference: Json) -> bool:
    identifier = as_object(reference.get("identifier"))
    is_ods = as_text(identifier.get("system")) in {ODS_ORGANISATION, ODS_SITE}
    return is_ods and as_text(identifier.get("value")) is not None


def _path_of(reference: Json, kind: str, holder: Json, index: ResourceIndex) -> str | None:
    """`Type/id` of a reference on the call's own server whose resource, of this type, did not come; else None."""
    target = as_text(reference.get("reference"))
    relative = index.relative(target) if target is not None else None
    named, _, identity = (relative or "").partition("/")
    if named != kind or not _ID.fullmatch(identity) or index.find(reference, holder=holder) is not None:
        return None
    return f"{kind}/{identity}"
