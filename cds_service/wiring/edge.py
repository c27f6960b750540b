"""The edge of the service: who may call it, and what it may read from others.

A service that neither authenticates nor reads has an open edge, which loads nothing; `guarded_edge.py` makes the other.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds_service.hooks.routes import Completer
from cds_service.security.clients import Client, unauthenticated_caller
from cds_service.security.door import Door, OpenDoor
from cds_service.settings import Settings

if TYPE_CHECKING:
    from cds_service.wiring.guarded_edge import GuardedEdges


@dataclass(frozen=True, slots=True)
class Edge:
    """What stands between the service and the network.

    Attributes:
        door: lets callers in.
        completer: reads what prefetch lacks; None where nothing may be read.
        running: what must run beside the calls, entered with the process and left when it ends.
    """

    door: Door
    completer: Completer | None = None
    running: Callable[[], AbstractAsyncContextManager[None]] = nullcontext


class NoClientError(Exception):
    """`CDS_SERVICE_AUTH=required`, and nobody could ever be let in."""

    def __init__(self) -> None:
        super().__init__(
            "Client authentication is required, and clients.yaml of the configuration folder names no client whose "
            "token could be checked. Add one with its issuer and jwks_url (cds-service clients new writes the entry), "
            "or, on a network where only your EHR can reach the service, say CDS_SERVICE_AUTH=off"
        )


class Edges:
    """The edge for each reading of `clients.yaml`; nothing of the guarded one is loaded where it is not asked for.

    Args:
        settings: the process's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guarded: GuardedEdges | None = None

    def edge_for(self, clients: tuple[Client, ...]) -> Edge:
        """Who may call and what may be read.

        Args:
            clients: the registered clients.

        Raises:
            NoClientError: authentication is required, and no client could be let in.
        """
        if self._settings.auth == "required":
            if not any(client.can_be_authenticated for client in clients):
                raise NoClientError
        elif not any(client.fhir_servers for client in clients):
            return Edge(OpenDoor(unauthenticated_caller(clients)))
        if self._guarded is None:
            from cds_service.wiring.guarded_edge import GuardedEdges  # noqa: PLC0415 - half a second, which other starts save

            self._guarded = GuardedEdges(self._settings)
        return self._guarded.edge_for(clients)
