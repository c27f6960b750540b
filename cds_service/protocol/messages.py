"""Shared ground of the messages that a client sends: their models, and their problems in plain words."""

from itertools import islice
from typing import Annotated

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
            _issue(_path(problem["loc"]), problem["type"], problem["msg"])
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


def _issue(field: str, kind: str, message: str) -> Issue:
    if kind == "missing":
        return Issue("required", f"{field} is missing. Send it.", field)
    return Issue("value", f"{field}: {message}. Correct it.", field)
