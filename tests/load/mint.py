"""Client tokens for a load, signed before it starts by processes that rest while it runs.

A signature takes about as long as a whole call of the bare app, so signing beside a load would be what is measured.
"""

import multiprocessing
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import chain, repeat
from pathlib import Path

import orjson
from client import settle
from trust import AUDIENCE, ISSUER, Algorithm, Trust

from cds_service.security.minting import SigningKey

LIFE = 300
"""Seconds that a token is good for: the longest that the service allows unless a client's entry says more."""

_AT_ONCE = 200


def make_trust(folder: Path, demo_configuration: Path) -> Trust:
    """Make keys, and what servers need to trust them, in a new folder."""
    folder.mkdir(parents=True)
    trust = Trust(folder)
    keys = {algorithm: SigningKey.made(algorithm.value) for algorithm in Algorithm}
    for algorithm, key in keys.items():
        key.save(trust.private_key(algorithm))
    jwks = {"keys": [key.public_jwk for key in keys.values()]}
    trust.jwks.write_bytes(orjson.dumps(jwks))
    shutil.copytree(demo_configuration, trust.configuration)
    client = {"id": "load", "issuer": ISSUER, "jwks": jwks}
    (trust.configuration / "clients.yaml").write_bytes(orjson.dumps({"clients": [client]}))  # JSON is YAML too
    return trust


class Mint:
    """Processes that sign; they stay up between loads.

    Args:
        trust: where the keys are.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._pool = ProcessPoolExecutor(
            os.cpu_count(), multiprocessing.get_context("spawn"), initializer=settle, initargs=(None,)
        )

    def tokens(self, algorithm: Algorithm, count: int) -> list[bytes]:
        """At least `count` tokens, each with a `jti` of its own."""
        lots = range(0, count, _AT_ONCE)
        key = self._trust.private_key(algorithm)
        return list(chain.from_iterable(self._pool.map(_signed, repeat(key, len(lots)), repeat(algorithm, len(lots)))))

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)


def _signed(path: Path, algorithm: Algorithm) -> list[bytes]:
    key = _key(path, algorithm)
    return [key.token(ISSUER, AUDIENCE, life=LIFE).encode() for _ in range(_AT_ONCE)]


@cache
def _key(path: Path, algorithm: Algorithm) -> SigningKey:
    return SigningKey.read(path, algorithm.value)
