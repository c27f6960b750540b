"""Somebody who reads the monitor's pages, already let in."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from cds_service.monitor.access.guard import Visit
from cds_service.monitor.access.permissions import ROLES, Permission
from cds_service.monitor.access.viewer import Grant, Viewer
from cds_service.monitor.site import monitor_pages
from cds_service.monitor.sources import Sources
from cds_service.monitor.surroundings import TEMPLATES
from cds_service.pages.render import Pages

EVERYWHERE: Final = ("nel", "nwl", "other", "unresolved")


class Reader:
    """Reads pages as a role.

    Args:
        sources: what the pages are made from.
        role: held for the footprints.
        footprints: those that the role is held for.
    """

    def __init__(self, sources: Sources, role: str = "analyst", footprints: tuple[str, ...] = EVERYWHERE) -> None:
        self._viewer = Viewer("somebody", "demo", (Grant(ROLES[role], frozenset(footprints)),))
        self._footprints = tuple(sorted(footprints))
        self.pages = {page.path: page for page in monitor_pages(sources, Pages(TEMPLATES))}

    def paths(self) -> list[str]:
        """The addresses that the role's permissions open."""
        return [path for path, page in self.pages.items() if self._viewer.may(page.permission)]

    def get(self, address: str) -> Response:
        """Open an address as the guard lets it be opened: a region that is named is the only one."""
        parts = urlsplit(address)
        page = self.pages[parts.path]
        request = Request(
            {"type": "http", "method": "GET", "path": parts.path, "query_string": parts.query.encode(), "headers": []}
        )
        named = [region for region in request.query_params.getlist("region") if region]
        visit = Visit(self._viewer, page.permission, tuple(named) or self._footprints, "token", {})
        made = page.endpoint(request, visit)
        assert isinstance(made, Response)
        return made

    def text(self, address: str) -> str:
        """What an address says."""
        return bytes(self.get(address).body).decode()

    def headers(self, address: str) -> Mapping[str, str]:
        """The headers of an address."""
        return self.get(address).headers

    def permission(self, path: str) -> Permission:
        """What an address needs."""
        return self.pages[path].permission
