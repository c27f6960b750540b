"""How a caller is refused: what it is told, and what the operator's log and metrics keep of it."""

import logging
from collections.abc import Mapping
from enum import StrEnum

from prometheus_client import Counter

from cds_service.security.clients import Client

_logger = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why a caller was refused: kept in metrics and the log; the caller is told less of it."""

    NO_TOKEN = "no-token"  # noqa: S105 - a reason, not a secret
    NOT_A_TOKEN = "not-a-token"  # noqa: S105 - a reason, not a secret
    TOO_LONG = "too-long"
    CLAIM = "claim"
    ISSUER = "issuer"
    ALGORITHM = "algorithm"
    JKU = "jku"
    KEY = "key"
    KEYS_NOT_REACHED = "keys-not-reached"
    SIGNATURE = "signature"
    TIME = "time"
    LIFE = "life"
    AUDIENCE = "audience"
    TENANT = "tenant"
    REPLAY = "replay"
    ORIGIN = "origin"
    RATE = "rate"


class TokenRefusedError(Exception):
    """A token that is not accepted.

    Args:
        reason: why, for the operator.
        advice: what the caller is told: never what the token holds, nor what is registered here.
    """

    def __init__(self, reason: Reason, advice: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


NOT_RECOGNISED = (
    "The token was not recognised. Check that iss, kid, alg and jku are those registered with this service, and that "
    "the key published for this kid is the one that signed. The operator's log says more under this correlation id."
)
"""One text for every failure that would otherwise tell a stranger what is registered here."""


class CallerRefusedError(Exception):
    """A caller that is not let in.

    Args:
        status: the HTTP status.
        advice: what the caller is told.
        headers: headers that go with the status.
    """

    def __init__(self, status: int, advice: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.advice = advice
        self.headers = dict(headers or {})


_REFUSALS = Counter("cds_refusals_total", "Requests refused before they were read, by reason.", ["reason"])
_COUNT_OF = {reason: _REFUSALS.labels(reason.value) for reason in Reason}


def note(reason: Reason, client: Client | None) -> None:
    """Count and log a refusal; of the token nothing is kept, of the client only its configured id."""
    _COUNT_OF[reason].inc()
    _logger.info("refused: %s (client %s)", reason.value, client.id if client is not None else "not recognised")
