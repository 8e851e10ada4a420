"""Transports to servers of a test, closed at the end of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kubeloop.config import Config
from kubeloop.serving import HTTPServer
from kubeloop.transport.http import HTTPTransport
from tests.support.certificates import authority
from tests.support.raw_server import RawServer

__all__ = ["opened_transports", "transport_to"]


@asynccontextmanager
async def transport_to(server: RawServer | HTTPServer, **settings: Any) -> AsyncIterator[HTTPTransport]:
    """Open a transport that trusts the authority of the tests; `settings` are those of `Config`."""
    transport = HTTPTransport(Config(host=server.url, ca_data=authority().certificate, **settings))
    try:
        yield transport
    finally:
        await transport.close()


@pytest.fixture(name="transport_to")
async def opened_transports() -> AsyncIterator[Callable[..., HTTPTransport]]:
    """Return a function that opens a transport to a URL; further arguments are those of `Config`."""
    opened: list[HTTPTransport] = []

    def open_(url: str, **settings: Any) -> HTTPTransport:
        opened.append(HTTPTransport(Config(host=url, **settings)))
        return opened[-1]

    yield open_
    for transport in opened:
        await transport.close()
