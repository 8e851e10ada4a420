"""Dialing that takes too long, is cancelled, or is disturbed: it ends, and leaves nothing behind.

A test that leaves sockets or tasks behind fails; so does a test that does not close a transport, by the
ResourceWarning.
"""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from kubeloop.transport.connecting.connect_errors import CONNECT_FAILURES
from kubeloop.transport.connecting.dial import Dialer
from tests.support.dialing import dialer, echo, silent, text_of
from tests.support.proxies import ESTABLISHED, Peer, http_proxy, peer, socks_proxy
from tests.support.raw_server import settled
from tests.support.skewed_loop import skewed, skip
from tests.support.speaker import Speaker

WAYS = ["http", "https", "http through http", "https through http", "https through https", "https through socks5"]


@asynccontextmanager
async def route(way: str, context: ssl.SSLContext) -> AsyncIterator[tuple[Dialer, Peer, Peer]]:
    """Run a server, and a proxy if the route has one."""
    scheme, _, through = way.partition(" through ")
    async with peer(echo, tls=context if scheme == "https" else None) as server:
        url = f"{scheme}://127.0.0.1:{server.port}"
        if not through:
            yield dialer(url), server, server
        elif scheme == "http":
            yield dialer("http://cluster.invalid", proxy=f"http://127.0.0.1:{server.port}"), server, server
        elif through == "socks5":
            async with socks_proxy() as proxy:
                yield dialer(url, proxy=f"socks5://127.0.0.1:{proxy.port}"), proxy, server
        else:
            async with http_proxy(tls=context if through == "https" else None) as proxy:
                yield dialer(url, proxy=f"{through}://127.0.0.1:{proxy.port}"), proxy, server


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


@pytest.mark.parametrize("way", WAYS)
async def test_cancelled_at_any_point_it_closes_what_it_opened(
    certified: Callable[..., ssl.SSLContext], way: str
) -> None:
    """Cancel after each number of turns of the loop, in which the other sides run too, up to the dial that ends in
    time.
    """
    async with route(way, certified()) as (dial, first, server):
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
        await times_out(dialer("https://cluster.invalid", proxy=f"{scheme}://127.0.0.1:{proxy.port}"), proxy)


@skewed
async def test_half_a_minute_is_all_that_a_socks_proxy_gets_for_all_steps() -> None:
    async with peer(stop_after_greeting) as proxy:
        await times_out(dialer("https://cluster.invalid", proxy=f"socks5://127.0.0.1:{proxy.port}"), proxy)


@skewed
async def test_half_a_minute_is_all_that_a_handshake_gets() -> None:
    async with peer(silent) as server:
        await times_out(dialer(f"https://127.0.0.1:{server.port}"), server)
    async with http_proxy(ESTABLISHED, then="wait") as proxy:
        await times_out(dialer("https://cluster.invalid", proxy=f"http://127.0.0.1:{proxy.port}"), proxy)


async def times_out(dial: Dialer, first: Peer) -> None:
    task = asyncio.create_task(dial.dial(Speaker()))
    await first.reached.wait()
    skip(29.0)
    await settled()
    assert not task.done()
    skip(1.0)
    await settled()
    assert task.done()
    with pytest.raises(TimeoutError) as caught:
        await task
    assert text_of(caught.value, dial) == f"the connection to {dial.server} timed out"
    await until(lambda: not first.open)


@pytest.mark.parametrize("has_tls", [False, True])
async def test_bytes_of_a_server_that_sends_first_are_never_lost(
    certified: Callable[..., ssl.SSLContext], has_tls: bool
) -> None:
    """The bytes are refused while the connection is set up, or are left to the protocol; they are never lost."""

    async def banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        await reader.read()

    async with peer(banner, tls=certified() if has_tls else None) as server:
        dial = dialer(f"http{'s' * has_tls}://127.0.0.1:{server.port}")
        speaker = Speaker()
        try:
            await dial.dial(speaker)
            await speaker.arrived.wait()
            said = speaker.received.decode()
        except CONNECT_FAILURES as exc:
            said = text_of(exc, dial)
        refused = f"cannot connect to {dial.server}: it sent bytes that were not asked for"
        assert said in {"SSH-2.0-OpenSSH\r\n", refused}
        if speaker.transport is not None:
            speaker.transport.abort()
