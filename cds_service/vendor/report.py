"""The doctor's report as a table for people, and as JSON for machines."""

import json
import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from cds_service.vendor.check import Check, Result
from cds_service.vendor.doctor import Report
from cds_service.vendor.words import printable

WORDS: Final = {Result.PASS: "pass", Result.FAIL: "FAIL", Result.WARN: "warn", Result.SKIPPED: "-"}
_INDENT: Final = " " * 15


def as_table(report: Report, width: int = 110) -> str:
    """The report in sections, one line for a check, its finding below it, a summary last."""
    if report.unreached is not None:
        why = f"The service could not be reached: it {report.unreached}. Check the address, and that the service runs."
        return f"{report.url}\n\n{why}"
    return "\n".join([report.url, *_sections(report, width), "", summary(report)])


def summary(report: Report) -> str:
    """The report in one line."""
    counts = ", ".join(
        f"{report.count(result)} {words}"
        for result, words in (
            (Result.PASS, "passed"),
            (Result.FAIL, "failed"),
            (Result.WARN, "warned of"),
            (Result.SKIPPED, "skipped"),
        )
    )
    left_out = f" {report.services_left_out} more services were not called." if report.services_left_out else ""
    verdict = "No must fails." if report.exit_code == 0 else "A must fails."
    return f"{len(report.checks)} checks: {counts}. {verdict}{left_out}{_unseen(report)}"


def _unseen(report: Report) -> str:
    """What this run tells nothing of, lest it is taken for sound."""
    if not report.looked_at("call"):
        return " No service was called: discovery lists none."
    if not report.looked_at("card"):
        return " No card was looked at: give --hook-call with a call that earns one."
    return ""


def as_json(report: Report) -> str:
    """The report as one JSON object."""
    content = {
        "url": report.url,
        "reached": report.unreached is None,
        **({"unreached": report.unreached} if report.unreached is not None else {}),
        "summary": {result.value: report.count(result) for result in Result},
        "services_left_out": report.services_left_out,
        "services_called": report.looked_at("call"),
        "cards_looked_at": report.looked_at("card"),
        "checks": [_as_object(check) for check in report.checks],
    }
    return json.dumps(content, indent=2)


def _as_object(check: Check) -> dict[str, str]:
    rule = check.rule
    content = {
        "id": rule.id,
        "section": rule.section,
        "title": rule.title,
        "reference": rule.reference,
        "level": rule.level.value,
        "result": check.result.value,
    }
    return {**content, **({"finding": check.finding} if check.finding else {})}


def _sections(report: Report, width: int) -> Iterator[str]:
    longest = max((len(check.rule.id) for check in report.checks), default=0)
    for section, checks in groupby(report.checks, key=lambda check: check.rule.section):
        yield f"\n{section.capitalize()}"
        for check in checks:
            yield from _lines(check, longest, width)


def _lines(check: Check, longest: int, width: int) -> Iterator[str]:
    rule = check.rule
    yield f"  {WORDS[check.result]:<4}  {rule.level.value:<6} {rule.id:<{longest}}  {rule.title}"
    if check.result in {Result.FAIL, Result.WARN}:
        yield from _wrapped(f"{printable(check.finding)} [{rule.reference}]", width)
    elif check.finding:
        yield from _wrapped(printable(check.finding), width)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, max(width, 40), initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False
    )
