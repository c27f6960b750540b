import stat
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from cds_service.security.client_token import read_token
from cds_service.security.clients import Algorithm, Client
from cds_service.security.jwks import KeySet
from cds_service.security.minting import SigningKey, SigningKeyError
from tests.security.conftest import check

MakeKey = Callable[[Algorithm], SigningKey]
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "ES384", "RS384", "PS384", "EdDSA")
ISSUER = "https://ehr.example.nhs.uk"
AUDIENCE = "https://cds.example.nhs.uk/cds-services/msk-imaging-pathway"

Private = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | x25519.X25519PrivateKey
    | dsa.DSAPrivateKey
)


def pem(key: Private, encryption: KeySerializationEncryption | None = None) -> bytes:
    """A private key as a file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def problem(path: Path, algorithm: Algorithm | None = None) -> str:
    """What is said of a file that holds no key to sign with."""
    with pytest.raises(SigningKeyError) as raised:
        SigningKey.read(path, algorithm)
    return str(raised.value)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_minted_token_passes_with_its_own_public_key(signing_key: MakeKey, algorithm: Algorithm) -> None:
    """As the service reads and checks it."""
    key = signing_key(algorithm)
    client = Client(id="a", issuer=ISSUER, jwks={"keys": [key.public_jwk]}, algorithms=(algorithm,))

    token = read_token(key.token(ISSUER, AUDIENCE))
    check(token, client, KeySet.pinned(client.jwks, [algorithm]).matching(token.kid, token.algorithm), [AUDIENCE])

    assert (key.algorithm, token.algorithm, token.kid) == (algorithm, algorithm, key.public_jwk["kid"])


def test_a_token_holds_what_cds_hooks_asks_for(signing_key: MakeKey) -> None:
    """And nothing else."""
    before = int(time.time())
    token = read_token(signing_key("ES384").token(ISSUER, AUDIENCE))

    assert set(token.claims) == {"iss", "aud", "iat", "exp", "jti"}
    assert (token.claims["iss"], token.claims["aud"]) == (ISSUER, AUDIENCE)
    assert before <= token.claims["iat"] <= time.time()
    assert token.claims["exp"] - token.claims["iat"] == 300
    assert jwt.get_unverified_header(token.encoded) == {"alg": "ES384", "typ": "JWT", "kid": token.kid}


def test_life_and_tenant_are_as_asked(signing_key: MakeKey) -> None:
    """For trying what a service refuses."""
    claims = read_token(signing_key("ES384").token(ISSUER, AUDIENCE, life=3600, tenant="north")).claims

    assert (claims["exp"] - claims["iat"], claims["tenant"]) == (3600, "north")


def test_each_token_has_a_jti_of_its_own(signing_key: MakeKey) -> None:
    """Each may be used once."""
    key = signing_key("ES384")

    assert len({read_token(key.token(ISSUER, AUDIENCE)).claims["jti"] for _ in range(20)}) == 20


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_public_half_is_public(signing_key: MakeKey, algorithm: Algorithm) -> None:
    """It may stand in a configuration file."""
    members = {"EC": {"crv", "x", "y"}, "RSA": {"n", "e"}, "OKP": {"crv", "x"}}
    jwk = signing_key(algorithm).public_jwk

    assert set(jwk) == {"kty", "kid", "use", "alg"} | members[jwk["kty"]]
    assert (jwk["use"], jwk["alg"]) == ("sig", algorithm)


@pytest.mark.parametrize(
    ("algorithm", "form"),
    [
        ("ES384", '{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}'),
        ("RS384", '{{"e":"{e}","kty":"{kty}","n":"{n}"}}'),
        ("EdDSA", '{{"crv":"{crv}","kty":"{kty}","x":"{x}"}}'),
    ],
)
def test_the_kid_is_the_keys_thumbprint(signing_key: MakeKey, algorithm: Algorithm, form: str) -> None:
    """RFC 7638, 3: SHA-256 of the required members in order."""
    jwk = signing_key(algorithm).public_jwk

    digest = sha256(form.format(**jwk).encode()).digest()

    assert jwk["kid"] == urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS384", "EdDSA"])
def test_a_saved_key_is_the_same_when_read(signing_key: MakeKey, tmp_path: Path, algorithm: Algorithm) -> None:
    """Its algorithm is told from the key."""
    path = tmp_path / "key.pem"
    signing_key(algorithm).save(path)

    assert SigningKey.read(path).public_jwk == signing_key(algorithm).public_jwk
    assert SigningKey.read(path).algorithm == algorithm


def test_an_rsa_key_may_sign_with_either_of_its_algorithms(signing_key: MakeKey, tmp_path: Path) -> None:
    """RS384 unless PS384 is asked for."""
    path = tmp_path / "key.pem"
    signing_key("PS384").save(path)

    assert [SigningKey.read(path, one).algorithm for one in (None, "RS384", "PS384")] == ["RS384", "RS384", "PS384"]


def test_a_key_file_is_for_its_owner_alone(signing_key: MakeKey, tmp_path: Path) -> None:
    """From the moment that it exists."""
    path = tmp_path / "key.pem"
    signing_key("ES384").save(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_file_is_not_overwritten(signing_key: MakeKey, tmp_path: Path) -> None:
    """A key that is in use somewhere would be lost."""
    path = tmp_path / "key.pem"
    path.write_text("precious")

    with pytest.raises(SigningKeyError) as raised:
        signing_key("ES384").save(path)

    assert str(raised.value) == f"{path}: File exists; name another file"
    assert path.read_text() == "precious"


def test_a_link_is_not_followed_to_a_file_that_is_not_there(signing_key: MakeKey, tmp_path: Path) -> None:
    """Somebody else may have laid it."""
    (tmp_path / "key.pem").symlink_to(tmp_path / "elsewhere.pem")

    with pytest.raises(SigningKeyError):
        signing_key("ES384").save(tmp_path / "key.pem")

    assert not (tmp_path / "elsewhere.pem").exists()


def test_a_folder_that_is_not_there_is_named(signing_key: MakeKey, tmp_path: Path) -> None:
    """Not made in passing."""
    path = tmp_path / "none" / "key.pem"

    with pytest.raises(SigningKeyError) as raised:
        signing_key("ES384").save(path)

    assert str(raised.value) == f"{path}: No such file or directory; name another file"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"words",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\n~~~~\n-----END PRIVATE KEY-----\n",
        b"\x00\xff",
        pem(ec.generate_private_key(ec.SECP384R1()), BestAvailableEncryption(b"marked-password")),
        ec.generate_private_key(ec.SECP384R1())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["empty", "words", "no key", "no base64", "bytes", "password", "public"],
)
def test_a_file_without_a_private_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """With its name; of its content nothing is repeated."""
    path = tmp_path / "key.pem"
    path.write_bytes(content)

    assert problem(path) == f"{path}: not a private key in PEM without a password; name another file"


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed448.Ed448PrivateKey.generate(),
        x25519.X25519PrivateKey.generate(),
    ],
    ids=["P-521", "secp256k1", "Ed448", "X25519"],
)
def test_a_key_of_another_kind_is_refused(tmp_path: Path, key: Private) -> None:
    """No algorithm of ours goes with it."""
    path = tmp_path / "key.pem"
    path.write_bytes(pem(key))

    assert problem(path) == f"{path}: a key that cannot sign a client's token; use an EC P-384 or RSA key"


def test_an_rsa_key_that_no_service_would_accept_is_refused(tmp_path: Path) -> None:
    """Its public half cannot be registered: fewer than 2048 bits (RFC 7518, 3.3)."""
    path = tmp_path / "key.pem"
    path.write_bytes(pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)))  # noqa: S505 - on purpose

    assert str(path) in problem(path)


@pytest.mark.parametrize(
    ("kind", "asked"), [("ES384", "RS384"), ("ES384", "ES256"), ("RS384", "ES384"), ("EdDSA", "ES384")]
)
def test_a_key_signs_nothing_but_its_own_algorithms(
    signing_key: MakeKey, tmp_path: Path, kind: Algorithm, asked: Algorithm
) -> None:
    """What was asked for is named, and what the key can sign: one of the right kind was told to be one."""
    path = tmp_path / "key.pem"
    signing_key(kind).save(path)

    own = "RS384 or PS384" if kind == "RS384" else kind
    told = f"{path}: a key that cannot sign {asked}; state --algorithm {own}, or name another file"
    assert problem(path, asked) == told


@pytest.mark.parametrize("kind", ["nothing", "folder"])
def test_what_is_no_file_is_named(tmp_path: Path, kind: str) -> None:
    """With the mend."""
    path = tmp_path / "key.pem"
    if kind == "folder":
        path.mkdir()

    told = problem(path)

    assert told.startswith(f"{path}: ")
    assert told.endswith("; name a PEM file, or have one made: cds-service clients token --key FILE")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_does_not_show_itself(signing_key: MakeKey, algorithm: Algorithm) -> None:
    """A traceback with local values may print it."""
    assert "PRIVATE" not in repr(signing_key(algorithm)).upper().replace("SIGNINGKEY", "")
