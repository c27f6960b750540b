"""Prefetch as an EHR fills it: a service's templates resolved from the context and fetched from a FHIR server.

The templates come from the service, so they are read with suspicion: only what stays below the FHIR base is fetched.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from cds_service.vendor.wire import Wire
from cds_service.vendor.words import JsonObject

MOST_TEMPLATES: Final = 40
"""Templates of one service that are filled."""

TOKEN: Final = re.compile(r"\{\{(.*?)\}\}")
RELATIVE: Final = re.compile(r"(?:[A-Z][A-Za-z]+(?:/[^\s?#]*)?|\{\{[^}]*\}\})(?:\?[^\s#]*)?")
"""What a template looks like once its tokens hold no blanks: a read or a search below the FHIR base."""

USER_TOKENS: Final = frozenset({"userPractitionerId", "userPractitionerRoleId", "userPatientId", "userRelatedPersonId"})
_TODAY: Final = re.compile(r"today\(\)(?:\s*([+-])\s*(\d{1,5})\s*days?)?")


@dataclass(frozen=True, slots=True)
class Filled:
    """The prefetch of one call, and why the other keys were left out."""

    prefetch: JsonObject
    left_out: Mapping[str, str]


def is_relative(template: str) -> bool:
    """Whether a template, or what became of it, is a FHIR read or search relative to the FHIR base."""
    shape = TOKEN.sub("{{token}}", template)
    return RELATIVE.fullmatch(shape) is not None and ".." not in shape.partition("?")[0].split("/")


def tokens_of(template: str) -> list[str]:
    """The tokens of a template, without their braces."""
    return [token.strip() for token in TOKEN.findall(template)]


def has_stray_braces(template: str) -> bool:
    """Whether braces of a template are no token's: one that does not end, or ends twice."""
    return not {"{", "}"}.isdisjoint(TOKEN.sub("", template))


def is_date_token(token: str) -> bool:
    """Whether a token is today's date, or a day counted from it (3.0)."""
    return _TODAY.fullmatch(token) is not None


def resolved(template: str, context: Mapping[str, object]) -> str | None:
    """The relative URL that a template stands for; None when a token cannot be filled, or it is no relative URL."""
    known = _known_tokens(context)
    unfilled = False

    def value_of(match: re.Match[str]) -> str:
        nonlocal unfilled
        value = known.get(match[1].strip()) or _day(match[1].strip())
        unfilled = unfilled or value is None
        return quote(value or "", safe="/:,|")

    url = TOKEN.sub(value_of, template)
    return None if unfilled or not is_relative(url) else url


def fill(templates: Mapping[str, str], context: Mapping[str, object], wire: Wire, base: str) -> Filled:
    """Fetch what the templates ask for; a key that cannot be had is left out.

    Args:
        templates: by key, as discovery lists them.
        context: the context of the hook call.
        wire: asks the FHIR server, without the credentials meant for the CDS service.
        base: the FHIR server's base URL, without a trailing slash.
    """
    filled: JsonObject = {}
    left_out: dict[str, str] = {}
    for key, template in list(templates.items())[:MOST_TEMPLATES]:
        url = resolved(template, context)
        if url is None:
            left_out[key] = "a token of its template has no value in the context, or the template is not relative"
            continue
        answer = wire.get(f"{base}/{url}", credentials=False)
        resource = answer.json()
        if answer.accepted and isinstance(resource, dict) and "resourceType" in resource:
            filled[key] = resource
        else:
            left_out[key] = f"the FHIR server {answer.said()}"
    return Filled(filled, left_out)


def _day(token: str) -> str | None:
    match = _TODAY.fullmatch(token)
    if match is None:
        return None
    days = int(match[2] or 0) * (-1 if match[1] == "-" else 1)
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def _known_tokens(context: Mapping[str, object]) -> dict[str, str]:
    known = {f"context.{name}": value for name, value in context.items() if isinstance(value, str) and value}
    user_type, _, user_id = known.get("context.userId", "").rpartition("/")
    if user_type:
        known[f"user{user_type.rpartition('/')[2]}Id"] = user_id
    return known
