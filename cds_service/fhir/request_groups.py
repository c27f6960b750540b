"""Orders of a RequestGroup: the one type of FHIR R4 whose resources order what stands elsewhere, or in themselves."""

from collections.abc import Iterator, Sequence

from cds_service.fhir.shapes import Json, as_object, as_text, objects

GROUP = "RequestGroup"


def with_what_groups_name(selections: Sequence[str], drafts: Sequence[tuple[Json, set[str]]]) -> set[str]:
    """The selections, and what the actions of a selected RequestGroup name: with a group all of it is selected.

    Args:
        selections: `context.selections`.
        drafts: each resource of the draft bundle, with the names by which it may be selected.
    """
    groups: dict[str, list[Json]] = {}
    for resource, names in drafts:
        for name in names if resource.get("resourceType") == GROUP else ():
            groups.setdefault(name, []).append(resource)
    wanted = set(selections)
    left = list(wanted)
    while left:
        for group in groups.pop(left.pop(), ()):  # each is looked at once, so that groups may name each other
            named = set(_named_by_actions(group)) - wanted
            wanted |= named
            left += named
    return wanted


def _named_by_actions(group: Json) -> Iterator[str]:
    """The references in a group's actions, and in the actions within them."""
    left = list(objects(group.get("action")))
    while left:
        action = left.pop()
        left += objects(action.get("action"))
        name = as_text(as_object(action.get("resource")).get("reference"))
        if name is not None:
            yield name


def contained_in(group: Json) -> Iterator[tuple[int, Json]]:
    """The resources that a RequestGroup contains, each with its place; none for a resource of another type."""
    contained = group.get("contained") if group.get("resourceType") == GROUP else None
    for position, resource in enumerate(contained if isinstance(contained, list) else ()):
        if isinstance(resource, dict):
            yield position, resource
