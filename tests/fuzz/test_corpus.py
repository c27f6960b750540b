"""Requests that once went wrong, or hold a trap that one may fall into again: each answered as it must be."""

from pathlib import Path

import pytest

from tests.conftest import InProcess
from tests.fuzz.conftest import CORPUS, assert_well_answered, kept

FILES = sorted(CORPUS.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_kept_request_is_answered_as_it_must_be(service: InProcess, file: Path) -> None:
    """With its status, and with its cards where they are the point."""
    request = kept(file)

    answer = service.send("POST", request.path, content=request.content, headers=request.headers)

    assert answer.status_code == request.status, f"{request.note}\n{answer.text}"
    if request.indicators is not None:
        assert [card["indicator"] for card in answer.json()["cards"]] == request.indicators, request.note
    assert_well_answered(answer, request.path)


def test_every_kept_request_says_why_it_is_kept() -> None:
    """In a sentence that a reader years later understands."""
    assert len(FILES) > 25
    assert all(len(kept(file).note.split()) > 4 for file in FILES)
