"""What changed when: every version of a region's pathway, as the page of pathways lists them."""

from itertools import pairwise
from typing import Final

from cds_service.monitor.asked import Asked
from cds_service.monitor.weekly import annotation_of
from cds_service.pages.words import day_in_words
from cds_service.pathway.model import Pathway
from cds_service.pathway.sign_off import NOT_SIGNED_OFF

HEADS: Final = (
    "Version",
    "In force from",
    "Until",
    "Suspended",
    "Review due",
    "Clinical sign-off",
    "Charts begin anew in the week of",
)
"""The columns of `version_rows`."""


def version_rows(asked: Asked, region: str) -> list[tuple[str | None, ...]]:
    """The versions of a region's pathway, the newest first.

    A suspension is told with the name and the reason that the folder states; a sign-off with role and day, and no name.

    Args:
        asked: the request.
        region: the pathway's id.
    """
    found = [pathway for pathway in asked.sources.versions() if pathway.id == region]
    newest_first = sorted(found, key=lambda pathway: pathway.effective, reverse=True)
    sign_offs = asked.sources.sign_offs()
    return [
        (
            version.version,
            day_in_words(version.effective),
            _until(version, later),
            _suspended(version),
            day_in_words(version.review),
            sign_offs.get((version.id, version.version), NOT_SIGNED_OFF),
            day_in_words(annotation_of(asked, version).period),
        )
        for later, version in pairwise((None, *newest_first))
        if version is not None
    ]


def _until(version: Pathway, later: Pathway | None) -> str | None:
    """When a version ended by its own last day, and when by the next one."""
    ended = None if version.until is None else f"until {day_in_words(version.until)}"
    superseded = None if later is None else f"superseded on {day_in_words(later.effective)} by {later.version}"
    return "; ".join(filter(None, [ended, superseded])) or None


def _suspended(version: Pathway) -> str | None:
    suspension = version.suspension
    if suspension is None:
        return None
    until = "" if suspension.until is None else f" to {day_in_words(suspension.until)}"
    return f"from {day_in_words(suspension.since)}{until}, by {suspension.by}: {suspension.reason}"
