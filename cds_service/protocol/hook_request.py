"""The CDS Hooks call as it arrives: the envelope is checked, what it carries is left as parsed.

The FHIR resources inside are read later, and only as far as they are needed: the public sandbox sends a Bundle
without `type` and codings that are empty objects, which a whole validation would refuse.
"""

# ruff: noqa: N815 - member names are CDS Hooks' own
import logging
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from cds_service.protocol.messages import Received, Text, problems_of
from cds_service.protocol.operation_outcome import Issue, ProtocolError

MOST_ENTRIES = 200
"""Draft orders, and selections, that one call may carry: a session of ordering has a handful."""


_logger = logging.getLogger(__name__)


def _in_our_case(token_type: object) -> object:
    """`Bearer` however it is written: OAuth servers write it as they like (RFC 6749, section 5.1)."""
    return "Bearer" if isinstance(token_type, str) and token_type.lower() == "bearer" else token_type


class FhirAuthorization(Received):
    """A token for the EHR's FHIR server (specification 2.0, "FHIR Resource Access"), to read what prefetch lacks."""

    access_token: Text = Field(repr=False)
    token_type: Annotated[Literal["Bearer"], BeforeValidator(_in_our_case)]
    expires_in: int
    scope: str
    subject: Text
    patient: str | None = None


def _whole_or_none(sent: object, check: ValidatorFunctionWrapHandler) -> FhirAuthorization | None:
    """A token that can be used, else none: a red flag that came with the call is not lost for a reading aid."""
    try:
        authorization: FhirAuthorization | None = check(sent)
    except ValidationError as error:
        wrong = ", ".join(str(problem["loc"][0]) for problem in error.errors(include_input=False) if problem["loc"])
        _logger.info("fhirAuthorization is wrong in %s: taken as none", wrong or "kind")
        return None
    return authorization


class OrderContext(Received):
    """The context of `order-select` 1.0 and `order-sign` 1.x; only the first defines `selections`."""

    userId: Text
    patientId: Text
    encounterId: str | None = None
    selections: Any = None
    draftOrders: dict[str, Any]


class HookRequest(Received):
    """A call of the service on one of its two hooks."""

    hook: Literal["order-select", "order-sign"]
    hookInstance: UUID
    context: OrderContext
    fhirServer: str | None = None
    fhirAuthorization: Annotated[
        FhirAuthorization | None, WrapValidator(_whole_or_none, json_schema_input_type=FhirAuthorization | Any)
    ] = Field(None, description="One that lacks a member, or is of another kind, counts as none.")
    prefetch: dict[str, Any] | None = None

    @property
    def selections(self) -> list[str] | None:
        """The ids of the newly selected drafts on order-select; None on order-sign, which is about all of them."""
        return self.context.selections if self.hook == "order-select" else None


def parse_hook_request(message: dict[str, Any]) -> HookRequest:
    """Check a call's envelope.

    Args:
        message: the parsed body.

    Raises:
        ProtocolError: 400, with an issue for each field that is missing or of the wrong kind; 413, when it carries more
            than 200 draft orders or selections.
    """
    try:
        request = HookRequest.model_validate(message)
    except ValidationError as error:
        raise problems_of(error) from None
    _check_counts(request)
    problems = _across_fields(request)
    if problems:
        raise ProtocolError(400, problems)
    return request


def _check_counts(request: HookRequest) -> None:
    for field, values in (
        ("context.draftOrders.entry", request.context.draftOrders.get("entry")),
        ("context.selections", request.selections),
    ):
        if isinstance(values, list) and len(values) > MOST_ENTRIES:
            text = f"{field} has {len(values)} elements, more than {MOST_ENTRIES}. Send the orders in several calls."
            raise ProtocolError(413, [Issue("too-long", text, field)])


def _across_fields(request: HookRequest) -> list[Issue]:
    problems = []
    if request.hook == "order-select":
        problems += _of_selections(request.context.selections)
    if request.context.draftOrders.get("resourceType") != "Bundle":
        text = "context.draftOrders is not a Bundle. Send a FHIR R4 Bundle of the draft orders."
        problems.append(Issue("value", text, "context.draftOrders.resourceType"))
    if request.fhirAuthorization is not None and request.fhirServer is None:
        text = "fhirAuthorization came without fhirServer. Send fhirServer as well, or neither."
        problems.append(Issue("required", text, "fhirServer"))
    return problems


def _of_selections(selections: object) -> list[Issue]:
    if selections is None:
        text = "context.selections is missing. Send the ids of the newly selected drafts."
        return [Issue("required", text, "context.selections")]
    if not isinstance(selections, list):
        text = "context.selections is not an array. Send the ids of the newly selected drafts."
        return [Issue("value", text, "context.selections")]
    return [
        Issue("value", f"context.selections[{position}] is not text. Send the id of a draft.", field)
        for position, selection in enumerate(selections)
        if not isinstance(selection, str) and (field := f"context.selections[{position}]")
    ]
