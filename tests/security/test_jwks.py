from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from cds_service.security.clients import Algorithm
from cds_service.security.jwks import MOST_KEYS, KeySet, KeySetError, PublicKey
from cds_service.security.minting import SigningKey

MakeKey = Callable[[Algorithm], SigningKey]
Jwk = dict[str, Any]
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "ES384", "RS384", "PS384", "EdDSA")


def encoded(number: int, length: int) -> str:
    """A number as base64url, as JSON Web Keys hold it."""
    return urlsafe_b64encode(number.to_bytes(length, "big")).rstrip(b"=").decode()


def without(jwk: Jwk, *names: str) -> Jwk:
    """The key without these members."""
    return {name: value for name, value in jwk.items() if name not in names}


def pinned(*entries: object, algorithms: tuple[str, ...] = ALGORITHMS) -> KeySet:
    """A set from a configuration file."""
    return KeySet.pinned({"keys": list(entries)}, algorithms)


def problem(*entries: object, algorithms: tuple[str, ...] = ALGORITHMS) -> str:
    """What is said of a set that cannot be pinned."""
    with pytest.raises(KeySetError) as raised:
        pinned(*entries, algorithms=algorithms)
    return str(raised.value)


def usable(*entries: object) -> int:
    """How many keys of a fetched set can be used."""
    return len(KeySet.fetched({"keys": list(entries)}))


@contextmanager
def said_of_a_key_set() -> Iterator[None]:
    """Let the documented error pass, when it names what is at fault; any other exception is a failure."""
    try:
        yield
    except KeySetError as error:
        if not str(error).startswith(("keys[0] ", "is not a key set; ")):
            raise


def spki(key: PublicKey) -> bytes:
    """A key as bytes that compare."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def es384(signing_key: MakeKey) -> Jwk:
    """A good EC key."""
    return signing_key("ES384").public_jwk


@pytest.fixture(scope="module")
def rs384(signing_key: MakeKey) -> Jwk:
    """A good RSA key."""
    return signing_key("RS384").public_jwk


@pytest.fixture(scope="module")
def private_jwks(signing_key: MakeKey) -> dict[str, Jwk]:
    """The private halves, which belong nowhere but with their owner."""
    elliptic, factored, edwards = (signing_key(one)._private for one in ("ES384", "RS384", "EdDSA"))
    assert isinstance(elliptic, ec.EllipticCurvePrivateKey)
    assert isinstance(factored, rsa.RSAPrivateKey)
    assert isinstance(edwards, ed25519.Ed25519PrivateKey)
    return {
        "EC": {**ECAlgorithm.to_jwk(elliptic, as_dict=True), "kid": "a"},
        "RSA": {**RSAAlgorithm.to_jwk(factored, as_dict=True), "kid": "a"},
        "OKP": {**OKPAlgorithm.to_jwk(edwards, as_dict=True), "kid": "a"},
        "oct": {"kty": "oct", "kid": "a", "k": "bWFya2VkLXNlY3JldA", "alg": "HS256"},
    }


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_is_found_by_its_kid_and_algorithm(signing_key: MakeKey, algorithm: Algorithm) -> None:
    """Pinned or fetched."""
    key = signing_key(algorithm)
    jwk = key.public_jwk
    for keys in (pinned(jwk), KeySet.fetched({"keys": [jwk]})):
        (found,) = keys.matching(jwk["kid"], algorithm)

        assert spki(found) == spki(key._private.public_key())
        assert len(keys) == 1
        assert keys.described == [(jwk["kid"], frozenset({algorithm}))]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_checks_no_other_algorithm_than_its_own(signing_key: MakeKey, algorithm: Algorithm) -> None:
    """The key chooses, not the token (RFC 8725, 3.1); its `alg` narrows what its kind allows."""
    jwk = signing_key(algorithm).public_jwk
    keys = pinned(jwk)

    assert [one for one in (*ALGORITHMS, "none", "HS384", "RS256", "ES512") if keys.matching(jwk["kid"], one)] == [
        algorithm
    ]


def test_an_rsa_key_without_alg_checks_both_of_its_algorithms(rs384: Jwk) -> None:
    """And no EC key does."""
    keys = pinned(without(rs384, "alg"))

    assert [one for one in ALGORITHMS if keys.matching(rs384["kid"], one)] == ["RS384", "PS384"]


@pytest.mark.parametrize("kid", ["", "other", "a\0"])
def test_another_kid_finds_nothing(es384: Jwk, kid: str) -> None:
    """Exactly the registered one."""
    assert pinned(es384).matching(kid, "ES384") == []


def test_a_kid_is_not_cut_or_folded(es384: Jwk) -> None:
    """Case counts, as in every JSON text."""
    keys = pinned({**es384, "kid": "Key-1"})

    assert [len(keys.matching(kid, "ES384")) for kid in ("Key-1", "key-1", "Key-1 ", "Key")] == [1, 0, 0, 0]


def test_two_keys_of_one_kid_are_both_kept(es384: Jwk, rs384: Jwk) -> None:
    """A server may publish two while it rotates them; each is for its own algorithm."""
    second = SigningKey.made("ES384").public_jwk
    keys = pinned({**es384, "kid": "a"}, {**second, "kid": "a"}, {**rs384, "kid": "a"})

    assert (len(keys), len(keys.matching("a", "ES384")), len(keys.matching("a", "RS384"))) == (3, 2, 1)


def test_a_set_says_whether_it_serves_any_of_some_algorithms(es384: Jwk) -> None:
    """So that `clients check` can say that a key server publishes the wrong kind."""
    keys = pinned(es384)

    assert keys.has_one_for(["RS384", "ES384"])
    assert not keys.has_one_for(["RS384"])
    assert not keys.has_one_for([])


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"kty": "oct"},
        {"kty": "ec"},
        {"kty": None},
        {"crv": "P-256"},
        {"crv": "P-521"},
        {"crv": "secp256k1"},
        {"crv": None},
        {"crv": ["P-384"]},
        {"alg": "ES256"},
        {"alg": "HS384"},
        {"alg": "none"},
        {"alg": ""},
        {"alg": ["ES384"]},
        {"use": "enc"},
        {"use": ""},
        {"use": True},
        {"use": []},
        {"use": {}},
        {"use": ["sig"]},
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"key_ops": None},
        {"kid": ""},
        {"kid": None},
        {"kid": 1},
        {"kid": ["a"]},
        {"x": ""},
        {"x": "AA"},
        {"x": 1},
        {"x": None},
        {"y": "not base64 ~"},
        {"y": "\ud800"},
        {"y": ["AA"]},
        {"y": {}},
    ],
)
def test_a_key_that_cannot_check_is_refused_when_pinned_and_passed_over_when_fetched(es384: Jwk, change: Jwk) -> None:
    """RFC 7517, 5 asks for the second; an operator wants the first."""
    changed = {**es384, **change}

    assert "keys[1] cannot check a signature" in problem(es384, changed)
    assert usable(es384, changed) == 1


@pytest.mark.parametrize("name", ["kty", "crv", "kid", "x", "y"])
def test_a_key_without_a_member_that_it_needs_cannot_check(es384: Jwk, name: str) -> None:
    """A key without `kid` could be chosen by any token."""
    assert "keys[0] cannot check a signature" in problem(without(es384, name))
    assert usable(without(es384, name)) == 0


@pytest.mark.parametrize(
    "change", [{"use": "sig"}, {"key_ops": ["verify"]}, {"key_ops": ["sign", "verify"]}, {"x5c": [1]}, {"note": {}}]
)
def test_what_rfc_7517_allows_beside_is_accepted(es384: Jwk, change: Jwk) -> None:
    """Members that are not understood are ignored."""
    assert usable({**without(es384, "use"), **change}) == 1


def test_a_point_off_the_curve_is_no_key(es384: Jwk) -> None:
    """The library checks it."""
    assert usable({**es384, "y": es384["x"]}) == 0


def test_a_curve_is_checked_against_the_key(es384: Jwk, signing_key: MakeKey) -> None:
    """A P-256 point does not become a P-384 key by its label."""
    assert usable({**signing_key("ES256").public_jwk, "crv": "P-384", "alg": "ES384"}) == 0
    assert usable({**es384, "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA"}) == 0


def test_a_curve_that_nobody_may_use_is_no_key() -> None:
    """ES512 and ES256K are not among the algorithms."""
    for curve in (ec.SECP521R1(), ec.SECP256K1()):
        jwk = ECAlgorithm.to_jwk(ec.generate_private_key(curve).public_key(), as_dict=True)

        assert usable({**jwk, "kid": "a"}) == 0


@pytest.mark.parametrize("bits", [1024, 2047])
def test_a_small_rsa_key_is_no_key(bits: int) -> None:
    """Fewer than 2048 bits can be factored (RFC 7518, 3.3); only the modulus' length counts here."""
    small = {"kty": "RSA", "kid": "a", "n": encoded(2**bits - 1, 256), "e": "AQAB"}

    assert usable(small) == 0
    assert "RSA (2048 bits)" in problem(small)


@pytest.mark.parametrize(
    "change", [{"e": ""}, {"e": "AA"}, {"e": "AQ"}, {"e": "Ag"}, {"n": ""}, {"n": "AA"}, {"n": 5}, {"e": None}]
)
def test_an_rsa_key_of_impossible_numbers_is_no_key(rs384: Jwk, change: Jwk) -> None:
    """With an exponent of 1 every text is its own signature."""
    assert usable({**rs384, **change}) == 0


@pytest.mark.parametrize("kind", ["EC", "RSA", "OKP", "oct"])
def test_a_secret_is_refused_when_pinned_and_never_repeated(private_jwks: dict[str, Jwk], kind: str) -> None:
    """Its owner must replace it: it has been in a file that it should not have been in."""
    secret = private_jwks[kind]

    said = problem(secret)

    assert said == "keys[0] is a private or symmetric key; put the public key alone here, and replace that key"
    assert all(str(secret[name]) not in said for name in ("d", "k", "p", "x") if name in secret)


@pytest.mark.parametrize("kind", ["EC", "RSA", "OKP", "oct"])
def test_a_secret_is_passed_over_when_fetched(private_jwks: dict[str, Jwk], es384: Jwk, kind: str) -> None:
    """A symmetric key would let anybody who has the public half sign; a published private key proves nothing."""
    assert usable(private_jwks[kind], es384) == 1


@pytest.mark.parametrize("name", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_any_member_of_a_secret_makes_it_one(es384: Jwk, name: str) -> None:
    """Whatever its value."""
    assert "private or symmetric" in problem({**es384, name: None})
    assert usable({**es384, name: None}) == 0


def test_a_key_outside_the_clients_algorithms_is_refused_when_pinned(es384: Jwk) -> None:
    """It could never be used."""
    assert problem(es384, algorithms=("RS384",)) == (
        "keys[0] is a key for ES384, which is not among the client's algorithms; add it there"
    )


def test_a_pinned_set_holds_a_key() -> None:
    """A fetched one may be empty: a client that withdraws its keys is not let in."""
    assert problem() == "holds no key; add the client's public key, or use jwks_url"
    assert usable() == 0


def test_a_set_holds_at_most_so_many_keys(es384: Jwk) -> None:
    """Each costs time and memory to read."""
    assert usable(*[{**es384, "kid": f"key-{number}"} for number in range(MOST_KEYS)]) == MOST_KEYS
    for read in (KeySet.fetched, lambda jwks: KeySet.pinned(jwks, ALGORITHMS)):
        with pytest.raises(KeySetError, match=f"holds more than {MOST_KEYS} keys"):
            read({"keys": [es384] * (MOST_KEYS + 1)})


@pytest.mark.parametrize(
    "jwks", [None, True, 1, 1.5, "keys", [], ["keys"], {}, {"keys": None}, {"keys": {}}, {"keys": "a"}]
)
def test_what_is_no_key_set_is_said_to_be_none(jwks: object) -> None:
    """An error page, or one key without its list."""
    for read in (KeySet.fetched, lambda value: KeySet.pinned(value, ALGORITHMS)):
        with pytest.raises(KeySetError, match="is not a key set; write an object with a list 'keys'"):
            read(jwks)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["sig", "verify", "EC", "RSA"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(["kty", "crv", "kid", "use", "key_ops", "alg", "x", "y", "n", "e"])


@given(entries=st.lists(JSON | st.dictionaries(MEMBERS, JSON), max_size=4))
def test_junk_of_every_json_type_is_passed_over(entries: list[object]) -> None:
    """A key server that sends nonsense gets no further than that."""
    assert usable(*entries) == 0
    if entries:
        assert problem(*entries).startswith("keys[0] ")


@given(
    algorithm=st.sampled_from(["ES384", "RS384", "EdDSA"]),
    changes=st.dictionaries(MEMBERS, JSON, min_size=1, max_size=2),
)
def test_a_good_key_with_junk_in_it_is_used_or_passed_over(
    signing_key: MakeKey, algorithm: Algorithm, changes: Jwk
) -> None:
    """No member of any type does more than spoil its own key."""
    good = signing_key(algorithm).public_jwk
    bystander = {**SigningKey.made("EdDSA").public_jwk, "kid": "bystander"}

    keys = KeySet.fetched({"keys": [{**good, **changes}, bystander]})

    assert len(keys.matching("bystander", "EdDSA")) >= 1
    with said_of_a_key_set():
        assert len(pinned({**good, **changes})) == 1


@given(jwks=JSON | st.dictionaries(st.just("keys"), JSON))
def test_any_json_is_a_key_set_or_said_to_be_none(jwks: object) -> None:
    """Never another exception than the one that is documented."""
    with said_of_a_key_set():
        assert len(KeySet.fetched(jwks)) == 0


def test_a_small_rsa_key_is_small_whatever_its_encoding_says() -> None:
    """A real one of 1024 bits with zeros in front is still of 1024 bits."""
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()  # noqa: S505 - too small on purpose
    numbers = small.public_numbers()

    assert usable({"kty": "RSA", "kid": "a", "n": encoded(numbers.n, 512), "e": "AQAB"}) == 0
