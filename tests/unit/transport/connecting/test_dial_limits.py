"""Dialing that takes too long, is cancelled, or is disturbed: it ends, and leaves nothing behind.

What a test leaves behind (sockets, tasks) fails it; so does a transport that nobody closed, by its ResourceWarning.
"""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kubeloop.config import Config
from kubeloop.errors import ConnectError
from kubeloop.transport.connecting.dial import Dialer
from kubeloop.transport.connecting.failures import CONNECT_FAILURES, connect_failure
from kubeloop.transport.connecting.tls import TLSContexts
from kubeloop.wire.request import Request
from tests.support.certificates import authority, server_context
from tests.support.proxies import ESTABLISHED, Peer, http_proxy, peer, socks_proxy
from tests.support.skewed_loop import skewed, skip
from tests.support.speaker import Speaker

WAYS = ["http", "https", "http through http", "https through http", "https through https", "https through socks5"]


def dialer(url: str, proxy: str | None = None) -> Dialer:
    contexts = TLSContexts(Config(host=url, ca_data=authority().certificate))
    return Dialer(url, proxy=proxy, server_name=None, tls=contexts)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(b"echo " + line)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    return server_context(authority().sign("server"), tmp_path)


@asynccontextmanager
async def route(way: str, context: ssl.SSLContext) -> AsyncIterator[tuple[Dialer, Peer, Peer]]:
    """Run a server, and a proxy if the way leads through one."""
    scheme, _, through = way.partition(" through ")
    async with peer(echo, tls=context if scheme == "https" else None) as server:
        url = f"{scheme}://127.0.0.1:{server.port}"
        if not through:
            yield dialer(url), server, server
        elif scheme == "http":
            yield dialer("http://cluster.invalid", f"http://127.0.0.1:{server.port}"), server, server
        elif through == "socks5":
            async with socks_proxy() as proxy:
                yield dialer(url, f"socks5://127.0.0.1:{proxy.port}"), proxy, server
        else:
            async with http_proxy(tls=context if through == "https" else None) as proxy:
                yield dialer(url, f"{through}://127.0.0.1:{proxy.port}"), proxy, server


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


@pytest.mark.parametrize("way", WAYS)
async def test_cancelled_at_any_point_it_closes_what_it_opened(context: ssl.SSLContext, way: str) -> None:
    """After so many turns of the loop, in which the other sides run too, up to the dial that ends in time."""
    async with route(way, context) as (dial, first, server):
        turns = cancelled = 0
        while cancelled == turns:
            speaker = Speaker()
            task = asyncio.create_task(dial.dial(speaker))
            for _ in range(turns):
                if task.done():
                    break
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            turns += 1
            cancelled += task.cancelled()
            assert (speaker.transport is None) is task.cancelled()
            if speaker.transport is not None:
                assert await speaker.ask() == b"echo ping\n"
                speaker.transport.abort()
        assert cancelled > 3
        await until(lambda: not first.open and not server.open)
        gc.collect()


async def stop_after_greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"\5\0")
    await reader.read()


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
@skewed
async def test_half_a_minute_is_all_that_a_proxy_gets(scheme: str) -> None:
    async with peer(silent) as proxy:
        await times_out(dialer("https://cluster.invalid", f"{scheme}://127.0.0.1:{proxy.port}"), proxy)


@skewed
async def test_half_a_minute_is_all_that_a_socks_proxy_gets_for_all_steps() -> None:
    async with peer(stop_after_greeting) as proxy:
        await times_out(dialer("https://cluster.invalid", f"socks5://127.0.0.1:{proxy.port}"), proxy)


@skewed
async def test_half_a_minute_is_all_that_a_handshake_gets() -> None:
    async with peer(silent) as server:
        await times_out(dialer(f"https://127.0.0.1:{server.port}"), server)
    async with http_proxy(ESTABLISHED, then="wait") as proxy:
        await times_out(dialer("https://cluster.invalid", f"http://127.0.0.1:{proxy.port}"), proxy)


async def times_out(dial: Dialer, first: Peer) -> None:
    task = asyncio.create_task(dial.dial(Speaker()))
    await first.reached.wait()
    skip(29.0)
    for _ in range(50):
        await asyncio.sleep(0)
    assert not task.done()
    skip(1.5)
    with pytest.raises(TimeoutError) as caught:
        await task
    failure = connect_failure(caught.value, Request("GET", "/api"), dial.server)
    assert type(failure) is ConnectError
    assert str(failure) == f"GET /api: no connection to {dial.server} in time (the request was not sent)"
    await until(lambda: not first.open)


@pytest.mark.parametrize("has_tls", [False, True])
async def test_a_server_that_speaks_first_is_heard_by_nobody(context: ssl.SSLContext, has_tls: bool) -> None:
    """What it says is refused while the connection comes about, or is left to the protocol; never lost."""

    async def banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        await reader.read()

    async with peer(banner, tls=context if has_tls else None) as server:
        dial = dialer(f"http{'s' * has_tls}://127.0.0.1:{server.port}")
        speaker = Speaker()
        try:
            await dial.dial(speaker)
            await speaker.arrived.wait()
            said = speaker.received.decode()
        except CONNECT_FAILURES as exc:
            said = str(connect_failure(exc, Request("GET", "/api"), dial.server))
        assert said in {
            "SSH-2.0-OpenSSH\r\n",
            f"GET /api: cannot connect to {dial.server}: it sent bytes that were not asked for "
            "(the request was not sent)",
        }
        if speaker.transport is not None:
            speaker.transport.abort()
