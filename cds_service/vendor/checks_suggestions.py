"""Suggestions, actions and system actions held against the specification; pure: JSON in, breaches out."""

import re
from collections.abc import Iterator
from typing import Final

from cds_service.vendor.check import Level, Rule
from cds_service.vendor.words import JsonObject, is_text, placed_objects, quoted

MUST, SHOULD, INFO = Level
_SUGGESTION: Final = "2.0 Suggestion"
_ACTION: Final = "2.0 Action, r127-135"

RELATIVE_REFERENCE: Final = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}", re.ASCII)


def _selection_behavior(card: JsonObject, place: str) -> Iterator[str]:
    if card.get("suggestions") and card.get("selectionBehavior") not in ("at-most-one", "any"):
        yield f"{place} has suggestions, and its selectionBehavior is {quoted(card.get('selectionBehavior'))}"


def _lonely_behavior(card: JsonObject, place: str) -> Iterator[str]:
    if "selectionBehavior" in card and not card.get("suggestions"):
        yield f"{place} has a `selectionBehavior` and no suggestions"


def _recommended(card: JsonObject, place: str) -> Iterator[str]:
    recommended = [one for one, _ in _suggestions(card, place) if one.get("isRecommended") is True]
    if card.get("selectionBehavior") == "at-most-one" and len(recommended) > 1:
        yield f"{place} recommends {len(recommended)} suggestions of which at most one may be chosen"


def _suggestion_types(card: JsonObject, place: str) -> Iterator[str]:
    for one, where in _suggestions(card, place):
        if not isinstance(one.get("isRecommended", False), bool):
            yield f"{where}.isRecommended is {quoted(one['isRecommended'])}, not a boolean"
        if not isinstance(one.get("actions", []), list):
            yield f"{where}.actions is {quoted(one['actions'])}, not an array"
        if not isinstance(one.get("uuid", ""), str):
            yield f"{where}.uuid is {quoted(one['uuid'])}, not text"


def _label(card: JsonObject, place: str) -> Iterator[str]:
    yield from (f"{where} has no `label`" for one, where in _suggestions(card, place) if not is_text(one.get("label")))


def _uuid_for_feedback(card: JsonObject, place: str) -> Iterator[str]:
    yield from (f"{where} has no `uuid`" for one, where in _suggestions(card, place) if "uuid" not in one)


def _no_actions(card: JsonObject, place: str) -> Iterator[str]:
    for one, where in _suggestions(card, place):
        if not one.get("actions"):
            yield f"{where} has no `actions`"


def _action_behavior(card: JsonObject, place: str) -> Iterator[str]:
    for one, where in _suggestions(card, place):
        if one.get("actionSelectionBehavior", "all") not in ("all", "any", "at-most-one"):
            yield f"{where}.actionSelectionBehavior is {quoted(one['actionSelectionBehavior'])}"


def _action_object(card: JsonObject, place: str) -> Iterator[str]:
    for one, where in _suggestions(card, place):
        actions = one.get("actions")
        for position, action in enumerate(actions if isinstance(actions, list) else ()):
            if not isinstance(action, dict):
                yield f"{where}.actions[{position}] is {quoted(action)}, not an object"


def _action_type(card: JsonObject, place: str) -> Iterator[str]:
    for action, where in _actions(card, place):
        if action.get("type") not in ("create", "update", "delete"):
            yield f"{where}.type is {quoted(action.get('type'))}"


def _action_description(card: JsonObject, place: str) -> Iterator[str]:
    for action, where in _actions(card, place):
        if not is_text(action.get("description")):
            yield f"{where} has no `description`"


def _action_resource(card: JsonObject, place: str) -> Iterator[str]:
    for action, where in _actions(card, place):
        yield from resource_problems(action, where)


def _action_update(card: JsonObject, place: str) -> Iterator[str]:
    for action, where in _actions(card, place):
        resource = action.get("resource")
        if action.get("type") == "update" and isinstance(resource, dict) and not is_text(resource.get("id")):
            yield f"{where} updates a resource without `id`"


def _action_delete(card: JsonObject, place: str) -> Iterator[str]:
    for action, where in _actions(card, place):
        yield from delete_problems(action, where)


def _delete_by_resource(card: JsonObject, place: str) -> Iterator[str]:
    for action, where in _actions(card, place):
        if action.get("type") == "delete" and "resource" in action:
            yield f"{where} is a delete with `resource`"


def resource_problems(action: JsonObject, where: str) -> Iterator[str]:
    """A create or update carries the FHIR resource."""
    resource = action.get("resource")
    carries = isinstance(resource, dict) and is_text(resource.get("resourceType"))
    if action.get("type") in ("create", "update") and not carries:
        yield f"{where} is a {action['type']} whose resource is {quoted(resource)}"


def delete_problems(action: JsonObject, where: str) -> Iterator[str]:
    """A delete names what it removes, by a relative reference."""
    if action.get("type") != "delete":
        return
    names = action.get("resourceId", action.get("resource"))  # `resource` is the deprecated way, warned of elsewhere
    if not isinstance(names, str) or not RELATIVE_REFERENCE.fullmatch(names):
        yield f"{where} is a delete of {quoted(names)}"


def _suggestions(card: JsonObject, place: str) -> Iterator[tuple[JsonObject, str]]:
    yield from placed_objects(card.get("suggestions"), f"{place}.suggestions")


def _actions(card: JsonObject, place: str) -> Iterator[tuple[JsonObject, str]]:
    for suggestion, where in _suggestions(card, place):
        yield from placed_objects(suggestion.get("actions"), f"{where}.actions")


SUGGESTION_RULES: Final = (
    (
        Rule(
            "suggestion.selection-behavior",
            MUST,
            "with suggestions stands `selectionBehavior`",
            "2.0 Card Attributes, r93",
            "Send at-most-one or any.",
        ),
        _selection_behavior,
    ),
    (
        Rule(
            "suggestion.lonely-behavior",
            SHOULD,
            "without suggestions it does not",
            "2.0 Card Attributes, r93",
            "Leave it out.",
        ),
        _lonely_behavior,
    ),
    (
        Rule(
            "suggestion.recommended",
            MUST,
            "of at-most-one, at most one is recommended",
            "2.0 Suggestion: isRecommended",
            "Recommend one, or let any be chosen.",
        ),
        _recommended,
    ),
    (
        Rule(
            "suggestion.types", MUST, "each member has its type", _SUGGESTION, "Send it as the specification types it."
        ),
        _suggestion_types,
    ),
    (Rule("suggestion.label", MUST, "a suggestion has a `label`", _SUGGESTION, "It is the button's text."), _label),
    (
        Rule(
            "suggestion.uuid-for-feedback",
            SHOULD,
            "a suggestion has a `uuid`",
            _SUGGESTION,
            "Without it nobody can tell you that it was accepted.",
        ),
        _uuid_for_feedback,
    ),
    (
        Rule(
            "suggestion.actions",
            SHOULD,
            "a suggestion does something",
            _SUGGESTION,
            "Add actions; the public sandbox fails on a suggestion without any.",
        ),
        _no_actions,
    ),
    (
        Rule(
            "suggestion.action-selection-behavior",
            MUST,
            "`actionSelectionBehavior` is all, any or at-most-one",
            "3.0 Suggestion",
            "Send one of the three.",
        ),
        _action_behavior,
    ),
    (Rule("action.object", MUST, "an action is an object", _ACTION, "Send an object for each."), _action_object),
    (
        Rule("action.type", MUST, "`type` is create, update or delete", _ACTION, "Send one of the three."),
        _action_type,
    ),
    (
        Rule("action.description", MUST, "an action has a `description`", _ACTION, "Say what it will do."),
        _action_description,
    ),
    (
        Rule(
            "action.resource",
            MUST,
            "a create or update carries a FHIR resource",
            _ACTION,
            "Send the whole resource with its resourceType.",
        ),
        _action_resource,
    ),
    (
        Rule("action.update-id", MUST, "an update says what it updates", _ACTION, "Send the whole resource, `id` too."),
        _action_update,
    ),
    (
        Rule(
            "action.delete",
            MUST,
            "a delete names a relative reference",
            _ACTION,
            "Send resourceId, for example ServiceRequest/draft-1.",
        ),
        _action_delete,
    ),
    (
        Rule(
            "action.delete-resource",
            SHOULD,
            "a delete carries no `resource`",
            _ACTION,
            "That way is deprecated: send `resourceId` alone.",
        ),
        _delete_by_resource,
    ),
)
"""Each rule with what finds its breaches in one card."""
