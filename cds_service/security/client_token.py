"""One client token (specification 2.0, "Trusting CDS Clients"; RFC 7515, 7519, 8725): read, then checked.

Reading looks at the form alone and gives what is needed to find the client and its key. Nothing read is believed
until `check` has seen the signature hold; it checks the very bytes that were read.
"""

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Any, NamedTuple

import jwt
import orjson
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidSignatureError,
    PyJWTError,
)

from cds_service.security.clients import Client
from cds_service.security.jwks import PublicKey
from cds_service.security.refusals import NOT_RECOGNISED, Reason, TokenRefusedError

LONGEST_TOKEN = 8192
"""Bytes; a client's token has a header and six or seven claims."""

LONGEST_JTI = 255
MOST_AUDIENCES = 16

MOST_BRACKETS = 64
"""Lists and objects in a header or in claims, and so how deep they can lie: every JSON reader follows that far."""

_SEGMENTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LATEST = 253_402_300_799
"""The last second of the year 9999, as the latest time that a claim may name."""


class ClientToken(NamedTuple):
    """A token as read, none of it proved.

    Attributes:
        encoded: the whole token.
        algorithm: `alg` of its header.
        kid: `kid` of its header.
        jku: `jku` of its header, if any.
        claims: its claims, of the right types.
    """

    encoded: str
    algorithm: str
    kid: str
    jku: str | None
    claims: dict[str, Any]


def read_token(encoded: str) -> ClientToken:
    """Read a token's header and claims, and hold their form against the specification.

    Raises:
        TokenRefusedError: it is not a signed JWT, or a member is missing or of another type.
    """
    if len(encoded) > LONGEST_TOKEN:
        raise TokenRefusedError(Reason.TOO_LONG, f"The token is longer than {LONGEST_TOKEN} bytes. Send fewer claims.")
    if _SEGMENTS.fullmatch(encoded) is None:
        raise _not_a_token("it must be three base64url parts with dots between, signed")
    header, claims = (_json_part(part) for part in encoded.split(".")[:2])
    algorithm, kid, jku, kind = (header.get(name) for name in ("alg", "kid", "jku", "typ"))
    if not isinstance(algorithm, str) or not isinstance(kid, str) or not kid:
        raise _not_a_token("its header needs alg and kid")
    if kind is not None and not (isinstance(kind, str) and kind.upper() == "JWT"):
        raise _not_a_token("typ of its header must be JWT")
    if jku is not None and not isinstance(jku, str):
        raise _not_a_token("jku of its header must be a URL")
    if "crit" in header or "b64" in header:
        raise _not_a_token("its header asks for an extension (crit, b64) that is not supported")
    _check_types(claims)
    return ClientToken(encoded, algorithm, kid, jku, claims)


def check(token: ClientToken, client: Client, keys: Sequence[PublicKey], audiences: Sequence[str]) -> None:
    """Check signature, issuer, audience and times.

    Args:
        token: the token.
        client: the one whose issuer it names.
        keys: that client's keys of the token's `kid` for its algorithm.
        audiences: the public URLs of the endpoint called.

    Raises:
        TokenRefusedError: one of them does not hold.
    """
    claims = token.claims
    try:
        _check_with_any(token, client, keys, audiences)
    except InvalidSignatureError:
        raise TokenRefusedError(Reason.SIGNATURE, NOT_RECOGNISED) from None
    except InvalidAudienceError:
        text = "The token is for another audience: aud must be the public URL of the endpoint called, path and all."
        raise TokenRefusedError(Reason.AUDIENCE, text) from None
    except ExpiredSignatureError:
        raise TokenRefusedError(Reason.TIME, "The token has expired (exp). Sign a new one for each request.") from None
    except ImmatureSignatureError:
        text = "The token is not valid yet (iat or nbf lies in the future). Set the client's clock."
        raise TokenRefusedError(Reason.TIME, text) from None
    except PyJWTError:
        raise TokenRefusedError(Reason.SIGNATURE, NOT_RECOGNISED) from None
    if not 0 < claims["exp"] - claims["iat"] <= client.maximum_life:
        text = f"The token lives too long: exp may be at most {client.maximum_life} seconds after iat."
        raise TokenRefusedError(Reason.LIFE, text)


def _check_with_any(token: ClientToken, client: Client, keys: Sequence[PublicKey], audiences: Sequence[str]) -> None:
    for key in keys[:-1]:
        try:
            _decode(token, client, key, audiences)
        except InvalidSignatureError:
            continue  # a server may publish two keys of one kid while it rotates them
        return
    _decode(token, client, keys[-1], audiences)


def _decode(token: ClientToken, client: Client, key: PublicKey, audiences: Sequence[str]) -> None:
    jwt.decode(
        token.encoded,
        key,
        algorithms=[token.algorithm],
        issuer=client.issuer,
        audience=audiences,
        leeway=client.clock_skew,
        options={"require": ["iss", "aud", "exp", "iat", "jti"], "verify_sub": False},  # CDS Hooks has no use for sub
    )


def _json_part(part: str) -> dict[str, Any]:
    try:
        text = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        read = orjson.loads(text)
    except (binascii.Error, orjson.JSONDecodeError):
        raise _not_a_token("its header and claims must be JSON, base64url without padding") from None
    if text.count(b"[") + text.count(b"{") > MOST_BRACKETS:
        raise _not_a_token("its header and claims must be flat: fewer lists and objects in them")
    if not isinstance(read, dict):
        raise _not_a_token("its header and claims must be JSON objects")
    return read


def _check_types(claims: dict[str, Any]) -> None:
    """The claims' types, before anything calculates with them."""
    if not isinstance(claims.get("iss"), str):
        raise _claim("iss must be the client's issuer, as text")
    audience = claims.get("aud")
    if not ((isinstance(audience, str) and audience) or _is_short_list_of_text(audience)):
        raise _claim("aud must be the public URL of the endpoint called, as text or a list of texts")
    for name in ("exp", "iat"):
        if not _is_time(claims.get(name)):
            raise _claim(f"{name} must be seconds since 1970, as a number")
    if "nbf" in claims and not _is_time(claims["nbf"]):
        raise _claim("nbf must be seconds since 1970, as a number")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise _claim(f"jti must be a text of 1 to {LONGEST_JTI} characters, another for each request")


def _is_short_list_of_text(value: object) -> bool:
    return (
        isinstance(value, list) and 0 < len(value) <= MOST_AUDIENCES and all(isinstance(entry, str) for entry in value)
    )


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LATEST


def _claim(what: str) -> TokenRefusedError:
    return TokenRefusedError(Reason.CLAIM, f"The token's claims are not as CDS Hooks asks: {what}.")


def _not_a_token(what: str) -> TokenRefusedError:
    return TokenRefusedError(Reason.NOT_A_TOKEN, f"The bearer token is not a JWT as CDS Hooks asks: {what}.")
