"""A CDS Hooks service held against the specification, from the outside, with nothing but invented data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cds_service.vendor.address import Address
from cds_service.vendor.check import Check, Result
from cds_service.vendor.checks_authentication import UNAUTHORIZED, authentication_checks, echo_check
from cds_service.vendor.checks_calls import Made, answer_checks, make_calls
from cds_service.vendor.checks_cards import card_checks
from cds_service.vendor.checks_cors import cors_checks
from cds_service.vendor.checks_discovery import ask_discovery
from cds_service.vendor.checks_errors import error_checks
from cds_service.vendor.checks_feedback import feedback_checks
from cds_service.vendor.checks_variations import variation_checks
from cds_service.vendor.wire import Wire
from cds_service.vendor.words import JsonObject, placed_objects

MOST_SERVICES: Final = 10
"""Entries of discovery that are called; what comes after them is held against discovery's rules alone."""

FORBIDDEN: Final = 403
SANDBOX: Final = "https://sandbox.cds-hooks.org"
"""The origin of the public sandbox."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor found.

    Attributes:
        url: the discovery URL.
        unreached: why the service could not be reached at all; None when it was.
        checks: each rule once, in the order of the report.
        services_left_out: entries of discovery beyond those that were called.
    """

    url: str
    unreached: str | None
    checks: tuple[Check, ...]
    services_left_out: int = 0

    def count(self, result: Result) -> int:
        """How many checks ended so."""
        return sum(check.result is result for check in self.checks)

    def looked_at(self, section: str) -> bool:
        """Whether at least one rule of a section could be held against the service."""
        return any(check.rule.section == section and check.result is not Result.SKIPPED for check in self.checks)

    @property
    def exit_code(self) -> int:
        """0 when no `must` fails, 1 when one does, 2 when the service could not be reached."""
        return 2 if self.unreached is not None else int(self.count(Result.FAIL) > 0)


def examine(wire: Wire, address: Address, hook_calls: Sequence[JsonObject] = (), origin: str = SANDBOX) -> Report:
    """Hold a service against the specification.

    Args:
        wire: sends the requests, with credentials where they belong.
        address: where the service is.
        hook_calls: whole calls to make, each of the services on its hook; others get a minimal call.
        origin: the web page that CORS is tried for.
    """
    discovery = ask_discovery(wire, address)
    if discovery.answer.status == 0:
        return Report(address.discovery, discovery.answer.said(), ())
    services = [one for one in discovery.services if address.service_id in {None, one.id}]
    made = make_calls(wire, address, services[:MOST_SERVICES], hook_calls)
    reached = [one for one in made if one.answer.status != 0]
    let_in = [one for one in reached if one.answer.status not in {UNAUTHORIZED, FORBIDDEN}]
    checks = (
        *discovery.checks,
        *cors_checks(wire, address, reached, origin),
        *answer_checks(made),
        *variation_checks(wire, made),
        *card_checks(_placed_cards(made)),
        *error_checks(wire, address, let_in),
        *feedback_checks(wire, let_in),
        *authentication_checks(wire, address, reached),
        echo_check(wire),
    )
    return Report(address.discovery, None, checks, max(0, len(services) - MOST_SERVICES))


def _placed_cards(made: Sequence[Made]) -> list[tuple[JsonObject, str]]:
    return [found for one in made for found in placed_objects(one.cards, f"{one.place} cards")]
