"""Every error path of a deployment driven with marked data: nothing of it is told or kept, and each can be asked about.

The process runs as `cds-service serve` starts it, every logger at DEBUG; `conftest.py` drives it once for all tests.
"""

import json
from uuid import UUID

import pytest

from tests.leaks.marked import MARK, Left, Told

PATHS = 55
"""Fewer answers than this, and something was not driven."""


def errors(left: Left) -> list[Told]:
    """The answers that are errors."""
    return [told for told in left.told if told.status >= 400]


def test_every_error_path_was_driven(left: Left) -> None:
    """Each with its own status, so that what is searched is what was meant."""
    assert {told.name: told.status for told in left.told} == {told.name: told.expected for told in left.told}
    statuses = {told.status for told in left.told}
    assert statuses == {200, 400, 401, 403, 404, 405, 408, 412, 413, 415, 429, 431, 500, 503}
    assert len(left.told) > PATHS


def test_the_search_finds_what_is_there(left: Left) -> None:
    """The mark in any case, an NHS number, a part of a token."""
    part = next(secret for secret in sorted(left.marked.secrets) if MARK not in secret.lower())

    assert left.marked.found_in("a card about Zqxfamily") == {"a card about Zqxfamily"}
    assert left.marked.found_in(f"9990000018 {part}") == {"9990000018", part}
    assert left.marked.found_in("2026-11-21 INFO refused") == set()


def test_no_line_that_the_process_wrote_tells_anything(left: Left) -> None:
    """Standard output and standard error, every logger at DEBUG, the traceback of a defect, start and stop."""
    assert " DEBUG " in left.output
    assert "TellingError in fail" in left.output
    assert left.marked.found_in(left.output) == set()


@pytest.mark.parametrize("mark", ["zqx-card-log", "zqx-replay", "zqx-end"])
def test_no_fault_beside_the_requests_tells_anything(left: Left, mark: str) -> None:
    """A defect in the card log's thread, in that of the seen tokens, and at the end of the process."""
    assert "fail" in left.output_of_the_end
    assert {found for found in left.marked.found_in(left.output_of_the_end) if mark in found} == set()


def test_the_metrics_tell_nothing(left: Left) -> None:
    """Counts by reason and result."""
    assert 'cds_refusals_total{reason="replay"}' in left.metrics
    assert 'cds_fhir_reads_total{result="failed"} 0.0' not in left.metrics
    assert 'cds_fhir_reads_total{result="not_listed"} 1.0' in left.metrics
    assert left.marked.found_in(left.metrics) == set()


def test_no_file_holds_anything(left: Left) -> None:
    """Card log and seen tokens, byte by byte, with what a transaction left behind."""
    assert {"card-log.sqlite3", "card-log-seen-tokens.sqlite3"} <= set(left.files)
    for name, content in left.files.items():
        text = content.decode("latin-1").replace(f"{MARK} says the database", "")  # the test's own trigger
        assert left.marked.found_in(text) == set(), name


def test_no_error_repeats_what_came(left: Left) -> None:
    """Neither in its body nor in a header."""
    for told in errors(left):
        assert left.marked.found_in(f"{told.headers} {told.body}") == set(), told.name


def test_no_header_of_a_good_answer_repeats_what_came(left: Left) -> None:
    """Cards may name the order in the call's own words; headers name nothing."""
    good = [told for told in left.told if told.status < 400]

    assert good
    for told in good:
        assert left.marked.found_in(str(told.headers)) == set(), told.name


def test_every_error_is_an_outcome_that_bears_the_id_of_its_header(left: Left) -> None:
    """So that whoever has either can ask about the call."""
    for told in errors(left):
        outcome = json.loads(told.body)
        assert outcome["resourceType"] == "OperationOutcome", told.name
        assert UUID(outcome["id"]).version == 4
        assert outcome["id"] == told.identifier, told.name


def test_every_answer_has_an_id_of_its_own(left: Left) -> None:
    """No two have one in common."""
    identifiers = [told.identifier for told in left.told]

    assert len(set(identifiers)) == len(identifiers)
    assert all(UUID(identifier).version == 4 for identifier in identifiers)


def test_a_clients_own_id_is_not_taken_over(left: Left) -> None:
    """Every request sent one: all of them are among the secrets that are searched for."""
    assert not left.marked.secrets & {told.identifier for told in left.told}


def test_every_error_can_be_found_in_the_log_by_its_id(left: Left) -> None:
    """A vendor names the id, and the operator finds the line."""
    silent = sorted(f"{told.status} {told.name}" for told in errors(left) if f"[{told.identifier}]" not in left.output)

    assert silent == []


def test_what_was_refused_at_the_door_is_logged_with_its_reason(left: Left) -> None:
    """Under the id of its answer, with the client's configured name where one was proved."""
    lines = {line.split("[")[1].split("]")[0]: line for line in left.output.splitlines() if "refused: " in line}
    by_name = {told.name: lines[told.identifier] for told in left.told if told.identifier in lines}

    assert "refused: replay (client main)" in by_name["replay"]
    assert "refused: issuer (client not recognised)" in by_name["unknown issuer"]
    assert "refused: rate (client limited)" in by_name["beyond the rate"]
    assert "refused: keys-not-reached (client down)" in by_name["keys not reached"]


@pytest.mark.parametrize("reason", ["CardLogStore", "seen tokens fails (IntegrityError"])
def test_a_failing_database_is_told_by_kind(left: Left, reason: str) -> None:
    """And by nothing that it says."""
    told = {"CardLogStore": "The card log's database refused events (IntegrityError"}.get(reason, reason)

    assert told in left.output
