"""Whose voice a card speaks with: a region's pathway, or national guidance where none applies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cds_service.cards.escape import one_line
from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Link, NationalFallback, OverrideReason, Pathway, Texts
from cds_service.protocol.card import Coding, Source

OVERRIDE_SYSTEM = "https://cds-service.example/fhir/CodeSystem/msk-imaging-override-reason"
"""The service's own code system for override reasons; `docs/override-reasons.md` maps it to HL7's."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A pathway as the cards see it."""

    pathway: Pathway | NationalFallback
    source_url: str

    @property
    def texts(self) -> Texts:
        """Everything it may say."""
        return self.pathway.texts

    @property
    def links(self) -> tuple[Link, ...]:
        """The pages it offers."""
        return self.pathway.links

    @property
    def name(self) -> str:
        """Its title and version."""
        return f"{self.pathway.title} v{self.pathway.version}"

    def source(self) -> Source:
        """The card's `source`."""
        return {"label": self.name, "url": self.source_url}

    def override_reasons(self) -> list[Coding]:
        """The coded reasons to go ahead all the same."""
        return [_coding(reason) for reason in self.pathway.override_reasons]

    def provenance(self, decision: Decision, today: date) -> str:
        """The last line of a detail: rule, sentences, pathway, version and review state."""
        basis = f"sentences {', '.join(decision.sources)}" if decision.sources else "national guidance"
        return f"*Rule {decision.rule_id} ({basis}). {self.name}; {self._review_state(today)}. Advice only: override it with a reason.*"

    def _review_state(self, today: date) -> str:
        if isinstance(self.pathway, NationalFallback):
            return "no region's pathway applies here"
        review = f"{self.pathway.review.day} {self.pathway.review:%B %Y}"
        if self.pathway.is_past_review(today):
            return f"**past its review date** ({review})"
        return f"review due {review}"


def _coding(reason: OverrideReason) -> Coding:
    return {"system": OVERRIDE_SYSTEM, "code": reason.code, "display": one_line(reason.display)}


def speaker_of(decision: Decision, pathways: Mapping[RegionId, Pathway], source_urls: Mapping[str, str]) -> Speaker:
    """The pathway that speaks in a decision."""
    pathway = pathways.get(decision.speaker)
    if pathway is None:
        return Speaker(NATIONAL, source_urls[NATIONAL.id])
    return Speaker(pathway, source_urls[pathway.id])
