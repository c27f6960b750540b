"""`cds-service serve` at its most talkative: every logger at DEBUG, defects planted, and little patience.

Run as a program. What differs from a deployment is here and nowhere else: levels, the seconds that a body may take,
and functions that fail with a message, arguments and a cause that tell all they know: one for a certain patient, the
others (in threads of their own, and at the end) from the moment on that another patient was seen.
"""

import logging.config
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from cds_service.__main__ import run
from cds_service.cardlog.card_log import CardLog
from cds_service.cardlog.store import CardLogStore
from cds_service.cards.build import build_cards
from cds_service.hooks import answers, responses
from cds_service.security.replay_store import ReplayStore
from cds_service.server import LOG_CONFIG

DEFECT_PATIENT = "zqx-defect"
LAST_PATIENT = "zqx-last-patient"
FROM_HERE_ON = "From here on threads fail, and so will the end."
PATIENCE = 0.3


class TellingError(Exception):
    """Says whatever it was given."""


def fail(*known: object) -> NoReturn:
    """Raise with everything in message, arguments and cause."""
    try:
        raise KeyError(*known)  # noqa: TRY301 - the cause is made here
    except KeyError as error:
        msg = f"cannot work with {known!r}"
        raise TellingError(msg, *known) from error


class Faults:
    """The planted faults."""

    def __init__(self) -> None:
        self._have_begun = False

    def for_patients(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Fail for one patient; at another, begin with the faults of the threads."""

        def telling(orders: Any, speakers: Any, context: Any) -> Any:  # noqa: ANN401 - as what it stands for
            if context.patient_id == DEFECT_PATIENT:
                fail(context, orders)
            if context.patient_id == LAST_PATIENT:
                print(FROM_HERE_ON, file=sys.stderr, flush=True)  # noqa: T201 - it parts the output for the test
                self._have_begun = True
            return original(orders, speakers, context)

        return telling

    def later(self, method: Callable[..., Any], mark: str) -> Callable[..., Any]:
        """Do what a method does; from the beginning of the faults on, fail after it."""

        def telling(*arguments: Any) -> Any:  # noqa: ANN401 - as what it stands for
            answer = method(*arguments)
            if self._have_begun:
                fail(mark, *arguments[1:])
            return answer

        return telling


def plant(faults: Faults) -> None:
    """Put the faults where they belong."""
    setattr(answers, "build_cards", faults.for_patients(build_cards))  # noqa: B010 - what it imported, not what it has
    for owner, name, mark in (
        (CardLogStore, "write", "zqx-card-log"),
        (ReplayStore, "claim", "zqx-replay"),
        (CardLog, "close", "zqx-end"),
    ):
        setattr(owner, name, faults.later(getattr(owner, name), mark))


if __name__ == "__main__":
    plant(Faults())
    responses.read_body.__defaults__ = (PATIENCE,)
    LOG_CONFIG["root"]["level"] = "DEBUG"
    for name in ("sqlalchemy", *LOG_CONFIG["loggers"]):  # the first keeps itself at WARNING whatever the root says
        LOG_CONFIG["loggers"].setdefault(name, {})["level"] = "DEBUG"
    logging.config.dictConfig(LOG_CONFIG)  # before the engines are made, which look at the level but once
    run()
