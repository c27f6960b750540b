"""Attacks on the client's token, each by its name: all are refused, and every good call in between is answered."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attacks.conftest import PUBLIC, Deployment, encoded, refused
from tests.conftest import SERVICE

FEEDBACK = f"{SERVICE}/feedback"
Attack = Callable[[Deployment], str]


def unsigned(deployment: Deployment) -> str:
    """The right header and claims, and no signature at all."""
    ehr = deployment.ehr
    return f"{encoded({'alg': 'ES384', 'typ': 'JWT', 'kid': ehr.kid})}.{encoded(ehr.claims())}."


def algorithm_none(spelling: str) -> Attack:
    """A token that says that it needs no signature (RFC 8725, 2.1)."""

    def attack(deployment: Deployment) -> str:
        ehr = deployment.ehr
        return f"{encoded({'alg': spelling, 'typ': 'JWT', 'kid': ehr.kid})}.{encoded(ehr.claims())}.AA"

    return attack


def symmetric(algorithm: str, secret_of: Callable[[Deployment], bytes]) -> Attack:
    """Signed with a MAC whose secret is the public key, which everybody has (RFC 8725, 2.1)."""

    def attack(deployment: Deployment) -> str:
        ehr = deployment.ehr
        signed = f"{encoded({'alg': algorithm, 'typ': 'JWT', 'kid': ehr.kid})}.{encoded(ehr.claims())}"
        mac = hmac.digest(secret_of(deployment), signed.encode(), f"sha{algorithm[2:]}")
        return f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    return attack


def public_key_as_pem(deployment: Deployment) -> bytes:
    """The EHR's public key as a file."""
    return deployment.ehr.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_key_as_jwk(deployment: Deployment) -> bytes:
    """The EHR's public key as it is published."""
    return json.dumps(deployment.ehr.jwk).encode()


def key_of_another_client(deployment: Deployment) -> str:
    """Another registered EHR signs, and says that it is this one."""
    return deployment.other_ehr.token(iss=deployment.ehr.issuer)


def key_of_another_client_under_its_kid(deployment: Deployment) -> str:
    """The attacker signs with its own key, and names the EHR's kid."""
    attacker, ehr = deployment.attacker, deployment.ehr
    return attacker.sign(attacker.claims(), kid=ehr.kid)


def key_in_the_header(deployment: Deployment) -> str:
    """The token brings the key that it is to be checked with."""
    attacker = deployment.attacker
    return attacker.sign(attacker.claims(), jwk=attacker.jwk)


def key_in_the_header_under_the_right_kid(deployment: Deployment) -> str:
    """As before, under the EHR's kid."""
    attacker, kid = deployment.attacker, deployment.ehr.kid
    return attacker.sign(attacker.claims(), jwk={**attacker.jwk, "kid": kid}, kid=kid)


def certificate_in_the_header(deployment: Deployment) -> str:
    """The token names a certificate to be checked with."""
    attacker = deployment.attacker
    return attacker.sign(attacker.claims(), x5u="https://attacker.example/cert.pem", x5c=["MIIB"])


def jku_of_the_attacker(deployment: Deployment) -> str:
    """The token says where the attacker publishes keys."""
    attacker = deployment.attacker
    return attacker.sign(attacker.claims(), jku="https://attacker.example/jwks.json")


def jku_of_the_attacker_on_a_good_token(deployment: Deployment) -> str:
    """The EHR's own signature, and a key set address that is not listed for it."""
    ehr = deployment.ehr
    return ehr.sign(ehr.claims(), jku="https://attacker.example/jwks.json")


def kid(value: object) -> Attack:
    """A key id that tries to be something else: a file, a query, a URL, another type."""

    def attack(deployment: Deployment) -> str:
        attacker = deployment.attacker
        return attacker.sign(attacker.claims(), kid=value)

    return attack


def critical_extension(deployment: Deployment) -> str:
    """A header member that must be understood, and is not (RFC 7515, 4.1.11)."""
    ehr = deployment.ehr
    return ehr.sign(ehr.claims(), crit=["exp"], exp=1)


def claims_changed_after_signing(deployment: Deployment) -> str:
    """A good token whose claims were exchanged."""
    head, _, signature = deployment.ehr.token().split(".")
    return f"{head}.{encoded(deployment.ehr.claims())}.{signature}"


def algorithm_changed_after_signing(deployment: Deployment) -> str:
    """An ES384 token that says it is RS384."""
    ehr = deployment.ehr
    return ehr.sign(ehr.claims(), alg="RS384")


def claim(**changed: Any) -> Attack:  # noqa: ANN401 - wrong types are the point
    """A claim of another value, of a wrong type, or (None) none at all; functions are given the time."""

    def attack(deployment: Deployment) -> str:
        now = int(time.time())
        return deployment.ehr.token(**{name: v(now) if callable(v) else v for name, v in changed.items()})

    return attack


def oversized(deployment: Deployment) -> str:
    """A good signature over more than a token ever holds."""
    return deployment.ehr.token(padding="x" * 8192)


def with_nested_member(members: dict[str, Any]) -> str:
    """A part of a token with a thousand lists in lists: as deep as some JSON readers follow, and others do not."""
    text = f'{json.dumps(members)[:-1]}, "deep": {"[" * 1000}{"]" * 1000}}}'
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def claims_twice(deployment: Deployment) -> str:
    """Two issuers, rightly signed: a proxy may read the one, and the service the other."""
    ehr = deployment.ehr
    header = encoded({"alg": "ES384", "typ": "JWT", "kid": ehr.kid})
    text = f'{{"iss": "https://another.example", {json.dumps(ehr.claims())[1:]}'
    return ehr.sign_parts(header, urlsafe_b64encode(text.encode()).rstrip(b"=").decode())


def nested_header(deployment: Deployment) -> str:
    """A header made to exhaust a reader's stack; nobody has to sign it."""
    header = with_nested_member({"alg": "ES384", "typ": "JWT", "kid": deployment.ehr.kid})
    return deployment.attacker.sign_parts(header, encoded(deployment.ehr.claims()))


def nested_claims(deployment: Deployment) -> str:
    """The same in the claims, rightly signed."""
    ehr = deployment.ehr
    header = encoded({"alg": "ES384", "typ": "JWT", "kid": ehr.kid})
    return ehr.sign_parts(header, with_nested_member(ehr.claims()))


ATTACKS: dict[str, Attack] = {
    "unsigned": unsigned,
    "none": algorithm_none("none"),
    "None": algorithm_none("None"),
    "NONE": algorithm_none("NONE"),
    "HS256 with the public key (PEM)": symmetric("HS256", public_key_as_pem),
    "HS384 with the public key (PEM)": symmetric("HS384", public_key_as_pem),
    "HS384 with the public key (JWK)": symmetric("HS384", public_key_as_jwk),
    "HS512 with an empty secret": symmetric("HS512", lambda _: b""),
    "key of another client": key_of_another_client,
    "attacker's key under the client's kid": key_of_another_client_under_its_kid,
    "key in the header (jwk)": key_in_the_header,
    "key in the header (jwk) under the right kid": key_in_the_header_under_the_right_kid,
    "certificate in the header (x5u, x5c)": certificate_in_the_header,
    "jku of the attacker": jku_of_the_attacker,
    "jku of the attacker on a good token": jku_of_the_attacker_on_a_good_token,
    "kid: file": kid("../../../../dev/null"),
    "kid: query": kid("x' OR '1'='1"),
    "kid: URL": kid("https://attacker.example/key"),
    "kid: command": kid("|/usr/bin/id"),
    "kid: NUL": kid("a\x00b"),
    "kid: number": kid(1),
    "kid: list": kid(["a"]),
    "kid: object": kid({"$ne": ""}),
    "kid: empty": kid(""),
    "kid: none": kid(None),
    "kid: very long": kid("k" * 4000),
    "critical extension": critical_extension,
    "a claim twice": claims_twice,
    "claims changed after signing": claims_changed_after_signing,
    "algorithm changed after signing": algorithm_changed_after_signing,
    "expired": claim(iat=lambda now: now - 600, exp=lambda now: now - 300),
    "expired, within its life as it says": claim(iat=lambda now: now + 10_000, exp=lambda now: now + 10_100),
    "issued in the far future": claim(iat=lambda now: now + 86_400, exp=lambda now: now + 86_500),
    "valid in the far future": claim(nbf=lambda now: now + 86_400),
    "long life": claim(exp=lambda now: now + 86_400),
    "no life": claim(exp=lambda now: now, iat=lambda now: now + 30),
    "endless life": claim(exp=9_999_999_999),
    "wrong audience": claim(aud="https://another-service.example.nhs.uk" + SERVICE),
    "audience: host alone": claim(aud=PUBLIC),
    "audience: other scheme": claim(aud="http://cds.example.nhs.uk" + SERVICE),
    "audience: closing slash": claim(aud=PUBLIC + SERVICE + "/"),
    "audience: other case": claim(aud=(PUBLIC + SERVICE).upper()),
    "audience: list without it": claim(aud=["https://a.example", PUBLIC + FEEDBACK]),
    "audience: empty list": claim(aud=[]),
    "audience: wildcard": claim(aud="*"),
    "another endpoint's audience: discovery": claim(aud=PUBLIC + "/cds-services"),
    "another endpoint's audience: feedback": claim(aud=PUBLIC + FEEDBACK),
    "unknown issuer": claim(iss="https://attacker.example"),
    "issuer with a slash": claim(iss="https://ehr.example.nhs.uk/"),
    "oversized": oversized,
    "nested header": nested_header,
    "nested claims": nested_claims,
    **{f"stripped claim: {name}": claim(**{name: None}) for name in ("iss", "aud", "exp", "iat", "jti")},
    **{
        f"wrong type: {name} {json.dumps(value)}": claim(**{name: value})
        for name, values in {
            "iss": (1, True, ["https://ehr.example.nhs.uk"], {"a": 1}, ""),
            "aud": (1, True, {"a": 1}, [1], [["x"]], ""),
            "exp": ("9999999999", True, [], {}, 1e300, -1, "NaN"),
            "iat": ("0", False, [], {}, 1e300, -1),
            "nbf": ("0", True, [], 1e300),
            "jti": (1, True, [], {}, "", "j" * 256),
        }.items()
        for value in values
    },
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_token_attack_is_refused(deployment: Deployment, attack: Attack) -> None:
    """On the service call."""
    assert refused(deployment.post(attack(deployment)))
    deployment.assert_still_serves()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_token_attack_on_discovery_is_refused(deployment: Deployment, attack: Attack) -> None:
    """Discovery is open without a token, and refuses a bad one."""
    token = attack(deployment)
    if token.split(".")[1] == encoded(deployment.ehr.claims("/cds-services")):
        pytest.fail("this attack is a good token here")
    headers = {"Authorization": f"Bearer {token}"}

    response = deployment.service.send("GET", "/cds-services", headers=headers)

    if attack is ATTACKS["another endpoint's audience: discovery"]:
        assert response.status_code == 200  # here it is the right one
    else:
        assert refused(response)


def test_replay_is_refused(deployment: Deployment) -> None:
    """A token is good once."""
    token = deployment.ehr.token()

    first, second = deployment.post(token), deployment.post(token)

    assert first.status_code == 200
    assert refused(second)
    deployment.assert_still_serves()


def test_replay_on_another_worker_is_refused(deployment: Deployment) -> None:
    """Workers and replicas share what they have seen."""
    token = deployment.ehr.token()
    another = deployment.start_another()

    assert deployment.post(token).status_code == 200
    assert refused(deployment.post(token, on=another))
    assert deployment.post(deployment.ehr.token(), on=another).status_code == 200


def test_replay_on_another_endpoint_is_refused(deployment: Deployment) -> None:
    """A token for two endpoints is good for one request all the same."""
    token = deployment.ehr.token(aud=[PUBLIC + SERVICE, PUBLIC + FEEDBACK])

    assert deployment.post(token).status_code == 200
    assert refused(deployment.post(token, path=FEEDBACK, body={"feedback": []}))


def test_the_same_jti_of_another_client_is_no_replay(deployment: Deployment) -> None:
    """Nobody can use up another's tokens."""
    jti = "2b0b8f4e-0000-4000-8000-000000000001"

    assert refused(deployment.post(deployment.attacker.token(jti=jti)))
    deployment.post(deployment.other_ehr.token(jti=jti))
    assert deployment.post(deployment.ehr.token(jti=jti)).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic ZWhyOnNlY3JldA==",
        "Bearer a b",
        "Bearer a.b",
        "Bearer a.b.c.d",
        "Bearer ..",
        "Bearer é.é.é",
        "token",
    ],
)
@pytest.mark.parametrize("path", [SERVICE, FEEDBACK])
def test_a_call_without_a_token_is_refused(deployment: Deployment, path: str, authorization: str | None) -> None:
    """The service call and feedback alike, whatever stands in the token's place."""
    headers = {} if authorization is None else {"Authorization": authorization.encode()}
    body = {"feedback": [{"card": "x", "outcome": "accepted"}]}

    assert refused(deployment.service.send("POST", path, json=body, headers=headers))
    deployment.assert_still_serves()


def test_two_authorization_headers_are_refused(deployment: Deployment) -> None:
    """A proxy might have looked at the other one."""
    good = f"Bearer {deployment.ehr.token()}"
    headers = httpx.Headers([("Authorization", good), ("Authorization", f"Bearer {deployment.attacker.token()}")])

    assert refused(deployment.service.send("POST", SERVICE, json={}, headers=headers))


def test_a_refusal_tells_a_stranger_nothing(deployment: Deployment) -> None:
    """Whether an issuer, a kid or a key is registered cannot be told from the answer."""
    attacker, ehr = deployment.attacker, deployment.ehr
    answers = [
        deployment.post(token).json()["issue"]
        for token in (
            attacker.token(iss="https://nobody.example"),
            attacker.token(),
            attacker.sign(attacker.claims(), kid=ehr.kid),
            attacker.sign(attacker.claims(), jku="https://attacker.example/jwks.json"),
            ehr.sign(ehr.claims(), alg="ES256"),
        )
    ]

    assert answers == [answers[0]] * len(answers)


def test_good_tokens_of_every_form_are_accepted(deployment: Deployment) -> None:
    """An audience in a list, an early nbf as Epic sends it, unknown claims, another listed algorithm."""
    ehr, now = deployment.ehr, int(time.time())
    good = [
        ehr.token(aud=["https://elsewhere.example", PUBLIC + SERVICE]),
        ehr.token(nbf=now - 300),
        ehr.token(sub="https://ehr.example.nhs.uk", tenant="north", fhirVersion="4.0.1"),
        ehr.token(iat=now - 290, exp=now + 10),
        ehr.token(jti="j" * 255),
        ehr.sign(ehr.claims(), typ=None),
        deployment.other_ehr.token(),
    ]

    statuses = [deployment.post(token).status_code for token in good]

    assert statuses == [200] * 6 + [403]  # the other EHR is let in, and is bound to another footprint
