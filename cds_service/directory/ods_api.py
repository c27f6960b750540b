"""The Organisation Data Service's own interface (ORD 2-0-0): practices of a commissioner, and one organisation.

Source: https://digital.nhs.uk/developer/api-catalogue/organisation-data-service-ord. It is open to everyone; only
ODS codes are sent. Its FHIR sibling is not used: we have not seen confirmed how that states relationships.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import httpx

from cds_service.directory.practices import PRESCRIBING_SETTINGS, OdsPractice, OdsStatus

ORD: Final = "https://directory.spineservices.nhs.uk/ORD/2-0-0"
"""Where it is."""

SECONDS: Final = 15.0
"""How long one answer may take."""

PAGE: Final = 1000
"""Organisations that are asked for at once, the most that it gives."""

_TRIES: Final = 3
_PAUSE: Final = 2.0
_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_COST_CENTRE, _COMMISSIONED_BY, _PARTNER_TO = "RO177", "RE4", "RE8"
_SUB_ICB, _NETWORK = "RO98", "RO272"
_STATUS_OF: Final[Mapping[str, OdsStatus]] = {"active": "active", "inactive": "closed"}


class OdsApiError(Exception):
    """ODS did not answer, or not as documented; the message names the address and what to do."""


class OdsApi:
    """Asks ODS.

    Args:
        base: its address.
        pause: waits between two tries, in seconds.
    """

    def __init__(self, base: str = ORD, pause: Callable[[float], None] = time.sleep) -> None:
        self._base = base.rstrip("/")
        self._client = httpx.Client(timeout=SECONDS, headers={"Accept": "application/json"})
        self._pause = pause

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def codes_commissioned_by(self, sub_icb: str) -> Iterator[str]:
        """The codes of all active prescribing cost centres of a sub-ICB location, page by page.

        Raises:
            OdsApiError: ODS did not answer as documented, or gave fewer than it counts; a 404 is no empty list.
        """
        asked = {
            "PrimaryRoleId": _COST_CENTRE,
            "RelTypeId": _COMMISSIONED_BY,
            "TargetOrgId": sub_icb,
            "RelStatus": "active",
            "Status": "Active",
            "Limit": str(PAGE),
        }
        seen: set[str] = set()
        while True:
            offset = {"Offset": str(len(seen))} if seen else {}
            response = self._get("/organisations", {**asked, **offset})
            listed = [_text(entry, "OrgId").upper() for entry in _list(_json(response), "Organisations")]
            new = [code for code in dict.fromkeys(listed) if code not in seen]
            seen.update(new)
            yield from new
            if len(listed) < PAGE or not new:
                break
        total = response.headers.get("X-Total-Count", "")
        if total.isdigit() and int(total) != len(seen):
            msg = f"{self._base} counts {total} organisations of {sub_icb} and gave {len(seen)}. Try again later"
            raise OdsApiError(msg)

    def practice(self, code: str) -> OdsPractice | None:
        """One organisation; None for a 404: ODS knows no such code, or the address is wrong.

        Raises:
            OdsApiError: ODS did not answer as documented.
        """
        response = self._get(f"/organisations/{code}", {}, may_be_unknown=True)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        organisation = _json(response).get("Organisation")
        if not isinstance(organisation, dict):
            msg = f"{response.url} answered without an Organisation. Try again later"
            raise OdsApiError(msg)
        return _practice(code, organisation)

    def _get(self, path: str, asked: Mapping[str, str], *, may_be_unknown: bool = False) -> httpx.Response:
        for attempt in range(1, _TRIES + 1):
            try:
                response = self._client.get(self._base + path, params=dict(asked))
            except httpx.HTTPError as error:
                fault = f"cannot be reached ({type(error).__name__})"
            else:
                if response.is_success or (may_be_unknown and response.status_code == httpx.codes.NOT_FOUND):
                    return response
                fault = f"answered {response.status_code}"
                if response.status_code not in _AGAIN:
                    break
            if attempt < _TRIES:
                self._pause(_PAUSE * attempt)
        msg = f"{self._base}{path} {fault}. Check the address and the way out of this network, or import a file instead"
        raise OdsApiError(msg)


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        msg = f"{response.url} did not answer with JSON. Check the address"
        raise OdsApiError(msg)
    return body


def _practice(code: str, organisation: Mapping[str, Any]) -> OdsPractice:
    status = _STATUS_OF.get(_text(organisation, "Status").lower())
    if status is None:
        stated = organisation.get("Status")
        msg = f"/organisations/{code} states the Status {stated!r:.60} and neither Active nor Inactive. Try again later"
        raise OdsApiError(msg)
    roles = [_text(role, "id") for role in _active(organisation, "Roles", "Role")]
    known = [role for role in PRESCRIBING_SETTINGS if role in roles]
    others = [role for role in roles if role != _COST_CENTRE]
    relations = list(_active(organisation, "Rels", "Rel"))
    return OdsPractice(
        code=code.upper(),
        name=_text(organisation, "Name"),
        role=next(iter([*known, *others]), ""),
        commissioner=_target(relations, _COMMISSIONED_BY, _SUB_ICB),
        geography="",
        status=status,
        pcn=_target(relations, _PARTNER_TO, _NETWORK),
    )


def _active(organisation: Mapping[str, Any], outer: str, inner: str) -> Iterator[Mapping[str, Any]]:
    """The entries of a list within a list that hold now: ORD writes `Roles.Role[]` and `Rels.Rel[]`."""
    holder = organisation.get(outer)
    for entry in _list(holder if isinstance(holder, dict) else {}, inner):
        if _text(entry, "Status").lower() == "active":
            yield entry


def _target(relations: list[Mapping[str, Any]], kind: str, role: str) -> str:
    """The code of the organisation of some role to which a relation of some kind points; empty when there is none."""
    for relation in relations:
        target = relation.get("Target")
        if relation.get("id") != kind or not isinstance(target, dict):
            continue
        primary, identifier = target.get("PrimaryRoleId"), target.get("OrgId")
        if isinstance(primary, dict) and primary.get("id") == role and isinstance(identifier, dict):
            return _text(identifier, "extension").upper()
    return ""


def _list(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = holder.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _text(holder: Mapping[str, Any], name: str) -> str:
    found = holder.get(name)
    return found.strip() if isinstance(found, str) else ""
