from pathlib import Path

import pytest

from cds_service.security.clients import ANYONE, Client, ClientsFileError, load_clients, unauthenticated_caller

REGIONS = frozenset({"nwl", "nel"})

WHOLE = """
clients:
  - id: demo-ehr
    issuer: https://ehr.example
    jwks: {keys: []}
    jwks_url: https://ehr.example/jwks.json
    audiences: [https://cds.example/cds-services]
    algorithms: [ES384]
    fhir_servers: [https://ehr.example/fhir]
    footprints: [NWL, nel]
    default_region: Nwl
    cors_origins: [https://ehr.example]
    on_unresolved: card
"""


@pytest.fixture
def clients_file(tmp_path: Path) -> Path:
    """Where a configuration folder keeps its clients."""
    return tmp_path / "clients.yaml"


def problem(path: Path, text: str) -> str:
    """What is said of a file that cannot be used."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ClientsFileError) as caught:
        load_clients(path, REGIONS)
    return str(caught.value)


def test_a_missing_file_means_no_client(clients_file: Path) -> None:
    """It is optional while authentication is off."""
    assert load_clients(clients_file, REGIONS) == ()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "clients: []\n"])
def test_an_empty_file_means_no_client(clients_file: Path, text: str) -> None:
    """As does an empty list."""
    clients_file.write_text(text, encoding="utf-8")

    assert load_clients(clients_file, REGIONS) == ()


def test_every_key_of_the_contract_is_read(clients_file: Path) -> None:
    """Regions are compared without case."""
    clients_file.write_text(WHOLE, encoding="utf-8")

    (client,) = load_clients(clients_file, REGIONS)

    assert client.id == "demo-ehr"
    assert client.issuer == "https://ehr.example"
    assert client.footprints == ("nwl", "nel")
    assert client.default_region == "nwl"
    assert client.on_unresolved == "card"
    assert client.algorithms == ("ES384",)
    assert [str(server) for server in client.fhir_servers] == ["https://ehr.example/fhir"]


def test_a_client_needs_no_more_than_an_id(clients_file: Path) -> None:
    """The rest has defaults: no default region, an error for what is unresolved, the recommended algorithms."""
    clients_file.write_text("clients: [{id: ehr}]", encoding="utf-8")

    (client,) = load_clients(clients_file, REGIONS)

    assert client == Client(id="ehr")
    assert (client.default_region, client.on_unresolved) == (None, "error")
    assert client.algorithms == ("ES384", "RS384")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("clients: [{}]", "clients.0.id"),
        ("clients: [{id: ''}]", "clients.0.id"),
        ("clients: [{id: 'Mr Test'}]", "clients.0.id"),
        ("clients: [{id: -a}]", "clients.0.id"),
        ("clients: [{id: a}, {id: 5}]", "clients.1.id"),
        ("clients: [{id: a, colour: blue}]", "clients.0.colour"),
        ("clients: [{id: a, on_unresolved: silence}]", "clients.0.on_unresolved"),
        ("clients: [{id: a, algorithms: [none]}]", "clients.0.algorithms.0"),
        ("clients: [{id: a, algorithms: [HS256]}]", "clients.0.algorithms.0"),
        ("clients: [{id: a, jwks_url: 'keys'}]", "clients.0.jwks_url"),
        ("clients: [{id: a, fhir_servers: ['ehr.example']}]", "clients.0.fhir_servers.0"),
        ("clients: [{id: a, jwks: 'keys'}]", "clients.0.jwks"),
        ("clients: [{id: a, footprints: nwl}]", "clients.0.footprints"),
        ("clients: [{id: a, default_region: '  '}]", "clients.0.default_region"),
        ("clients: {id: a}", "clients"),
        ("customers: []", "customers"),
    ],
)
def test_a_broken_entry_is_named(clients_file: Path, text: str, key: str) -> None:
    """By file and key."""
    assert f"clients.yaml: {key}: " in problem(clients_file, text)


def test_several_problems_are_told_together(clients_file: Path) -> None:
    """One to a line."""
    told = problem(clients_file, "clients: [{id: ''}, {id: a, colour: blue}]").splitlines()

    assert [line.split(": ")[1] for line in told] == ["clients.0.id", "clients.1.colour"]


def test_an_id_stands_once(clients_file: Path) -> None:
    """The log tells clients apart by it."""
    told = problem(clients_file, "clients: [{id: a}, {id: b}, {id: a}]")

    assert "id a stands more than once; give each client an id of its own" in told


def test_a_default_region_is_among_the_footprints(clients_file: Path) -> None:
    """Where footprints are stated."""
    told = problem(clients_file, "clients: [{id: a, footprints: [nwl], default_region: nel}]")

    assert "default_region 'nel' is not among its footprints; add it there or change it" in told


@pytest.mark.parametrize("text", ["default_region: ncl", "footprints: [ncl]"])
def test_a_region_has_a_pathway(clients_file: Path, text: str) -> None:
    """The message lists those that there are."""
    told = problem(clients_file, f"clients: [{{id: a, {text}}}]")

    assert told == "clients.yaml: client a: no pathway for ncl; use one of nel, nwl"


@pytest.mark.parametrize("text", ["clients: [", "\tclients: []", "clients: !!python/object:os.system []"])
def test_what_is_not_yaml_is_said_to_be_none(clients_file: Path, text: str) -> None:
    """With the parser's own words; no Python object is ever made of a file."""
    assert problem(clients_file, text).startswith("clients.yaml: not YAML: ")


@pytest.mark.parametrize("text", ["just words", "- id: a"])
def test_a_file_of_another_shape_is_refused_in_plain_words(clients_file: Path, text: str) -> None:
    """What belongs there, without the names of our classes."""
    told = problem(clients_file, text)

    assert told.startswith("clients.yaml: ")
    assert "_ClientsFile" not in told


def test_a_clients_key_without_entries_means_no_client(clients_file: Path) -> None:
    """As an operator writes who has none yet."""
    clients_file.write_text("clients:\n", encoding="utf-8")

    assert load_clients(clients_file, REGIONS) == ()


def test_a_file_of_another_encoding_is_refused_by_name(clients_file: Path) -> None:
    """A message, not a traceback."""
    clients_file.write_bytes("clients: [{id: a, issuer: 'Lärche'}]".encode("latin-1"))

    with pytest.raises(ClientsFileError, match=r"clients\.yaml"):
        load_clients(clients_file, REGIONS)


def test_a_key_set_is_not_told_when_another_key_is_at_fault(clients_file: Path) -> None:
    """Values are not repeated."""
    told = problem(clients_file, "clients: [{id: a, jwks: {keys: [{d: very-private}]}, on_unresolved: no}]")

    assert "very-private" not in told


def test_the_only_client_is_taken_for_the_caller() -> None:
    """While nobody proves who calls, its preferences apply."""
    only = Client(id="ehr", default_region="nwl")

    assert unauthenticated_caller((only,)) == only


@pytest.mark.parametrize("clients", [(), (Client(id="a", default_region="nwl"), Client(id="b", on_unresolved="card"))])
def test_of_none_or_several_nobodys_preferences_apply(clients: tuple[Client, ...]) -> None:
    """A guess would apply one client's region to another's orders."""
    assert unauthenticated_caller(clients) == ANYONE
    assert (ANYONE.default_region, ANYONE.on_unresolved) == (None, "error")
