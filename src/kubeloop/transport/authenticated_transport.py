"""The result of `open_transport`: a transport with authentication that closes its own connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.transport.authentication import Authenticated
from kubeloop.transport.http import HTTPTransport

if TYPE_CHECKING:
    from kubeloop.config import Config

__all__ = ["OpenedTransport"]


class OpenedTransport(Authenticated):
    """An authenticated transport that owns the transport which it wraps."""

    def __init__(self, config: Config) -> None:
        self._owned = HTTPTransport(config)
        super().__init__(self._owned, config)

    async def close(self) -> None:
        """Close all connections; see `ClosableTransport`."""
        await self._owned.close()
