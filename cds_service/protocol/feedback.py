"""Feedback as it arrives (specification 2.0, "Feedback"), reduced at once to what may be kept.

A comment is free text about a patient's care: it is turned into "had a comment" here, before anything can write it.
"""

# ruff: noqa: N815 - member names are CDS Hooks' own
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationError, WithJsonSchema

from cds_service.protocol.messages import Received, Text, problems_of
from cds_service.protocol.operation_outcome import Issue, ProtocolError

MOST_FEEDBACK = 500
"""Entries of one post; a client that has gathered more sends several posts."""

MOST_SUGGESTIONS = 50
"""Accepted suggestions of one card; ours has one at most."""


def _whether_there_is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _rfc_3339(value: object) -> object:
    if not isinstance(value, str) or _RFC_3339.fullmatch(value) is None:
        msg = "not a time as RFC 3339 writes it, for example 2026-11-21T09:30:00Z"
        raise ValueError(msg)
    return value


class OverrideCode(Received):
    """The chosen override reason; the public sandbox sends it without `system` when the card gave none."""

    code: Text
    system: Text | None = None


class OverrideReason(Received):
    """Why a card was overridden: a coded reason, a comment, or both."""

    reason: OverrideCode | None = None
    had_comment: Annotated[bool, BeforeValidator(_whether_there_is_text), WithJsonSchema({"type": "string"})] = Field(
        default=False, validation_alias="userComment"
    )


class AcceptedSuggestion(Received):
    """A suggestion that the user took."""

    id: Text


class FeedbackEntry(Received):
    """What became of one card."""

    card: Text
    outcome: Literal["accepted", "overridden"]
    acceptedSuggestions: list[AcceptedSuggestion] | None = Field(default=None, max_length=MOST_SUGGESTIONS)
    overrideReason: OverrideReason | None = None
    outcomeTimestamp: Annotated[AwareDatetime, BeforeValidator(_rfc_3339)]


class FeedbackRequest(Received):
    """One post: what became of one or more cards."""

    feedback: list[FeedbackEntry] = Field(min_length=1, max_length=MOST_FEEDBACK)


@dataclass(frozen=True, slots=True)
class Feedback:
    """One entry as the service keeps it: no free text can be expressed here.

    Attributes:
        card: uuid of the card that it is about.
        outcome: what became of the card.
        suggestion_accepted: whether a suggestion of it was.
        suggestion_id: the first suggestion that was accepted.
        override_code: the coded reason, when there was one.
        override_system: the code system of that reason, when sent.
        had_comment: whether the clinician wrote something, which is dropped.
        outcome_timestamp: when the card was answered, by the EHR's clock.
    """

    card: str
    outcome: Literal["accepted", "overridden"]
    suggestion_accepted: bool
    suggestion_id: str | None
    override_code: str | None
    override_system: str | None
    had_comment: bool
    outcome_timestamp: datetime


def parse_feedback(message: dict[str, Any]) -> list[Feedback]:
    """Read a feedback post.

    Args:
        message: the parsed body.

    Raises:
        ProtocolError: 400 with an issue for each field at fault; nothing of the post is then kept.
    """
    try:
        request = FeedbackRequest.model_validate(message)
    except ValidationError as error:
        raise problems_of(error) from None
    problems = [
        Issue(
            "required",
            f"feedback[{position}].acceptedSuggestions is missing. Send the ids of the suggestions accepted.",
            f"feedback[{position}].acceptedSuggestions",
        )
        for position, entry in enumerate(request.feedback)
        if entry.outcome == "accepted" and not entry.acceptedSuggestions
    ]
    if problems:
        raise ProtocolError(400, problems)
    return [_reduced(entry) for entry in request.feedback]


def _reduced(entry: FeedbackEntry) -> Feedback:
    override = entry.overrideReason
    reason = override.reason if override is not None else None
    return Feedback(
        card=entry.card,
        outcome=entry.outcome,
        suggestion_accepted=entry.outcome == "accepted",
        suggestion_id=entry.acceptedSuggestions[0].id if entry.acceptedSuggestions else None,
        override_code=reason.code if reason is not None else None,
        override_system=reason.system if reason is not None else None,
        had_comment=override is not None and override.had_comment,
        outcome_timestamp=entry.outcomeTimestamp,
    )
