"""Shared ground of the messages that a client sends: their models, and their problems in plain words."""

from collections.abc import Mapping
from itertools import islice
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from cds_service.protocol.operation_outcome import Issue, ProtocolError

MOST_PROBLEMS = 50
"""Problems of one message that are told: an answer must not outgrow what was asked."""

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""A string with something in it."""


class Received(BaseModel):
    """A message of a client: unknown members are ignored, so that future and vendor fields do no harm."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def problems_of(error: ValidationError) -> ProtocolError:
    """A message that breaks its model, as one issue for each field with how to mend it.

    Values are not repeated, and beyond 50 problems no more are told.
    """
    return ProtocolError(
        400,
        [
            _issue(_path(problem["loc"]), problem["type"], problem["msg"], problem.get("ctx", {}))
            for problem in islice(
                error.errors(include_url=False, include_input=False, include_context=True), MOST_PROBLEMS
            )
        ],
    )


def _path(location: tuple[int | str, ...]) -> str:
    """Where a problem is, as `context.selections[0]`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


_IN_WORDS: Final = {
    "string_type": "is not text. Send a string.",
    "string_too_short": "is empty. Send text.",
    "dict_type": "is not an object. Send a JSON object.",
    "model_type": "is not an object. Send a JSON object.",
    "list_type": "is not an array. Send a JSON array.",
    "too_short": "has too few elements. Send {min_length} or more.",
    "too_long": "has more than {max_length} elements. Send the rest in another request.",
    "literal_error": "has none of the values that are known. Send {expected}.",
    "uuid_type": "is not a UUID. Send one, as text.",
    "uuid_parsing": "is not a UUID. Send one, as text.",
    "datetime_parsing": "is not a time that there is. Send a day of the calendar and a time of that day.",
    "datetime_from_date_parsing": "is not a time that there is. Send a day of the calendar and a time of that day.",
    "value_error": "is {error}. Correct it.",
}
"""What a developer is told of a problem, by pydantic's name for it; its own words are those of Python."""


def _issue(field: str, kind: str, message: str, context: Mapping[str, object]) -> Issue:
    if kind == "missing":
        return Issue("required", f"{field} is missing. Send it.", field)
    told = _IN_WORDS[kind].format_map(context) if kind in _IN_WORDS else f"is wrong ({message}). Correct it."
    return Issue("value", f"{field} {told}", field)
