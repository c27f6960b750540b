import pytest
from pydantic import Field, ValidationError

from cds_service.protocol.messages import MOST_PROBLEMS, Received, Text, problems_of
from cds_service.protocol.operation_outcome import ProtocolError


class Example(Received):
    """A message with a text and a list of numbers."""

    name: Text
    numbers: list[int] = Field(default=[])


def problems(body: dict[str, object]) -> ProtocolError:
    """The error of a message that breaks the example."""
    with pytest.raises(ValidationError) as caught:
        Example.model_validate(body)
    return problems_of(caught.value)


def test_unknown_members_are_ignored() -> None:
    """Future members and vendors' own do no harm."""
    assert Example.model_validate({"name": "a", "invented": {}}) == Example(name="a")


def test_a_missing_field_is_required() -> None:
    """The issue type of FHIR for it, the field, and the mend."""
    (issue,) = problems({}).issues

    assert (issue.code, issue.field, issue.diagnostics) == ("required", "name", "name is missing. Send it.")


@pytest.mark.parametrize("value", ["", "  ", None, 5, {}])
def test_a_text_has_something_in_it(value: object) -> None:
    """A blank one counts as a wrong value."""
    (issue,) = problems({"name": value}).issues

    assert (issue.code, issue.field) == ("value", "name")
    assert issue.diagnostics in {"name is not text. Send a string.", "name is empty. Send text."}


def test_a_text_is_trimmed() -> None:
    """Blanks around it mean nothing."""
    assert Example.model_validate({"name": " a "}).name == "a"


def test_a_place_in_a_list_is_named_as_fhirpath_does() -> None:
    """FHIR R4 asks it of OperationOutcome.issue.expression: element names and indices in brackets."""
    (issue,) = problems({"name": "a", "numbers": [1, "x"]}).issues

    assert issue.field == "numbers[1]"
    assert issue.diagnostics.startswith("numbers[1] is wrong (")
    assert issue.diagnostics.endswith("). Correct it.")


def test_the_wrong_value_is_not_repeated() -> None:
    """It may be somebody's name in the wrong place."""
    error = problems({"name": ["Test-adult"], "numbers": ["Test-adult"]})

    assert "Test-adult" not in str(error)
    assert len(error.issues) == 2


def test_no_more_problems_are_told_than_help() -> None:
    """A body of four MiB could hold a million, and the answer would be a hundred times larger."""
    assert len(problems({"name": "a", "numbers": ["x"] * 1000}).issues) == MOST_PROBLEMS
