"""The PractitionerRoles that came with a call: which are a practitioner's, and which one an identifier names."""

from datetime import date
from functools import cached_property

from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, as_object, as_text, objects, reference_kind

MOST_ROLES = 50
"""Roles of one practitioner that are looked at; where there are more, not every one was placed (fact 2)."""


class PractitionerRoles:
    """The roles of one call, looked up by key: a call may bring many, and each of its orders asks.

    Args:
        index: the resources of the call.
        today: the date in Europe/London.
    """

    def __init__(self, index: ResourceIndex, today: date) -> None:
        self._index = index
        self._today = today

    def roles_of(self, identity: str | None, identifiers: tuple[tuple[str, str], ...]) -> tuple[Json, ...]:
        """The roles held by a practitioner, by reference or by an identifier, as they came; one too many at most."""
        found = {place for key in (identity, *identifiers) for place in self._roles_by_practitioner.get(key, ())}
        roles = self._index.prefetched("PractitionerRole")
        return tuple(roles[place] for place in sorted(found)[: MOST_ROLES + 1])

    @cached_property
    def _roles_by_practitioner(self) -> dict[str | tuple[str, str] | None, list[int]]:
        """The places of the roles that came, by their practitioner's reference and by each of its identifiers."""
        found: dict[str | tuple[str, str] | None, list[int]] = {}
        for place, role in enumerate(self._index.prefetched("PractitionerRole")):
            if self.is_held(role):
                practitioner = as_object(role.get("practitioner"))
                identity = self.practitioner_identity(practitioner)
                for key in {identity, *self.identifiers(practitioner, role)} - {None}:
                    places = found.setdefault(key, [])
                    if len(places) <= MOST_ROLES:
                        places.append(place)
        return found

    def is_held(self, role: Json) -> bool:
        """Whether a role is neither inactive, nor over, nor yet to begin."""
        period = as_object(role.get("period"))
        start, end = as_text(period.get("start")), as_text(period.get("end"))
        today = self._today.isoformat()
        is_over = end is not None and end < today[: len(end)]
        is_to_come = start is not None and start[: len(today)] > today[: len(start)]
        return role.get("active") is not False and not is_over and not is_to_come

    def named_by_identifier(self, reference: Json) -> list[Json]:
        """The PractitionerRole that a logical reference names by the role's own identifier."""
        if reference_kind(reference) != "PractitionerRole":
            return []
        pairs = identifier_pairs([as_object(reference.get("identifier"))])
        return [self._role_by_own_identifier[pair] for pair in pairs if pair in self._role_by_own_identifier]

    @cached_property
    def _role_by_own_identifier(self) -> dict[tuple[str, str], Json]:
        found: dict[tuple[str, str], Json] = {}
        for role in self._index.prefetched("PractitionerRole"):
            for pair in identifier_pairs(objects(role.get("identifier"))):
                found.setdefault(pair, role)
        return found

    def practitioner_identity(self, reference: Json) -> str | None:
        """The `Practitioner/id` that a reference names; None for anything else."""
        target = as_text(reference.get("reference"))
        named = self._index.may_mean(target) if target is not None else None
        return named if named is not None and named.startswith("Practitioner/") else None

    def identifiers(self, practitioner: Json, holder: Json) -> tuple[tuple[str, str], ...]:
        """A practitioner's identifiers, from the resource and from the reference itself."""
        found = [as_object(practitioner.get("identifier"))]
        resource = self._index.find(practitioner, holder=holder)
        if resource is not None and resource.get("resourceType") == "Practitioner":
            found += objects(resource.get("identifier"))
        return identifier_pairs(found)


def identifier_pairs(identifiers: list[Json]) -> tuple[tuple[str, str], ...]:
    """The (system, value) pairs of FHIR Identifiers that have both."""
    return tuple(
        (system, value)
        for identifier in identifiers
        if (system := as_text(identifier.get("system"))) and (value := as_text(identifier.get("value")))
    )
