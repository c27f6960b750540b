"""Small numbers: the boundaries, what cannot be shown by mistake, and an attacker who tries every table."""

import json
from fractions import Fraction
from itertools import product

import pytest
from attackers import possible_values, room, tables_that_look_the_same
from hypothesis import given, settings
from hypothesis import strategies as st
from shown_alone import shown_alone

from cds_service.monitor.disclosure import (
    RawCount,
    Shown,
    ShownTable,
    disclose_parts,
    disclose_percentage,
    disclose_table,
    may_stand_beside,
)
from cds_service.monitor.tables import ALL, Disclosed, Leaves


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0"), (1, "*"), (7, "*"), (8, "10"), (12, "10"), (13, "15"), (1_234_567, "1,234,565")],
)
def test_counts_at_the_boundaries(count: int, expected: str) -> None:
    """1 to 7 are masked, 0 is shown, and all else goes to the nearest 5."""
    assert str(shown_alone(count)) == expected


def test_a_cell_of_a_file_has_no_thousands_separator() -> None:
    """Other programs read it."""
    assert [Shown(None).cell, Shown(0).cell, Shown(1_235).cell] == ["*", "0", "1235"]


@pytest.mark.parametrize("formatted", [str, "{}".format, "{:>5}".format, "%s".__mod__, lambda raw: f"{raw}"])
def test_a_raw_count_cannot_be_made_into_text(formatted: object) -> None:
    """A page that forgets disclosure fails, and does not leak."""
    assert callable(formatted)
    with pytest.raises(TypeError, match="disclosure"):
        formatted(RawCount(3))


def test_a_raw_count_tells_nothing_to_a_debugger_or_to_json() -> None:
    """Tracebacks and files are read by many."""
    assert "3" not in repr(RawCount(3))
    with pytest.raises(TypeError):
        json.dumps(RawCount(3))


@pytest.mark.parametrize("counts", [{"a": RawCount(-1)}, {"a": RawCount(9), "b": RawCount(-1)}])
def test_a_negative_count_is_refused(counts: dict[str, RawCount]) -> None:
    """It shows a fault in what was counted."""
    with pytest.raises(ValueError, match="negative"):
        disclose_parts(counts)


def test_percentages_come_from_rounded_counts() -> None:
    """12 of 33 is 10 of 35."""
    percentage = disclose_percentage(shown_alone(12), shown_alone(33))

    assert percentage.percent == Fraction(1000, 35)
    assert f"{percentage}" == "29%"
    assert percentage.cell == "28.6"


@pytest.mark.parametrize(
    ("numerator", "denominator", "text", "cell"),
    [(8, 1_300, "under 1%", "0.8"), (165, 409_000, "under 1%", "0.04"), (8, 10_000_000, "under 1%", "0.0001")],
)
def test_a_percentage_that_is_not_0_does_not_read_as_0(numerator: int, denominator: int, text: str, cell: str) -> None:
    """Calls that failed are few, and not none."""
    percentage = disclose_percentage(shown_alone(numerator), shown_alone(denominator))

    assert (str(percentage), percentage.cell) == (text, cell)


@pytest.mark.parametrize(
    ("numerator", "denominator", "text", "cell"),
    [(3, 40, "*", "*"), (3, 7, "*", "*"), (0, 40, "0%", "0.0"), (0, 0, "n/a", "")],
)
def test_there_is_no_percentage_of_a_masked_count_or_of_nothing(
    numerator: int, denominator: int, text: str, cell: str
) -> None:
    """Both counts must be shown; a percentage of nothing is none."""
    percentage = disclose_percentage(shown_alone(numerator), shown_alone(denominator))

    assert (str(percentage), percentage.cell) == (text, cell)


@pytest.mark.parametrize(
    ("part", "others", "expected"),
    [(8, [8, 1], False), (8, [8], True), (8, [0, 30], True), (40, [1], True), (0, [1, 5], True), (8, [1, 8], False)],
)
def test_a_part_does_not_stand_beside_others_whose_small_one_it_would_tell(
    part: int, others: list[int], expected: bool
) -> None:
    """17 in all, shown as 15, less 10 and 10 leaves nothing but 1; which of them comes first makes no difference."""
    assert may_stand_beside(RawCount(part), map(RawCount, others)) is expected


@given(st.lists(st.integers(0, 30), min_size=2, max_size=5))
def test_parts_that_are_seen_one_after_the_other_tell_no_small_one(counts: list[int]) -> None:
    """Unless all parts but those of 0 are masked, there is nothing left to mask but the sum, which is another's."""
    parts = [
        str(shown_alone(count))
        if may_stand_beside(RawCount(count), [RawCount(n) for other, n in enumerate(counts) if other != number])
        else "*"
        for number, count in enumerate(counts)
    ]
    total = str(shown_alone(sum(counts)))
    for number, count in enumerate(counts):
        others = parts[:number] + parts[number + 1 :]
        if 0 < count < 8 and {*parts} - {"*", "0"}:
            assert len(room(total, others)) > 1, (counts, parts)


def test_totals_are_rounded_from_the_exact_sum() -> None:
    """Three times 12 are 36, shown as 35, and not three times 10."""
    shown = disclose_parts({"a": RawCount(12), "b": RawCount(12), "c": RawCount(12)})

    assert [str(each) for each in shown.parts.values()] == ["10", "10", "10"]
    assert str(shown.total) == "35"


def test_a_second_part_is_masked_where_the_total_would_tell_the_first() -> None:
    """7 beside three 12s: a total of 43 or more less at most 36 leaves 7."""
    shown = disclose_parts({"a": RawCount(7), "b": RawCount(12), "c": RawCount(12), "d": RawCount(12)})

    assert shown.parts["a"].rounded is None
    assert [each.rounded for each in shown.parts.values()].count(None) == 2
    assert shown.total.rounded == 45


def test_what_a_row_tells_is_masked_in_that_row_and_takes_no_figure_from_others() -> None:
    """A total of 285 less 275 leaves 6 and 7 alone: the other weeks' counts of the same kind cannot change that."""
    weeks = {"1": (6, 277), "2": (59, 282), "3": (40, 252), "4": (42, 215), "5": (50, 248), "6": (32, 173)}
    counts = {(week, kind): RawCount(n) for week, row in weeks.items() for kind, n in zip("ab", row, strict=True)}
    shown = disclose_table({"all": None, **dict.fromkeys(weeks, "all")}, ("a", "b"), counts)

    assert [str(shown.cell(week, "a")) for week in weeks] == ["*", "60", "40", "40", "50", "30"]
    assert [str(shown.cell("1", "b")), shown.masked] == ["*", 2]


def test_a_single_small_part_beside_zeros_masks_the_total() -> None:
    """The total is that part."""
    shown = disclose_parts({"a": RawCount(0), "b": RawCount(4), "c": RawCount(0)})

    assert [str(each) for each in (*shown.parts.values(), shown.total)] == ["0", "*", "0", "*"]


@pytest.mark.parametrize("count", [1, 2])
def test_the_mask_of_a_sum_of_seven_ones_does_not_tell_them(count: int) -> None:
    """Were it masked only when it is small, seven masked parts below a masked sum could be nothing but seven 1s."""
    shown = disclose_parts({str(number): RawCount(count) for number in range(7)})

    assert {str(each) for each in (*shown.parts.values(), shown.total)} == {"*"}


_ANSWERS = ("accepted", "not_answered")


def _over_time(*rows: tuple[int, int]) -> list[list[str]]:
    """What is shown of blocks of time whose sums stand in another table: whole and answers of each, and of all."""
    leaves: Leaves = {(str(block),): dict(zip(_ANSWERS, row, strict=True)) for block, row in enumerate(rows)}
    shown = Disclosed(leaves, _ANSWERS, sums_stand_elsewhere=True)
    return [[str(cell) for cell in shown.cells(key)] for key in (*leaves, ALL)]


@pytest.mark.parametrize("rows", [[(0, 1)] * 7, [(0, 1)] * 3 + [(0, 0)] * 4, [(0, 0)] * 6 + [(0, 7)]])
def test_what_is_0_below_a_small_sum_that_stands_elsewhere_is_masked(rows: list[tuple[int, int]]) -> None:
    """Seven blocks that are not 0, of 7 or fewer in all, are of 1 each; all such tables look the same."""
    assert _over_time(*rows) == [["*", "*", "*"]] * 8


def test_so_is_it_in_one_column_where_the_rows_have_others() -> None:
    """Blocks without any card are shown as that."""
    rows = _over_time(*[(20, 1)] * 5, (25, 0), (30, 0), (0, 0))

    assert {row[2] for row in rows[:7]} == {"*"}
    assert rows[7] == ["0", "0", "0"]
    assert rows[5][:2] == ["25", "25"]


def test_where_rows_are_few_what_is_0_stays_shown() -> None:
    """Five that are not 0, of 7 in all, may be 1, 2 or 3 each."""
    assert _over_time(*[(0, 1)] * 3, (0, 0))[3] == ["0", "0", "0"]


def test_an_empty_set_of_parts_has_a_total_of_nothing() -> None:
    """An empty log is no error."""
    assert disclose_parts({}).total == Shown(0)


_PLACES = {
    "nel": None,
    "hackney": "nel",
    "newham": "nel",
    "north": "hackney",
    "south": "hackney",
    "east": "newham",
    "Z99001": "north",
    "Z99002": "north",
    "Z99003": "south",
    "Z99004": "east",
    "Z99005": "east",
}


def _places(**counts: int) -> ShownTable[str, str]:
    return disclose_table(_PLACES, ("redirect",), {(row, "redirect"): RawCount(n) for row, n in counts.items()})


def test_a_small_practice_is_not_told_by_its_network_borough_or_region() -> None:
    """Each sum on the way up is rounded from exact, and what would tell the practice is masked."""
    table = _places(Z99001=3, Z99002=50, Z99003=40, Z99004=30, Z99005=20)

    assert table.cell("Z99001", "redirect") == Shown(None)
    assert table.total("nel") == Shown(145)


def test_a_network_of_one_practice_is_masked() -> None:
    """It would show the practice under another name."""
    table = _places(Z99001=30, Z99002=50, Z99003=40, Z99004=30, Z99005=20)

    assert table.cell("south", "redirect") == Shown(None)
    assert table.cell("Z99003", "redirect") == Shown(40)
    assert table.cell("north", "redirect") == Shown(80)


def test_a_count_that_is_withheld_is_not_told_by_its_sums() -> None:
    """It would tell one of another table: whoever has it from a total has that one."""
    counts = {(row, "redirect"): RawCount(12) for row in ("Z99001", "Z99002", "Z99003", "Z99004", "Z99005")}
    table = disclose_table(_PLACES, ("redirect",), counts, withheld={("Z99001", "redirect")})

    assert table.cell("Z99001", "redirect") == Shown(None)
    assert table.cell("nel", "redirect") == Shown(60)


@pytest.mark.parametrize(
    ("parents", "counts", "message"),
    [
        ({"a": None, "b": None}, {}, "2 rows have no parent"),
        ({"a": None, "b": "c"}, {}, "parent is no row"),
        ({"a": None, "b": "c", "c": "b"}, {}, "in a circle"),
        ({"a": None, "b": "a"}, {("a", "x"): RawCount(1)}, "a count of its own"),
        ({"a": None}, {("z", "x"): RawCount(1)}, "no row or column"),
        ({"a": None}, {("a", "y"): RawCount(1)}, "no row or column"),
    ],
)
def test_a_table_that_does_not_hang_together_is_refused(
    parents: dict[str, str | None], counts: dict[tuple[str, str], RawCount], message: str
) -> None:
    """Sums that leave something out would protect nothing."""
    with pytest.raises(ValueError, match=message):
        disclose_table(parents, ("x",), counts)


_COUNT = st.sampled_from([0, 0, 1, 2, 3, 5, 7, 8, 9, 12, 13, 20])


def _tables(most: int) -> st.SearchStrategy[tuple[tuple[int, ...], ...]]:
    return st.tuples(st.integers(1, most), st.integers(1, most)).flatmap(
        lambda size: st.tuples(*[st.tuples(*[_COUNT] * size[1])] * size[0])
    )


def _attacked(true: tuple[tuple[int, ...], ...]) -> None:
    """Fail when a masked small count has one possible value only."""
    rows, columns = range(len(true)), range(len(true[0]))
    counts = {(str(row), column): RawCount(true[row][column]) for row, column in product(rows, columns)}
    shown = disclose_table({"all": None, **{str(row): "all" for row in rows}}, tuple(columns), counts)
    cells = [[shown.cell(str(row), column) for column in columns] for row in rows]
    totals = [shown.total(str(row)) for row in rows]
    sums = [shown.cell("all", column) for column in columns]
    small = {(r, c): true[r][c] for r, c in product(rows, columns) if 0 < true[r][c] < 8}
    same = tables_that_look_the_same(cells, true, totals, sums, shown.total("all"))

    assert all(cells[row][column].rounded is None for row, column in small)
    found = possible_values(same, small, 2)
    assert all(len(values) > 1 for values in found.values()), (true, cells, totals, sums, found)


@given(_tables(2))
def test_an_attacker_who_tries_every_table_cannot_tell_a_masked_count(true: tuple[tuple[int, ...], ...]) -> None:
    """Two rows and two columns at most, with all sums shown; the attacker even knows which masks hide small counts."""
    _attacked(true)


@settings(max_examples=12)
@given(_tables(3))
def test_nor_in_a_larger_table(true: tuple[tuple[int, ...], ...]) -> None:
    """Up to three by three."""
    _attacked(true)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_no_small_count_is_ever_shown(counts: list[int]) -> None:
    """Neither a part nor a total."""
    shown = disclose_parts({number: RawCount(count) for number, count in enumerate(counts)})
    for each in (*shown.parts.values(), shown.total):
        assert each.rounded is None or each.rounded % 5 == 0
    assert all(part.rounded is None for part, count in zip(shown.parts.values(), counts, strict=True) if 0 < count < 8)
