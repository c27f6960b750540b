"""What an operator can mend is a message: a traceback would bury it."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def told(*faults: type[Exception]) -> Iterator[None]:
    """Show some faults, and those of the disk, as a message; the command then ends with 1.

    Args:
        faults: whose text says what is wrong and how to mend it.

    Raises:
        click.ClickException: one of them came.
    """
    try:
        yield
    except faults as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'the disk'}: {error.strerror}") from None
