"""A client's public keys (RFC 7517): which of them can check a token's signature, by `kid` and algorithm."""

from base64 import urlsafe_b64decode
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Self

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey

ALGORITHMS_OF_KIND: dict[tuple[str, str | None], frozenset[str]] = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("RSA", None): frozenset({"RS384", "PS384"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}
"""The algorithms that a key of a type and curve may be used with: a key never chooses another (RFC 8725, 3.1)."""

SMALLEST_RSA_KEY = 2048
"""Bits (RFC 7518, 3.3)."""

LARGEST_RSA_KEY = 8192
"""Bits; checking with a larger one would hold up other clients' calls."""

LARGEST_RSA_EXPONENT = 2**32
"""Usual ones are 65537; a huge one makes each check a thousand times dearer."""

MOST_KEYS_OF_ONE_ID = 4
"""Keys of one `kid` that a token is tried with; while they are rotated there may be two."""

SANDBOX_KEY_X = int.from_bytes(
    urlsafe_b64decode("dw_JGR8nB2I6XveNxUOl2qk699ZPLM2nYI5STSdiEl9avAkrm3CkfYMbrrjr8laB"), "big"
)
"""The public CDS Hooks Sandbox's key, whose private half is published, as the x of its point."""

MOST_KEYS = 64
"""Keys that a set may hold; a rotation needs two or three."""

SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members that only a private or a symmetric key has (RFC 7518, 6)."""


class KeySetError(ValueError):
    """A key set cannot be used; the message says why and how to mend it, and holds no key material."""


class VerificationKey(NamedTuple):
    """A public key, its `kid`, and the algorithms that it may check."""

    kid: str
    algorithms: frozenset[str]
    key: PublicKey


class KeySet:
    """The usable keys of a JSON Web Key Set.

    Args:
        keys: the usable keys.
        holds_a_secret: whether a private or symmetric key stood beside them: who can read the set may sign with it.
    """

    def __init__(self, keys: Sequence[VerificationKey], *, holds_a_secret: bool = False) -> None:
        self.holds_a_secret = holds_a_secret
        self._by_kid: dict[str, list[VerificationKey]] = {}
        for key in keys:
            of_kid = self._by_kid.setdefault(key.kid, [])
            if len(of_kid) < MOST_KEYS_OF_ONE_ID:
                of_kid.append(key)

    def __len__(self) -> int:
        """How many keys can be used."""
        return sum(len(keys) for keys in self._by_kid.values())

    @property
    def holds_a_published_key(self) -> bool:
        """Whether one of the keys is the public sandbox's."""
        return any(is_published(key.key) for keys in self._by_kid.values() for key in keys)

    @property
    def described(self) -> list[tuple[str, frozenset[str]]]:
        """Each usable key's `kid` and the algorithms that it may check."""
        return [(key.kid, key.algorithms) for keys in self._by_kid.values() for key in keys]

    def has_one_for(self, algorithms: Collection[str]) -> bool:
        """Whether any key may check one of these algorithms."""
        return any(not key_algorithms.isdisjoint(algorithms) for _, key_algorithms in self.described)

    def matching(self, kid: str, algorithm: str) -> list[PublicKey]:
        """The keys of this id that may check this algorithm; usually one."""
        return [key.key for key in self._by_kid.get(kid, ()) if algorithm in key.algorithms]

    @classmethod
    def fetched(cls, jwks: object) -> Self:
        """Read a set that a key server sent; keys of other uses and kinds are passed over, as RFC 7517, 5 asks.

        Raises:
            KeySetError: it is no key set.
        """
        entries = _entries(jwks)
        keys = [key for entry in entries if (key := _usable(entry)) is not None]
        return cls(
            [key for key in keys if not is_published(key.key)],
            holds_a_secret=any(_is_secret(entry) for entry in entries),
        )

    @classmethod
    def pinned(cls, jwks: object, algorithms: Sequence[str]) -> Self:
        """Read a set from a configuration file; each key must be usable, and public.

        Args:
            jwks: the set.
            algorithms: those that the client may use.

        Raises:
            KeySetError: it is no key set, holds a secret, or a key that could never be used.
        """
        keys = []
        for position, entry in enumerate(_entries(jwks)):
            place = f"keys[{position}]"
            if _is_secret(entry):
                msg = f"{place} is a private or symmetric key; put the public key alone here, and replace that key"
                raise KeySetError(msg)
            key = _usable(entry)
            if key is None:
                msg = f"{place} cannot check a signature; give kid, kty, and an EC, RSA (2048 bits) or Ed25519 key"
                raise KeySetError(msg)
            if key.algorithms.isdisjoint(algorithms):
                usable = ", ".join(sorted(key.algorithms))
                msg = f"{place} is a key for {usable}, which is not among the client's algorithms; add it there"
                raise KeySetError(msg)
            keys.append(key)
        if not keys:
            msg = "holds no key; add the client's public key, or use jwks_url"
            raise KeySetError(msg)
        return cls(keys)


def _entries(jwks: object) -> list[Any]:
    entries = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(entries, list):
        msg = "is not a key set; write an object with a list 'keys'"
        raise KeySetError(msg)
    if len(entries) > MOST_KEYS:
        msg = f"holds more than {MOST_KEYS} keys; take out those that are no longer used"
        raise KeySetError(msg)
    return entries


def _is_secret(entry: object) -> bool:
    return isinstance(entry, dict) and not SECRET_MEMBERS.isdisjoint(entry)


def _usable(entry: object) -> VerificationKey | None:
    """A key of the set, or None when it is not one that could check a signature here."""
    if not isinstance(entry, dict) or _is_secret(entry):
        return None
    kid, kind, curve, use = (entry.get(name) for name in ("kid", "kty", "crv", "use"))
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not kid or not kid.isprintable() or not isinstance(kind, str):
        return None
    if use not in (None, "sig"):  # compared one by one: the value may be junk that has no hash
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    algorithms = ALGORITHMS_OF_KIND.get((kind, curve if isinstance(curve, str) else None), frozenset())
    if (stated := entry.get("alg")) is not None:
        algorithms &= {stated} if isinstance(stated, str) else frozenset()
    if not algorithms:
        return None
    try:
        key = PyJWK.from_dict(entry, min(algorithms)).key
    except (PyJWTError, ValueError, TypeError):
        return None
    if isinstance(key, RSAPublicKey) and not _is_of_usual_size(key):
        return None
    return VerificationKey(kid, algorithms, key)


def _is_of_usual_size(key: RSAPublicKey) -> bool:
    sized = SMALLEST_RSA_KEY <= key.key_size <= LARGEST_RSA_KEY
    return sized and key.public_numbers().e < LARGEST_RSA_EXPONENT


def algorithms_of(key: PublicKey) -> frozenset[str]:
    """The algorithms that a key of its type and curve may be used with."""
    if isinstance(key, RSAPublicKey):
        return ALGORITHMS_OF_KIND["RSA", None]
    if isinstance(key, Ed25519PublicKey):
        return ALGORITHMS_OF_KIND["OKP", "Ed25519"]
    return ALGORITHMS_OF_KIND.get(("EC", _CURVES.get(key.curve.name)), frozenset())


_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384"}


def is_published(key: PublicKey) -> bool:
    """Whether this is the public sandbox's key: anyone has its private half, so that it proves nothing."""
    return isinstance(key, EllipticCurvePublicKey) and key.public_numbers().x == SANDBOX_KEY_X
