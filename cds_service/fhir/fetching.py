"""Fetches from the EHR's FHIR server what a call did not bring, and puts it where prefetch would have put it.

So one reader serves both. Everything happens within one budget of time: what is late is cancelled, and what did not
come stays absent, which reads as unknown and never as "none" (fact 2).
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from cds_service.fhir.missing import MissingRead, missing_organisations, missing_reads, next_page
from cds_service.fhir.reading import HookContext, Selection
from cds_service.fhir.shapes import Json, as_object

BUDGET_SECONDS = 0.3
LONGEST_RESPONSE = 2 * 1024 * 1024
MOST_PAGES = 3

_TOKEN = re.compile(r"[!-~]+")
"""A bearer token as a header can carry it; RFC 6750 §2.1 allows less, and real servers send more."""


class JsonClient(Protocol):
    """What reads JSON from a server; `cds_service.security.outbound.OutboundClient` is one."""

    async def get_json(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float,  # noqa: ASYNC109 - the client's own signature
        limit: int,
    ) -> Any:  # noqa: ANN401 - any JSON
        """The document at a URL, within so many seconds and bytes; raises the client's error when there is none."""


class Fetched(NamedTuple):
    """What fetching came to; the counts are for metrics.

    Attributes:
        context: the call, its prefetch completed.
        asked: reads that were tried.
        came: reads that brought something, be it a part of a longer answer.
        late: reads that the budget ended with nothing brought.
        failed: reads that the server or the network refused, or whose answer was not what was asked.
    """

    context: HookContext
    asked: int = 0
    came: int = 0
    late: int = 0
    failed: int = 0


class _Round:
    """The answers of one round of reads, by key, as they come."""

    def __init__(self, prefetch: Json, reads: tuple[MissingRead, ...]) -> None:
        self.begun = {read.key: prefetch.get(read.key) for read in reads}
        self.answers: Json = {}
        self.failed = 0


class FhirFetcher:
    """Completes calls.

    Args:
        templates: the prefetch templates that discovery offers, by key.
        failure: the client's error; a read that ends with it brings nothing, any other error is a defect and passes.
        budget_seconds: the time that both rounds have together.
    """

    def __init__(
        self,
        templates: Mapping[str, str],
        failure: type[Exception],
        *,
        budget_seconds: float = BUDGET_SECONDS,
    ) -> None:
        self._templates = templates
        self._failure = failure
        self._budget = budget_seconds

    async def complete(
        self, context: HookContext, selection: Selection, access_token: str, client: JsonClient
    ) -> Fetched:
        """Fetch what is missing, then the organisations that it points to, and put both into the prefetch.

        Args:
            context: the call. Its `fhir_server` is where to ask and where the token goes; the caller has checked that
                the client may name it.
            selection: the call's orders in scope.
            access_token: the call's bearer token.
            client: what reads from the server.
        """
        if context.fhir_server is None or not _TOKEN.fullmatch(access_token):
            return Fetched(context)
        server = _Server(context.fhir_server.rstrip("/"), access_token, client)
        deadline = asyncio.get_running_loop().time() + self._budget
        reads = missing_reads(context, selection, self._templates)
        fetched = await self._fetch(Fetched(context), reads, server, deadline)
        reads = missing_organisations(fetched.context, selection)
        return await self._fetch(fetched, reads, server, deadline)

    async def _fetch(
        self, before: Fetched, reads: tuple[MissingRead, ...], server: "_Server", deadline: float
    ) -> Fetched:
        """Do one round of reads at once, until all have ended or the time has."""
        if not reads or asyncio.get_running_loop().time() >= deadline:
            return before
        found = _Round(before.context.prefetch, reads)
        try:
            async with asyncio.timeout_at(deadline), asyncio.TaskGroup() as group:
                for read in reads:
                    group.create_task(self._read(read, server, found))
        except TimeoutError:
            pass  # what came in time is in `found`; the group has cancelled the rest
        came = len(found.answers)
        return Fetched(
            before.context._replace(prefetch={**before.context.prefetch, **found.answers}),
            asked=before.asked + len(reads),
            came=before.came + came,
            late=before.late + len(reads) - came - found.failed,
            failed=before.failed + found.failed,
        )

    async def _read(self, read: MissingRead, server: "_Server", found: _Round) -> None:
        """Read one resource, or a search page by page; each page is kept as it comes.

        A search that could not be read to its end keeps its `next` link, so that it is not taken for a whole answer.
        """
        so_far = as_object(found.begun[read.key])
        is_search = "?" in read.path or so_far.get("resourceType") == "Bundle"
        path: str | None = read.path
        for _ in range(MOST_PAGES if is_search else 1):
            if path is None:
                return
            answer = await self._answer(path, server)
            if not (_is_page(answer) if is_search else _is_resource(answer, path)):
                found.failed += read.key not in found.answers
                return
            so_far = found.answers[read.key] = _joined(so_far, answer) if is_search else answer
            path = next_page(so_far, server.base) if is_search else None

    async def _answer(self, path: str, server: "_Server") -> Json:
        """The JSON object at a path below the base; an empty one when there is none."""
        headers = {"Authorization": f"Bearer {server.token}", "Accept": "application/fhir+json"}
        url = f"{server.base}{'' if path.startswith('?') else '/'}{path}"
        try:
            # The budget ends every read; the client's own limit is the second lock on the same door.
            answer = await server.client.get_json(url, headers=headers, timeout=self._budget, limit=LONGEST_RESPONSE)
        except self._failure:
            return {}
        return as_object(answer)


class _Server:
    """Where to ask, with what; a plain class, because a tuple's `repr` would show the token."""

    def __init__(self, base: str, token: str, client: JsonClient) -> None:
        self.base = base
        self.token = token
        self.client = client


def _is_resource(answer: Json, path: str) -> bool:
    kind, _, identity = path.partition("/")
    return answer.get("resourceType") == kind and answer.get("id") == identity


def _is_page(answer: Json) -> bool:
    entries, links = answer.get("entry", []), answer.get("link", [])
    return answer.get("resourceType") == "Bundle" and isinstance(entries, list) and isinstance(links, list)


def _joined(before: Json, page: Json) -> Json:
    """One search answer out of the pages so far and the next; its links are those of the latest page."""
    if before.get("resourceType") != "Bundle":
        return page
    earlier = before.get("entry", [])
    entries = [*(earlier if isinstance(earlier, list) else []), *page.get("entry", [])]
    return {**before, "entry": entries, "link": page.get("link", [])}
