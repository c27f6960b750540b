import pytest
from prometheus_client.parser import text_string_to_metric_families

from fhir_fixtures import feedback, hook_call
from tests.conftest import InProcess

OURS = ("cds_",)
Counts = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def counts(service: InProcess) -> Counts:
    """Our own samples, by name and labels."""
    text = service.send("GET", "/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith(OURS)
    }


def gained(before: Counts, after: Counts) -> Counts:
    """What rose, without the histogram's buckets and sums."""
    return {
        key: after[key] - before.get(key, 0)
        for key in after
        if key[0].endswith(("_total", "_count")) and after[key] != before.get(key, 0)
    }


@pytest.mark.parametrize(
    ("file", "hook", "result", "indicators"),
    [
        ("nwl-gp-knee-mri-pain--redirect.json", "order-select", "cards", ["warning"]),
        ("nwl-gp-five-drafts-order-sign--ces.json", "order-sign", "cards", ["critical", "warning"]),
        ("nwl-community-msk-knee-mri-pain--specialist-exempt.json", "order-select", "silent", []),
        ("nwl-gp-brain-mri--not-applicable.json", "order-select", "out_of_scope", []),
        ("unresolved-region-knee-mri-pain--could-not-evaluate.json", "order-select", "not_evaluated", []),
    ],
)
def test_a_call_is_counted_by_hook_and_result(
    service: InProcess, file: str, hook: str, result: str, indicators: list[str]
) -> None:
    """And each card by its indicator."""
    before = counts(service)

    service.call(hook_call(file))

    cards: Counts = {("cds_cards_total", (("indicator", indicator),)): 1.0 for indicator in indicators}
    call: Counts = {
        ("cds_hook_calls_total", (("hook", hook), ("result", result))): 1.0,
        ("cds_hook_call_seconds_count", ()): 1.0,
    }
    assert gained(before, counts(service)) == {**call, **cards}


def test_feedback_is_counted_by_outcome_once_it_is_stored(service: InProcess) -> None:
    """Each entry of a post."""
    before = counts(service)

    service.feedback(feedback()["several-cards.json"])
    service.feedback({"feedback": []})

    assert gained(before, counts(service)) == {
        ("cds_feedback_total", (("outcome", "accepted"),)): 1.0,
        ("cds_feedback_total", (("outcome", "overridden"),)): 2.0,
    }


def test_a_refused_call_is_not_counted_as_answered(service: InProcess) -> None:
    """It was not evaluated."""
    before = counts(service)

    service.call({})

    assert gained(before, counts(service)) == {}


def test_no_label_joins_an_outcome_with_an_organisation(service: InProcess) -> None:
    """A cauda equina card at a small practice would identify somebody: neither is a label at all."""
    service.call(hook_call("nwl-gp-lumbar-mri-ces--ces.json"))

    labels = {name for _, pairs in counts(service) for name, _ in pairs}
    assert labels <= {"hook", "result", "indicator", "outcome", "le", "reason", "by", "what", "state"}


def test_metrics_are_in_prometheus_text_format(service: InProcess) -> None:
    """With help for each of our names."""
    response = service.send("GET", "/metrics")

    assert response.headers["content-type"].startswith("text/plain")
    assert "# HELP cds_hook_calls_total " in response.text
