from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from starlette.applications import Starlette

from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.migrating import bring_up_to_date, current_revision, downgrade
from cds_service.cli import main
from cds_service.monitor.access.access_log import AccessLog
from cds_service.monitor.access.api_tokens import ApiTokens
from cds_service.settings import Settings
from cds_service.wiring.monitor import Monitor
from tests.monitor.access.conftest import PAGES, REGIONS, Browser

EXPORT = "/monitor/test/export-figures"


class Deployment:
    """A configuration folder and a database, the commands run on them, and the monitor asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/log.sqlite3"

    def run(self, *arguments: str) -> Result:
        """Run `cds-service access`."""
        environment = {"CDS_SERVICE_CONFIG": str(self.folder), "CDS_SERVICE_DATABASE_URL": self.url}
        return CliRunner().invoke(main, ["access", *arguments], env=environment)

    def token(self, *options: str) -> str:
        """A new token's secret."""
        made = self.run("token", "new", "--label", "nightly export", "--footprint", "NWL", *options)
        assert made.exit_code == 0, made.output
        return made.stdout.strip()

    def ask(
        self,
        path: str,
        authorization: str | None,
        after: timedelta = timedelta(),
        regions: tuple[str, ...] = REGIONS,
    ) -> tuple[int, str]:
        """Ask the monitor, some time from now, when there are pathways for these regions."""
        settings = Settings(config=self.folder, demo=True, auth="off", database_url=self.url)
        monitor = Monitor(settings, lambda: regions, lambda: datetime.now(UTC) + after, lambda _engine: PAGES)
        browser = Browser(Starlette(routes=monitor.routes(None)), settings.public_url)
        answer = browser.get(path, headers={"authorization": authorization} if authorization else {})
        browser.close()
        monitor.close()
        return answer.status_code, answer.text


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """One whose service was started, and has logged nothing yet."""
    deployment = Deployment(tmp_path)
    bring_up_to_date(deployment.url)
    return deployment


def test_a_token_fetches_exports_of_its_footprints_and_opens_nothing_else(deployment: Deployment) -> None:
    """No page, no other region, and not from the address."""
    secret = deployment.token()

    assert deployment.ask(EXPORT, f"Bearer {secret}") == (200, "nwl")
    assert deployment.ask(f"{EXPORT}?region=nel", f"Bearer {secret}")[0] == 403
    assert deployment.ask("/monitor/test/see-charts", f"Bearer {secret}")[0] == 303
    assert deployment.ask(f"{EXPORT}?access_token={secret}", None)[0] == 303
    assert deployment.ask(EXPORT, f"Basic {secret}")[0] == 303
    assert deployment.ask(EXPORT, f"Bearer {secret}x")[0] == 401


def test_a_token_for_a_region_that_is_no_more_fetches_nothing(deployment: Deployment) -> None:
    """Whatever it was made for."""
    status, _ = deployment.ask(EXPORT, f"Bearer {deployment.token()}", regions=("nel",))
    assert status == 403


def test_a_token_ends(deployment: Deployment) -> None:
    """On its day, or when it is revoked; either is refused, and written down."""
    expiring, revoked = deployment.token("--days", "7"), deployment.token()
    token_id = deployment.run("token", "list").stdout.split()[0]
    assert deployment.run("token", "revoke", token_id).exit_code == 0

    assert deployment.ask(EXPORT, f"Bearer {expiring}", timedelta(days=6))[0] == 200
    assert deployment.ask(EXPORT, f"Bearer {expiring}", timedelta(days=7))[0] == 401
    assert deployment.ask(EXPORT, f"Bearer {revoked}")[0] == 401

    engine = open_engine(deployment.url)
    entries = AccessLog(engine).latest(["nwl"], 99)
    engine.dispose()
    found = [(entry.what.value, entry.reason if entry.what != "token-made" else "") for entry in entries]
    assert sorted(found) == sorted(
        [
            ("exported", ""),
            ("token-made", ""),
            ("token-made", ""),
            ("token-refused", "expired"),
            ("token-refused", "revoked"),
            ("token-revoked", token_id),
        ]
    )


def test_a_token_is_shown_once(deployment: Deployment) -> None:
    """Neither the list nor the database has it."""
    secret = deployment.token()

    assert secret not in deployment.run("token", "list").output
    assert secret.encode() not in (deployment.folder / "log.sqlite3").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--label", "Ann", "--footprint", "nowhere"), "--footprint nowhere: use one of nel, nwl, other, unresolved."),
        (("--label", "=1+1", "--footprint", "nwl"), "--label: up to 64 letters"),
        (("--label", "a", "--footprint", "nwl", "--role", "clinical_safety"), "'clinical_safety' is not"),
        (("--label", "a", "--footprint", "nwl", "--days", "367"), "367 is not in the range"),
        (("--label", "a"), "Missing option '--footprint'"),
    ],
)
def test_a_token_that_should_not_be_is_not_made(deployment: Deployment, options: tuple[str, ...], said: str) -> None:
    """The message says what it could be."""
    made = deployment.run("token", "new", *options)

    assert made.exit_code != 0
    assert said in made.output


@pytest.mark.parametrize(
    "command", [["list"], ["revoke", "one"], ["new", "--label", "export", "--footprint", "nwl"]], ids=lambda one: one[0]
)
def test_a_command_about_tokens_makes_no_database_and_migrates_none(deployment: Deployment, command: list[str]) -> None:
    """A slip in the URL is told; tables of another version are the service's to bring up to date."""
    log = deployment.folder / "log.sqlite3"
    downgrade(deployment.url, "0001")
    older = deployment.run("token", *command)
    assert older.exit_code == 1
    assert "the card log's tables are at 0001 (this version works with" in older.output
    assert current_revision(deployment.url) == "0001"

    log.unlink()
    missing = deployment.run("token", *command)
    assert (missing.exit_code, log.exists()) == (1, False)
    assert "there is no such file; name the card log with --database-url" in missing.output


def test_what_is_not_there_cannot_be_revoked(deployment: Deployment) -> None:
    """Nor twice."""
    assert "there is no such token" in deployment.run("token", "revoke", "nothing").output


def test_a_token_must_be_for_something() -> None:
    """Whoever makes one by other ways than the command is held to the same."""
    tokens = ApiTokens(open_engine("sqlite:///unused.sqlite3"))
    for role, footprints, life in (("viewer", ("nwl",), 1), ("analyst", (), 1), ("analyst", ("nwl",), 0)):
        with pytest.raises(ValueError, match="give"):
            tokens.make("x", role, footprints, timedelta(days=life))


def test_the_file_is_checked(deployment: Deployment) -> None:
    """Who gets which role is told; a mistake with its line."""
    file = deployment.folder / "monitor-access.yaml"
    assert "there is none" in deployment.run("check").output
    text = """\
provider:
  issuer: https://login.example.nhs.uk/tenant/v2.0
  client_id: cds-monitor
  roles_claim: roles
grants:
  - value: Monitor.Analyst
    role: analyst
    footprints: [nwl]
"""
    file.write_text(text, "utf-8")
    assert "analyst for nwl: Monitor.Analyst" in deployment.run("check").stdout

    file.write_text(text.replace("nwl", "nowhere"), "utf-8")
    assert "monitor-access.yaml:8: grants.0.footprints: no region nowhere" in deployment.run("check").output
