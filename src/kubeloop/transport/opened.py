"""What `open_transport` returns: the transport with authentication round it, and one `close` for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.transport.auth import Authenticated
from kubeloop.transport.http import HTTPTransport

if TYPE_CHECKING:
    from kubeloop.config import Config

__all__ = ["OpenedTransport"]


class OpenedTransport(Authenticated):
    """An authenticated transport that owns the one below it."""

    def __init__(self, config: Config) -> None:
        self._owned = HTTPTransport(config)
        super().__init__(self._owned, config)

    async def close(self) -> None:
        """Close every connection; see `ClosableTransport`."""
        await self._owned.close()
