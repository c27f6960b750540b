"""Whose voice a card speaks with: a region's pathway, or national guidance where none applies.

A speaker is made once for each pathway, with all that its cards have in common, and serves every call.
"""

from collections.abc import Mapping
from datetime import date

from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import NationalFallback, Pathway
from cds_service.pathway.outcomes import TextKey
from cds_service.protocol.card import Coding, Link, Source

OVERRIDE_SYSTEM = "https://cds-service.example/fhir/CodeSystem/msk-imaging-override-reason"
"""The service's own code system for override reasons; `docs/override-reasons.md` maps it to HL7's."""


class Speaker:
    """A pathway as the cards see it.

    Args:
        pathway: the pathway.
        source_url: its page, for `source.url`.
    """

    def __init__(self, pathway: Pathway | NationalFallback, source_url: str) -> None:
        self.pathway = pathway
        self.texts = pathway.texts
        self.name = f"{pathway.title} v{pathway.version}"
        self.source: Source = {"label": self.name, "url": source_url}
        self.override_reasons: list[Coding] = [
            {"system": OVERRIDE_SYSTEM, "code": reason.code, "display": reason.display}
            for reason in pathway.override_reasons
        ]
        self._links = {text: _links_on(text, pathway) for text in TextKey}
        self._review_states = {past: self._review_state(past=past) for past in (False, True)}

    @property
    def is_regional(self) -> bool:
        """Whether a region's own pathway speaks; national guidance suggests nothing."""
        return isinstance(self.pathway, Pathway)

    def links_on(self, text: TextKey) -> list[Link]:
        """The pages that a card with this text offers."""
        return self._links[text]

    def provenance(self, decision: Decision, today: date) -> str:
        """The last line of a detail: rule, sentences, pathway, version and review state."""
        basis = f"sentences {', '.join(decision.sources)}" if decision.sources else "national guidance"
        past = isinstance(self.pathway, Pathway) and self.pathway.is_past_review(today)
        return (
            f"*Rule {decision.rule_id} ({basis}). {self.name}; {self._review_states[past]}. "
            "Advice only: override it with a reason.*"
        )

    def _review_state(self, *, past: bool) -> str:
        if isinstance(self.pathway, NationalFallback):
            return "no region's pathway applies here"
        review = f"{self.pathway.review.day} {self.pathway.review:%B %Y}"
        return f"**past its review date** ({review})" if past else f"review due {review}"


def _links_on(text: TextKey, pathway: Pathway | NationalFallback) -> list[Link]:
    return [
        {"label": link.label, "url": str(link.url), "type": "absolute"}
        for link in pathway.links
        if link.url is not None and text in link.shown_on
    ]


def speakers_of(pathways: Mapping[RegionId, Pathway], source_urls: Mapping[str, str]) -> dict[RegionId, Speaker]:
    """A speaker for each pathway and one for the national fallback, by id."""
    everyone: list[Pathway | NationalFallback] = [*pathways.values(), NATIONAL]
    return {RegionId(pathway.id): Speaker(pathway, source_urls[pathway.id]) for pathway in everyone}
