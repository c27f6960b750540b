"""The page of overrides: what its panels tell when they are laid beside each other."""

import csv
from io import StringIO
from pathlib import Path

import figure_log
from attackers import room
from event_builders import an_id, carded, overridden
from reader import Reader

from cds_service.pathway.outcomes import Outcome

OVERRIDES = (
    (Outcome.REDIRECT, "other", 8),
    (Outcome.REDIRECT, "patient-preference", 52),
    (Outcome.LUMP, "other", 8),
    (Outcome.CES, "other", 1),
)


def test_a_reason_and_the_same_by_outcome_do_not_tell_a_masked_count(tmp_path: Path) -> None:
    """17 and twice 8 would: 15 or more less 10 and 10 rounded leaves nothing but 1."""
    kinds = [(outcome, reason) for outcome, reason, count in OVERRIDES for _ in range(count)]
    engine = figure_log.of_records(
        tmp_path / "log.sqlite3",
        [
            record
            for number, (outcome, reason) in enumerate(kinds)
            for record in (carded(number, outcome=outcome), [overridden(an_id(number), reason)])
        ],
    )
    reader = Reader(figure_log.sources_of(engine))
    rows = csv.DictReader(StringIO(reader.text("/monitor/overrides/reasons-by-outcome.csv")))
    parts = {row["outcome"]: row["overrides"] for row in rows if row["reason_code"] == "other"}
    totals = csv.DictReader(StringIO(reader.text("/monitor/overrides/reasons.csv")))
    [total] = [row["overrides"] for row in totals if row["reason_code"] == "other"]
    engine.dispose()

    assert parts.pop("Cauda equina syndrome (CES)") == "*"
    assert len(room(total, parts.values())) > 2
