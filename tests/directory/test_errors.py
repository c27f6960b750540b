from pathlib import Path

from cds_service.directory.errors import ConfigurationError, Problem


def test_a_problem_reads_as_file_line_column_value_and_mend() -> None:
    """One line is enough to find and mend it."""
    problem = Problem("a.csv", "is not a setting", "Write one of: x, y", 4, "setting", "GP")
    assert str(problem) == "a.csv, line 4, column setting: 'GP' is not a setting. Write one of: x, y."


def test_a_problem_of_a_whole_file_names_only_the_file() -> None:
    """No line is made up."""
    assert str(Problem("a.csv", "is missing", "Write it")) == "a.csv: is missing. Write it."


def test_a_long_value_is_cut_and_a_control_character_is_escaped() -> None:
    """A damaged file does not flood or steer the terminal that shows the error."""
    shown = str(Problem("a.csv", "is wrong", "Mend it", 2, "name", "\x1b[31m" + "x" * 500))
    assert shown == "a.csv, line 2, column name: '\\x1b[31m" + "x" * 54 + "…' is wrong. Mend it."


def test_the_error_lists_every_problem_by_file_and_line() -> None:
    """Problems stand in the order in which an editor meets them."""
    error = ConfigurationError(
        Path("conf"),
        [Problem("b.csv", "x", "y", 9), Problem("b.csv", "x", "y", 2), Problem("a.csv", "x", "y", 3)],
    )
    assert str(error) == (
        "The configuration folder conf has 3 problems:\n"
        "- a.csv, line 3: x. y.\n- b.csv, line 2: x. y.\n- b.csv, line 9: x. y."
    )


def test_one_problem_is_not_called_problems() -> None:
    """The heading counts as a person would."""
    assert "has 1 problem:" in str(ConfigurationError(Path("conf"), [Problem("a.csv", "x", "y")]))
