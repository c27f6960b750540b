"""From a provider's claims to roles: what is not mapped gives nothing."""

from collections.abc import Mapping as Claims
from typing import Any

from cds_service.monitor.access.access_file import Mapping, Provider
from cds_service.monitor.access.permissions import ROLES
from cds_service.monitor.access.viewer import Grant


def grants_of(claims: Claims[str, Any], provider: Provider, mappings: tuple[Mapping, ...]) -> tuple[Grant, ...]:
    """The roles that claims give, each with its footprints; none for claims that nothing maps.

    Args:
        claims: as checked.
        provider: where the roles are in them.
        mappings: what each gives.
    """
    entries = _entries(claims, provider)
    held: dict[str, set[str]] = {}
    for mapping in mappings:
        if any(_is_meant(mapping.value, entry) for entry in entries):
            held.setdefault(mapping.role, set()).update(mapping.footprints)
    return tuple(Grant(ROLES[role], frozenset(footprints)) for role, footprints in sorted(held.items()))


def _entries(claims: Claims[str, Any], provider: Provider) -> list[Any]:
    """The entries of the roles claim; where one role was chosen at sign-in, that one alone."""
    found = claim_at(claims, provider.roles_claim)
    entries = found if isinstance(found, list) else [found]
    if provider.selected_role is None:
        return entries
    chosen = claim_at(claims, provider.selected_role.claim)
    member = provider.selected_role.member
    return [
        entry
        for entry in entries
        if isinstance(entry, dict) and isinstance(chosen, str) and entry.get(member) == chosen
    ]


def claim_at(claims: Claims[str, Any], path: str) -> Any:  # noqa: ANN401 - whatever JSON a provider puts there
    """The claim of a name; else that at a path with dots, as `realm_access.roles`; else None."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def _is_meant(value: str | dict[str, str], entry: Any) -> bool:  # noqa: ANN401 - whatever JSON a provider puts there
    if isinstance(value, str):
        return isinstance(entry, str) and entry == value
    return isinstance(entry, dict) and all(entry.get(name) == wanted for name, wanted in value.items())
