"""Completing a call from the EHR's FHIR server: only where the client may name that server, and sent a token for it."""

import logging
from collections.abc import Mapping

from prometheus_client import Counter

from cds_service.fhir.fetching import FhirFetcher, JsonClient
from cds_service.hooks.answers import Call
from cds_service.protocol.hook_request import HookRequest
from cds_service.security.clients import Client
from cds_service.security.urls import same_base

_READS = Counter("cds_fhir_reads_total", "Reads from EHRs' FHIR servers, by result.", ["result"])
_COUNT_OF = {result: _READS.labels(result) for result in ("came", "late", "failed", "not_listed")}


_logger = logging.getLogger(__name__)


class PrefetchCompleter:
    """Reads what prefetch lacks.

    Args:
        fetcher: knows what is missing and asks for it.
        readers: the way out to each client's servers, by client id; a client without one is never read from.
    """

    def __init__(self, fetcher: FhirFetcher, readers: Mapping[str, JsonClient]) -> None:
        self._fetcher = fetcher
        self._readers = readers

    async def complete(self, call: Call, request: HookRequest, client: Client) -> Call:
        """The call with what came; what did not come stays unknown.

        Args:
            call: the call, its orders selected.
            request: the request, which says where to read and with what token.
            client: who calls, and so which servers may be read.
        """
        reader = self._readers.get(client.id)
        authorization = request.fhirAuthorization
        if reader is None or authorization is None or request.fhirServer is None:
            return call
        base = same_base(request.fhirServer, client.fhir_servers)
        if base is None:
            _COUNT_OF["not_listed"].inc()
            _logger.info("fhirServer is none of the fhir_servers of client %s: nothing was read", client.id)
            return call
        fetched = await self._fetcher.complete(call.context, call.selection, authorization.access_token, reader)
        _COUNT_OF["came"].inc(fetched.came)
        _COUNT_OF["late"].inc(fetched.late)
        _COUNT_OF["failed"].inc(fetched.failed)
        if fetched.late or fetched.failed:
            text = "of %d reads from the FHIR server of client %s %d were late and %d refused or unusable"
            _logger.info(text, fetched.asked, client.id, fetched.late, fetched.failed)
        return call._replace(context=fetched.context)
