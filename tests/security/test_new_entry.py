import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.security.clients import Algorithm, Client
from cds_service.security.clients_file import load_clients
from cds_service.security.minting import SigningKey
from cds_service.security.new_entry import entry, with_entry

MakeKey = Callable[[Algorithm], SigningKey]
REGIONS = frozenset({"nwl", "nel"})
ISSUER = "https://ehr.example.nhs.uk"
KEY_SERVER = "https://ehr.example.nhs.uk/jwks"
WRITTEN = entry("ehr", ISSUER, jwks_url=KEY_SERVER)
OPTIONAL = re.compile(r"^    # (?=[a-z_]+: )", re.MULTILINE)
"""What marks an optional line; without it the line counts."""

OPTIONAL_KEYS = [line.partition(":")[0] for line in OPTIONAL.sub("\0", WRITTEN).split("\0")[1:]]


def load(folder: Path, text: str) -> tuple[Client, ...]:
    """The clients of a file with this text."""
    path = folder / "clients.yaml"
    path.write_text(text, "utf-8")
    return load_clients(path, REGIONS)


def uncommented(text: str, key: str) -> str:
    """An entry with one of its optional lines made to count."""
    return re.sub(rf"^    # (?={key}: )", "    ", text, count=1, flags=re.MULTILINE)


def test_an_entry_loads_as_it_stands(tmp_path: Path) -> None:
    """With the three things that it was given."""
    (client,) = load(tmp_path, with_entry("", WRITTEN))

    assert client == Client(id="ehr", issuer=ISSUER, jwks_url=KEY_SERVER)
    assert client.can_be_authenticated


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_an_entry_with_the_keys_themselves_loads(tmp_path: Path, signing_key: MakeKey, algorithm: Algorithm) -> None:
    """As the EHR's key set has them."""
    jwks = {"keys": [signing_key(algorithm).public_jwk]}

    (client,) = load(tmp_path, with_entry("", entry("ehr", ISSUER, jwks=jwks)))

    assert client == Client(id="ehr", issuer=ISSUER, jwks=jwks)


def test_an_entry_bound_to_regions_loads(tmp_path: Path) -> None:
    """In place of the comment that says that it is bound to none."""
    written = entry("ehr", ISSUER, jwks_url=KEY_SERVER, footprints=["nwl", "nel"])

    assert load(tmp_path, with_entry("", written))[0].footprints == ("nwl", "nel")
    assert "not bound" not in written
    assert "# footprints: [nwl]  # not bound to any region" in WRITTEN


def test_every_optional_key_of_an_entry_has_its_line() -> None:
    """None that the model has is left for an operator to guess."""
    assert {*OPTIONAL_KEYS, "id", "issuer", "jwks", "jwks_url"} == set(Client.model_fields)


@pytest.mark.parametrize("key", OPTIONAL_KEYS)
def test_an_entry_loads_with_each_optional_line_made_to_count(tmp_path: Path, key: str) -> None:
    """The examples are good ones: nothing but the two characters of the comment is in their way."""
    (plain,) = load(tmp_path, with_entry("", WRITTEN))
    (client,) = load(tmp_path, with_entry("", uncommented(WRITTEN, key)))

    assert key in client.model_fields_set
    assert client.model_dump(exclude={key}) == plain.model_dump(exclude={key})


def test_an_entry_loads_with_every_optional_line_made_to_count(tmp_path: Path) -> None:
    """They do not contradict each other."""
    (client,) = load(tmp_path, with_entry("", OPTIONAL.sub("    ", WRITTEN)))

    assert client.model_fields_set == set(Client.model_fields) - {"jwks"}


def test_the_defaults_that_are_shown_are_the_defaults(tmp_path: Path) -> None:
    """The lines say so."""
    text = WRITTEN
    for key in ("algorithms", "clock_skew", "maximum_life"):
        text = uncommented(text, key)

    assert load(tmp_path, with_entry("", text)) == load(tmp_path, with_entry("", WRITTEN))


def test_a_new_file_says_what_it_is_and_how_to_check_it() -> None:
    """In its first line."""
    for before in ("", "\n", "  \n\n"):
        assert with_entry(before, WRITTEN).splitlines()[:2] == [
            "# The EHRs that may call. Check this file with: cds-service clients check",
            "clients:",
        ]


@pytest.mark.parametrize(
    "before",
    [
        "clients:\n  - id: a\n",
        "clients:\n  - id: a",
        "clients:\n  - id: a\n\n\n",
        "# ours\nclients:\n  # the first\n  - id: a\n    # footprints: [nwl]\n",
        "clients:\n  - {id: a}\n",
        "clients:\n  - id: a\n    footprints:\n      - nwl\n",
        "clients:\n  - id: a\n    footprints:\n    - nwl\n",
        "clients:\n  - id: a\n    tenants:\n      north: {}\n",
        'clients:\n  - id: a\n    issuer: "b"  # the last\n',
    ],
)
def test_an_entry_is_added_to_an_existing_file(tmp_path: Path, before: str) -> None:
    """What stood there stays as it was, comments and all."""
    after = with_entry(before, WRITTEN)

    assert after.startswith(before.rstrip())
    assert [client.id for client in load(tmp_path, after)] == ["a", "ehr"]
    assert load(tmp_path, after)[:1] == load(tmp_path, before)


def test_entries_are_added_one_after_the_other(tmp_path: Path) -> None:
    """Each below the comments of the last."""
    text = ""
    for name in ("a", "b", "c"):
        text = with_entry(text, entry(name, f"{ISSUER}/{name}", jwks_url=KEY_SERVER))

    assert [client.id for client in load(tmp_path, text)] == ["a", "b", "c"]


@pytest.mark.parametrize("before", ["clients:\n", "# none yet\n", "# none yet\nclients:\n", "clients: # none yet\n\n"])
def test_a_file_without_entries_takes_its_first(tmp_path: Path, before: str) -> None:
    """The service reads such a file as having no client."""
    assert load(tmp_path, before) == ()

    assert [client.id for client in load(tmp_path, with_entry(before, WRITTEN))] == ["ehr"]


@pytest.mark.parametrize(
    "before",
    [
        "clients: [{id: a}]",
        "clients: []\n",
        "clients:\n- id: a\n",
        "clients:\n      - id: a\n",
        "clients:\n  - id: a\n...\n",
        "{clients: [{id: a}]}",
        "clients:\n  - id: a\nother: 1\n",
        "clients:\n  a: b\n",
        "clients: a\n",
        "words",
        "- id: a\n",
        "clients: [",
        "other:\n  - id: a\n",
        "clients:\n  - id: a\n    issuer: |\n      many\n      words\n    footprints: [nwl]\n  - id: 'b\n",
    ],
)
def test_a_file_in_another_style_is_refused(before: str) -> None:
    """With what to do instead; it is not touched."""
    with pytest.raises(ValueError, match=r"another style; print the entry .* put it in by hand"):
        with_entry(before, WRITTEN)


AWKWARD = [
    'a "quoted" issuer',
    "it's: here",
    "a: b # c",
    "- a",
    "[a]",
    "{a: b}",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a",
    "no",
    "null",
    "~",
    "5",
    "2020-01-01",
    "C:\\ehr",
    " a ",
    "é",
    "a\nclients: []",
    "\t",
    "😀",
]


@pytest.mark.parametrize("issuer", AWKWARD)
def test_an_issuer_is_read_as_it_was_given(tmp_path: Path, issuer: str) -> None:
    """Quotes, colons and what else YAML takes for its own."""
    (client,) = load(tmp_path, with_entry("", entry("ehr", issuer, jwks_url=KEY_SERVER)))

    assert (client.id, client.issuer) == ("ehr", issuer)


@pytest.mark.parametrize("name", ["no", "null", "5", "1e3", "2020-01-01", "0x1f", "1.5", "y"])
def test_an_id_that_looks_like_something_else_is_read_as_text(tmp_path: Path, name: str) -> None:
    """As a name."""
    assert load(tmp_path, with_entry("", entry(name, ISSUER, jwks_url=KEY_SERVER)))[0].id == name


@pytest.mark.parametrize("footprint", ["no", "a]: b"])
def test_a_footprint_is_written_as_one_text(footprint: str) -> None:
    """Whatever was typed; `clients check` says that there is no such region."""
    written = with_entry("", entry("ehr", ISSUER, jwks_url=KEY_SERVER, footprints=[footprint]))

    assert yaml.safe_load(written)["clients"][0]["footprints"] == [footprint]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # each example writes the file anew
@given(issuer=st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=20))
def test_any_issuer_is_read_as_it_was_given(tmp_path: Path, issuer: str) -> None:
    """Character for character, as it is compared."""
    assert load(tmp_path, with_entry("", entry("ehr", issuer, jwks_url=KEY_SERVER)))[0].issuer == issuer


def test_an_added_entry_never_swallows_what_stood_there(tmp_path: Path) -> None:
    """A text left open at the end of the file would take the entry into itself."""
    before = "clients:\n  - id: a\n    issuer: |\n      many words\n"

    assert [client.id for client in load(tmp_path, with_entry(before, WRITTEN))] == ["a", "ehr"]
