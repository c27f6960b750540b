"""Prometheus counters of what the service does; no label joins an outcome with an organisation."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import Counter, Gauge, Histogram

from cds_service.cardlog.card_log import CardLogStats
from cds_service.hooks.answers import Answer
from cds_service.protocol.feedback import Feedback

_CALLS = Counter("cds_hook_calls_total", "Hook calls answered, by hook and result.", ["hook", "result"])
_CARDS = Counter("cds_cards_total", "Cards shown, by indicator.", ["indicator"])
_FEEDBACK = Counter("cds_feedback_total", "Feedback entries stored, by outcome.", ["outcome"])
_LATENCY = Histogram(
    "cds_hook_call_seconds",
    "Time from a hook call's arrival until its answer is made. It may then wait for the card log, 100 ms at most.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)

_LOG_EVALUATIONS = Gauge(
    "cds_card_log_evaluations",
    "Evaluations since the start: answered, stored on a disk, lost, and those answered before they were stored (late). "
    "answered = stored + lost at every moment.",
    ["what"],
)
_LOG_SPOOLED = Gauge("cds_card_log_spooled", "Records that wait on this machine for the card log's database.")
_LOG_STATE = Gauge("cds_card_log_state", "1 for where evaluations go now: writing, spooling, losing or off.", ["state"])
_LOG_EVALUATIONS_OF = {what: _LOG_EVALUATIONS.labels(what) for what in ("answered", "stored", "lost", "late")}
_LOG_STATE_OF = {state: _LOG_STATE.labels(state) for state in ("writing", "spooling", "losing", "off")}

_IN_FORCE = Gauge(
    "cds_configuration_in_force_since_seconds", "When the configuration folder that is in force was read, Unix time."
)
_REFUSED = Gauge(
    "cds_configuration_refused_since_seconds",
    "Since when the configuration folder holds what was refused, Unix time; 0 while it holds nothing such.",
)

_RESULTS = ("not_evaluated", "cards", "silent", "out_of_scope")
_COUNT_OF_CALL = {
    (hook, result): _CALLS.labels(hook, result) for hook in ("order-select", "order-sign") for result in _RESULTS
}
_COUNT_OF_CARD = {indicator: _CARDS.labels(indicator) for indicator in ("info", "warning", "critical")}
_COUNT_OF_FEEDBACK = {outcome: _FEEDBACK.labels(outcome) for outcome in ("accepted", "overridden")}


def observe_call(hook: str, answer: Answer, seconds: float) -> None:
    """Count one answered call.

    Args:
        hook: the hook that fired.
        answer: what it gets.
        seconds: from its arrival until the answer was made.
    """
    _COUNT_OF_CALL[hook, answer.result].inc()
    _LATENCY.observe(seconds)
    for card in answer.cards:
        _COUNT_OF_CARD[card["indicator"]].inc()


def count_feedback(entries: Sequence[Feedback]) -> None:
    """Count stored feedback entries."""
    for entry in entries:
        _COUNT_OF_FEEDBACK[entry.outcome].inc()


def observe_configuration(in_force_since: datetime, refused_since: datetime | None) -> None:
    """Show how the configuration folder stands; called when the metrics are read."""
    _IN_FORCE.set(in_force_since.timestamp())
    _REFUSED.set(refused_since.timestamp() if refused_since is not None else 0)


def observe_card_log(stats: CardLogStats) -> None:
    """Show the state of the card log as it is now; called when the metrics are read."""
    for what, gauge in _LOG_EVALUATIONS_OF.items():
        gauge.set(getattr(stats, what))
    _LOG_SPOOLED.set(stats.spooled)
    for state, gauge in _LOG_STATE_OF.items():
        gauge.set(stats.state == state)
