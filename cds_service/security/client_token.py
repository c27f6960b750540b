"""One client token (specification 2.0, "Trusting CDS Clients"; RFC 7515, 7519, 8725): read, then checked.

Reading looks at the form alone and gives what is needed to find the client and its key. Nothing read is believed
until `check_signature` has seen the signature hold over the very bytes that were read. The header and the claims are
parsed once, by one parser, so that nobody can show one thing to the check and another to the use.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

import jwt
import orjson
from jwt.exceptions import PyJWTError

from cds_service.security.clients import Client
from cds_service.security.jwks import PublicKey, algorithms_of
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


def check_signature(token: ClientToken, keys: Sequence[PublicKey]) -> None:
    """Check that one of these keys signed the token (RFC 7515, 5.2).

    Args:
        token: the token.
        keys: the keys of its client, its `kid` and its algorithm; a server may publish two of one `kid` for a while.

    Raises:
        TokenRefusedError: none of them did.
    """
    signed, _, signature = token.encoded.rpartition(".")
    fitting = [key for key in keys if token.algorithm in algorithms_of(key)]
    try:
        decoded = _decoded(signature)
        if fitting:
            algorithm = jwt.get_algorithm_by_name(token.algorithm)
            if any(algorithm.verify(signed.encode("ascii"), key, decoded) for key in fitting):
                return
    except (binascii.Error, PyJWTError):
        pass  # refused below, as every signature that does not hold
    raise TokenRefusedError(Reason.SIGNATURE, NOT_RECOGNISED)


def check_claims(token: ClientToken, client: Client, audiences: Sequence[str], now: float) -> None:
    """Check issuer, audience and times of a token whose signature holds: on the very claims that were read and signed.

    Args:
        token: the token.
        client: the one that signed it.
        audiences: the public URLs of the endpoint called.
        now: seconds since 1970.

    Raises:
        TokenRefusedError: one of them does not hold.
    """
    claims, skew = token.claims, client.clock_skew
    if claims["iss"] != client.issuer:
        raise TokenRefusedError(Reason.ISSUER, NOT_RECOGNISED)
    named = claims["aud"]
    if not any(audience in audiences for audience in ([named] if isinstance(named, str) else named)):
        text = "The token is for another audience: aud must be the public URL of the endpoint called, path and all."
        raise TokenRefusedError(Reason.AUDIENCE, text)
    if claims["exp"] <= now - skew:
        raise TokenRefusedError(Reason.TIME, "The token has expired (exp). Sign a new one for each request.")
    if claims["iat"] > now + skew or claims.get("nbf", 0) > now + skew:
        text = "The token is not valid yet (iat or nbf lies in the future). Set the client's clock."
        raise TokenRefusedError(Reason.TIME, text)
    if not 0 < claims["exp"] - claims["iat"] <= client.maximum_life:
        text = f"The token's life is not right: exp must lie after iat, by at most {client.maximum_life} seconds."
        raise TokenRefusedError(Reason.LIFE, text)


def _decoded(part: str) -> bytes:
    """The bytes of a part of a token; one spelling of them is right (RFC 4648, 3.5)."""
    decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if urlsafe_b64encode(decoded).rstrip(b"=") != part.encode("ascii"):
        raise binascii.Error
    return decoded


def _json_part(part: str) -> dict[str, Any]:
    try:
        text = _decoded(part)
        read = orjson.loads(text)
    except (binascii.Error, orjson.JSONDecodeError):
        raise _not_a_token("its header and claims must be JSON, base64url without padding") from None
    if text.count(b"[") + text.count(b"{") > MOST_BRACKETS:
        raise _not_a_token("its header and claims must be flat: fewer lists and objects in them")
    if not isinstance(read, dict):
        raise _not_a_token("its header and claims must be JSON objects")
    if orjson.dumps(read) != text:  # as most are written: then no name was lost
        _check_names(text)
    return read


def _check_names(text: bytes) -> None:
    """Refuse a JSON text with a name twice in one object: of the two each reader keeps its own (RFC 7519, 4)."""
    _NAMES.decode(text.decode())


def _named_once(members: list[tuple[str, object]]) -> None:
    if len(dict(members)) < len(members):
        raise _not_a_token("its header and claims must name each member once")


_NAMES = json.JSONDecoder(object_pairs_hook=_named_once, parse_int=str, parse_float=str)


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
