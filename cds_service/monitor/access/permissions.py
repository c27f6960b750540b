"""What can be permitted in the monitor, and the roles that permit it (docs/monitor-access.md, "Roles")."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Permission(StrEnum):
    """What a page needs of whoever opens it; each is held for footprints."""

    SEE_CHARTS = "see-charts"
    """Pages, charts and tables of figures under disclosure control."""

    EXPORT_FIGURES = "export-figures"
    """Files of figures under disclosure control."""

    SEE_RED_FLAG_CARDS = "see-red-flag-cards"
    """Red-flag cards one by one: the one list that disclosure control leaves as it is. Each view is recorded."""

    READ_ACCESS_LOG = "read-access-log"
    """Who looked at what."""

    MANAGE_ACCESS = "manage-access"
    """Which sessions and API tokens there are, and ending them."""


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions; somebody holds it for the footprints of a grant.

    Attributes:
        name: as in `monitor-access.yaml`.
        description: what it is for, one sentence for people.
        permissions: what it permits, and nothing beside them.
    """

    name: str
    description: str
    permissions: frozenset[Permission]


_ROLES: Final = (
    Role("viewer", "Sees the charts and tables.", frozenset({Permission.SEE_CHARTS})),
    Role(
        "analyst",
        "Sees the charts and tables, and downloads their figures.",
        frozenset({Permission.SEE_CHARTS, Permission.EXPORT_FIGURES}),
    ),
    Role(
        "pathway_owner",
        "Answers for a pathway: sees what it did. Its text is changed in the configuration folder, not here.",
        frozenset({Permission.SEE_CHARTS}),
    ),
    Role(
        "clinical_safety",
        "Sees the charts, and red-flag cards one by one.",
        frozenset({Permission.SEE_CHARTS, Permission.SEE_RED_FLAG_CARDS}),
    ),
    Role("auditor", "Reads who looked at what, and no figures.", frozenset({Permission.READ_ACCESS_LOG})),
    Role("admin", "Sees and ends sessions and API tokens, and no figures.", frozenset({Permission.MANAGE_ACCESS})),
)

ROLES: Final[Mapping[str, Role]] = MappingProxyType({role.name: role for role in _ROLES})
"""Every role there is, by name."""
