"""The matrix that an owner signs: it is what `decide` answers, in few rows, with sentence and text."""

from itertools import product

import pytest

from cds_service.pathway.checking import texts_of
from cds_service.pathway.covering import Grid
from cds_service.pathway.decide import decide
from cds_service.pathway.facts import Facts, Oncology, Setting
from cds_service.pathway.loading import load_pathways
from cds_service.pathway.matrix import Answer, Matrix, ages_of, in_words, matrix_of
from cds_service.pathway.matrix_pages import html, markdown
from cds_service.pathway.model import Pathway, Suspension
from cds_service.pathway.outcomes import TextKey

NWL, NEL = load_pathways().values()


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """NEL's, which has the most to say."""
    return matrix_of(NEL)


def test_the_first_row_that_fits_gives_the_answer_of_the_rules(matrix: Matrix) -> None:
    """For every thirty-first combination of the facts that it speaks of, and whether the scan may be removed."""
    names = list(matrix.grid.values)
    for values in list(product(*matrix.grid.values.values()))[::31]:
        cell = dict(zip(names, values, strict=True))
        facts = Facts(**cell, region=NEL.id)
        decision = decide(facts, NEL, NEL.effective)
        row = next(row for row in matrix.rows if all(cell[name] in fits for name, fits in row.when.items()))
        assert row.answer == Answer.of(decision), cell
        removed = any(all(cell[name] in fits for name, fits in row.when.items()) for row in matrix.removals)
        assert removed == decision.may_delete, cell


def test_the_matrix_is_short(matrix: Matrix) -> None:
    """Equivalent cells are merged: fewer than sixty rows for a hundred thousand combinations."""
    assert len(matrix.rows) + len(matrix.removals) < 60


@pytest.mark.parametrize(
    ("fact", "denied", "said"),
    [
        ("oncology", (Oncology.ACTIVE, Oncology.UNDER_CARE), "cancer: neither active nor under oncology care"),
        (
            "setting",
            (Setting.URGENT_CARE, Setting.UNKNOWN),
            "setting: neither unknown nor urgent-care",
        ),
        ("setting", (Setting.SECONDARY_CARE,), "setting: not secondary-care"),
    ],
)
def test_whatever_a_row_denies_is_denied_by_itself(
    matrix: Matrix, fact: str, denied: tuple[object, ...], said: str
) -> None:
    """So that no value after the first reads as one that is asked for."""
    values = tuple(value for value in matrix.grid.values[fact] if value not in denied)
    assert in_words({fact: values}, matrix.grid, ages_of(NEL)) == said


@pytest.mark.parametrize("pathway", [NWL, NEL], ids=lambda one: one.id)
def test_each_sentence_of_the_document_stands_in_what_is_signed(pathway: Pathway) -> None:
    """In our words, also those on which no rule rests; a rule of the nation says so, also where a sentence fits."""
    lines = markdown(pathway).splitlines()
    for sentence, says in pathway.document.sentences.items():
        assert [line for line in lines if line.startswith(f"| {sentence} | {says} | ")], sentence
    urgent = [line for line in lines if " | warning, urgent: " in line]
    assert urgent
    assert all("| national guidance" in line for line in urgent)


def test_a_sentence_that_the_file_does_not_say_is_called_that() -> None:
    """A file that was written before the matrix told them, for example."""
    silent = NWL.document.model_copy(update={"sentences": {}})
    assert "| N10: the pathway file does not say it |" in markdown(NWL.model_copy(update={"document": silent}))


@pytest.fixture(scope="module")
def page() -> str:
    """NWL's, as Markdown."""
    return markdown(NWL)


def test_the_page_has_the_sentence_and_the_words_of_each_card(page: str) -> None:
    """In Markdown and in HTML, which holds no mark-up of the file."""
    redirect = next(line for line in page.splitlines() if "| redirect | warning, redirect: " in line)
    cells = redirect.split(" | ")
    assert cells[3] == "warning, redirect: Refer to community MSK instead of ordering this scan"
    said = NWL.document.sentences
    assert cells[5] == f"N2: {said['N2']}; N5: {said['N5']}"
    assert cells[6].startswith("MSK scans are not routinely ordered")
    assert "| ces | Send to the emergency department immediately" in page
    bold = html(NWL.model_copy(update={"title": "<b>bold</b>"}))
    assert "&lt;b&gt;bold&lt;/b&gt;" in bold
    assert "<b>" not in bold


def test_whatever_a_card_may_say_is_in_what_is_signed(page: str) -> None:
    """Every text that the lints know: the cautions, the other red flags, links, suggestions, override reasons."""
    left_out = {
        field
        for field, text in texts_of(NWL)
        if text.replace("{this}", "this scan").replace("{the}", "the scan") not in page
    }
    national_alone = (TextKey.COULD_NOT_EVALUATE, TextKey.COULD_NOT_EVALUATE_REASON)
    assert left_out == {f"texts.cards.{key}{part}" for key in national_alone for part in ("", ".summary")}
    assert all(str(link.url) in page for link in NWL.links if link.url is not None)


def test_a_suspension_leaves_the_matrix_as_it_was(page: str) -> None:
    """What was signed is what the pathway does when it is in force."""
    suspension = Suspension(by="A Name", reason="wrong link", since=NWL.effective)
    assert markdown(NWL.model_copy(update={"suspension": suspension})) == page


def test_boxes_cover_the_cells_and_nothing_besides() -> None:
    """Except cells that may be covered because an earlier row has answered for them."""
    grid = Grid({"a": (1, 2, 3), "b": ("x", "y")})
    cells = grid.mask({"a": (1, 2)}) | grid.mask({"a": (3,), "b": ("x",)})
    covered = 0
    for box in grid.boxes(cells):
        covered |= grid.mask(box)
    assert covered == cells
    assert list(grid.boxes(grid.mask({"a": (1, 2)}), also=grid.mask({"a": (3,)}))) == [
        {"a": (1, 2, 3), "b": ("x", "y")}
    ]
