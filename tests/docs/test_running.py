"""Settings, routes, metrics and commands as the documentation and the container files give them."""

import ast
import importlib
import re
from pathlib import Path

import click
import pytest
import yaml
from prometheus_client import generate_latest

from cds_service import cli
from cds_service.hooks.openapi import openapi_document
from cds_service.security.refusals import Reason
from cds_service.settings import Settings
from tests.docs.conftest import ROOT, chapter, in_backticks, markdown_pages, name_of, page, table_rows

PREFIX = "CDS_SERVICE_"
SETTINGS = {PREFIX + name.upper(): field for name, field in Settings.model_fields.items()}
RUNNING = page("docs/running.md")
CONTEXT = click.Context(cli.main)
COMMANDS = {name: cli.main.get_command(CONTEXT, name) for name in cli.main.list_commands(CONTEXT)}


def test_every_setting_is_described_with_its_default() -> None:
    """The table has each environment variable once, with the default of the code."""
    rows = {row[0].strip("`"): row[2].strip("`") for row in table_rows(chapter(RUNNING, "## Settings"))}
    required = {
        PREFIX + "CONFIG": "none; must be given",
        PREFIX + "BASE_URL": "http://HOST:PORT",
        PREFIX + "METRICS_TOKEN": "none; nobody may read",
        PREFIX + "MONITOR_CLIENT_SECRET": "none; with it people sign in",
        PREFIX + "MONITOR_LOCK_AFTER": "none; limits of all weeks",
        PREFIX + "SPOOL": "beside the SQLite file, else var/spool",
        PREFIX + "EPISODE_SECRETS": "beside the SQLite file, else var/episode-secrets",
    }
    assert rows == {
        variable: required.get(variable, str(field.default).lower() if field.annotation is bool else str(field.default))
        for variable, field in SETTINGS.items()
    }


def test_every_option_of_serve_stands_beside_its_variable() -> None:
    """Who prefers the command line finds the option, and no option is invented."""
    options = {str(option.envvar): option.opts[0] for option in cli.serve.params if isinstance(option, click.Option)}
    rows = {row[0].strip("`"): row[1].strip("`") for row in table_rows(chapter(RUNNING, "## Settings"))}
    assert {variable: option for variable, option in rows.items() if option} == options


def test_every_command_is_named() -> None:
    """The commands that exist are the commands that the page speaks of."""
    rows = {row[0].strip("`").removeprefix("cds-service ") for row in table_rows(chapter(RUNNING, "## Commands"))}
    assert rows == set(COMMANDS)
    assert set(re.findall(r"cds-service (\w+)`", RUNNING)) == set(COMMANDS)


GROUPS = sorted(name for name, command in COMMANDS.items() if isinstance(command, click.Group))


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_of_a_group_is_named(group: str) -> None:
    """Those of the groups as well, and no other."""
    commands = COMMANDS[group]
    assert isinstance(commands, click.Group)
    assert set(re.findall(rf"`{group} ([\w-]+)`", RUNNING)) == set(commands.commands)


@pytest.mark.parametrize("path", markdown_pages(), ids=name_of)
def test_every_command_that_a_page_shows_is_there(path: Path) -> None:
    """A command can be copied: it exists, and so does each of its options."""
    shown = re.findall(r"^    (?:\w+=\S+ )*(?:\.venv/bin/)?cds-service (.*(?:\\\n.*)*)", path.read_text("utf-8"), re.M)
    unknown = []
    for line in shown:
        name, *words = line.replace("\\\n", " ").split()
        command: click.Command | None = COMMANDS.get(name)
        while isinstance(command, click.Group) and words:
            command = command.commands.get(words.pop(0))
        options = {option for one in command.params for option in one.opts} if command is not None else set()
        stated = {word.partition("=")[0] for word in words if word.startswith("--")}
        unknown += [line] if command is None or stated - options - {"--help"} else []
    assert unknown == []


def test_no_page_speaks_of_a_setting_that_is_not_there() -> None:
    """A variable in a page, a compose file or an image is one that the service reads."""
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "Dockerfile", ROOT / "docker-compose.yml"]:
        named = set(re.findall(r"CDS_SERVICE_[A-Z_]*[A-Z]", path.read_text("utf-8")))
        assert named <= set(SETTINGS), path.name


def test_the_loud_notice_is_shown_as_it_is() -> None:
    """An operator recognises it."""
    (notice,) = Settings(config=Path(), auth="off").notices()
    assert f"    *** {notice} ***" in RUNNING


def test_the_readme_shows_what_the_demo_prints() -> None:
    """Each line of the banner that the README shows is printed."""
    shown = [
        line.strip() for line in re.findall(r"^    +(\w.*127\.0\.0\.1.*|CDS Hooks service.*)$", page("README.md"), re.M)
    ]
    printed = [line.strip() for line in cli._demo_banner("http://127.0.0.1:8000", "off").splitlines()]
    addresses = [line for line in printed if line.startswith("CDS Hooks service") or "  http://" in line]
    assert [line for line in shown if line in printed] == addresses


def test_every_route_is_described() -> None:
    """A supplier finds each address with its method in the guide."""
    guide = page("docs/integrating.md")
    addresses = {
        f"{method.upper()} {path}" for path, methods in openapi_document()["paths"].items() for method in methods
    }
    assert [address for address in sorted(addresses) if f"`{address}`" not in guide] == []


def test_every_status_of_an_error_is_explained() -> None:
    """The table of errors has each status that the OpenAPI document has."""
    responses = {
        status
        for path, methods in openapi_document()["paths"].items()
        for operation in methods.values()
        for status in operation["responses"]
        if path.startswith("/cds-services") and status >= "400"
    }
    rows = table_rows(chapter(page("docs/integrating.md"), "## Errors"))
    assert [row[0] for row in rows] == sorted(responses)


METRICS, REASONS = chapter(RUNNING, "## Metrics").split("\n| `reason` |")


def test_every_metric_of_ours_is_described() -> None:
    """Those too that are there with authentication alone; what prometheus-client adds by itself is left out."""
    importlib.import_module("cds_service.wiring.guarded_edge")  # brings what a service with authentication counts
    text = generate_latest().decode()
    families = {name for name in re.findall(r"^# TYPE (cds_\w+)", text, re.MULTILINE) if not name.endswith("_created")}
    rows = {row[0].strip("`"): set(in_backticks(row[1])) for row in table_rows(METRICS)}
    assert set(rows) == families
    for name, labels in rows.items():
        samples = re.findall(rf"^{name}(?:_count)?(?:{{(.*)}})? ", text, re.MULTILINE)
        assert {label for sample in samples for label in re.findall(r"(\w+)=", sample)} == labels, name


def test_every_reason_of_a_refusal_is_explained() -> None:
    """Whoever watches the counter knows what to do."""
    explained = [word for row in table_rows(f"| `reason` |{REASONS}") for word in in_backticks(row[0])]
    assert sorted(explained) == sorted(Reason)


def test_the_compose_file_starts_the_service_with_postgresql() -> None:
    """Two services, health checks, a named volume, authentication required, and nothing beyond this machine."""
    text = page("docker-compose.yml")
    compose = yaml.safe_load(text)
    ours, database = compose["services"]["cds-service"], compose["services"]["card-log"]
    assert ours["environment"][PREFIX + "AUTH"] == "required"
    assert "authentication is required" in text
    assert ours["environment"][PREFIX + "DATABASE_URL"].endswith("@card-log:5432/cds_service")
    assert [port.rpartition(":")[0] for port in ours["ports"]] == ["127.0.0.1:8000"]
    assert ours["depends_on"] == {"card-log": {"condition": "service_healthy"}}
    configuration, spool = ours["volumes"]
    folder, target, mode = configuration.split(":")
    assert (ROOT / folder / "organisations.csv").is_file()
    assert (ROOT / folder / "clients.yaml").is_file()
    assert (target, mode) == (ours["environment"][PREFIX + "CONFIG"], "ro")
    assert spool.partition(":")[0] in compose["volumes"]
    assert spool.partition(":")[2] in page("Dockerfile")
    assert database["image"] == "postgres:17"
    assert database["healthcheck"]["test"][0] == "CMD"
    ((volume, _),) = [volume.split(":") for volume in database["volumes"]]
    assert volume in compose["volumes"]


def test_the_image_is_built_from_what_it_is_given() -> None:
    """What the Dockerfile copies exists and is let through; pins are checked; nobody runs as root."""
    dockerfile = page("Dockerfile").replace("\\\n", " ")
    let_through = {line[1:] for line in page(".dockerignore").splitlines() if line.startswith("!")}
    copied = [
        source.rstrip("/")
        for sources in re.findall(r"^COPY ((?!--from).*) \S+$", dockerfile, re.MULTILINE)
        for source in sources.split()
    ]
    assert set(copied) == let_through
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert dockerfile.count("--require-hashes") == 2
    assert re.search(r"^USER cds-service$", dockerfile, re.MULTILINE)
    assert 'CMD ["cds-service", "serve"]' in dockerfile
    assert PREFIX + "AUTH=" not in re.sub(r"^#.*$", "", dockerfile, flags=re.MULTILINE)


def test_the_image_asks_for_its_health() -> None:
    """The health check is Python that compiles; a card log in trouble is no reason to cut off clinicians."""
    (command,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", page("Dockerfile"), re.MULTILINE)
    python, flag, code = ast.literal_eval(command)
    assert (python, flag) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert "/health/live" in code
