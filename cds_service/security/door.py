"""The one place where a caller is let in, or not."""

from collections.abc import Sequence
from typing import Protocol

from cds_service.security.clients import Client


class Door(Protocol):
    """Lets callers in."""

    async def admit(self, headers: Sequence[tuple[bytes, bytes]], path: str) -> Client:
        """The client that calls.

        Raises:
            CallerRefusedError: it is not let in.
        """


class OpenDoor:
    """Authentication is off: everyone is the same caller.

    Args:
        client: whose preferences apply.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def admit(self, headers: Sequence[tuple[bytes, bytes]], path: str) -> Client:  # noqa: ARG002 - a Door's
        """The one caller there is."""
        return self._client
