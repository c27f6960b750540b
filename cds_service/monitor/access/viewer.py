"""Whoever is signed in, and what they may see."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from cds_service.monitor.access.permissions import Permission, Role


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held for some footprints.

    Attributes:
        role: what may be done.
        footprints: for which regions, as the card log has them in lower case: a pathway's id, or `other` and
            `unresolved`, which are regions of their own. Never empty, never "all".
    """

    role: Role
    footprints: frozenset[str]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody whose sign-in or API token was checked.

    Attributes:
        subject: the id that the provider gives this member of staff, or the id of an API token; no name.
        via: how that is known.
        grants: what may be seen; without one, nothing.
    """

    subject: str
    via: Literal["openid", "token", "demo"]
    grants: tuple[Grant, ...]

    def footprints(self, permission: Permission) -> tuple[str, ...]:
        """The footprints for which a permission is held, in order; empty when it is not held at all."""
        held = {name for grant in self.grants if permission in grant.role.permissions for name in grant.footprints}
        return tuple(sorted(held))

    @property
    def all_footprints(self) -> tuple[str, ...]:
        """The footprints for which any role is held, in order."""
        return tuple(sorted({name for grant in self.grants for name in grant.footprints}))

    def within(self, footprints: Collection[str]) -> "Viewer":
        """The same viewer, with grants for none but these footprints; a grant that has none of them is gone."""
        held = [replace(grant, footprints=grant.footprints & {*footprints}) for grant in self.grants]
        return replace(self, grants=tuple(grant for grant in held if grant.footprints))

    def may(self, permission: Permission, footprint: str | None = None) -> bool:
        """Whether a permission is held for a footprint, or, without one, for any."""
        held = self.footprints(permission)
        return bool(held) if footprint is None else footprint.lower() in held

    def require(self, permission: Permission, footprint: str) -> None:
        """Go on only where the permission is held for this footprint.

        Raises:
            NotPermittedError: it is not.
        """
        if not self.may(permission, footprint):
            raise NotPermittedError(permission, footprint)

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of the roles held, in order."""
        return tuple(sorted({grant.role.name for grant in self.grants}))


class NotPermittedError(Exception):
    """The viewer has not got what a page needs; the guard answers with 403 and records it.

    Attributes:
        permission: what would be needed.
        footprint: for which region; None where it is not held for any.
    """

    def __init__(self, permission: Permission, footprint: str | None = None) -> None:
        super().__init__(f"{permission} is not permitted here")
        self.permission = permission
        self.footprint = footprint
