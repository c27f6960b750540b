"""`cds-service serve` at its most talkative: every logger at DEBUG, a defect planted, and little patience.

Run as a program. What differs from a deployment is here and nowhere else: levels, the seconds that a body may take,
and a function that fails for one patient with a message, arguments and a cause that tell all it knows.
"""

from typing import NoReturn

from cds_service.__main__ import run
from cds_service.hooks import answers, responses
from cds_service.server import LOG_CONFIG

DEFECT_PATIENT = "zqx-defect"
PATIENCE = 0.3

_build_cards = answers.build_cards


class TellingError(Exception):
    """Says whatever it was given."""


def fail(*known: object) -> NoReturn:
    """Raise with everything in message, arguments and cause."""
    try:
        raise KeyError(*known)
    except KeyError as error:
        msg = f"cannot work with {known!r}"
        raise TellingError(msg, *known) from error


def build_cards(orders, speakers, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - as the real one
    """Fail for one patient."""
    if context.patient_id == DEFECT_PATIENT:
        fail(context, orders)
    return _build_cards(orders, speakers, context)


if __name__ == "__main__":
    answers.build_cards = build_cards
    responses.read_body.__defaults__ = (PATIENCE,)
    LOG_CONFIG["root"]["level"] = "DEBUG"
    for logger in LOG_CONFIG["loggers"].values():
        logger["level"] = "DEBUG"
    run()
