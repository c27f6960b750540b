"""The page on conformance: each requirement has a place in the code and a test."""

import re

from tests.docs.conftest import ROOT, in_backticks, page, table_rows

MET, NOT_MET = page("docs/conformance.md").split("\n## Not met yet\n")
ROWS = table_rows(MET)

NUMBERS = {3, 27, 54, 80, 83, 88, 93, 100, 105, 195, 199, 201, 203, 205, 208, 211, 214, 215}
"""Requirements of CDS Hooks 2.0 that bear on this service, by their numbers in Inferno's list."""


def test_every_numbered_requirement_is_accounted_for() -> None:
    """Met or not met, each stands on the page."""
    cells = [row[0] for row in [*ROWS, *table_rows(NOT_MET)]]
    stated = {int(number) for cell in cells for number in re.findall(r"\d+", cell)}
    assert NUMBERS - stated == set()


def test_every_requirement_names_its_place_and_its_test() -> None:
    """The place is a file of the service, and the test a function; speed alone is measured instead."""
    unproven = []
    for _, requirement, place, proof in ROWS:
        (file,) = in_backticks(place)
        assert (ROOT / file).is_file()
        named = [word.partition("::") for word in in_backticks(proof)]
        shown = all(
            test and f"def {test}(" in (ROOT / path).read_text("utf-8")
            for path, _, test in named
            if path != "make bench"
        )
        unproven += [] if named and shown else [requirement]
    assert unproven == []


def test_the_measured_requirement_is_the_only_one_without_a_test() -> None:
    """A benchmark is no substitute for a test."""
    assert [row[0] for row in ROWS if "make bench" in row[3]] == ["27"]
