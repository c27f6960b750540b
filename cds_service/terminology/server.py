"""A FHIR R4 terminology server: what an ECL expression holds now, and whether a code is known.

Loaded by commands alone: no call of an EHR ever waits for such a server (`docs/decisions/0010-explicit-code-lists.md`).
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx

from cds_service.terminology.vocabulary import SNOMED

PAGE: Final = 500
"""Codes that are asked for at once."""

MOST_CODES: Final = 20_000
"""An expression that holds more is too wide to be meant."""

_TERM: Final = re.compile(r"\s*\|[^|]*\|")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST: Final = 200


class TerminologyServerError(Exception):
    """The server did not answer as FHIR says; the message names the address, the operation and what to do."""


class ClientCredentials(NamedTuple):
    """What an OAuth2 token is asked for with (RFC 6749, 4.4)."""

    token_url: str
    client_id: str
    secret: str


class Validated(NamedTuple):
    """What a server says of a code: whether it is known and active, and its name."""

    is_valid: bool
    display: str | None


class TerminologyServer:
    """Asks a terminology server.

    Args:
        base: its FHIR base address, https; http on this machine alone.
        credentials: what a token is asked for with; None for an open server.
        seconds: how long one answer may take.

    Raises:
        TerminologyServerError: an address is not https.
    """

    def __init__(self, base: str, credentials: ClientCredentials | None = None, seconds: float = 30.0) -> None:
        for url in filter(None, [base, credentials.token_url if credentials else None]):
            parts = urlsplit(url)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
                msg = f"{url} is not an https address. A token and a list of codes must come unchanged: give https"
                raise TerminologyServerError(msg)
        self._base = base.rstrip("/")
        self._credentials = credentials
        self._client = httpx.Client(timeout=seconds, headers={"Accept": "application/fhir+json"})
        self._token: str | None = None

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def expand(self, ecl: str) -> dict[str, str]:
        """The active codes that an expression holds, with their names (`ValueSet/$expand`, all pages).

        Args:
            ecl: the expression; terms between bars are not sent.

        Raises:
            TerminologyServerError: the server did not answer as FHIR says, or with less than it counts.
        """
        url = f"{SNOMED}?fhir_vs=ecl/{_TERM.sub('', ecl)}"
        found: dict[str, str] = {}
        while True:
            asked = {"url": url, "count": str(PAGE), "offset": str(len(found)), "activeOnly": "true"}
            expansion = self._get("ValueSet/$expand", asked).get("expansion")
            if not isinstance(expansion, dict):
                raise self._error("ValueSet/$expand", "answered without an expansion")
            contains = expansion.get("contains", [])
            page = {entry["code"]: entry.get("display", "") for entry in contains if entry.get("code")}
            before = len(found)
            found.update(page)
            total = expansion.get("total")
            if isinstance(total, int) and total > MOST_CODES:
                raise self._error("ValueSet/$expand", f"counts {total} codes, too many to be meant")
            if not page or len(found) == before or (total is None and len(page) < PAGE) or len(found) == total:
                break
        if isinstance(total, int) and len(found) != total:
            raise self._error("ValueSet/$expand", f"counts {total} codes and gave {len(found)}")
        return found

    def validate(self, code: str) -> Validated:
        """Whether SNOMED CT on this server has an active concept of this code (`CodeSystem/$validate-code`).

        Raises:
            TerminologyServerError: the server did not answer as FHIR says.
        """
        answer = self._get("CodeSystem/$validate-code", {"url": SNOMED, "code": code})
        values = {entry.get("name"): entry for entry in answer.get("parameter", []) if isinstance(entry, dict)}
        result = values.get("result", {}).get("valueBoolean")
        if not isinstance(result, bool):
            raise self._error("CodeSystem/$validate-code", "answered without a result")
        is_inactive = values.get("inactive", {}).get("valueBoolean") is True
        return Validated(result and not is_inactive, values.get("display", {}).get("valueString"))

    def _get(self, operation: str, asked: Mapping[str, str]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._bearer()}"} if self._credentials is not None else {}
        try:
            response = self._client.get(f"{self._base}/{operation}", params=dict(asked), headers=headers)
        except httpx.HTTPError as error:
            raise self._error(operation, f"cannot be reached ({type(error).__name__})") from None
        body = _object(response)
        if body is None:
            raise self._error(operation, f"answered {response.status_code} without JSON")
        if not response.is_success or body.get("resourceType") == "OperationOutcome":
            raise self._error(operation, f"answered {response.status_code}{_told(body)}")
        return body

    def _bearer(self) -> str:
        """The token, asked for once: a command is over before it is."""
        if self._token is None and self._credentials is not None:
            form = {
                "grant_type": "client_credentials",
                "client_id": self._credentials.client_id,
                "client_secret": self._credentials.secret,
            }
            try:
                headers = {"Accept": "application/json"}
                response = self._client.post(self._credentials.token_url, data=form, headers=headers)
            except httpx.HTTPError as error:
                msg = f"{self._credentials.token_url} cannot be reached ({type(error).__name__}). Check the address"
                raise TerminologyServerError(msg) from None
            token = (_object(response) or {}).get("access_token")
            if not response.is_success or not isinstance(token, str):
                fault = f"gave no token ({response.status_code})"
                msg = f"{self._credentials.token_url} {fault}. Check client id and secret"
                raise TerminologyServerError(msg)
            self._token = token
        return self._token or ""

    def _error(self, operation: str, fault: str) -> TerminologyServerError:
        return TerminologyServerError(f"{self._base}/{operation} {fault}. Check address and access, then try again")


def _object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _told(outcome: Mapping[str, Any]) -> str:
    """What an OperationOutcome says, cut; empty when it says nothing."""
    issues = outcome.get("issue")
    first = issues[0] if isinstance(issues, list) and issues and isinstance(issues[0], dict) else {}
    details = first.get("details")
    words = first.get("diagnostics") or (details.get("text") if isinstance(details, dict) else None)
    return f": {' '.join(str(words).split())[:_LONGEST]}" if words else ""
