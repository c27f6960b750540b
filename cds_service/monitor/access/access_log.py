"""The access log: who signed in, was refused, exported figures, or looked at red-flag cards one by one.

It holds members of staff to account, so it keeps the id that the identity provider gives them, as it is: no name, no
address. It is written before the answer goes out; what cannot be written down is not shown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import uuid4

from sqlalchemy import Engine, select

from cds_service.cardlog.access_schema import access_event
from cds_service.cardlog.databases import transaction
from cds_service.london_time import london_day
from cds_service.monitor.access.sessions import utc_now
from cds_service.monitor.access.viewer import Viewer

_LONGEST_FILTERS: Final = 500
_LONGEST_PAGE: Final = 200
_PLAIN_VALUE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}")
"""A code, an id, a date: what a filter holds. Anything else may be text that somebody typed."""


class Happening(StrEnum):
    """What an entry is about."""

    SIGNED_IN = "signed-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    SIGNED_OUT = "signed-out"
    REFUSED = "refused"
    EXPORTED = "exported"
    RED_FLAG_CARDS_SEEN = "red-flag-cards-seen"
    ACCESS_LOG_READ = "access-log-read"
    SESSION_ENDED = "session-ended"
    TOKEN_MADE = "token-made"  # noqa: S105 - a word, not a secret
    TOKEN_REVOKED = "token-revoked"  # noqa: S105 - a word, not a secret
    TOKEN_REFUSED = "token-refused"  # noqa: S105 - a word, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """One entry.

    Attributes:
        what: what happened.
        subject: who; empty when nobody could be told.
        via: how that is known: `openid`, `demo`, `token` or `command`.
        roles: the roles held.
        footprints: what it was about.
        page: the path of the page, as the route has it.
        filters: as `plain_filters` makes them.
        reason: why something was refused.
        at: when; set as it is written.
    """

    what: Happening
    subject: str = ""
    via: str
    roles: tuple[str, ...] = ()
    footprints: tuple[str, ...] = ()
    page: str = ""
    filters: str = ""
    reason: str = ""
    at: datetime | None = None


def of_viewer(
    what: Happening, viewer: Viewer, footprints: Sequence[str], *, page: str = "", filters: str = "", reason: str = ""
) -> AccessEntry:
    """An entry about somebody who is known."""
    return AccessEntry(
        what=what,
        subject=viewer.subject,
        via=viewer.via,
        roles=viewer.roles,
        footprints=tuple(footprints),
        page=page,
        filters=filters,
        reason=reason,
    )


class AccessLog:
    """The entries of a deployment. Its methods block.

    Args:
        engine: to the card log's database.
        clock: the time now, aware.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def write(self, entry: AccessEntry) -> None:
        """Put an entry on the disk.

        Raises:
            CardLogStoreError: the database failed, and nothing is written.
        """
        now = self._clock()
        day = london_day(now)
        row = {
            "event_id": str(uuid4()),
            "occurred_on": day,
            "occurred_at": now,
            "what": entry.what.value,
            "subject": entry.subject[:255],
            "via": entry.via,
            "roles": ",".join(entry.roles)[:200],
            "footprints": ",".join(entry.footprints)[:500],
            "page": entry.page[:_LONGEST_PAGE],
            "filters": entry.filters,
            "reason": entry.reason[:64],
        }
        with transaction(self._engine) as connection:
            connection.execute(access_event.insert().values(row))

    def latest(self, footprints: Sequence[str], most: int) -> list[AccessEntry]:
        """The latest entries that an auditor of some footprints may read, the latest first.

        Those of nobody's footprint (a sign-in that was refused) are for every auditor.

        Args:
            footprints: the auditor's.
            most: how many at most.

        Raises:
            CardLogStoreError: the database failed.
        """
        statement = select(access_event).order_by(access_event.c.occurred_at.desc(), access_event.c.event_id)
        found: list[AccessEntry] = []
        with transaction(self._engine) as connection:
            for row in connection.execution_options(yield_per=most).execute(statement):
                about = tuple(name for name in row.footprints.split(",") if name)
                if about and not {*about} & {*footprints}:
                    continue
                found.append(
                    AccessEntry(
                        what=Happening(row.what),
                        subject=row.subject,
                        via=row.via,
                        roles=tuple(row.roles.split(",")) if row.roles else (),
                        footprints=about,
                        page=row.page,
                        filters=row.filters,
                        reason=row.reason,
                        at=row.occurred_at,
                    )
                )
                if len(found) == most:
                    break
        return found


def plain_filters(query: Sequence[tuple[str, str]]) -> str:
    """An address's query as the access log keeps it: names and values that are plain, `?` for any other.

    Args:
        query: names and values, in order.
    """
    parts = [f"{_plain(name)}={_plain(value)}" for name, value in query if value]
    return "&".join(parts)[:_LONGEST_FILTERS]


def _plain(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else "?"
