"""The page about `clients.yaml` and the folder to start from are held to the code that reads the file."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from cds_service.app import create_app
from cds_service.pathway.loading import load_pathways
from cds_service.security.clients import LONGEST_LIFE, MOST_SKEW, Algorithm, Client, Tenant
from cds_service.security.clients_file import load_clients
from cds_service.settings import Settings
from tests.conftest import InProcess
from tests.docs.conftest import ROOT, chapter, in_backticks, page, table_rows

CHAPTER = chapter(page("docs/configuration.md"), "## `clients.yaml`")
KEYS, TENANTS = CHAPTER.split("### Tenants")
REGIONS = frozenset(load_pathways())
EXAMPLE = ROOT / "examples" / "deployment"


def described(text: str) -> dict[str, str]:
    """Key and default of each row of a table."""
    return {row[0].strip("`"): row[1].strip("`") for row in table_rows(text)}


def default_in_words(value: object) -> str:
    """A default as the page writes it."""
    if value is None:
        return "none"
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)


def test_every_key_of_a_client_is_described_with_its_default() -> None:
    """And no key is invented."""
    optional = {name: field for name, field in Client.model_fields.items() if not field.is_required()}
    expected = {
        name: default_in_words(field.get_default(call_default_factory=True)) for name, field in optional.items()
    }
    assert described(KEYS) == {"id": "must be given", **expected}


def test_every_key_of_a_tenant_is_described_with_its_default() -> None:
    """The small table too."""
    expected = {name: default_in_words(field.default) for name, field in Tenant.model_fields.items()}
    assert described(TENANTS) == expected


def test_the_bounds_of_the_page_are_the_codes() -> None:
    """Numbers and algorithms."""
    rows = {row[0].strip("`"): row[2] for row in table_rows(KEYS)}
    assert f"0 to {MOST_SKEW}" in rows["clock_skew"]
    assert f"30 to {LONGEST_LIFE}" in rows["maximum_life"]
    assert set(get_args(Algorithm)) <= set(in_backticks(rows["algorithms"]))


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", CHAPTER, re.DOTALL))
def test_an_example_of_the_page_can_be_used(tmp_path: Path, example: str) -> None:
    """It can be copied as it stands, and its client could be let in."""
    file = tmp_path / "clients.yaml"
    file.write_text(example, "utf-8")
    clients = load_clients(file, REGIONS)
    assert [client.can_be_authenticated for client in clients] == [True]


def test_the_folder_to_start_from_starts_with_authentication_required(tmp_path: Path) -> None:
    """Its one EHR is bound to a region and brings its keys; nothing has to be fetched."""
    (client,) = load_clients(EXAMPLE / "clients.yaml", REGIONS)
    assert (client.can_be_authenticated, client.jwks_url, client.footprints) == (True, None, ("nwl",))
    database = tmp_path / "card-log.sqlite3"
    settings = Settings(config=EXAMPLE, database_url=f"sqlite:///{database}", base_url="https://cds.example.nhs.uk")
    assert settings.auth == "required"
    with InProcess(create_app(settings), database) as service:
        assert service.send("GET", "/health/ready").status_code == 200
        assert service.call({}).status_code == 401


def test_the_folder_to_start_from_holds_no_secret() -> None:
    """No member that only a private key has."""
    (entry,) = yaml.safe_load((EXAMPLE / "clients.yaml").read_text("utf-8"))["clients"]
    (key,) = entry["jwks"]["keys"]
    assert set(key) == {"kty", "crv", "use", "alg", "kid", "x", "y"}
