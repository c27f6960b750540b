"""Settings, routes, metrics and commands as the documentation and the container files give them."""

import ast
import re
from pathlib import Path

import click
import yaml

from cds_service import cli
from cds_service.hooks.openapi import openapi_document
from cds_service.settings import Settings
from tests.conftest import InProcess
from tests.docs.conftest import ROOT, chapter, page, table_rows

PREFIX = "CDS_SERVICE_"
SETTINGS = {PREFIX + name.upper(): field for name, field in Settings.model_fields.items()}
RUNNING = page("docs/running.md")


def test_every_setting_is_described_with_its_default() -> None:
    """The table has each environment variable once, with the default of the code."""
    rows = {row[0].strip("`"): row[2].strip("`") for row in table_rows(chapter(RUNNING, "## Settings"))}
    required = {PREFIX + "CONFIG": "none; must be given", PREFIX + "BASE_URL": "http://HOST:PORT"}
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
    assert set(re.findall(r"cds-service (demo|serve|\w+)`", RUNNING)) == set(cli.main.commands)


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
    printed = [line.strip() for line in cli._demo_banner("http://127.0.0.1:8000").splitlines()]
    assert len([line for line in shown if line in printed]) == 4


def test_every_route_is_described() -> None:
    """A supplier finds each address with its method in the guide."""
    guide = page("docs/integrating.md")
    addresses = {
        f"{method.upper()} {path}" for path, methods in openapi_document()["paths"].items() for method in methods
    }
    assert [address for address in sorted(addresses) if f"`{address}`" not in guide] == []


def test_every_status_of_an_error_is_explained() -> None:
    """The table of errors has each status that the OpenAPI document has, and that of a defect."""
    responses = {
        status
        for path, methods in openapi_document()["paths"].items()
        for operation in methods.values()
        for status in operation["responses"]
        if path.startswith("/cds-services") and status >= "400"
    }
    rows = table_rows(chapter(page("docs/integrating.md"), "## Errors"))
    assert [row[0] for row in rows] == sorted({*responses, "500"})


def test_every_metric_of_ours_is_described(service: InProcess) -> None:
    """Name and labels; what prometheus-client adds by itself is left out."""
    text = service.send("GET", "/metrics").text
    families = {name for name in re.findall(r"^# TYPE (cds_\w+)", text, re.MULTILINE) if not name.endswith("_created")}
    rows = {row[0].strip("`") for row in table_rows(chapter(RUNNING, "## Metrics"))}
    assert rows == families


def test_the_compose_file_starts_the_service_with_postgresql() -> None:
    """Two services, health checks, a named volume, authentication off said aloud, and nothing beyond this machine."""
    text = page("docker-compose.yml")
    compose = yaml.safe_load(text)
    ours, database = compose["services"]["cds-service"], compose["services"]["card-log"]
    assert ours["environment"][PREFIX + "AUTH"] == "off"
    assert "authentication is OFF" in text
    assert ours["environment"][PREFIX + "DATABASE_URL"].endswith("@card-log:5432/cds_service")
    assert [port.rpartition(":")[0] for port in ours["ports"]] == ["127.0.0.1:8000"]
    assert ours["depends_on"] == {"card-log": {"condition": "service_healthy"}}
    ((folder, target, mode),) = [volume.split(":") for volume in ours["volumes"]]
    assert (ROOT / folder / "organisations.csv").is_file()
    assert (target, mode) == (ours["environment"][PREFIX + "CONFIG"], "ro")
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
    """The health check is Python that compiles and asks for readiness."""
    (command,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", page("Dockerfile"), re.MULTILINE)
    python, flag, code = ast.literal_eval(command)
    assert (python, flag) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert "/health/ready" in code
