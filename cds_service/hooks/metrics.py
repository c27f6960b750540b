"""Prometheus counters of what the service does; no label joins an outcome with an organisation."""

from prometheus_client import Counter, Histogram

from cds_service.hooks.answers import Answer

CALLS = Counter("cds_hook_calls_total", "Hook calls answered, by hook and result.", ["hook", "result"])
CARDS = Counter("cds_cards_total", "Cards shown, by indicator.", ["indicator"])
FEEDBACK = Counter("cds_feedback_total", "Feedback entries stored, by outcome.", ["outcome"])
LATENCY = Histogram(
    "cds_hook_call_seconds",
    "Time from a hook call's arrival to its answer.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)


def observe_call(hook: str, answer: Answer, seconds: float) -> None:
    """Count one answered call."""
    CALLS.labels(hook, _result(answer)).inc()
    LATENCY.observe(seconds)
    for card in answer.cards:
        CARDS.labels(card["indicator"]).inc()


def _result(answer: Answer) -> str:
    if answer.unevaluated:
        return "not_evaluated"
    if answer.cards:
        return "cards"
    return "silent" if answer.orders else "out_of_scope"
