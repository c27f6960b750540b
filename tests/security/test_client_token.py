import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.api_jws import PyJWS

from cds_service.security.client_token import (
    LONGEST_TOKEN,
    MOST_BRACKETS,
    ClientToken,
    read_token,
)
from cds_service.security.clients import Algorithm, Client
from cds_service.security.jwks import KeySet, PublicKey
from cds_service.security.minting import SigningKey
from cds_service.security.refusals import NOT_RECOGNISED, Reason, TokenRefusedError
from tests.security.conftest import check

MakeKey = Callable[[Algorithm], SigningKey]
Json = dict[str, Any]

ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "ES384", "RS384", "PS384", "EdDSA")
ISSUER = "https://ehr.example.nhs.uk"
AUDIENCE = "https://cds.example.nhs.uk/cds-services/msk-imaging-pathway"
OTHER_AUDIENCE = "https://cds.example.nhs.uk/cds-services/msk-imaging-pathway/feedback"
CLIENT = Client(id="ehr", issuer=ISSUER, jwks_url="https://ehr.example.nhs.uk/jwks", algorithms=ALGORITHMS)
HEADER = {"alg": "ES384", "typ": "JWT", "kid": "key-1"}
MARK = "marked-value"
MUCH = 30
"""Seconds from a limit: far more than a test takes."""

NOTHING: Any = object()
"""Stands for a member that is left out."""

WRONG_TYPES = [NOTHING, None, True, [], {}, {"a": 1}, [[]], [None], [1]]


def claims(**changed: Any) -> Json:  # noqa: ANN401 - any JSON
    """Good claims, but for these."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 120, "jti": "one"}
    return {name: value for name, value in {**good, **changed}.items() if value is not NOTHING}


def header(**changed: Any) -> Json:  # noqa: ANN401 - any JSON
    """A good header, but for these."""
    return {name: value for name, value in {**HEADER, **changed}.items() if value is not NOTHING}


def segment(value: object) -> str:
    """One part of a token: bytes as they are, text in UTF-8, anything else as JSON."""
    raw = value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(head: object = HEADER, body: object = NOTHING, signature: bytes = b"signature") -> str:
    """A token in form, whose signature is none."""
    return f"{segment(head)}.{segment(claims() if body is NOTHING else body)}.{segment(signature)}"


def refusal(encoded: str) -> TokenRefusedError:
    """Why a token cannot be read."""
    with pytest.raises(TokenRefusedError) as raised:
        read_token(encoded)
    return raised.value


def signed(key: SigningKey, body: Json | bytes | None = None, head: Json | None = None) -> str:
    """A token that a key signed."""
    payload = body if isinstance(body, bytes) else json.dumps(claims() if body is None else body).encode()
    return PyJWS().encode(payload, key._private, key.algorithm, headers=head or {"kid": key.public_jwk["kid"]})


def keys_of(key: SigningKey) -> list[PublicKey]:
    """A key's public half, as a key source gives it."""
    return KeySet.fetched({"keys": [key.public_jwk]}).matching(key.public_jwk["kid"], key.algorithm)


def checked(key: SigningKey, body: Json | bytes | None = None, *, client: Client = CLIENT) -> ClientToken:
    """A token read and checked."""
    token = read_token(signed(key, body))
    check(token, client, keys_of(key), [AUDIENCE])
    return token


def failure(key: SigningKey, body: Json | bytes | None = None, *, client: Client = CLIENT) -> TokenRefusedError:
    """Why a signed token does not pass."""
    with pytest.raises(TokenRefusedError) as raised:
        checked(key, body, client=client)
    return raised.value


@contextmanager
def refused_at_most_for(allowed: Reason) -> Iterator[None]:
    """Let a refusal pass, but for no other reason than this."""
    try:
        yield
    except TokenRefusedError as error:
        if error.reason is not allowed:
            raise


@pytest.fixture(scope="module")
def key(signing_key: MakeKey) -> SigningKey:
    """The client's key."""
    return signing_key("ES384")


def test_a_token_is_read() -> None:
    """Header and claims, none of it proved."""
    body = claims(tenant="north", fhirUser=5)
    encoded = unsigned(header(jku="https://ehr.example.nhs.uk/jwks"), body)

    assert read_token(encoded) == ClientToken(encoded, "ES384", "key-1", "https://ehr.example.nhs.uk/jwks", body)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_good_token_of_each_algorithm_passes(signing_key: MakeKey, algorithm: Algorithm) -> None:
    """Signature, issuer, audience and times hold."""
    assert checked(signing_key(algorithm)).algorithm == algorithm


@pytest.mark.parametrize(
    "head",
    [
        header(alg=NOTHING),
        header(alg=None),
        header(alg=1),
        header(alg=["ES384"]),
        header(alg={}),
        header(kid=NOTHING),
        header(kid=None),
        header(kid=""),
        header(kid=1),
        header(kid=["key-1"]),
        header(kid={}),
        header(typ=1),
        header(typ=True),
        header(typ=["JWT"]),
        header(typ=""),
        header(typ="at+jwt"),
        header(typ="JWE"),
        header(jku=1),
        header(jku=True),
        header(jku=["https://ehr.example.nhs.uk/jwks"]),
        header(jku={}),
        header(crit=["exp"]),
        header(crit=[]),
        header(crit=None),
        header(b64=False),
        header(b64=True),
        header(b64=None),
    ],
)
def test_a_header_that_is_not_as_asked_for_is_refused(head: Json) -> None:
    """An extension that is not understood must not be passed over (RFC 7515, 4.1.11)."""
    refused = refusal(unsigned(head))

    assert refused.reason is Reason.NOT_A_TOKEN
    assert "header" in refused.advice


@pytest.mark.parametrize(
    "change",
    [
        {"typ": NOTHING},
        {"typ": None},
        {"typ": "jwt"},
        {"jku": None},
        {"cty": "x"},
        {"jwk": {"kty": "oct"}},
        {"x5u": "https://h"},
    ],
)
def test_a_header_may_leave_out_what_is_optional_and_hold_more(change: Json) -> None:
    """A key or an address of a key in the header is never looked at."""
    assert read_token(unsigned(header(**change))).jku is None


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES512", "", "es384"])
def test_any_algorithm_can_be_read(algorithm: str) -> None:
    """Whether the client may use it is asked of its entry."""
    assert read_token(unsigned(header(alg=algorithm))).algorithm == algorithm


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "jti"])
@pytest.mark.parametrize("value", WRONG_TYPES)
def test_a_claim_missing_or_of_another_type_is_refused(name: str, value: object) -> None:
    """By its name, before anything calculates with it."""
    refused = refusal(unsigned(body=claims(**{name: value})))

    assert refused.reason is Reason.CLAIM
    assert f"{name} must be" in refused.advice


@pytest.mark.parametrize("value", [None, True, "", "5", [], {}])
def test_nbf_may_be_left_out_but_not_be_of_another_type(value: object) -> None:
    """`null` is not the same as nothing."""
    assert "nbf must be" in refusal(unsigned(body=claims(nbf=value))).advice
    assert "nbf" not in read_token(unsigned()).claims


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1700000000", "", "now", -1, -0.5, 253_402_300_800, 10**19, 10**30, 1e300])
def test_a_time_is_a_number_within_reason(name: str, value: object) -> None:
    """From 1970 to the year 9999, never text."""
    refused = refusal(unsigned(body=claims(**{name: value})))

    assert refused.reason is Reason.CLAIM
    assert f"{name} must be seconds since 1970, as a number" in refused.advice


@pytest.mark.parametrize(
    "literal", ["1e400", "-1e400", "NaN", "Infinity", "-Infinity", "9" * 5000, "1e999999999", "0x10", "01"]
)
@pytest.mark.parametrize("name", ["exp", "iat", "nbf", "other"])
def test_a_number_that_no_machine_holds_is_refused(name: str, literal: str) -> None:
    """As JSON that cannot be read, or as a time out of reason; never with another exception."""
    body = json.dumps(claims(**{name: MARK})).replace(f'"{MARK}"', literal)

    assert refusal(unsigned(body=body)).reason in {Reason.NOT_A_TOKEN, Reason.CLAIM}


@pytest.mark.parametrize("value", ["", "i" * 256, 5])
def test_a_jti_is_a_text_of_1_to_255_characters(value: object) -> None:
    """It is kept until the token has expired."""
    assert "jti must be a text of 1 to 255 characters" in refusal(unsigned(body=claims(jti=value))).advice
    assert read_token(unsigned(body=claims(jti="i" * 255))).claims["jti"] == "i" * 255
    assert read_token(unsigned(body=claims(jti="é" * 255))).claims["jti"] == "é" * 255


@pytest.mark.parametrize("value", [1, 1.5, [AUDIENCE, 1], [AUDIENCE] * 17, {AUDIENCE: 1}])
def test_an_audience_is_a_text_or_a_short_list_of_texts(value: object) -> None:
    """RFC 7519, 4.1.3."""
    assert "aud must be" in refusal(unsigned(body=claims(aud=value))).advice


def test_an_audience_may_be_a_list(key: SigningKey) -> None:
    """Of up to sixteen, of which one is the endpoint called."""
    assert checked(key, claims(aud=[AUDIENCE]))
    assert checked(key, claims(aud=[*["https://other.example.org"] * 15, AUDIENCE]))


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e",
        " ",
        "\n",
        "\0",
        "é.é.é",
        "Bearer a.b.c",
    ],
)
def test_what_is_not_three_parts_is_no_token(encoded: str) -> None:
    """Of base64url, each with something in it; an encrypted token has five."""
    assert refusal(encoded).reason is Reason.NOT_A_TOKEN


@pytest.mark.parametrize(
    "change",
    [
        lambda good: good.rpartition(".")[0],
        lambda good: good.rpartition(".")[0] + ".",
        lambda good: "." + good.partition(".")[2],
        lambda good: good.replace(".", "..", 1),
        lambda good: good + ".e30",
        lambda good: good + "=",
        lambda good: good.replace(".", "=.", 1),
        lambda good: good + "\n",
        lambda good: "\n" + good,
        lambda good: good + " ",
        lambda good: good + "é",
        lambda good: good + "\ud800",
        lambda good: good.replace(".", "%2E"),
        lambda good: good + "+",
        lambda good: good + "/",
        lambda good: good.replace(".", ",", 1),
    ],
)
def test_a_good_token_in_another_form_is_no_token(change: Callable[[str], str]) -> None:
    """One token has one form: no padding, no other alphabet, nothing around it."""
    assert refusal(change(unsigned())).reason is Reason.NOT_A_TOKEN


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"a",
        b"null",
        b"true",
        b"5",
        b'"text"',
        b"[]",
        b"[{}]",
        b"{",
        b"{} {}",
        b"\xff\xfe",
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b"{'a':1}",
        b'\xef\xbb\xbf{"alg":"ES384"}',
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_part_that_is_no_json_object_is_no_token(place: int, part: bytes) -> None:
    """Header and claims alike."""
    parts = unsigned().split(".")
    parts[place] = segment(part)

    assert refusal(".".join(parts)).reason is Reason.NOT_A_TOKEN


@pytest.mark.parametrize("place", [0, 1])
def test_a_part_of_an_impossible_length_is_no_token(place: int) -> None:
    """One character beyond a multiple of four is no byte."""
    parts = unsigned().split(".")
    parts[place] = "e30AA"

    assert refusal(".".join(parts)).reason is Reason.NOT_A_TOKEN


def test_a_token_has_at_most_8192_bytes() -> None:
    """That of 8193 is refused unread."""
    spare = LONGEST_TOKEN - len(unsigned(signature=b""))
    longest = f"{unsigned(signature=b'')}{'A' * spare}"

    assert read_token(longest).kid == "key-1"
    refused = refusal(longest + "A")
    assert (refused.reason, refused.advice) == (
        Reason.TOO_LONG,
        "The token is longer than 8192 bytes. Send fewer claims.",
    )


@pytest.mark.parametrize("depth", [10, 900, 1000, 1023, 1024, 2000])
@pytest.mark.parametrize("place", [0, 1])
def test_a_deeply_nested_part_does_no_harm(key: SigningKey, place: int, depth: int) -> None:
    """Two readers see the token, each with its own limit; neither ends in anything but a refusal."""
    nested = json.dumps(claims() if place else header())[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"
    encoded = unsigned(body=nested) if place else unsigned(nested)

    with pytest.raises(TokenRefusedError):
        check(read_token(encoded), CLIENT, keys_of(key), [AUDIENCE])


def test_a_deeply_nested_claim_in_a_signed_token_does_no_harm(key: SigningKey) -> None:
    """Where the signature holds, the claims are read a second time."""
    nested = json.dumps(claims())[:-1] + ',"x":' + "[" * 1015 + "]" * 1015 + "}"

    assert failure(key, nested.encode()).reason in {Reason.NOT_A_TOKEN, Reason.SIGNATURE}


@pytest.mark.parametrize("place", [0, 1])
def test_a_part_holds_no_more_lists_and_objects_than_a_reader_follows(place: int) -> None:
    """Side by side or in each other; of a client's token one or two are expected."""
    most = {**(claims() if place else header()), "x": [[]] * (MOST_BRACKETS - 2)}
    more = {**most, "y": {}}

    assert read_token(unsigned(body=most) if place else unsigned(most)).kid == "key-1"
    refused = refusal(unsigned(body=more) if place else unsigned(more))
    assert (refused.reason, "must be flat" in refused.advice) == (Reason.NOT_A_TOKEN, True)


TWICE = [
    ('"alg": "none", ', ""),
    ('"kid":"other",', ""),
    ('"\\u0061lg": "none", ', ""),
    ("", '"iss": "https://other.example.org", '),
    ("", '"jti":"another",'),
    ("", '"\\u006ati": "another", '),
    ("", '"x": [{"y": 1, "y": 2}], '),
]


@pytest.mark.parametrize(("more_header", "more_claims"), TWICE)
def test_a_part_that_names_a_member_twice_is_refused(more_header: str, more_claims: str) -> None:
    """A proxy that looks at the token may keep the one, and the service the other."""
    head, body = f"{{{more_header}{json.dumps(header())[1:]}", f"{{{more_claims}{json.dumps(claims())[1:]}"

    refused = refusal(unsigned(head, body))

    assert (refused.reason, "each member once" in refused.advice) == (Reason.NOT_A_TOKEN, True)


@pytest.mark.parametrize("written", [{}, {"separators": (",", ":")}, {"indent": 2}, {"ensure_ascii": False}])
def test_however_its_parts_are_written_a_token_is_read(written: dict[str, Any]) -> None:
    """With blanks, escapes, fractions and numbers beyond any clock's."""
    body = claims(exp=claims()["iat"] + 60.25, name='Zoë "Z"', big=10**40)

    assert read_token(unsigned(json.dumps(header(), **written), json.dumps(body, **written))).kid == "key-1"


@pytest.mark.parametrize("skew", [0, 60, 600])
def test_a_token_expires(key: SigningKey, skew: int) -> None:
    """After `exp` and the client's skew."""
    client = CLIENT.model_copy(update={"clock_skew": skew})
    now = int(time.time())

    refused = failure(key, claims(iat=now - skew - MUCH - 60, exp=now - skew - MUCH), client=client)

    assert refused.reason is Reason.TIME
    assert "expired (exp)" in refused.advice


def test_a_token_just_expired_passes_within_the_skew(key: SigningKey) -> None:
    """The client's clock may be behind."""
    client = CLIENT.model_copy(update={"clock_skew": 600})
    now = int(time.time())

    assert checked(key, claims(iat=now - 120, exp=now - MUCH), client=client)


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_token_from_the_future_is_refused(key: SigningKey, name: str) -> None:
    """Beyond the client's skew."""
    now = int(time.time())

    refused = failure(key, claims(**{name: now + 60 + MUCH, "exp": now + 200}))

    assert refused.reason is Reason.TIME
    assert "iat or nbf lies in the future" in refused.advice


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_clock_that_runs_fast_within_the_skew_does_no_harm(key: SigningKey, name: str) -> None:
    """The client's skew allows for it."""
    client = CLIENT.model_copy(update={"clock_skew": 600})
    now = int(time.time())

    assert checked(key, claims(**{name: now + 200, "exp": now + 250}), client=client)


@pytest.mark.parametrize("early", [1, 300, 3600, 86_400])
def test_an_nbf_minutes_early_is_fine(key: SigningKey, early: int) -> None:
    """Epic sends it so; it says nothing of the token's life."""
    now = int(time.time())

    assert checked(key, claims(nbf=now - early))


def test_times_may_have_fractions(key: SigningKey) -> None:
    """RFC 7519 allows them."""
    now = time.time()

    assert checked(key, claims(iat=now - 0.5, nbf=now - 0.5, exp=now + 100.5))


@pytest.mark.parametrize(
    ("life", "passes"), [(1, True), (300, True), (300.5, False), (301, False), (3600, False), (0, False), (-1, False)]
)
def test_a_token_lives_at_most_as_long_as_the_client_may_ask(key: SigningKey, life: float, passes: bool) -> None:
    """From `iat` to `exp`; one that ends before it begins does not live at all."""
    client = CLIENT.model_copy(update={"clock_skew": 600})
    now = int(time.time())
    body = claims(iat=now, exp=now + life)

    if passes:
        assert checked(key, body, client=client)
    else:
        assert failure(key, body, client=client).reason is Reason.LIFE


def test_a_token_that_was_signed_long_ago_for_long_is_refused(key: SigningKey) -> None:
    """However soon it expires now."""
    now = int(time.time())

    assert failure(key, claims(iat=now - 4000, exp=now + 60)).reason is Reason.LIFE
    assert failure(key, claims(iat=0, exp=now + 60)).reason is Reason.LIFE
    assert failure(key, claims(exp=253_402_300_799)).reason is Reason.LIFE


@pytest.mark.parametrize(
    "audience",
    [
        "",
        "https://cds.example.nhs.uk",
        AUDIENCE + "/",
        AUDIENCE + "?x",
        AUDIENCE.upper(),
        AUDIENCE[:-1],
        OTHER_AUDIENCE,
        [],
        [OTHER_AUDIENCE],
        [""],
        [AUDIENCE + "/", "https://cds.example.nhs.uk"],
    ],
)
def test_a_token_for_another_audience_is_refused(key: SigningKey, audience: object) -> None:
    """Compared whole; that of another endpoint of the same service is another."""
    assert failure(key, claims(aud=audience)).reason in {Reason.AUDIENCE, Reason.CLAIM}


def test_the_advice_for_another_audience_names_the_claim(key: SigningKey) -> None:
    """And not what is registered."""
    refused = failure(key, claims(aud=OTHER_AUDIENCE))

    assert refused.reason is Reason.AUDIENCE
    assert "aud must be the public URL of the endpoint called" in refused.advice
    assert AUDIENCE not in refused.advice


def test_one_of_several_public_addresses_suffices(key: SigningKey) -> None:
    """Behind a proxy, an endpoint may have two."""
    token = read_token(signed(key))

    check(token, CLIENT, keys_of(key), ["https://inside.example.nhs.uk/cds-services/msk-imaging-pathway", AUDIENCE])


@pytest.mark.parametrize("issuer", ["", ISSUER + "/", ISSUER.upper(), "https://other.example.org", ISSUER[:-1]])
def test_the_issuer_is_checked_character_for_character(key: SigningKey, issuer: str) -> None:
    """Even when the wrong client's entry was found."""
    refused = failure(key, claims(iss=issuer))

    assert (refused.reason, refused.advice) == (Reason.ISSUER, NOT_RECOGNISED)


def test_another_keys_signature_is_refused(key: SigningKey) -> None:
    """Of the same kind, under the same `kid`."""
    foreign = SigningKey.made("ES384")
    token = read_token(signed(foreign, head={"kid": key.public_jwk["kid"]}))

    with pytest.raises(TokenRefusedError) as raised:
        check(token, CLIENT, keys_of(key), [AUDIENCE])

    assert (raised.value.reason, raised.value.advice) == (Reason.SIGNATURE, NOT_RECOGNISED)


def test_any_key_of_a_kid_may_have_signed(key: SigningKey) -> None:
    """While a server rotates its keys, two may bear one `kid`."""
    other = keys_of(SigningKey.made("ES384"))
    token = read_token(signed(key))

    check(token, CLIENT, [*other, *keys_of(key)], [AUDIENCE])
    check(token, CLIENT, [*keys_of(key), *other], [AUDIENCE])
    with pytest.raises(TokenRefusedError):
        check(token, CLIENT, [*other, *other], [AUDIENCE])


def test_the_first_of_two_keys_does_not_hide_that_a_token_has_expired(key: SigningKey) -> None:
    """Another key is asked only when the signature does not hold."""
    now = int(time.time())
    token = read_token(signed(key, claims(iat=now - 500, exp=now - 300)))

    for keys in (
        [*keys_of(key), *keys_of(SigningKey.made("ES384"))],
        [*keys_of(SigningKey.made("ES384")), *keys_of(key)],
    ):
        with pytest.raises(TokenRefusedError) as raised:
            check(token, CLIENT, keys, [AUDIENCE])
        assert raised.value.reason is Reason.TIME


def test_an_unsigned_token_is_refused(key: SigningKey) -> None:
    """In its own form as no token; with something for a signature as one that was not recognised."""
    assert refusal(unsigned(header(alg="none"), signature=b"")).reason is Reason.NOT_A_TOKEN
    assert KeySet.fetched({"keys": [key.public_jwk]}).matching(key.public_jwk["kid"], "none") == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("signature", [b"\0", b"\0" * 64, b"\0" * 96, b"\0" * 256, b"\xff" * 96])
def test_an_empty_signature_is_refused(signing_key: MakeKey, algorithm: Algorithm, signature: bytes) -> None:
    """All zeros once passed for ECDSA elsewhere (CVE-2022-21449)."""
    key = signing_key(algorithm)
    token = read_token(unsigned(header(alg=algorithm), signature=signature))

    with pytest.raises(TokenRefusedError) as raised:
        check(token, CLIENT, keys_of(key), [AUDIENCE])
    assert raised.value.reason is Reason.SIGNATURE


@pytest.mark.parametrize(("signed_with", "named"), [("RS384", "PS384"), ("PS384", "RS384")])
def test_a_token_under_the_name_of_a_keys_other_algorithm_is_refused(
    signing_key: MakeKey, signed_with: Algorithm, named: str
) -> None:
    """The one kind of key that may serve two algorithms (without `alg`); the name is part of what is signed."""
    key = signing_key(signed_with)
    jwk = {name: value for name, value in key.public_jwk.items() if name != "alg"}
    keys = KeySet.fetched({"keys": [jwk]}).matching(jwk["kid"], named)
    body, signature = signed(key).split(".")[1:]

    with pytest.raises(TokenRefusedError) as raised:
        check(read_token(f"{segment(header(alg=named))}.{body}.{signature}"), CLIENT, keys, [AUDIENCE])
    assert (len(keys), raised.value.reason) == (1, Reason.SIGNATURE)


def test_claims_of_one_token_do_not_pass_with_the_signature_of_another(key: SigningKey) -> None:
    """The very bytes that were read are checked."""
    first, second = signed(key, claims(jti="one")).split("."), signed(key, claims(jti="two")).split(".")
    token = read_token(".".join([first[0], second[1], first[2]]))

    with pytest.raises(TokenRefusedError) as raised:
        check(token, CLIENT, keys_of(key), [AUDIENCE])
    assert raised.value.reason is Reason.SIGNATURE


def test_other_claims_are_not_judged(key: SigningKey) -> None:
    """CDS Hooks asks nothing of them, and a client may send what it likes beside."""
    assert checked(key, claims(sub="somebody", scope=["x"], azp={}, nonce=None))


@pytest.mark.parametrize("subject", [5, None, ["somebody"]])
def test_a_subject_of_another_type_is_not_called_a_bad_signature(key: SigningKey, subject: object) -> None:
    """RFC 7519, 4.1.2 wants text: it may be passed over or named, but the integrator must not go looking for keys."""
    with refused_at_most_for(Reason.CLAIM):
        assert checked(key, claims(sub=subject))


def test_a_doubled_claim_is_refused_whichever_is_right(key: SigningKey) -> None:
    """The times that one reader finds good another may find over."""
    now = int(time.time())
    doubled = json.dumps(claims(exp=now - 5000))[:-1] + f',"exp":{now + 60}' + "}"
    reverse = json.dumps(claims(exp=now + 60))[:-1] + f',"exp":{now - 5000}' + "}"

    assert failure(key, doubled.encode()).reason is Reason.NOT_A_TOKEN
    assert failure(key, reverse.encode()).reason is Reason.NOT_A_TOKEN


@pytest.mark.parametrize(
    "encoded",
    [
        unsigned(header(kid=MARK, alg=1)),
        unsigned(header(typ=MARK)),
        unsigned(header(crit=[MARK])),
        unsigned(body=claims(iss=[MARK])),
        unsigned(body=claims(aud=[MARK, 1])),
        unsigned(body=claims(exp=MARK)),
        unsigned(body=claims(jti=MARK * 30)),
        unsigned(body=f"{MARK}{{"),
        f"{MARK}.{MARK}",
        MARK * 800,
    ],
)
def test_a_refusal_holds_nothing_of_the_token(encoded: str) -> None:
    """Neither what the caller is told nor what a traceback would show."""
    refused = refusal(encoded)

    assert all(MARK not in text for text in (str(refused), repr(refused), refused.advice))
    assert refused.__cause__ is None
    assert refused.__suppress_context__ or refused.__context__ is None


def test_a_failed_check_holds_nothing_of_the_token(key: SigningKey) -> None:
    """Whatever fails."""
    now = int(time.time())
    for changed in (
        {"iss": MARK},
        {"aud": MARK},
        {"exp": now - 999, "iat": now - 1000},
        {"exp": now + 4000},
        {"nbf": now + 999},
    ):
        refused = failure(key, claims(**{"jti": MARK, "tenant": MARK, **changed}))

        assert all(MARK not in text for text in (str(refused), repr(refused), refused.advice))
        assert refused.__suppress_context__ or refused.__context__ is None


@given(
    text=st.text() | st.text(alphabet="abAB019-_.=", max_size=60) | st.from_regex(r"[\w-]{1,40}(\.[\w-]{1,40}){0,4}")
)
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    """No exception but the one that is documented."""
    assert refusal(text).reason in {Reason.NOT_A_TOKEN, Reason.CLAIM, Reason.TOO_LONG}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CHANGES = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "jku", "crit", "b64", "x"]), JSON, max_size=3)
CLAIM_CHANGES = st.dictionaries(st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "jti", "tenant"]), JSON, max_size=3)


@given(head=JSON | CHANGES.map(lambda one: header(**one)), body=JSON | CLAIM_CHANGES.map(lambda one: claims(**one)))
def test_any_json_in_a_token_is_read_or_refused(key: SigningKey, head: object, body: object) -> None:
    """And without a good signature nothing passes."""
    try:
        token = read_token(unsigned(head, body))
    except TokenRefusedError:
        return
    assert set(token.claims) == set(json.loads(json.dumps(body)))
    with pytest.raises(TokenRefusedError) as raised:
        check(token, CLIENT, keys_of(key), [AUDIENCE])
    assert raised.value.reason is Reason.SIGNATURE


@given(body=CLAIM_CHANGES.map(lambda one: claims(**one)))
def test_any_claims_that_were_signed_pass_or_are_refused(key: SigningKey, body: Json) -> None:
    """What passes is for this issuer and endpoint, and lives no longer than it may."""
    try:
        passed = checked(key, body).claims
    except TokenRefusedError:
        return
    assert passed["iss"] == ISSUER
    assert AUDIENCE in ([passed["aud"]] if isinstance(passed["aud"], str) else passed["aud"])
    assert 0 < passed["exp"] - passed["iat"] <= CLIENT.maximum_life


@settings(max_examples=200)
@given(data=st.data())
def test_no_token_changed_on_its_way_passes(key: SigningKey, data: st.DataObject) -> None:
    """One or more characters changed, put in or taken out, anywhere."""
    good = signed(key)
    changed = good
    for _ in range(data.draw(st.integers(1, 3), label="changes")):
        place = data.draw(st.integers(0, len(changed)), label="place")
        taken = data.draw(st.integers(0, 2), label="taken")
        put_in = data.draw(st.text(alphabet="ABCabcXYZ0189-_.", max_size=2), label="put in")
        changed = changed[:place] + put_in + changed[place + taken :]
    if changed == good:
        return
    with pytest.raises(TokenRefusedError):
        check(read_token(changed), CLIENT, keys_of(key), [AUDIENCE])


@settings(max_examples=50)
@given(data=st.data())
def test_a_signature_written_otherwise_changes_no_claim(signing_key: MakeKey, data: st.DataObject) -> None:
    """The last character of some signatures has bits to spare: the token stays the same, and so does its `jti`."""
    key = signing_key(data.draw(st.sampled_from(["ES256", "EdDSA", "RS384"])))
    good = read_token(signed(key))
    changed = read_token(good.encoded[:-1] + data.draw(st.sampled_from("ABCDabcd0189-_")))

    assert changed.claims == good.claims
    with refused_at_most_for(Reason.SIGNATURE):
        check(changed, CLIENT, keys_of(key), [AUDIENCE])
