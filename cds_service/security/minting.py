"""Test tokens: a key of one's own, its public half as a JWK, and tokens as an EHR would sign them.

For trying a service, never for letting anybody in: what is minted here is good only where an operator registered
the public half.
"""

import json
import os
import time
import uuid
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from cds_service.security.clients import Algorithm
from cds_service.security.jwks import SMALLEST_RSA_KEY

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_ALGORITHM_OF_CURVE: dict[str, Algorithm] = {"secp256r1": "ES256", "secp384r1": "ES384"}


class SigningKeyError(ValueError):
    """A key file cannot be used; the message names the file and the mend."""


class SigningKey:
    """A private key that signs test tokens.

    Args:
        private: the key.
        algorithm: what it signs with; an RSA key may sign with RS384 or PS384.
    """

    def __init__(self, private: PrivateKey, algorithm: Algorithm) -> None:
        self._private = private
        self.algorithm = algorithm

    @classmethod
    def made(cls, algorithm: Algorithm) -> Self:
        """Make a new key for an algorithm."""
        match algorithm:
            case "ES256":
                return cls(ec.generate_private_key(ec.SECP256R1()), algorithm)
            case "ES384":
                return cls(ec.generate_private_key(ec.SECP384R1()), algorithm)
            case "RS384" | "PS384":
                return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048), algorithm)
            case "EdDSA":
                return cls(ed25519.Ed25519PrivateKey.generate(), algorithm)

    @classmethod
    def read(cls, path: Path, algorithm: str | None = None) -> Self:
        """Read a PEM file.

        Args:
            path: the file.
            algorithm: what to sign with; told from the key when left out.

        Raises:
            SigningKeyError: it holds no key that could sign a client's token.
        """
        try:
            private = load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            mend = "name a PEM file, or have one made: cds-service clients token --key FILE"
            raise SigningKeyError(f"{path}: {error.strerror}; {mend}") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise SigningKeyError(f"{path}: not a private key in PEM without a password; name another file") from None
        fitting = _algorithms_of(private)
        if isinstance(private, rsa.RSAPrivateKey) and private.key_size < SMALLEST_RSA_KEY:
            raise SigningKeyError(f"{path}: an RSA key of {private.key_size} bits; use one of {SMALLEST_RSA_KEY} bits")
        if not isinstance(private, PrivateKey) or not fitting:
            raise SigningKeyError(f"{path}: a key that cannot sign a client's token; use an EC P-384 or RSA key")
        if algorithm is not None and algorithm not in fitting:
            mend = f"state --algorithm {' or '.join(fitting)}, or name another file"
            raise SigningKeyError(f"{path}: a key that cannot sign {algorithm}; {mend}")
        return cls(private, next(name for name in fitting if algorithm in {None, name}))

    def save(self, path: Path) -> None:
        """Write the key as PEM, readable by its owner alone; an existing file is not overwritten.

        Raises:
            SigningKeyError: the file exists or cannot be written.
        """
        pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pem)
        except OSError as error:
            raise SigningKeyError(f"{path}: {error.strerror}; name another file") from None

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public half as a JSON Web Key, with its RFC 7638 thumbprint as `kid`."""
        public = self._private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            members = RSAAlgorithm.to_jwk(public, as_dict=True)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            members = ECAlgorithm.to_jwk(public, as_dict=True)
        else:
            members = OKPAlgorithm.to_jwk(public, as_dict=True)
        required = {name: members[name] for name in sorted({"crv", "e", "kty", "n", "x", "y"} & members.keys())}
        thumbprint = sha256(json.dumps(required, separators=(",", ":")).encode()).digest()
        kid = urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
        return {**required, "kid": kid, "use": "sig", "alg": self.algorithm}

    def token(
        self, issuer: str, audience: str, *, life: int = 300, tenant: str | None = None, kid: str | None = None
    ) -> str:
        """Sign a token as CDS Hooks asks for it.

        Args:
            issuer: the client's issuer.
            audience: the public URL of the endpoint to be called.
            life: seconds until it expires.
            tenant: the tenant claim, when the client has tenants.
            kid: the key's id where it is registered under another than its thumbprint.
        """
        now = int(time.time())
        claims = {"iss": issuer, "aud": audience, "iat": now, "exp": now + life, "jti": str(uuid.uuid4())}
        if tenant is not None:
            claims["tenant"] = tenant
        return jwt.encode(claims, self._private, self.algorithm, headers={"kid": kid or self.public_jwk["kid"]})


def _algorithms_of(private: object) -> tuple[Algorithm, ...]:
    if isinstance(private, rsa.RSAPrivateKey):
        return ("RS384", "PS384")
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return ("EdDSA",)
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _ALGORITHM_OF_CURVE:
        return (_ALGORITHM_OF_CURVE[private.curve.name],)
    return ()
