"""The edge of the service: who may call it, and what it may read from others.

A service that neither authenticates nor reads has an open edge, which loads nothing; `guarded_edge.py` makes the other.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from cds_service.hooks.routes import Completer
from cds_service.security.door import Door


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
