"""Nobody is identified anywhere the service keeps or tells anything (fact 7; information governance)."""

from tests.conftest import Markers
from tests.contract.conftest import ContractRun


def test_the_search_knows_what_to_look_for(markers: Markers) -> None:
    """Numbers, names, dates of birth, ids and free text of the fixtures are all among the markers."""
    assert markers.values > {
        "9990000018",
        "Test-adult",
        "Alder",
        "1979-04-12",
        "nwl-adult",
        "999100000002",
        "999200000002",
        "practitioner-nwl-gp",
        "role-nwl-gp",
        "Dr Bertram Quillfeather",
        "Practitioner/COREPRACTITIONER1",
        "draft-1",
        "encounter-nwl-adult",
        "Right knee",
        "Already referred last week.",
    }


def test_the_search_finds_what_is_there(markers: Markers) -> None:
    """A name in a sentence and an id between other fields are both seen; a word that only contains one is not."""
    assert markers.in_text("2026-11-21 answered Ada about nwl-adult.") == {"Ada", "nwl-adult"}
    assert markers.in_text("an Adaptable service") == set()
    assert markers.in_bytes(b"order-sign9990000018Z99001") == {"9990000018"}


def test_no_log_line_of_the_whole_run_tells_who_anybody_is(contract_run: ContractRun, markers: Markers) -> None:
    """Not at DEBUG, of no logger, not in a traceback."""
    assert markers.in_text(contract_run.log) == set()


def test_the_card_log_file_holds_nobody(contract_run: ContractRun, markers: Markers) -> None:
    """Byte by byte, with the write-ahead log, where what was rolled back would still stand."""
    assert b"nwl.redirect" in contract_run.database
    assert markers.in_bytes(contract_run.database) == set()


def test_no_stored_value_is_anybody(contract_run: ContractRun, markers: Markers) -> None:
    """Short names, which bytes could hold by chance, are looked for in the rows."""
    rows = [row for exchange in contract_run.exchanges.values() for row in exchange.rows]

    assert len(rows) > 50
    assert markers.in_text(repr(rows)) == set()


def test_the_metrics_hold_nobody(contract_run: ContractRun, markers: Markers) -> None:
    """Counts by hook, result, indicator and outcome only."""
    assert "cds_hook_calls_total" in contract_run.metrics
    assert markers.in_text(contract_run.metrics) == set()


def test_a_refusal_does_not_repeat_what_was_sent(contract_run: ContractRun, markers: Markers) -> None:
    """An OperationOutcome ends in the client's log, which is nobody's chart either."""
    told = "\n".join(answer.text for answer in contract_run.refusals)

    assert markers.in_text(told) == set()
