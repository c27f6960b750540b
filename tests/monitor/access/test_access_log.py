import pytest
from sqlalchemy import Engine, text

from cds_service.cardlog.exporting import EXPORTED_TABLES
from cds_service.monitor.access.access_log import AccessLog, plain_filters
from tests.monitor.access.conftest import REGIONS, Browser, Clock, SignIn, hidden_fields


def what_happened(engine: Engine, clock: Clock) -> list[tuple[str, str, tuple[str, ...], str, str, str]]:
    """The entries, oldest first."""
    entries = AccessLog(engine, clock).latest(REGIONS, 100)
    found = [
        (entry.what.value, entry.subject, entry.footprints, entry.page, entry.filters, entry.reason)
        for entry in entries
    ]
    return found[::-1]


def test_what_somebody_does_is_written_down(browser: Browser, sign_in: SignIn, engine: Engine, clock: Clock) -> None:
    """Sign-in, export with its filters, refusals of either kind, sign-out; looking at charts is not."""
    steps = [
        lambda: sign_in("analyst", "nwl"),
        lambda: browser.get("/monitor/test/see-charts"),
        lambda: browser.get("/monitor/test/export-figures?region=nwl&weeks=26&client=ehr-a"),
        lambda: browser.get("/monitor/test/export-figures?region=nel"),
        lambda: browser.get("/monitor/test/see-red-flag-cards"),
    ]
    for step in steps:
        step()
        clock.move(seconds=1)
    form = hidden_fields(browser.get("/monitor/test/read-access-log"))
    clock.move(seconds=1)
    browser.post("/monitor/sign-out", data=form)

    assert what_happened(engine, clock) == [
        ("signed-in", "demo-analyst", ("nwl",), "", "", ""),
        ("exported", "demo-analyst", ("nwl",), "/monitor/test/export-figures", "region=nwl&weeks=26&client=ehr-a", ""),
        ("refused", "demo-analyst", ("nel", "nwl"), "/monitor/test/export-figures", "region=nel", "another footprint"),
        ("refused", "demo-analyst", ("nwl",), "/monitor/test/see-red-flag-cards", "", "without see-red-flag-cards"),
        ("refused", "demo-analyst", ("nwl",), "/monitor/test/read-access-log", "", "without read-access-log"),
        ("signed-out", "demo-analyst", ("nwl",), "", "", ""),
    ]


def test_what_cannot_be_written_down_is_not_shown(browser: Browser, sign_in: SignIn, engine: Engine) -> None:
    """An export without its entry does not leave."""
    sign_in("analyst", "nwl")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE access_event"))

    answer = browser.get("/monitor/test/export-figures")

    assert answer.status_code == 503
    assert "nwl" not in answer.text


def test_while_the_database_is_away_nobody_is_let_in(browser: Browser, sign_in: SignIn, engine: Engine) -> None:
    """The page says so, and nothing of the fault."""
    sign_in("viewer", "nwl")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE access_session"))

    answer = browser.get("/monitor/test/see-charts")

    assert answer.status_code == 503
    assert "cannot be read at the moment" in answer.text
    assert "access_session" not in answer.text


def test_an_auditor_reads_those_of_their_regions(browser: Browser, sign_in: SignIn) -> None:
    """And those of no region; that they read is an entry, too."""
    sign_in("analyst", "nel")
    browser.get("/monitor/test/export-figures?region=nel&client=nel-ehr")
    sign_in("analyst", "nwl")
    browser.get("/monitor/test/export-figures?region=nwl&client=nwl-ehr")
    sign_in("auditor", "nwl")

    first, second = browser.get("/monitor/access-log").text, browser.get("/monitor/access-log").text

    assert "nwl-ehr" in first
    assert "nel-ehr" not in first
    assert "access-log-read" not in first
    assert "access-log-read" in second


def test_an_auditor_reads_who_tried_their_region_and_of_no_stranger_to_it(
    browser: Browser, sign_in: SignIn, engine: Engine, clock: Clock
) -> None:
    """A refusal is for those of the region that was tried, too; signing out and other refusals for the viewer's own."""
    sign_in("analyst", "nwl")
    browser.get("/monitor/test/see-charts?region=NEL")
    browser.get("/monitor/test/see-charts?region=nwl&region=nowhere")
    browser.post("/monitor/sign-out", data=hidden_fields(browser.get("/monitor/test/manage-access")))

    entries = AccessLog(engine, clock).latest(["nel"], 100)

    assert [(entry.what.value, entry.footprints, entry.filters) for entry in entries] == [
        ("refused", ("nel", "nwl"), "region=NEL")
    ]
    assert len(AccessLog(engine, clock).latest(["nwl"], 100)) == 5


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ([("region", "nwl"), ("from", "2026-06-01"), ("outcome", "")], "region=nwl&from=2026-06-01"),
        ([("client", "Mrs Smith, 1 High Street")], "client=?"),
        ([("999 000 0018", "x")], "?=x"),
        ([("client", "=cmd|' /C calc'!A0")], "client=?"),
    ],
)
def test_only_plain_filters_are_kept(query: list[tuple[str, str]], kept: str) -> None:
    """What somebody typed may be anything."""
    assert plain_filters(query) == kept


def test_the_filters_that_are_kept_are_bounded() -> None:
    """However long an address is."""
    assert len(plain_filters([("client", "a" * 60)] * 100)) == 500


def test_no_export_of_the_card_log_has_it() -> None:
    """Nor sessions, nor tokens."""
    assert [name for name in EXPORTED_TABLES if name.startswith("access_")] == []
