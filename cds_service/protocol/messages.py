"""Shared ground of the messages that a client sends: parsing, and problems as an OperationOutcome in plain words."""

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from cds_service.protocol.operation_outcome import Issue, ProtocolError

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""A string with something in it."""


class Received(BaseModel):
    """A message of a client: unknown members are ignored, so that future and vendor fields do no harm."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def parse_object(body: bytes) -> dict[str, Any]:
    """A request body as a JSON object.

    Raises:
        ProtocolError: 400 when it is not JSON or not an object.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        issue = Issue("structure", f"The body is not JSON: {error.msg} at byte {error.pos}. Send a JSON object.")
        raise ProtocolError(400, [issue]) from None
    if not isinstance(parsed, dict):
        raise ProtocolError(400, [Issue("structure", "The body is JSON but not an object. Send a JSON object.")])
    return parsed


def problems_of(error: ValidationError) -> ProtocolError:
    """A message that breaks its model, as one issue for each field with how to mend it; values are not repeated."""
    return ProtocolError(
        400,
        [
            _issue(_path(problem["loc"]), problem["type"], problem["msg"])
            for problem in error.errors(include_url=False, include_input=False, include_context=True)
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
