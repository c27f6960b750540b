"""The report reads as a table for people, and as JSON for machines."""

import json

import pytest

from cds_service.vendor.check import Check, Level, Result, Rule
from cds_service.vendor.doctor import Report
from cds_service.vendor.report import as_json, as_table, summary

SUMMARY = Rule("card.summary", Level.MUST, "there is a `summary`", "2.0 Card Attributes, r83", "Say what to do.")
CALLED = Rule("call.answered", Level.MUST, "a call is answered", "2.0 CDS Service Response", "Answer it.")
TITLE = Rule("discovery.title", Level.SHOULD, "each service has a `title`", "2.0 Discovery", "Give a name.")


def report(*checks: Check, unreached: str | None = None, left_out: int = 0) -> Report:
    """A report on an invented service."""
    return Report("https://cds.example.org/cds-services", unreached, checks, left_out)


def test_a_table_groups_checks_and_says_how_to_mend_what_is_broken() -> None:
    """The reference stands with the finding."""
    broken = SUMMARY.check(["cards[0] has no `summary`", "cards[1] too"])

    table = as_table(report(TITLE.check([]), CALLED.check([]), broken))

    assert table.splitlines() == [
        "https://cds.example.org/cds-services",
        "",
        "Discovery",
        "  pass  should discovery.title  each service has a `title`",
        "",
        "Call",
        "  pass  must   call.answered    a call is answered",
        "",
        "Card",
        "  FAIL  must   card.summary     there is a `summary`",
        "               cards[0] has no `summary` (1 more like it). Say what to do. [2.0 Card Attributes, r83]",
        "",
        "3 checks: 2 passed, 1 failed, 0 warned of, 0 skipped. A must fails.",
    ]


def test_a_table_keeps_to_its_width() -> None:
    """Whatever a finding is as long as."""
    table = as_table(report(CALLED.check([]), SUMMARY.check(["word " * 60])), width=60)

    assert max(len(line) for line in table.splitlines()) <= 60 + len("2 checks: 1 passed,")


def test_json_holds_every_check_with_its_rule() -> None:
    """A machine needs no table."""
    content = json.loads(as_json(report(TITLE.check(["services[0] has no `title`"]), SUMMARY.skipped("no card came"))))

    assert content == {
        "url": "https://cds.example.org/cds-services",
        "reached": True,
        "summary": {"pass": 0, "fail": 0, "warn": 1, "skipped": 1},
        "services_left_out": 0,
        "services_called": False,
        "cards_looked_at": False,
        "checks": [
            {
                "id": "discovery.title",
                "section": "discovery",
                "title": "each service has a `title`",
                "reference": "2.0 Discovery",
                "level": "should",
                "result": "warn",
                "finding": "services[0] has no `title`. Give a name.",
            },
            {
                "id": "card.summary",
                "section": "card",
                "title": "there is a `summary`",
                "reference": "2.0 Card Attributes, r83",
                "level": "must",
                "result": "skipped",
                "finding": "no card came",
            },
        ],
    }


@pytest.mark.parametrize(
    ("checks", "unreached", "code"),
    [
        ((TITLE.check([]),), None, 0),
        ((TITLE.check(["x"]),), None, 0),
        ((SUMMARY.check(["x"]), TITLE.check([])), None, 1),
        ((SUMMARY.skipped("no card came"),), None, 0),
        ((), "could not be asked", 2),
    ],
    ids=["all pass", "a should is broken", "a must is broken", "skipped", "unreachable"],
)
def test_the_exit_code_says_whether_a_must_fails(checks: tuple[Check, ...], unreached: str | None, code: int) -> None:
    """A warning does not stop a pipeline."""
    assert report(*checks, unreached=unreached).exit_code == code


def test_a_service_that_was_not_reached_is_said_to_be() -> None:
    """In both forms."""
    gone = report(unreached="could not be asked (ConnectError)")

    told, mend = "it could not be asked (ConnectError).", "Check the address, and that the service runs."
    assert as_table(gone).endswith(f"The service could not be reached: {told} {mend}")
    assert json.loads(as_json(gone))["unreached"] == "could not be asked (ConnectError)"


def test_services_left_out_are_counted() -> None:
    """Nobody is to think that all were called."""
    checked = report(CALLED.check([]), SUMMARY.check([]), left_out=3)

    assert summary(checked).endswith("3 more services were not called.")


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        (
            (CALLED.check([]), SUMMARY.skipped("no call earned a card")),
            "No must fails. No card was looked at: give --hook-call with a call that earns one.",
        ),
        (
            (CALLED.skipped("no service is listed"), SUMMARY.skipped("no call earned a card")),
            "No must fails. No service was called: discovery lists none.",
        ),
    ],
)
def test_what_was_not_looked_at_is_told_beside_the_verdict(checks: tuple[Check, ...], told: str) -> None:
    """Whoever reads the last line alone does not take it for a card that keeps every rule."""
    assert summary(report(*checks)).endswith(told)


def test_results_have_words() -> None:
    """A broken `must` fails, a broken `should` or `info` warns."""
    info = Rule("call.latency", Level.INFO, "it is quick", "r27", "Measure.")

    assert [rule.check(["x"]).result for rule in (SUMMARY, TITLE, info)] == [Result.FAIL, Result.WARN, Result.WARN]
