"""A transport to a server of a test, closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kubeloop.config import Config
from kubeloop.transport.http import HTTPTransport
from tests.support.certificates import authority
from tests.support.raw_server import RawServer

__all__ = ["transport_to"]


@asynccontextmanager
async def transport_to(server: RawServer, **settings: Any) -> AsyncIterator[HTTPTransport]:
    """Open a transport that trusts the authority of the tests; `settings` are those of `Config`."""
    transport = HTTPTransport(Config(host=server.url, ca_data=authority().certificate, **settings))
    try:
        yield transport
    finally:
        await transport.close()
