"""The command line: the demo's banner, a deployment's refusals, and no traceback for what an operator can mend."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import click
import click.testing
import pytest
import uvicorn

from cds_service import __version__, cli
from cds_service.cardlog.events import CallRecord
from cds_service.cardlog.rows import rows_of
from cds_service.cardlog.store import CardLogStore
from cds_service.cli import main
from cds_service.settings import Settings
from fhir_fixtures import resources
from tests.cardlog.event_builders import evaluation
from tests.docs.conftest import ROOT

EXAMPLE = ROOT / "examples" / "deployment"
"""A folder that names a client who could be let in."""

Run = Callable[..., click.testing.Result]


class Served:
    """What was to be served, by one process or several."""

    def __init__(self) -> None:
        self.app: object = None
        self.options: dict[str, Any] = {}

    def __call__(self, app: object, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own options
        """Stand in for `uvicorn.run` and `run_workers`."""
        self.app, self.options = app, options


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """Nothing is really served."""
    stand_in = Served()
    monkeypatch.setattr(uvicorn, "run", stand_in)
    monkeypatch.setattr(cli, "run_workers", stand_in)
    for module in (sys, threading):  # what the command sets for its process is taken back
        monkeypatch.setattr(module, "excepthook", module.excepthook)
    return stand_in


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: Served) -> Run:  # noqa: ARG001 - nothing is served
    """Run a command in a folder of its own, without the settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CDS_SERVICE_")]:
        monkeypatch.delenv(name)

    def command(*arguments: object, **environment: str) -> click.testing.Result:
        return click.testing.CliRunner().invoke(main, [str(one) for one in arguments], env=environment)

    return command


def refusal(result: click.testing.Result) -> str:
    """The message of a command that could not start: exit 1, and no traceback."""
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["demo", "serve", "openapi"]),
        (["demo", "--help"], ["--host", "--port", "--database-url"]),
        (["serve", "--help"], ["--config", "--database-url", "--host", "--port", "--workers", "--base-url"]),
    ],
)
def test_help_names_commands_and_options(run: Run, arguments: list[str], words: list[str]) -> None:
    """Each with what it is for."""
    result = run(*arguments)

    assert result.exit_code == 0
    assert all(word in result.output for word in words)


def test_the_version_can_be_asked_for(run: Run) -> None:
    """To tell which one is installed."""
    assert __version__ in run("--version").output


def test_the_demo_says_where_everything_is(run: Run) -> None:
    """Discovery, the fixture server, health."""
    output = run("demo").output

    assert "http://127.0.0.1:8000/cds-services\n" in output
    assert "http://127.0.0.1:8000/fhir\n" in output
    assert "http://127.0.0.1:8000/health/ready\n" in output
    assert "Authentication is off" in output


def sandbox_link(output: str) -> str:
    """The one link to the hosted sandbox."""
    (link,) = [line.strip() for line in output.splitlines() if "sandbox.cds-hooks.org" in line]
    return link


def test_the_sandbox_link_is_ready_made(run: Run) -> None:
    """Hook and screen together, and all three addresses, URL-encoded."""
    link = sandbox_link(run("demo", "--port", "8123").output)

    assert link.startswith("https://sandbox.cds-hooks.org/?")
    assert parse_qs(urlsplit(link).query) == {
        "hook": ["order-select"],
        "screen": ["pama"],
        "fhirServiceUrl": ["http://127.0.0.1:8123/fhir"],
        "patientId": ["nwl-adult"],
        "serviceDiscoveryURL": ["http://127.0.0.1:8123/cds-services"],
    }
    assert "://" not in urlsplit(link).query


def test_the_patient_of_the_sandbox_link_is_there() -> None:
    """With a given name, without which the sandbox throws."""
    (patient,) = [one for one in resources() if (one["resourceType"], one["id"]) == ("Patient", "nwl-adult")]

    assert patient["name"][0]["given"]


def test_the_demo_serves_one_process_without_an_access_log(run: Run, served: Served) -> None:
    """An access log holds addresses, and those of the fixture server hold patients' ids."""
    run("demo", "--port", "8123")

    assert callable(served.app)
    assert served.options["host"] == "127.0.0.1"
    assert served.options["port"] == 8123
    assert served.options["access_log"] is False
    assert served.options["server_header"] is False


def test_the_demo_keeps_its_card_log_where_it_is_told(run: Run, tmp_path: Path) -> None:
    """By the option or its variable; else below the current folder."""
    run("demo", "--database-url", f"sqlite:///{tmp_path}/elsewhere.sqlite3")
    run("demo", CDS_SERVICE_DATABASE_URL=f"sqlite:///{tmp_path}/from-environment.sqlite3")
    run("demo")

    assert (tmp_path / "elsewhere.sqlite3").exists()
    assert (tmp_path / "from-environment.sqlite3").exists()
    assert (tmp_path / "var" / "demo-card-log.sqlite3").exists()


def test_a_deployments_spool_and_secrets_are_none_of_the_demos(run: Run, tmp_path: Path) -> None:
    """What waits in the one would be delivered into the demo's log."""
    environment = {
        "CDS_SERVICE_SPOOL": f"{tmp_path}/deployment-spool",
        "CDS_SERVICE_EPISODE_SECRETS": f"{tmp_path}/deployment-secrets",
        "CDS_SERVICE_WORKERS": "2",
    }

    result = run("demo", **environment)

    assert result.exit_code == 0
    assert list(tmp_path.glob("deployment*")) == []
    assert (tmp_path / "var" / "demo-card-log.sqlite3").exists()


def test_serve_refuses_the_card_log_of_a_demo(run: Run, folder: Path, served: Served) -> None:
    """Its invented orders would be the ICB's figures; the demo itself goes on with it."""
    url = "sqlite:///var/demo-card-log.sqlite3"
    run("demo")
    CardLogStore(url, str(uuid4())).write(rows_of([CallRecord([evaluation(mode="demo")])]))
    served.app = None

    message = refusal(run("serve", "--config", folder, "--database-url", url, CDS_SERVICE_AUTH="off"))

    assert "invented orders" in message
    assert served.app is None
    assert run("demo").exit_code == 0


def test_the_demo_refuses_the_card_log_of_a_deployment(run: Run, folder: Path) -> None:
    """The other way round."""
    url = "sqlite:///var/card-log.sqlite3"
    run("serve", "--config", folder, CDS_SERVICE_AUTH="off")
    CardLogStore(url, str(uuid4())).write(rows_of([CallRecord([evaluation()])]))

    assert "a deployment's orders" in refusal(run("demo", "--database-url", url))
    assert run("serve", "--config", folder, CDS_SERVICE_AUTH="off").exit_code == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - what somebody in a container says
def test_the_demo_link_can_be_opened_when_it_listens_everywhere(run: Run, host: str) -> None:
    """A browser cannot call 0.0.0.0; the machine itself is meant."""
    discovery = parse_qs(urlsplit(sandbox_link(run("demo", "--host", host).output)).query)["serviceDiscoveryURL"]

    assert urlsplit(discovery[0]).hostname in {"127.0.0.1", "localhost", "::1"}


def test_an_ipv6_address_is_bracketed_in_the_demo_link(run: Run) -> None:
    """Else the port cannot be told from it."""
    assert "http://[::1]:8000/cds-services\n" in run("demo", "--host", "::1").output


def test_serve_asks_for_a_configuration_folder(run: Run) -> None:
    """The one option without a default."""
    result = run("serve", CDS_SERVICE_AUTH="off")

    assert result.exit_code == 2
    assert "--config" in result.stderr


def test_serve_refuses_to_run_without_authentication_unless_told(run: Run, folder: Path, served: Served) -> None:
    """Until it can ask for it, somebody has to say that none is wanted."""
    message = refusal(run("serve", "--config", folder))

    assert "CDS_SERVICE_AUTH=off" in message
    assert served.app is None


def test_serve_without_authentication_says_so_loudly(run: Run, folder: Path, served: Served) -> None:
    """On the error stream, in capitals."""
    result = run("serve", "--config", folder, CDS_SERVICE_AUTH="off")

    assert result.exit_code == 0
    assert "CLIENT AUTHENTICATION IS OFF" in result.stderr
    assert callable(served.app)


def test_serve_on_this_machine_with_nothing_switched_has_no_other_notice(run: Run, folder: Path) -> None:
    """What is said at every start is soon overlooked."""
    result = run("serve", "--config", folder, CDS_SERVICE_AUTH="off")

    assert result.stderr.count("***") == 2


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--host", "192.0.2.1"], {}, "PLAIN HTTP BEYOND THIS MACHINE (192.0.2.1)"),
        ([], {"CDS_SERVICE_CARD_LOG": "off"}, "THE CARD LOG IS OFF"),
    ],
)
def test_serve_says_loudly_what_no_deployment_should_overlook(
    run: Run, folder: Path, arguments: list[str], environment: dict[str, str], words: str
) -> None:
    """Each beside the others."""
    result = run("serve", "--config", folder, *arguments, **{"CDS_SERVICE_AUTH": "off", **environment})

    assert result.exit_code == 0
    assert f"*** {words}" in result.stderr


def test_serve_takes_its_options(run: Run, folder: Path, served: Served) -> None:
    """Where to listen."""
    run("serve", "--config", folder, "--host", "127.0.0.2", "--port", "9001", CDS_SERVICE_AUTH="off")

    assert (served.options["host"], served.options["port"]) == ("127.0.0.2", 9001)
    assert served.options["access_log"] is False


def test_every_option_has_an_environment_variable(run: Run, folder: Path, served: Served, tmp_path: Path) -> None:
    """As a container sets them."""
    run(
        "serve",
        CDS_SERVICE_AUTH="off",
        CDS_SERVICE_CONFIG=str(folder),
        CDS_SERVICE_DATABASE_URL=f"sqlite:///{tmp_path}/from-environment.sqlite3",
        CDS_SERVICE_HOST="127.0.0.2",
        CDS_SERVICE_PORT="9002",
        CDS_SERVICE_BASE_URL="https://cds.example",
    )

    assert (served.options["host"], served.options["port"]) == ("127.0.0.2", 9002)
    assert (tmp_path / "from-environment.sqlite3").exists()


def test_several_workers_read_their_settings_from_the_environment(
    run: Run, folder: Path, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each builds the application by itself."""
    monkeypatch.setenv("CDS_SERVICE_AUTH", "off")

    with patch.dict(os.environ):  # every setting that the command sets is taken back
        run("serve", "--config", folder, "--workers", "2", "--base-url", "https://cds.example")
        environment = dict(os.environ)

    assert served.app == "cds_service.server:worker_application"
    assert (served.options["factory"], served.options["workers"]) == (True, 2)
    assert environment["CDS_SERVICE_CONFIG"] == str(folder)
    assert environment["CDS_SERVICE_BASE_URL"] == "https://cds.example"
    assert (tmp_path / "var" / "card-log.sqlite3").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("organisations.csv", b"ods_code\n"),
        ("organisations.csv", b"\xff\xfe"),
        ("clients.yaml", b"clients: [{}]"),
        ("clients.yaml", b"\xff\xfe"),
        ("pathways/nwl.yaml", b"id: nwl"),
        ("pathways/nwl.yaml", b"\xff\xfe"),
    ],
)
def test_a_wrong_file_gives_a_message(run: Run, folder: Path, file: str, content: bytes) -> None:
    """By its name, with what is wrong."""
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_bytes(content)

    message = refusal(run("serve", "--config", folder, CDS_SERVICE_AUTH="off"))

    assert "cannot start" in message
    assert Path(file).name in message


@pytest.mark.parametrize("config", ["missing", "configuration/organisations.csv"])
def test_a_folder_that_is_none_gives_a_message(run: Run, folder: Path, config: str) -> None:
    """Naming it."""
    assert config in refusal(run("serve", "--config", folder.parent / config, CDS_SERVICE_AUTH="off"))


@pytest.mark.parametrize("auth", ["required", "off"])
@pytest.mark.parametrize(
    "url", ["mysql://user:hush@host/db", "nonsense", "sqlite://", "sqlite:///configuration/organisations.csv/x.sqlite3"]
)
@pytest.mark.usefixtures("folder")
def test_a_wrong_database_gives_a_message(run: Run, url: str, auth: str) -> None:
    """Without the password that a URL may hold; also where authentication is required, which keeps its tokens there."""
    message = refusal(run("serve", "--config", EXAMPLE, "--database-url", url, CDS_SERVICE_AUTH=auth))

    assert "cannot start" in message
    assert "CDS_SERVICE_DATABASE_URL" in message
    assert "hush" not in message


def test_a_database_that_does_not_answer_gives_a_message(run: Run, folder: Path) -> None:
    """Nobody listens on port 1."""
    url = "postgresql://user:hush@127.0.0.1:1/db"

    message = refusal(run("serve", "--config", folder, "--database-url", url, CDS_SERVICE_AUTH="off"))

    assert "database" in message
    assert "hush" not in message


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["--port", "0"], {}, "CDS_SERVICE_PORT (or --port): write 1 or more"),
        (["--port", "70000"], {}, "CDS_SERVICE_PORT (or --port): write 65535 or less"),
        (["--workers", "1000"], {}, "CDS_SERVICE_WORKERS (or --workers): write 64 or less"),
        (["--base-url", "cds"], {}, "CDS_SERVICE_BASE_URL (or --base-url): write it as https://host or "),
        ([], {"CDS_SERVICE_CARD_LOG": "hush"}, "CDS_SERVICE_CARD_LOG: write 'on' or 'off'"),
        ([], {"CDS_SERVICE_METRICS_TOKEN": "hush"}, "CDS_SERVICE_METRICS_TOKEN: write 16 or more characters"),
        ([], {"CDS_SERVICE_FHIR_BUDGET_MS": "hush"}, "CDS_SERVICE_FHIR_BUDGET_MS: write a whole number"),
        ([], {"CDS_SERVICE_RELOAD_SECONDS": "hush"}, "CDS_SERVICE_RELOAD_SECONDS: write a number"),
    ],
)
def test_a_wrong_setting_gives_a_message(
    run: Run, folder: Path, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    """How it can be stated, by an option where there is one, and what to write; not what was written, be it a token."""
    message = refusal(run("serve", "--config", folder, *arguments, **{"CDS_SERVICE_AUTH": "off", **environment}))

    assert said in message
    assert "hush" not in message


def test_a_wrong_choice_gives_a_message(run: Run, folder: Path) -> None:
    """From the command line's own reading."""
    result = run("serve", "--config", folder, CDS_SERVICE_AUTH="maybe")

    assert result.exit_code == 2
    assert "--auth" in result.stderr


def test_a_wrong_setting_of_the_demo_gives_a_message(run: Run) -> None:
    """A newcomer's first command deserves no traceback either."""
    assert "CDS_SERVICE_PORT (or --port): write 65535 or less" in refusal(run("demo", "--port", "70000"))


def test_a_port_that_is_taken_is_told_with_the_option_to_name_another(tmp_path: Path) -> None:
    """After the system's words; in a process, since it really listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "cds_service", "demo", "--history", "off", "--port", port]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert ended.returncode == 1
    assert "address already in use" in ended.stderr
    assert f"port {port} of 127.0.0.1, end what listens there, or name another with --port" in ended.stderr
    assert "Traceback" not in ended.stderr


def every_command(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, by the words that one types."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from every_command(found, f"{name} {below}")


def test_no_variable_answers_for_an_option_but_a_settings_own() -> None:
    """One that nobody wrote down could delete (`log purge --yes`); settings may be the environment's anywhere."""
    settings = {f"CDS_SERVICE_{name.upper()}" for name in Settings.model_fields}
    commands = dict(every_command(main, "cds-service"))

    assert {command.context_settings.get("auto_envvar_prefix") for command in commands.values()} == {None}
    stated = {
        (name, option.opts[0], str(option.envvar))
        for name, command in commands.items()
        for option in command.params
        if option.envvar is not None
    }
    assert {one for one in stated if one[2] not in settings} == set()
    assert {option for name, option, _ in stated if name == "cds-service serve"} == {
        option.opts[0] for option in commands["cds-service serve"].params
    }


def test_a_deletion_is_not_confirmed_by_the_environment(run: Run) -> None:
    """It stays a dry run."""
    run("demo")

    result = run("log", "purge", "--database-url", "sqlite:///var/demo-card-log.sqlite3", CDS_SERVICE_LOG_PURGE_YES="1")

    assert result.exit_code == 0
    assert "--yes" in result.output
    assert "Deleted" not in result.output


def test_the_openapi_document_can_be_printed(run: Run) -> None:
    """As it is kept in the repository."""
    assert json.loads(run("openapi").stdout)["info"]["version"] == __version__
