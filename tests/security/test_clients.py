from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from cds_service.security.clients import ANYONE, Algorithm, Client, Tenant, unauthenticated_caller
from cds_service.security.minting import SigningKey

MakeKey = Callable[[Algorithm], SigningKey]
KEY_SERVER = "https://ehr.example.nhs.uk/jwks"


def client(**keys: Any) -> Client:  # noqa: ANN401 - values as YAML gives them, right and wrong
    """An entry with an id and these keys."""
    return Client.model_validate({"id": "ehr", **keys})


def problem(**keys: Any) -> str:  # noqa: ANN401 - values as YAML gives them, right and wrong
    """What is said of an entry that cannot be used: the first problem's own words."""
    with pytest.raises(ValidationError) as raised:
        client(**keys)
    return raised.value.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")


def test_an_id_is_all_that_an_entry_needs() -> None:
    """The rest has defaults: the recommended algorithms, a minute of skew, five minutes of life, an error in doubt."""
    only = client()

    assert only.algorithms == ("ES384", "RS384")
    assert (only.clock_skew, only.maximum_life) == (60, 300)
    assert (only.footprints, only.default_region, only.on_unresolved) == ((), None, "error")
    assert (only.fhir_servers, only.private_networks, only.cors_origins, only.rate) == ((), (), (), None)


def test_an_entry_cannot_be_changed_once_read() -> None:
    """What is checked at the start stays checked."""
    with pytest.raises(ValidationError, match="frozen"):
        client().on_unresolved = "card"  # type: ignore[misc]  # that it cannot be set is what is tested


@pytest.mark.parametrize("name", ["a", "EHR-2", "north.trust_1", "0", "a" * 64])
def test_an_id_is_letters_digits_and_a_few_marks(name: str) -> None:
    """It stands in the card log and in the operator's log."""
    assert client(id=name).id == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "a\n", "a/b", "ä", "a" * 65, 5, None])
def test_any_other_id_is_refused(name: object) -> None:
    """A line break or a space would forge lines of a log."""
    with pytest.raises(ValidationError):
        client(id=name)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("issuer", ""),
        ("issuer", "i" * 1025),
        ("issuer", 5),
        ("algorithms", []),
        ("algorithms", ["none"]),
        ("algorithms", ["HS256"]),
        ("algorithms", ["RS256"]),
        ("algorithms", ["es384"]),
        ("clock_skew", -1),
        ("clock_skew", 601),
        ("clock_skew", 1.5),
        ("clock_skew", True),
        ("maximum_life", 29),
        ("maximum_life", 3601),
        ("on_unresolved", "silence"),
        ("footprints", ["  "]),
        ("footprints", "nwl"),
        ("default_region", ""),
        ("tenants", []),
        ("tenants", {"north": {"rate": "1/minute"}}),
        ("tenants", {"north": None}),
        ("jwks", []),
        ("jwks", "keys"),
        ("colour", "blue"),
    ],
)
def test_a_value_outside_the_contract_is_refused(key: str, value: object) -> None:
    """Nothing is coerced into something that was not written."""
    with pytest.raises(ValidationError):
        client(**{key: value})


@pytest.mark.parametrize("key", ["clock_skew", "maximum_life"])
@pytest.mark.parametrize("value", [0, 29, 30, 600, 601, 3600, 3601])
def test_seconds_lie_within_their_bounds(key: str, value: int) -> None:
    """At most ten minutes of skew; a life of half a minute to an hour."""
    allowed = range(601) if key == "clock_skew" else range(30, 3601)

    if value in allowed:
        assert getattr(client(**{key: value}), key) == value
    else:
        assert "Input should be" in problem(**{key: value})


@pytest.mark.parametrize("key", ["jwks_url", "jkus", "audiences", "fhir_servers"])
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://ehr.example.nhs.uk", "https://ehr.example.nhs.uk"),
        ("https://ehr.example.nhs.uk/", "https://ehr.example.nhs.uk"),
        ("https://ehr.example.nhs.uk:8443/a/b", "https://ehr.example.nhs.uk:8443/a/b"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/a"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("http://localhost/a", "http://localhost/a"),
    ],
)
def test_an_address_is_kept_without_its_closing_slash(key: str, written: str, kept: str) -> None:
    """Plain http is for this machine alone."""
    value: Any = written if key == "jwks_url" else [written]

    assert getattr(client(**{key: value}), key) == (kept if key == "jwks_url" else (kept,))


@pytest.mark.parametrize("key", ["jwks_url", "jkus", "audiences", "fhir_servers", "cors_origins"])
@pytest.mark.parametrize(
    "written",
    [
        "",
        "keys",
        "/jwks",
        "ehr.example.nhs.uk",
        "ftp://ehr.example.nhs.uk",
        "file:///etc/keys",
        "https://",
        "https:///jwks",
        "https://ehr.example.nhs.uk:0",
        "https://ehr.example.nhs.uk:99999",
        "https://ehr.example.nhs.uk:port",
        "https://somebody@ehr.example.nhs.uk",
        "https://@ehr.example.nhs.uk",
        "https://ehr.example.nhs.uk/jwks?x=1",
        "https://ehr.example.nhs.uk/jwks?",
        "https://ehr.example.nhs.uk/jwks#x",
        "https://ehr.example.nhs.uk/jwks#",
        "http://ehr.example.nhs.uk/jwks",
        "http://127.0.0.2/jwks",
        "http://localhost.example.nhs.uk/jwks",
    ],
)
def test_any_other_address_is_refused_with_the_mend(key: str, written: str) -> None:
    """Before anybody calls, not when the first one is turned away."""
    said = problem(**{key: written if key == "jwks_url" else [written]})

    assert any(mend in said for mend in ("write ", "use https"))


@pytest.mark.parametrize(
    "written",
    [
        "https://[::1",
        "https://ehr example.nhs.uk/jwks",
        "https://ehr.example.nhs.uk/a b",
        "https://ehr\n.example.nhs.uk/jwks",
        "https://ehr.example.nhs.uk/jwks\t",
        "https://lärche.example.nhs.uk/jwks",
        "https://ehr.example.nhs.uk\\jwks",
    ],
)
def test_an_address_that_could_never_be_asked_is_refused_with_the_mend(written: str) -> None:
    """The way out takes ASCII URLs alone (`urls.split_url`): better said at the start."""
    assert "write the key set's address" in problem(jwks_url=written)


@pytest.mark.parametrize(
    "written",
    ["https://ehr-user:marked-secret@ehr.example.nhs.uk/r4", "ftp://x:marked-secret@h", "https://h/?marked-secret"],
)
@pytest.mark.parametrize("key", ["jwks_url", "fhir_servers"])
def test_a_password_in_an_address_is_not_repeated(key: str, written: str) -> None:
    """The message goes to a terminal and a log."""
    assert "marked-secret" not in problem(**{key: written if key == "jwks_url" else [written]})


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://ehr.example.nhs.uk", "https://ehr.example.nhs.uk"),
        ("https://EHR.example.nhs.uk:8443", "https://ehr.example.nhs.uk:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(written: str, kept: str) -> None:
    """In lower case."""
    assert client(cors_origins=[written]).cors_origins == (kept,)


@pytest.mark.parametrize("written", ["*", "null", "https://ehr.example.nhs.uk/", "https://ehr.example.nhs.uk/app"])
def test_an_origin_has_no_path_and_is_no_pattern(written: str) -> None:
    """`*` would let every page call, `null` every sandboxed frame."""
    assert "https://" in problem(cors_origins=[written])


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("10.20.30.0/24", "10.20.30.0/24"),
        ("10.20.30.4", "10.20.30.4/32"),
        ("fd12::/16", "fd12::/16"),
        ("::1", "::1/128"),
    ],
)
def test_a_private_network_is_an_address_or_a_network(written: str, kept: str) -> None:
    """Of either family."""
    assert client(private_networks=[written]).private_networks == (kept,)


@pytest.mark.parametrize("written", ["", "10.20.30.1/24", "10.20.30", "10.0.0.0/33", "ehr.example.nhs.uk", "10.*"])
def test_any_other_network_is_refused_with_the_mend(written: str) -> None:
    """A network with bits of a host in it is as likely a slip as meant."""
    assert problem(private_networks=[written]) == (
        f"'{written}' is not a network; write an address or a network such as 10.20.30.0/24"
    )


def test_a_network_given_as_a_number_is_refused() -> None:
    """YAML reads 10 as a number, which would be the address 0.0.0.10."""
    assert problem(private_networks=[10]) == "Input should be a valid string"


@pytest.mark.parametrize("rate", ["600/minute", "20 per second", "1000 per 5 minutes"])
def test_a_rate_is_kept_as_written(rate: str) -> None:
    """`rates.parse_rate` reads it."""
    assert client(rate=rate).rate == rate


@pytest.mark.parametrize("rate", ["", "often", "0/minute", "-1/minute", "5/minute; 10/hour", "5/fortnight"])
def test_any_other_rate_is_refused_with_the_mend(rate: str) -> None:
    """An example helps more than a grammar."""
    assert "600/minute" in problem(rate=rate)


def test_footprints_compare_without_case() -> None:
    """As region ids do everywhere."""
    bound = client(footprints=["NWL", " Nel "], default_region="Nwl")

    assert (bound.footprints, bound.default_region) == (("nwl", "nel"), "nwl")


def test_a_default_region_is_among_the_footprints() -> None:
    """Where footprints are stated."""
    assert problem(footprints=["nwl"], default_region="nel") == (
        "default_region 'nel' is not among its footprints; add it there or change it"
    )
    assert client(default_region="nel").default_region == "nel"


def test_a_client_may_act_in_its_footprints_alone() -> None:
    """NEL is another footprint than NWL."""
    bound = client(footprints=["nwl"])

    assert [bound.may_act_in(region) for region in ("nwl", "nel")] == [True, False]


def test_a_client_without_footprints_may_act_everywhere() -> None:
    """It is bound to none."""
    assert all(client().may_act_in(region) for region in ("nwl", "nel"))


TENANTS = {"north": {"footprints": ["nwl"], "default_region": "nwl"}, "east": {"footprints": ["NEL"]}}


def test_a_tenant_acts_in_its_own_footprints() -> None:
    """Whatever region its fellow tenant is bound to."""
    vendor = client(
        tenants=TENANTS, rate="600/minute", on_unresolved="card", fhir_servers=["https://ehr.example.nhs.uk"]
    )

    north, east = vendor.for_tenant("north"), vendor.for_tenant("east")

    assert north is not None
    assert east is not None
    assert (north.footprints, north.default_region) == (("nwl",), "nwl")
    assert (east.footprints, east.default_region) == (("nel",), None)
    assert [east.may_act_in(region) for region in ("nwl", "nel")] == [False, True]


def test_a_tenant_shares_everything_else_with_its_client() -> None:
    """Id, rate, servers and the rest belong to the vendor."""
    vendor = client(
        tenants=TENANTS, rate="600/minute", on_unresolved="card", fhir_servers=["https://ehr.example.nhs.uk"]
    )

    north = vendor.for_tenant("north")

    assert north is not None
    own = {"footprints", "default_region", "tenants"}
    assert north.model_dump(exclude=own) == vendor.model_dump(exclude=own)


@pytest.mark.parametrize("claim", [None, "", "NORTH", "north ", "south", 1, True, ["north"], {"north": 1}])
def test_a_claim_that_names_no_tenant_is_nobody(claim: object) -> None:
    """Of a client with tenants, a token must name one of them exactly, whatever JSON its claim holds."""
    assert client(tenants=TENANTS).for_tenant(claim) is None


@pytest.mark.parametrize("claim", [None, "north", 1, ["north"], {}])
def test_a_client_without_tenants_is_itself_whatever_the_claim(claim: object) -> None:
    """The claim is optional, and says nothing where none is registered."""
    alone = client()

    assert alone.for_tenant(claim) is alone


def test_a_tenants_default_region_is_among_its_footprints() -> None:
    """As a client's is."""
    assert problem(tenants={"north": {"footprints": ["nwl"], "default_region": "nel"}}) == (
        "default_region 'nel' is not among its footprints; add it there or change it"
    )


def test_a_tenant_without_footprints_stays_bound_to_its_clients() -> None:
    """A client bound to one region must not reach another by naming a tenant."""
    vendor = client(footprints=["nwl"], tenants={"north": {}})

    north = vendor.for_tenant("north")

    assert north is not None
    assert [north.may_act_in(region) for region in ("nwl", "nel")] == [True, False]


def test_a_client_is_of_every_footprint_of_its_tenants() -> None:
    """Of a call it is not known which tenant signed it."""
    assert client(footprints=["nwl"]).every_footprint == {"nwl"}
    assert client(tenants=TENANTS).every_footprint == {"nwl", "nel"}


def test_a_client_of_which_a_tenant_is_bound_to_nothing_is_bound_to_nothing() -> None:
    """It may act anywhere."""
    assert client().every_footprint == set()
    assert client(tenants={**TENANTS, "west": {}}).every_footprint == set()


def test_two_equal_entries_with_tenants_are_equal() -> None:
    """A tenant's own view of the client must not lead back to itself."""
    assert client(tenants=TENANTS) == client(tenants=TENANTS)
    assert client(tenants=TENANTS) != client(tenants={"north": {}})


def test_a_pinned_key_set_is_checked_with_the_entry(signing_key: MakeKey) -> None:
    """Its keys must be usable with the entry's algorithms."""
    pinned = {"keys": [signing_key("ES256").public_jwk]}

    assert client(jwks=pinned, algorithms=["ES256"]).jwks == pinned
    assert (
        problem(jwks=pinned)
        == "jwks: keys[0] is a key for ES256, which is not among the client's algorithms; add it there"
    )


@pytest.mark.parametrize("pinned", [{}, {"keys": None}, {"keys": {}}, {"keys": []}, {"keys": [None]}, {"keys": ["a"]}])
def test_a_pinned_key_set_without_a_usable_key_is_refused(pinned: dict[str, Any]) -> None:
    """A client whose tokens can never be checked is a mistake."""
    assert "key" in problem(jwks=pinned)


def test_keys_have_one_home(signing_key: MakeKey) -> None:
    """It would not be clear which of the two counts."""
    assert problem(jwks={"keys": [signing_key("ES384").public_jwk]}, jwks_url=KEY_SERVER) == (
        "has both jwks and jwks_url; keep the one that holds the client's keys"
    )


def test_a_key_set_is_not_shown_when_an_entry_is_printed(signing_key: MakeKey) -> None:
    """Public as it is, it does not belong in a log."""
    key = signing_key("ES384").public_jwk

    assert key["x"] not in repr(client(jwks={"keys": [key]}))


@pytest.mark.parametrize(
    ("keys", "usable"),
    [
        ({}, False),
        ({"issuer": "i"}, False),
        ({"jwks_url": KEY_SERVER}, False),
        ({"issuer": "i", "jwks_url": KEY_SERVER}, True),
        ({"issuer": "i", "jkus": [KEY_SERVER]}, True),
    ],
)
def test_a_client_needs_an_issuer_and_keys_to_be_authenticated(keys: dict[str, Any], usable: bool) -> None:
    """Else none of its tokens could be checked."""
    assert client(**keys).can_be_authenticated is usable


def test_a_client_with_pinned_keys_can_be_authenticated(signing_key: MakeKey) -> None:
    """No key server is needed."""
    assert client(issuer="i", jwks={"keys": [signing_key("ES384").public_jwk]}).can_be_authenticated


def test_the_only_client_is_taken_for_the_caller() -> None:
    """While nobody proves who calls, its preferences apply."""
    only = Client(id="ehr", default_region="nwl")

    assert unauthenticated_caller((only,)) == only


@pytest.mark.parametrize("clients", [(), (Client(id="a", default_region="nwl"), Client(id="b", on_unresolved="card"))])
def test_of_none_or_several_nobodys_preferences_apply(clients: tuple[Client, ...]) -> None:
    """A guess would apply one client's region to another's orders."""
    assert unauthenticated_caller(clients) == ANYONE
    assert (ANYONE.default_region, ANYONE.on_unresolved) == (None, "error")


def test_a_tenant_needs_nothing() -> None:
    """Its name alone lets the vendor's tokens through."""
    assert (Tenant().footprints, Tenant().default_region) == ((), None)
