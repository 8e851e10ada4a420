"""Handshakes that fail: their buffers of 256 KiB are freed at once, and not by a later garbage collection."""

from __future__ import annotations

import asyncio
import gc
from asyncio.sslproto import SSLProtocol
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from kubeloop.config import Config
from kubeloop.errors import ConnectError
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.dialing import silent
from tests.support.proxies import peer
from tests.support.raw_server import settled
from tests.support.skewed_loop import skewed, skip


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from running."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close the connection. A server's handler."""


@pytest.mark.usefixtures("uncollected")
@skewed
async def test_a_handshake_that_the_server_breaks_leaves_no_circle() -> None:
    async with peer(close) as server, opened(server.port) as transport:
        before = protocols()
        for _ in range(3):
            with pytest.raises(ConnectError, match="closed the connection"):
                await transport.request(Request("GET", "/api"))
        await settled()
        assert protocols() == before


@pytest.mark.usefixtures("uncollected")
@skewed
async def test_a_handshake_that_times_out_leaves_no_circle() -> None:
    async with peer(silent) as server, opened(server.port) as transport:
        before = protocols()
        asking = asyncio.create_task(transport.request(Request("GET", "/api")))
        await server.reached.wait()
        await settled()
        assert protocols() == before + 1
        skip(31)
        with pytest.raises(ConnectError, match="timed out"):
            await asking
        del asking
        await settled()
        assert protocols() == before


@asynccontextmanager
async def opened(port: int) -> AsyncIterator[HTTPTransport]:
    transport = HTTPTransport(Config(host=f"https://127.0.0.1:{port}"))
    yield transport
    await transport.close()


def protocols() -> int:
    """Return the number of connections with TLS that exist."""
    return sum(type(each) is SSLProtocol for each in gc.get_objects())
