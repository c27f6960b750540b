"""Who may call (CDS Hooks 2.0, "Trusting CDS Clients"): what the service does without a token and with a bad one."""

import base64
import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import orjson

from cds_service.vendor.address import Address
from cds_service.vendor.check import Check, Level, Rule, all_skipped
from cds_service.vendor.checks_calls import Made
from cds_service.vendor.hooks_known import with_new_instance
from cds_service.vendor.wire import Answer, Wire
from cds_service.vendor.words import JsonObject

MUST, SHOULD, INFO = Level
UNAUTHORIZED: Final = 401
_CLIENTS: Final = "2.0 Trusting CDS Clients"
_REQUIRE: Final = "Require a token where an answer may tell something about a patient."

ANONYMOUS_DISCOVERY = Rule("authentication.discovery", INFO, "discovery without a token", _CLIENTS, _REQUIRE)
ANONYMOUS_CALL = Rule("authentication.call", INFO, "a call without a token", _CLIENTS, _REQUIRE)
CHALLENGE = Rule(
    "authentication.challenge",
    SHOULD,
    "a 401 names the scheme",
    "RFC 9110 15.5.2",
    "Send WWW-Authenticate: Bearer.",
)
NO_TOKEN = Rule(
    "authentication.not-a-token",
    SHOULD,
    "a broken token is answered with 401",
    _CLIENTS,
    "Answer 401 to what cannot be read as a JWT: never 5xx, never cards.",
)
UNSIGNED = Rule(
    "authentication.unsigned",
    MUST,
    "an unsigned token (alg none) is refused",
    f"{_CLIENTS}: JWT Signing Algorithm, r201",
    "Accept only listed asymmetric algorithms, of listed issuers, with the issuer's own keys.",
)
ECHO = Rule(
    "authentication.echo",
    MUST,
    "no answer repeats the caller's token",
    "RFC 6750 5.3",
    "Leave the token out of answers: what repeats it into a log gives it away.",
)

RULES: Final = (ANONYMOUS_DISCOVERY, ANONYMOUS_CALL, CHALLENGE, NO_TOKEN, UNSIGNED)


def authentication_checks(wire: Wire, address: Address, made: Sequence[Made]) -> list[Check]:
    """The first service called without a token, with what is no token, and with a token that nobody signed."""
    if not made:
        return all_skipped(RULES, "no service is listed")
    first = made[0]
    discovery = wire.get(address.discovery, credentials=False)
    anonymous = wire.post(first.url, with_new_instance(first.body), credentials=False)
    broken = _with_token(wire, first, "doctor-is-not.a-valid.token")
    unsigned = _with_token(wire, first, unsigned_token(first.url))
    refusals = [one for one in (discovery, anonymous, broken, unsigned) if one.status == UNAUTHORIZED]
    bare = [one for one in refusals if "www-authenticate" not in one.headers]
    return [
        ANONYMOUS_DISCOVERY.check([], f"is answered with {discovery.status}"),
        ANONYMOUS_CALL.check([], f"is answered with {anonymous.status}"),
        CHALLENGE.check("A 401 came without WWW-Authenticate" for _ in bare)
        if refusals
        else CHALLENGE.skipped("nothing was answered with 401"),
        NO_TOKEN.check(_wrongly_answered(broken, anonymous), _if_open(anonymous)),
        UNSIGNED.skipped("calls are answered without a token")
        if anonymous.accepted
        else UNSIGNED.check(_wrongly_answered(unsigned, anonymous)),
    ]


def echo_check(wire: Wire) -> Check:
    """Whether any answer repeated a secret that was sent; asked last, of everything that was sent."""
    return ECHO.check(wire.secrets_echoed) if wire.has_credentials else ECHO.skipped("no credentials were given")


def unsigned_token(audience: str) -> str:
    """A JWT with `alg` none and an empty signature, otherwise as it should be."""
    now = int(time.time())
    claims = {
        "iss": "https://ehr.example.org",
        "aud": audience,
        "iat": now,
        "exp": now + 300,
        "jti": str(uuid4()),
    }
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def _part(content: JsonObject) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


def _with_token(wire: Wire, made: Made, token: str) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    return wire.post(made.url, with_new_instance(made.body), headers, credentials=False)


def _wrongly_answered(answer: Answer, anonymous: Answer) -> list[str]:
    """Where everybody may call, a bad token need not be looked at; elsewhere it is a 401."""
    if answer.status == UNAUTHORIZED or (anonymous.accepted and answer.accepted):
        return []
    return [f"It {answer.said()}"]


def _if_open(anonymous: Answer) -> str:
    return "calls are answered without a token, too" if anonymous.accepted else ""
