"""Whose voice a card speaks with: a region's pathway, or national guidance where none applies.

A speaker is made once for each pathway, with all that its cards have in common, and serves every call.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import NationalFallback, Pathway
from cds_service.pathway.outcomes import TextKey
from cds_service.pathway.texts import CardText, OrderWords
from cds_service.protocol.card import Coding, Link, Source

OVERRIDE_SYSTEM = "https://cds-service.example/fhir/CodeSystem/msk-imaging-override-reason"
"""The service's own code system for override reasons; `docs/override-reasons.md` maps it to HL7's."""


class FilledText(NamedTuple):
    """A card text with its orders filled in, as Markdown where it stands in the detail."""

    summary: str
    conditional_summary: str
    what_to_do: str
    drafting: str | None
    removing: str | None
    destination: str | None
    safety_net: str | None
    suggestion: str
    suggestion_removing_some: str
    suggestion_keeping_scan: str


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
        self.note = f"Proposed by {self.name}."
        self.is_regional = isinstance(pathway, Pathway)
        self.exempts_practitioners = isinstance(pathway, Pathway) and pathway.fcp_exemption is not None
        self._filled: dict[tuple[TextKey, OrderWords], FilledText] = {}
        self._links = {
            (text, spine): _links_on(text, pathway, spine=spine) for text in TextKey for spine in (False, True)
        }
        self._review_states = {past: self._review_state(past=past) for past in (False, True)}

    def filled(self, key: TextKey, words: OrderWords) -> FilledText:
        """One of its card texts, speaking of these orders; filled in once and kept."""
        found = self._filled.get((key, words))
        if found is None:
            found = self._filled[key, words] = _fill(self.texts.cards[key], words)
        return found

    def links_on(self, text: TextKey, *, spine: bool) -> list[Link]:
        """The pages that a card with this text offers, with those about the spine for a spine order."""
        return self._links[text, spine]

    def provenance(self, decision: Decision, today: date) -> str:
        """The last line of a detail: rule, sentences, pathway, version and review state."""
        named = "sentence" if len(decision.sources) == 1 else "sentences"
        basis = f"{named} {', '.join(decision.sources)}" if decision.sources else "national guidance"
        past = isinstance(self.pathway, Pathway) and self.pathway.is_past_review(today)
        return (
            f"*Rule {decision.rule_id} ({basis}). {self.name}; {self._review_states[past]}. "
            "Advice only: override it with a reason.*"
        )

    def _review_state(self, *, past: bool) -> str:
        if isinstance(self.pathway, NationalFallback):
            return "national guidance, always in force"
        review = f"{self.pathway.review.day} {self.pathway.review:%B %Y}"
        return f"**past its review date** ({review})" if past else f"review due {review}"


def _fill(text: CardText, words: OrderWords) -> FilledText:
    return FilledText(
        summary=text.summary_for(words, unless_red_flags=False),
        conditional_summary=text.summary_for(words, unless_red_flags=True),
        what_to_do="\n".join(["**What to do**", "", *(_step(step, words) for step in text.do)]),
        drafting=_step(text.drafting, words) if text.drafting else None,
        removing=_step(text.removing, words) if text.removing else None,
        destination=text.destination,
        safety_net=f"**Red flags:** {words.fill(text.safety_net)}" if text.safety_net else None,
        suggestion=words.fill(text.suggestion or ""),
        suggestion_removing_some=text.suggestion_removing_some or "",
        suggestion_keeping_scan=words.fill(text.suggestion_keeping_scan or ""),
    )


def _step(step: str, words: OrderWords) -> str:
    return f"- {words.fill(step)}"


def _links_on(text: TextKey, pathway: Pathway | NationalFallback, *, spine: bool) -> list[Link]:
    return [
        {"label": link.label, "url": str(link.url), "type": "absolute"}
        for link in pathway.links
        if link.url is not None and text in link.shown_on and (spine or not link.spine_only)
    ]


def speakers_of(pathways: Mapping[RegionId, Pathway], source_urls: Mapping[str, str]) -> dict[RegionId, Speaker]:
    """A speaker for each pathway and one for the national fallback, by id."""
    everyone: list[Pathway | NationalFallback] = [*pathways.values(), NATIONAL]
    return {pathway.id: Speaker(pathway, _page_of(pathway, source_urls)) for pathway in everyone}


def _page_of(pathway: Pathway | NationalFallback, source_urls: Mapping[str, str]) -> str:
    """The document that this version names, else the service's page of the pathway."""
    stated = pathway.document.url if isinstance(pathway, Pathway) else None
    return source_urls[pathway.id] if stated is None else str(stated)


class Speakers:
    """Speakers for whichever versions are in force, each set made once and kept while it holds.

    Args:
        source_urls: the service's page of each pathway, by id: for cards' `source.url` where a version names no
            document.
    """

    def __init__(self, source_urls: Mapping[str, str]) -> None:
        self._source_urls = source_urls
        self._kept: tuple[Mapping[RegionId, Pathway], dict[RegionId, Speaker]] | None = None

    def of(self, pathways: Mapping[RegionId, Pathway]) -> dict[RegionId, Speaker]:
        """The speakers of these pathways; the same mapping as last time gets the same speakers."""
        kept = self._kept
        if kept is None or kept[0] is not pathways:
            kept = self._kept = pathways, speakers_of(pathways, self._source_urls)
        return kept[1]
