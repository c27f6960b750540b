import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.security.clients import Algorithm, Client
from cds_service.security.clients_file import ClientsFileError, load_clients
from cds_service.security.minting import SigningKey
from cds_service.security.strict_yaml import LARGEST_FILE

MakeKey = Callable[[Algorithm], SigningKey]
REGIONS = frozenset({"nwl", "nel"})
DEMO_FILE = Path(str(files("cds_service.demo") / "sandbox-clients.yaml"))

WHOLE = """\
# two EHRs
clients:
  - id: demo-ehr
    issuer: https://ehr.example.nhs.uk
    jwks_url: https://ehr.example.nhs.uk/jwks.json
    jkus: [https://ehr.example.nhs.uk/other.json]
    audiences: [https://cds.example.nhs.uk]
    algorithms: [ES384, EdDSA]
    clock_skew: 30
    maximum_life: 120
    tenants:
      north: {footprints: [NWL], default_region: nwl}
    rate: 600/minute
    fhir_servers:
      - https://ehr.example.nhs.uk/fhir
    private_networks: [10.20.30.0/24]
    footprints: [NWL, nel]
    default_region: Nwl
    cors_origins: [https://ehr.example.nhs.uk]
    on_unresolved: card

  - id: other-ehr
"""


@pytest.fixture
def clients_file(tmp_path: Path) -> Path:
    """Where a configuration folder keeps its clients."""
    return tmp_path / "clients.yaml"


def load(path: Path, text: str | bytes, *, demo: bool = False) -> tuple[Client, ...]:
    """The clients of a file with this text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_clients(path, REGIONS, demo=demo)


def problem(path: Path, text: str | bytes, *, demo: bool = False) -> str:
    """What is said of a file that cannot be used."""
    with pytest.raises(ClientsFileError) as raised:
        load(path, text, demo=demo)
    return str(raised.value)


def test_a_missing_file_means_no_client(clients_file: Path) -> None:
    """It is optional while authentication is off."""
    assert load_clients(clients_file, REGIONS) == ()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "clients:\n", "clients: []\n", "{}"])
def test_a_file_without_entries_means_no_client(clients_file: Path, text: str) -> None:
    """As an operator writes who has none yet."""
    assert load(clients_file, text) == ()


def test_every_key_of_the_contract_is_read(clients_file: Path) -> None:
    """In the order of the file."""
    first, second = load(clients_file, WHOLE)

    assert first.model_dump(exclude={"jwks"}) == {
        "id": "demo-ehr",
        "issuer": "https://ehr.example.nhs.uk",
        "jwks_url": "https://ehr.example.nhs.uk/jwks.json",
        "jkus": ("https://ehr.example.nhs.uk/other.json",),
        "audiences": ("https://cds.example.nhs.uk",),
        "algorithms": ("ES384", "EdDSA"),
        "clock_skew": 30,
        "maximum_life": 120,
        "tenants": {"north": {"footprints": ("nwl",), "default_region": "nwl"}},
        "rate": "600/minute",
        "fhir_servers": ("https://ehr.example.nhs.uk/fhir",),
        "private_networks": ("10.20.30.0/24",),
        "footprints": ("nwl", "nel"),
        "default_region": "nwl",
        "cors_origins": ("https://ehr.example.nhs.uk",),
        "on_unresolved": "card",
    }
    assert second == Client(id="other-ehr")


def test_a_pinned_key_set_is_written_as_yaml_or_json(clients_file: Path, signing_key: MakeKey) -> None:
    """The key server's JSON can be pasted as it is."""
    jwks = {"keys": [signing_key("ES384").public_jwk]}
    as_yaml = yaml.safe_dump({"clients": [{"id": "a", "jwks": jwks}]})

    assert load(clients_file, as_yaml)[0].jwks == jwks
    assert load(clients_file, f"clients:\n  - id: a\n    jwks: {json.dumps(jwks)}\n")[0].jwks == jwks


@pytest.mark.parametrize("encoded", ["\ufeffclients: [{id: a}]\n", "clients:\r\n  - id: a\r\n"])
def test_a_file_saved_on_windows_is_read(clients_file: Path, encoded: str) -> None:
    """With a byte-order mark or its line ends."""
    assert [client.id for client in load(clients_file, encoded)] == ["a"]


@pytest.mark.parametrize(
    ("below_its_id", "place"),
    [
        ("on_unresolved: silence", "3: client a: on_unresolved: is not known; write 'error' or 'card'"),
        ("algorithms:\n      - ES384\n      - none", "5: client a: algorithms.1: is not known; write 'ES256', "),
        ("jwks_url: keys", "3: client a: jwks_url: 'keys' is not an absolute URL; write the key set's address as "),
        ("jwks: keys", "3: client a: jwks: has no keys; write each below it, with its value"),
        ("clock_skew: 601", "3: client a: clock_skew: is more than 600; write 600 or less"),
        ("clock_skew: -1", "3: client a: clock_skew: is less than 0; write 0 or more"),
        ("clock_skew: '60'", "3: client a: clock_skew: is not a whole number; write one, without quotes"),
        ("footprints: nwl", "3: client a: footprints: is not a list; write it as one, in square brackets"),
        ("footprints: [no]", "3: client a: footprints.0: is not text; write it in quotes"),
        ("algorithms: []", "3: client a: algorithms: has too little in it; write 1 or more"),
        (
            "cors_origins: ['null']",
            "3: client a: cors_origins.0: 'null' is not an absolute URL; write the origin as https://host",
        ),
        ("issuer:\n      - x", "3: client a: issuer: is not text; write it in quotes"),
        ("tenants:\n      north:\n        footprints: nwl", "5: client a: tenants.north.footprints: "),
        ("tenants:\n      1: {}", "3: client a: tenants.1"),
        ("footprints: [nwl]\n    default_region: nel", "2: client a: default_region 'nel' is not among "),
        ("jwks: {keys: []}", "2: client a: jwks: holds no key; add the client's public key, or use jwks_url"),
        ("rate: often", "3: client a: rate: "),
        ("private_networks: [10.0.0.1/8]", "3: client a: private_networks.0: '10.0.0.1/8' is not a network; write "),
    ],
)
def test_a_broken_entry_is_named_with_its_line(clients_file: Path, below_its_id: str, place: str) -> None:
    """And the client, and the path of the key."""
    assert problem(clients_file, f"clients:\n  - id: a\n    {below_its_id}\n").startswith(f"clients.yaml:{place}")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("clients: [{}]", "1: clients.0.id: is missing; add it"),
        ("clients:\n  - id: a\n  - id: 5\n", "3: clients.1.id: "),
        ("clients: {id: a}", "1: clients: "),
        ("# a comment\nclients: many\n", "2: clients: "),
        ("clients: [a]", "1: clients.0: "),
        ("clients: []\n1: 2\n", ""),
    ],
)
def test_a_list_that_is_none_is_named_with_its_line(clients_file: Path, text: str, place: str) -> None:
    """As is an entry that is none."""
    assert problem(clients_file, text).startswith(f"clients.yaml:{place}")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("clients: []\ncustomers: []\n", "clients.yaml:2: customers: "),
        ("clients:\n  - id: a\n    colour: blue\n", "clients.yaml:3: client a: colour: "),
        ("clients:\n  - id: a\n    tenants: {n: {rate: 1/minute}}\n", "clients.yaml:3: client a: tenants.n.rate: "),
    ],
)
def test_a_key_that_is_none_of_ours_is_refused(clients_file: Path, text: str, place: str) -> None:
    """A misspelt key would else be taken for its absence."""
    told = problem(clients_file, text)

    assert told == f"{place}is not a key of a client; see docs/configuration.md for those that are"


def test_several_problems_are_told_together(clients_file: Path) -> None:
    """One to a line, each with its own."""
    told = problem(clients_file, "clients:\n  - id: ''\n  - id: a\n    colour: blue\n").splitlines()

    assert [line.split(": ")[:3] for line in told] == [
        [
            "clients.yaml:2",
            "clients.0.id",
            "has a form that it may not have; write it to the pattern ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        ],
        ["clients.yaml:4", "client a", "colour"],
    ]


def test_an_id_that_is_at_fault_is_not_repeated(clients_file: Path) -> None:
    """It may be a secret in the wrong place; its entry is told by its number."""
    told = problem(clients_file, "clients:\n  - id: hunter2 hunter2\n    colour: blue\n")

    assert "hunter2" not in told
    assert "clients.yaml:3: clients.0.colour: " in told


@pytest.mark.parametrize("text", ["just words", "5", "- id: a", "[]"])
def test_a_file_of_another_shape_is_refused_in_plain_words(clients_file: Path, text: str) -> None:
    """What belongs there, without the names of our classes."""
    assert problem(clients_file, text) == "clients.yaml: starts with 'clients:' and a list of entries below it"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("clients: [", ":1"),
        ("clients:\n\t- id: a", ":2"),
        ("clients:\n  - id: a\n   issuer: b\n", ":3"),
        ("clients:\n  - id: 'a\n", ""),
        ("clients: []\n---\nclients: []\n", ":2"),
        ("clients: *nobody", ":1"),
        ("clients:\n  - id: @a\n", ":2"),
        ("clients: [{id: a\0}]", ""),
        ("%YAML 3.0\n---\nclients: []", ""),
    ],
)
def test_what_is_not_yaml_is_said_to_be_none(clients_file: Path, text: str, place: str) -> None:
    """With the line, where the parser knows it."""
    told = problem(clients_file, text)

    assert told.startswith(f"clients.yaml{place}")
    assert told.endswith(": not YAML; mend the indentation or the quotes there")


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!!python/name:os.system", "!secret", "!include"])
def test_no_object_is_made_of_a_file(clients_file: Path, tag: str) -> None:
    """Tags beyond YAML's own are refused with their line."""
    told = problem(clients_file, f"clients:\n  - id: a\n    issuer: {tag} x\n")

    assert told == "clients.yaml:3: a value that cannot be read; write it in quotes"


@pytest.mark.parametrize(
    "value",
    [
        "2020-99-99",
        "2020-02-30 10:00:00",
        "0b_",
        "0x_",
        "9" * 5000,
        "!!int abc",
        "!!float abc",
        "!!timestamp abc",
        "!!bool abc",
        '"\\UFFFFFFFF"',
        '"\\U00110000"',
        '"\\ud800"',
        "!!binary é",
        "!!omap {a: 1}",
        "{? [a] : b}",
        "{? {a: b} : c}",
    ],
)
def test_a_value_that_yaml_makes_nothing_of_is_said_with_the_mend(clients_file: Path, value: str) -> None:
    """A message with a line, never a traceback: YAML reads dates and numbers where an operator meant text."""
    assert problem(clients_file, f"clients:\n  - id: a\n    issuer: {value}\n").startswith("clients.yaml:3: ")


@pytest.mark.parametrize("text", ["clients: " + "[" * 5000, "clients: " + "{a: " * 5000, "- " * 5000])
def test_a_file_nested_beyond_reason_is_refused(clients_file: Path, text: str) -> None:
    """As not being a list of clients, whatever it is."""
    assert problem(clients_file, text).startswith("clients.yaml")


def test_a_file_of_another_encoding_is_refused_by_name(clients_file: Path) -> None:
    """A message, not a traceback."""
    told = problem(clients_file, "clients: [{id: a, issuer: 'Lärche'}]".encode("latin-1"))

    assert told == "clients.yaml: not UTF-8 text; save it as UTF-8"


def test_a_file_beyond_a_mebibyte_is_refused(clients_file: Path) -> None:
    """Whatever it is, it is no list of EHRs."""
    filling = "# " + "x" * (LARGEST_FILE - 2 - len("\nclients: []"))

    assert load(clients_file, f"{filling}\nclients: []") == ()
    assert problem(clients_file, f"{filling}x\nclients: []") == (
        "clients.yaml: larger than 1048576 bytes; list each thing once"
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("clients: []\nclients: []\n", "clients.yaml:1: 'clients' "),
        ("clients:\n  - id: a\n    footprints: [nwl]\n    footprints: []\n", "clients.yaml:3: 'footprints' "),
        ("clients:\n  - id: a\n    'id': b\n", "clients.yaml:2: 'id' "),
        ("clients:\n  - id: a\n    tenants:\n      n: {}\n      n: {footprints: [nwl]}\n", "clients.yaml:4: 'n' "),
        (
            "clients:\n  - id: a\n    jwks:\n      keys:\n        - kty: EC\n          kty: oct\n",
            "clients.yaml:5: 'kty' ",
        ),
        ("clients:\n  - &a\n    id: a\n    id: b\n  - *a\n", "clients.yaml:3: 'id' "),
    ],
)
def test_a_key_stands_once(clients_file: Path, text: str, place: str) -> None:
    """YAML's reader would keep the last without a word, at any depth."""
    assert problem(clients_file, text) == f"{place}stands twice; keep one of them"


def test_an_anchor_spares_writing_things_twice(clients_file: Path) -> None:
    """As YAML has it, with a merge key too; a key of the entry's own goes before the merged one."""
    text = """\
clients:
  - &first
    id: a
    clock_skew: 30
    footprints: &where [nwl]
  - id: b
    footprints: *where
  - <<: *first
    id: c
    clock_skew: 10
"""
    first, second, third = load(clients_file, text)

    assert (first.footprints, second.footprints, third.footprints) == (("nwl",),) * 3
    assert [one.clock_skew for one in (first, second, third)] == [30, 60, 10]


def test_a_problem_in_a_key_that_goes_before_a_merged_one_has_its_own_line(clients_file: Path) -> None:
    """Not that of the entry that was merged."""
    text = "clients:\n  - &first\n    id: a\n    clock_skew: 30\n  - <<: *first\n    id: b\n    clock_skew: 5000\n"

    assert problem(clients_file, text).startswith("clients.yaml:7: client b: clock_skew: ")


@pytest.mark.parametrize(
    "text",
    [
        "clients: &c [*c]",
        "clients: &c {a: *c}",
        "&c [*c]",
        "&c {clients: *c}",
        "clients: [&c {id: a, tenants: *c}]",
        "clients: [{id: a, tenants: &t {x: *t}}]",
        "clients: [{id: a, jwks: &j {keys: [*j]}}]",
        "clients: [{id: a, jwks: &j {keys: *j}}]",
        "clients: [{id: a, footprints: &f [*f]}]",
        "clients: [&c {<<: *c, id: a, colour: 1}]",
    ],
)
def test_an_alias_that_leads_back_to_itself_is_refused(clients_file: Path, text: str) -> None:
    """Read to its end, it would have none."""
    assert problem(clients_file, text).startswith("clients.yaml")


def test_aliases_of_aliases_cost_no_more_than_they_hold(clients_file: Path) -> None:
    """A file of a few lines that stands for ten thousand million entries."""
    lists = "".join(f"  n{one}: &n{one} [{', '.join([f'*n{one - 1}'] * 10)}]\n" for one in range(1, 11))

    assert "x: is not a key of a client" in problem(clients_file, f"x:\n  n0: &n0 [a]\n{lists}clients: []\n")


@pytest.mark.parametrize(("key", "value"), [("id", "b"), ("issuer", "https://ehr.example.nhs.uk")])
def test_an_id_and_an_issuer_stand_once(clients_file: Path, key: str, value: str) -> None:
    """The log tells clients apart by the one, authentication by the other."""
    entries = "".join(f"  - id: {name}\n    issuer: i-{name}\n" for name in "abc")
    doubled = entries.replace(f"{key}: {'b' if key == 'id' else 'i-b'}\n", f"{key}: {value}\n").replace(
        f"{key}: {'c' if key == 'id' else 'i-c'}\n", f"{key}: {value}\n"
    )

    told = problem(clients_file, f"clients:\n{doubled}")

    assert f"{key} {value} stands more than once; give each client an {key} of its own" in told


def test_the_line_of_an_id_that_stands_twice_is_told(clients_file: Path) -> None:
    """In a long list, that it stands twice somewhere is little help."""
    told = problem(clients_file, "clients:\n  - id: a\n  - id: b\n  - id: a\n")

    assert told.partition(": ")[0] in {"clients.yaml:2", "clients.yaml:4"}


def test_clients_without_an_issuer_do_not_clash(clients_file: Path) -> None:
    """While authentication is off none is needed."""
    assert len(load(clients_file, "clients: [{id: a}, {id: b}]")) == 2


def test_issuers_are_compared_character_for_character(clients_file: Path) -> None:
    """As they are in tokens."""
    text = "clients: [{id: a, issuer: 'https://ehr.example.nhs.uk'}, {id: b, issuer: 'https://ehr.example.nhs.uk/'}]"

    assert len(load(clients_file, text)) == 2


@pytest.mark.parametrize(
    "keys",
    [
        "default_region: ncl",
        "footprints: [nwl, ncl]",
        "tenants: {n: {footprints: [ncl]}}",
        "tenants: {n: {default_region: NCL}}",
        "tenants: {n: {}, m: {footprints: [nel, ncl]}}",
    ],
)
def test_a_region_has_a_pathway(clients_file: Path, keys: str) -> None:
    """The message names the key, lists those that there are, and leads to the line."""
    told = problem(clients_file, f"clients:\n  - id: a\n    {keys}\n")

    key = keys.partition(":")[0]
    assert told == f"clients.yaml:3: client a: {key}: no pathway for ncl; use one of nel, nwl"


SANDBOX_KEY = (
    "{kty: EC, kid: a, crv: P-384, x: dw_JGR8nB2I6XveNxUOl2qk699ZPLM2nYI5STSdiEl9avAkrm3CkfYMbrrjr8laB, "
    "y: Sm3mLE-n1zYNla_aiE3cb3nZsL51RbC7ysw3q8aJLxGm-hx79RPMYpITDjp7kgzy}"
)
IN_THE_DEMO_ALONE = [
    "issuer: https://sandbox.cds-hooks.org",
    "issuer: https://sandbox.cds-hooks.org/",
    "jwks_url: https://sandbox.cds-hooks.org/.well-known/jwks.json",
    "jwks_url: https://SANDBOX.cds-hooks.org/.well-known/jwks.json",
    "jwks_url: HTTPS://sandbox.cds-hooks.org/.well-known/jwks.json",
    "jwks_url: https://sandbox.cds-hooks.org:443/.well-known/jwks.json",
    "jkus: [https://ehr.example.nhs.uk/jwks, https://sandbox.cds-hooks.org/.well-known/jwks.json]",
    "jkus: [https://Sandbox.CDS-Hooks.org/.well-known/jwks.json]",
    f"jwks: {{keys: [{SANDBOX_KEY}]}}",
    "fhir_servers: [http://127.0.0.1:8000/fhir]",
    "fhir_servers: [https://ehr.example.nhs.uk, http://localhost/fhir]",
]


@pytest.mark.parametrize("keys", IN_THE_DEMO_ALONE)
def test_what_proves_nothing_is_for_the_demo_alone(clients_file: Path, keys: str) -> None:
    """The sandbox's private key is published, and over plain http anybody may answer for a FHIR server."""
    text = f"clients:\n  - id: a\n    {keys}\n"

    assert [client.id for client in load(clients_file, text, demo=True)] == ["a"]
    told = problem(clients_file, text)
    assert told.startswith("clients.yaml:3: client a: ")
    assert any(mend in told for mend in ("take this client out", "take it out", "https alone"))


def test_the_demos_own_file_is_for_the_demo_alone(clients_file: Path) -> None:
    """A deployment that copies it does not start."""
    text = DEMO_FILE.read_text("utf-8")

    assert [client.can_be_authenticated for client in load(clients_file, text, demo=True)] == [True]
    assert "sandbox" in problem(clients_file, text)


def test_a_name_that_only_looks_like_the_sandboxs_is_not_taken_for_it(clients_file: Path) -> None:
    """Another host, or the sandbox's name in a path."""
    text = "clients: [{id: a, issuer: 'https://ehr.example.nhs.uk/sandbox.cds-hooks.org'}]"

    assert len(load(clients_file, text)) == 1


def test_a_scheme_is_compared_without_case(clients_file: Path) -> None:
    """RFC 3986, 3.1: nothing about it is plain http."""
    assert len(load(clients_file, "clients: [{id: a, fhir_servers: ['HTTPS://ehr.example.nhs.uk/r4']}]")) == 1


MARK = "marked-secret"


@pytest.mark.parametrize(
    "text",
    [
        f"clients: [{{id: a, jwks: {{keys: [{{kty: oct, kid: a, k: {MARK}}}]}}}}]",
        f"clients: [{{id: a, jwks: {{keys: [{{kty: EC, kid: a, d: {MARK}}}]}}, on_unresolved: no}}]",
        f"clients: [{{id: a, jwks: {{keys: [{{kty: EC, kid: a, x: {MARK}}}]}}}}]",
        f"clients: [{{id: a, jwks: {MARK}}}]",
        f"clients: [{{id: a, jwks: [{MARK}]}}]",
        f"clients: [{{id: [{MARK}]}}]",
        f"clients: [{{id: {MARK} and more}}]",
        f"clients: [{{id: a, issuer: [{MARK}]}}]",
        f"clients: [{{id: a, password: {MARK}}}]",
        f"clients: [{{id: a, algorithms: [{MARK}]}}]",
        f"clients: [{{id: a, clock_skew: {MARK}}}]",
        f"clients: [{{id: a, on_unresolved: {MARK}}}]",
        f"clients: [{{id: a, tenants: {MARK}}}]",
        f"clients: [{{id: a, jwks_url: 'https://ehr:{MARK}@ehr.example.nhs.uk/jwks'}}]",
        f"clients: [{{id: a, jwks_url: 'http://ehr:{MARK}@ehr.example.nhs.uk/jwks'}}]",
        f"clients: [{{id: a, jwks_url: 'ehr:{MARK}@ehr.example.nhs.uk'}}]",
        f"clients: [{{id: a, jwks_url: 'https://ehr.example.nhs.uk/jwks?token={MARK}'}}]",
        f"clients: [{{id: a, fhir_servers: ['https://ehr.example.nhs.uk/r4#{MARK}']}}]",
        f"clients: [{{id: a, cors_origins: ['https://{MARK}@ehr.example.nhs.uk']}}]",
        f"clients: [{{id: a, issuer: !secret {MARK}}}]",
        f"clients: [{{id: a, issuer: {MARK}",
        f"clients: {MARK}",
        MARK,
        f"- {MARK}",
        f"clients: ['{MARK}]",
        f"clients: *{MARK}",
    ],
)
def test_nothing_that_may_be_secret_is_repeated(clients_file: Path, text: str) -> None:
    """An operator may paste a private key or a password into the wrong place; the message may end in a log."""
    assert MARK not in problem(clients_file, text)


YAML_TEXT = st.text(alphabet="abn01:-[]{}&*!|>'\"#?,. \n\t<~", max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(sorted(Client.model_fields))


def loaded_or_told(path: Path, text: str) -> None:
    """Read a file, and let it be refused in the documented way alone."""
    try:
        load(path, text)
    except ClientsFileError as error:
        assert str(error).startswith("clients.yaml"), error  # noqa: PT017 - either outcome is right


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # each example writes the file anew
@given(text=YAML_TEXT, head=st.sampled_from(["", "clients:\n", "clients:\n  - id: a\n    issuer: "]))
def test_any_text_is_read_or_refused_by_name(clients_file: Path, text: str, head: str) -> None:
    """Never another exception."""
    loaded_or_told(clients_file, head + text)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # each example writes the file anew
@given(entry=st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_values_are_read_or_refused_by_name(clients_file: Path, entry: dict[str, Any]) -> None:
    """Whatever types they have."""
    loaded_or_told(clients_file, yaml.safe_dump({"clients": [{"id": "a", **entry}]}, allow_unicode=True))
