from collections.abc import Iterator
from contextlib import closing

import jwt
import orjson
import pytest
from mint import Mint, make_trust
from servers import DEMO_CONFIGURATION
from trust import AUDIENCE, ISSUER, Algorithm, Trust

from cds_service.security.clients_file import load_clients


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """Keys and a configuration, as a run makes them."""
    return make_trust(tmp_path_factory.mktemp("trust") / "new", DEMO_CONFIGURATION)


@pytest.fixture(scope="module")
def mint(trust: Trust) -> Iterator[Mint]:
    """The processes that sign."""
    with closing(Mint(trust)) as open_mint:
        yield open_mint


def public_keys(trust: Trust) -> dict[str | None, jwt.PyJWK]:
    """The keys that the bare app is given, by algorithm."""
    key_set = jwt.PyJWKSet.from_json(trust.jwks.read_text())
    return {key.algorithm_name: key for key in key_set.keys}


@pytest.mark.parametrize("algorithm", Algorithm)
def test_minted_tokens_hold_for_both_servers(trust: Trust, mint: Mint, algorithm: Algorithm) -> None:
    """At least as many as asked for, each signed, addressed, and with an id of its own."""
    tokens = mint.tokens(algorithm, 250)
    key = public_keys(trust)[algorithm]

    claims = [jwt.decode(token, key, [algorithm], audience=AUDIENCE, issuer=ISSUER) for token in tokens]

    assert len({each["jti"] for each in claims}) == len(tokens) >= 250
    assert {each["exp"] - each["iat"] for each in claims} == {300}
    assert jwt.get_unverified_header(tokens[0])["kid"] == key.key_id


def test_the_configuration_trusts_the_loads_client_and_is_the_demos_otherwise(trust: Trust) -> None:
    """One client with both public keys in its entry, so that the service has nothing to fetch."""
    (client,) = load_clients(trust.configuration / "clients.yaml", frozenset({"nwl", "nel"}))

    assert client.issuer == ISSUER
    assert client.jwks == orjson.loads(trust.jwks.read_bytes())
    assert public_keys(trust).keys() == set(Algorithm)
    for file in DEMO_CONFIGURATION.iterdir():
        assert (trust.configuration / file.name).read_bytes() == file.read_bytes()
