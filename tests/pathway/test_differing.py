"""What else differs from one version of a pathway to the next, beside what it answers."""

from collections.abc import Callable
from typing import Any

import pytest

from cds_service.pathway.differing import Change, changed_fields, changes
from cds_service.pathway.model import Pathway

Json = dict[str, Any]

CHANGED: dict[str, tuple[Callable[[Json], object], list[str]]] = {
    "nothing": (dict.copy, []),
    "a date": (lambda file: file.update(until="2027-06-30"), ["until: nothing becomes 2027-06-30"]),
    "the title": (
        lambda file: file.update(title="Another"),
        ["title: North West London MSK MRI and ultrasound pathway becomes Another"],
    ),
    "what the document prints": (
        lambda file: file["document"].update(contact="nobody@example.org"),
        ["document.contact: "],
    ),
    "the version before": (
        lambda file: file.update(supersedes={"version": "1.1", "sha256": "0" * 64}),
        [],
    ),
    "why a rule applies": (
        lambda file: file["rules"]["redirect"].update(because="Otherwise."),
        ["rules.redirect.because: MSK scans"],
    ),
    "a rule's sentences and basis": (
        lambda file: file["rules"]["lump"].update(sentences=[], basis="national"),
        ["rules.lump.basis: document becomes national", "rules.lump.sentences: N11 becomes nothing"],
    ),
    "a rule that is switched off": (
        lambda file: file["rules"]["paediatric"].update(enabled=False),
        ["rules.paediatric.enabled: True becomes False"],
    ),
    "the words of a card": (
        lambda file: file["texts"]["cards"]["lump"].update(summary="A lump: keep {the}"),
        ["texts.cards.lump.summary: Follow the NWL"],
    ),
    "a caution": (
        lambda file: file["texts"].update(cautions={"past_review": "Past its review."}),
        ["texts.cautions.past_review: This pathway is past"],
    ),
    "a link": (lambda file: file["links"][0].update(url="https://a.example/"), ["links"]),
    "an answer": (lambda file: file["override_reasons"].pop(), ["override_reasons"]),
    "an area": (
        lambda file: file["footprint"]["sub_icb"].append("Z9901"),
        ["footprint.sub_icb: W2U3Z becomes W2U3Z; Z9901"],
    ),
}


def test_a_situation_is_told_apart_from_others_with_the_same_old_answer(
    nwl: Pathway, nwl_file: Json, read: Callable[[Json], Pathway]
) -> None:
    """And from them alone, most urgent first: what every one of them has goes without saying."""
    nwl_file["adult_from"] = 18
    nwl_file["rules"]["mscc"]["enabled"] = False
    warning = "redirect (warning card 'redirect', a referral is drafted"
    child = "paediatric (info card 'paediatric')"

    assert changes(nwl, read(nwl_file)) == [
        Change(
            "age: 16 / 17",
            "ces (critical card 'ces', a referral is drafted, the scan may be removed)",
            "ces (critical card 'ces', a referral is drafted)",
        ),
        Change(
            "every one of them",
            "mscc (critical card 'mscc', a referral is drafted)",
            "mscc (critical card 'mscc', in national words)",
        ),
        Change("age: 16 / 17", "redirect_unknown_setting (info card 'redirect_unknown_setting')", child),
        *(Change("age: 16 / 17", before, child) for before in (f"{warning}, the scan may be removed)", f"{warning})")),
        Change("age: 16 / 17", "redirect (info card 'redirect', a referral is drafted)", child),
    ]


@pytest.mark.parametrize("what", CHANGED)
def test_every_field_that_differs_is_told(
    nwl: Pathway, nwl_file: Json, read: Callable[[Json], Pathway], what: str
) -> None:
    """By its place and with both values, and nothing else is told."""
    change, told = CHANGED[what]
    change(nwl_file)
    found = list(changed_fields(nwl, read(nwl_file)))
    assert len(found) == len(told)
    assert [line for line, begins in zip(found, told, strict=True) if not line.startswith(begins)] == []
