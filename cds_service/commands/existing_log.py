"""A card log that is there, for commands: none of them makes an empty one by a slip, or migrates one unasked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from sqlalchemy import Engine

from cds_service.cardlog import migrating
from cds_service.cardlog.databases import open_engine
from cds_service.database_url import readable_url

database_option: Final = click.option(
    "--database-url",
    default="sqlite:///var/card-log.sqlite3",
    show_default=True,
    envvar="CDS_SERVICE_DATABASE_URL",
    help="The card log's database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.",
)
"""The option that names it."""


@contextmanager
def existing_log(database_url: str) -> Iterator[Engine]:
    """The way to a card log that is there: a slip in the name of a SQLite file must not make an empty one.

    Raises:
        ClickException: the URL cannot be read, or names a file that is not there.
    """
    try:
        url = readable_url(database_url)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise click.ClickException(f"{url.database}: there is no such file; name the card log with --database-url")
    engine = open_engine(database_url)
    try:
        yield engine
    finally:
        engine.dispose()


def require_head(database_url: str) -> None:
    """Go on only with tables as this version works with them: migrating is the service's, or `log migrate`'s.

    Raises:
        ClickException: they are others, or there are none.
        CardLogStoreError: the database failed.
    """
    revision = migrating.current_revision(database_url)
    if revision != migrating.HEAD:
        raise click.ClickException(f"the card log's tables are at {revision or 'none'}{outdated(revision)}")


def outdated(revision: str | None) -> str:
    """What to do about tables at a revision; empty where they are today's."""
    if revision == migrating.HEAD:
        return ""
    if revision is not None and revision not in migrating.REVISIONS:
        return " (written by a newer version of the service: use that)"
    return f" (this version works with {migrating.HEAD}: cds-service log migrate)"
