"""An area that moves from one region to another, in a service that runs on: each day's footprint places its orders."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cds_service.app import create_app
from cds_service.cli import main
from cds_service.pathway.proof_record import RECORD, record_of
from cds_service.pathway.register import PathwayRegister, seal_of
from cds_service.settings import Settings
from fhir_fixtures import hook_call
from tests.conftest import InProcess
from tests.wiring.test_folder_watch import until

KNEE = hook_call("nwl-gp-knee-mri-pain--redirect.json")
BEFORE_MIDNIGHT = datetime(2026, 11, 29, 23, 59, tzinfo=UTC)
AFTER_MIDNIGHT = BEFORE_MIDNIGHT + timedelta(minutes=2)

Json = dict[str, Any]


class Clock:
    """The time now, which a test sets."""

    def __init__(self) -> None:
        self.now = BEFORE_MIDNIGHT

    def __call__(self) -> datetime:
        """The time."""
        return self.now


def write_pathways(folder: Path, *versions: Json) -> None:
    """A configuration's pathway files, later versions after earlier ones, with a record of proofs.

    Footprints, days and numbers are changed, which no rule reads: what is proved of the packaged files holds of these.
    """
    pathways = folder / "pathways"
    pathways.mkdir(exist_ok=True)
    for stated in versions:
        path = pathways / f"{stated['id']}-{stated['version']}.yaml"
        before = [file for file in PathwayRegister.load(folder).files if file.pathway.id == stated["id"]]
        is_first = not before or before[-1].packaged
        seal = {} if is_first else {"supersedes": seal_of(before[-1]).model_dump()}
        path.write_text(yaml.safe_dump({**stated, **seal}), "utf-8")
    (pathways / RECORD).write_text(record_of(PathwayRegister.load(folder).files), "utf-8")


def packaged(region: str) -> Json:
    """What a packaged file states."""
    stated: Json = yaml.safe_load((files("cds_service.pathway") / "packaged" / f"{region}.yaml").read_text("utf-8"))
    return stated


def reaching(*sub_icb: str) -> Json:
    """A footprint."""
    return {"name": "Invented", "sub_icb": [*sub_icb], "legacy_icb": [], "boroughs": ["Brent"]}


def take_over(folder: Path, last_day: str, first_day: str) -> None:
    """A joint region begins on the day after both packaged ones have ended."""
    nwl, nel = packaged("nwl"), packaged("nel")
    joint = {"id": "wel", "title": "Joint demo pathway", "effective": first_day, "review": "2091-01-01"}
    write_pathways(
        folder,
        {**nwl, "until": last_day},
        {**nel, "until": last_day},
        {**nwl, **joint, "footprint": reaching("W2U3Z", "A3A8R")},
    )
    with (folder / "destinations.csv").open("a", encoding="utf-8") as destinations:
        destinations.write("wel,,community-msk,Joint Demo Community MSK Service,Z99W09,020 7946 0009,,,,,,\n")


@pytest.fixture
def moving(folder: Path) -> Path:
    """A configuration whose North West London practices belong to North East London from 30 November."""
    nwl, nel = packaged("nwl"), packaged("nel")
    from_tomorrow = {"version": "9.0", "effective": "2026-11-30"}
    write_pathways(
        folder,
        nwl,
        {**nwl, **from_tomorrow, "footprint": reaching("Z9901")},
        nel,
        {
            **nel,
            **from_tomorrow,
            "footprint": reaching("A3A8R", "W2U3Z"),
            "document": {**nel["document"], "url": "https://nel.example/from-tomorrow"},
        },
    )
    return folder


@pytest.fixture
def clock() -> Clock:
    """A minute before midnight."""
    return Clock()


@pytest.fixture
def start(folder: Path, tmp_path: Path, clock: Clock) -> Iterator[Callable[..., InProcess]]:
    """Starts the service; unless told otherwise it looks at its folder all the time."""
    running: list[InProcess] = []

    def started(reload_seconds: float = 0.02) -> InProcess:
        url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
        settings = Settings(config=folder, auth="off", demo=True, database_url=url, reload_seconds=reload_seconds)
        running.append(InProcess(create_app(settings, clock=clock), tmp_path / "log.sqlite3").__enter__())
        return running[-1]

    yield started
    for one in running:
        one.__exit__()


def is_refused(service: InProcess) -> bool:
    """Whether health says that the folder is refused."""
    return "reason" in service.send("GET", "/health/ready").json()["configuration"]


def spoken(service: InProcess) -> str:
    """The region whose pathway speaks on the card."""
    (card,) = service.cards(KNEE)
    return str(card["source"]["label"])


@pytest.mark.usefixtures("moving")
def test_a_service_that_never_reads_again_places_by_the_day(start: Callable[..., InProcess], clock: Clock) -> None:
    """Versions advance by date, and footprints with them: a region never speaks in an area that it gave up."""
    service = start(reload_seconds=0)
    assert spoken(service).startswith("North West London")
    clock.now = AFTER_MIDNIGHT
    assert spoken(service).startswith("North East London")
    (card,) = service.cards(KNEE)
    assert card["source"]["url"] == "https://nel.example/from-tomorrow"


def test_a_folder_refused_over_midnight_does_not_keep_yesterdays_footprint(
    start: Callable[..., InProcess], moving: Path, clock: Clock
) -> None:
    """What stays of the former folder is its files; the day is that of the call, also once the mistake is undone."""
    service = start()
    organisations = moving / "organisations.csv"
    sound = organisations.read_text("utf-8")
    organisations.write_text(sound.replace("general-practice", "GP"), "utf-8")
    until(service, lambda: is_refused(service))
    clock.now = AFTER_MIDNIGHT
    assert is_refused(service)
    assert spoken(service).startswith("North East London")
    organisations.write_text(sound, "utf-8")
    until(service, lambda: not is_refused(service))
    assert spoken(service).startswith("North East London")


def test_a_region_can_take_over_the_whole_area_of_others(
    start: Callable[..., InProcess], folder: Path, clock: Clock
) -> None:
    """Its destinations stand in the folder before, and those of the others after, and no day refuses the folder."""
    take_over(folder, last_day="2026-11-29", first_day="2026-11-30")
    service = start()
    assert spoken(service).startswith("North West London")
    assert "Brent Demo Community MSK Service" in str(service.cards(KNEE))
    clock.now = AFTER_MIDNIGHT
    until(service, lambda: service.send("GET", "/health/ready").json()["configuration"]["inForceSince"] > "2026-11-30")
    assert not is_refused(service)
    assert spoken(service).startswith("Joint demo pathway")
    assert "Joint Demo Community MSK Service" in str(service.cards(KNEE))


@pytest.mark.parametrize(
    "words",
    [("directory", "check"), ("directory", "lookup", "Z99001"), ("directory", "fcp", "list"), ("pathways", "check")],
    ids=" ".join,
)
def test_a_takeover_can_be_prepared(folder: Path, words: tuple[str, ...]) -> None:
    """The commands read a folder as the service does, long before the day."""
    take_over(folder, last_day="2090-03-31", first_day="2090-04-01")
    shown = CliRunner().invoke(main, [*words, "--config", str(folder)], env={"CDS_SERVICE_CONFIG": None})
    assert "is not a region id" not in shown.output
    assert shown.exception is None or isinstance(shown.exception, SystemExit)
    assert "Error" not in shown.output
