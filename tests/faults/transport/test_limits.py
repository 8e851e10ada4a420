"""How many calls run at once, the errors of those that wait, and the effect of closing on all calls; HTTP and TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

import kubeloop
from kubeloop.config import Config
from kubeloop.errors import RequestTimeout, TransportError
from kubeloop.models import core_v1
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.certificates import authority
from tests.support.raw_server import Connection, Received, hang, raw_server, reply, settled
from tests.support.skewed_loop import skewed, skip
from tests.support.transports import transport_to
from tests.support.websocket_server import Peer, websocket

TLS = ssl.SSLContext | None
GET = Request("GET", "/api/v1/pods")
LEASE = Request("PATCH", "/apis/coordination.k8s.io/v1/leases/a", {}, b"{}")
HUNG = 110
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def _serve(connection: Connection, received: Received) -> None:
    """Respond to a PATCH, switch to a WebSocket, begin a log, and leave all other requests without a response."""
    if received.method == "PATCH":
        await reply(b"{}")(connection, received)
    elif received.header("Upgrade"):
        await websocket(_talk, subprotocol=None)(connection, received)
    else:
        if received.target.startswith("/stream"):
            await connection.send(CHUNKED + b"4\r\nline\r\n")
        await connection.until_closed()


async def _talk(peer: Peer) -> None:
    await peer.connection.until_closed()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


@asynccontextmanager
async def tasks() -> AsyncIterator[Callable[[Awaitable[object]], asyncio.Future[object]]]:
    """Run calls in the background of a test; they are cancelled at its end."""
    running: list[asyncio.Future[object]] = []

    def run(call: Awaitable[object]) -> asyncio.Future[object]:
        running.append(asyncio.ensure_future(call))
        return running[-1]

    try:
        yield run
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _follow(transport: HTTPTransport) -> None:
    async with transport.stream(Request("GET", "/stream")) as stream:
        async for _ in stream:
            pass


async def _receive(transport: HTTPTransport) -> None:
    async with transport.upgrade(Request("GET", "/exec"), subprotocols=[]) as channel:
        await channel.receive()


async def test_hung_requests_hold_up_no_other(tls: TLS) -> None:
    """(C3) The number of connections is not limited unless the config sets a limit."""
    async with raw_server(_serve, tls=tls) as server, transport_to(server) as transport, tasks() as run:
        for _ in range(HUNG):
            run(transport.request(GET))
        await until(lambda: len(server.requests) == HUNG)
        assert (await transport.request(LEASE, timeout=5)).status == 200
        async with transport.stream(Request("GET", "/stream"), timeout=5) as stream:
            assert await anext(aiter(stream)) == b"line"


@pytest.mark.parametrize("verb", ["request", "stream", "upgrade"])
@skewed
async def test_requests_and_streams_are_bounded_apart(verb: str, tls: TLS) -> None:
    """(C3) A WebSocket counts as a stream. A call that waits in vain reports that nothing was sent."""
    async with (
        raw_server(_serve, tls=tls) as server,
        transport_to(server, max_connections=2) as transport,
        tasks() as run,
    ):
        hung = [run(transport.request(GET)) if verb == "request" else run(_follow(transport)) for _ in range(2)]
        await until(lambda: len(server.requests) == 2)

        async def wait_in_vain() -> None:
            if verb == "request":
                await transport.request(LEASE, timeout=5)
            elif verb == "stream":
                async with transport.stream(GET, timeout=5):
                    pytest.fail("entered")
            else:
                async with transport.upgrade(GET, subprotocols=[], timeout=5):
                    pytest.fail("entered")

        waiting = run(wait_in_vain())
        await settled()
        skip(5)
        with pytest.raises(RequestTimeout, match=r"timed out after 5 s: no free connection, the request was not"):
            await waiting
        assert len(server.requests) == 2
        # The other kind has a limit of two of its own.
        if verb == "request":
            async with transport.stream(Request("GET", "/stream"), timeout=5) as stream:
                assert await anext(aiter(stream)) == b"line"
        else:
            assert (await transport.request(LEASE, timeout=5)).status == 200
        # A waiting call continues when another has ended.
        late = run(transport.request(LEASE) if verb == "request" else _follow(transport))
        before = len(server.requests)
        await settled()
        assert len(server.requests) == before
        hung[0].cancel()
        await until(lambda: len(server.requests) == before + 1)
        assert verb != "request" or await late


@skewed
async def test_a_timeout_while_connecting_says_that_the_request_was_not_sent(tls: TLS) -> None:
    """(C3)"""
    async with raw_server(hang()) as proxy:
        transport = HTTPTransport(
            Config(host="https://cluster.invalid", proxy_url=proxy.url, insecure_skip_tls_verify=True)
        )
        task = asyncio.create_task(transport.request(GET, timeout=5))
        await proxy.asked.wait()
        skip(5)
        with pytest.raises(RequestTimeout, match="timed out after 5 s: no connection, the request was not sent"):
            await task
        await transport.close()


async def test_closing_ends_every_call_and_says_so(tls: TLS) -> None:
    """(D15) Calls that wait for a head, a body, their turn or a connection, streams and WebSockets."""
    async with raw_server(_serve, tls=tls) as server:
        async with transport_to(server, max_connections=3) as transport, tasks() as run:
            calls = [
                *(run(transport.request(GET)) for _ in range(2)),
                run(transport.request(Request("GET", "/stream"))),
                *(run(_follow(transport)) for _ in range(2)),
                run(_receive(transport)),
            ]
            await until(lambda: len(server.requests) == len(calls))
            await settled()
            calls += [run(transport.request(LEASE)), run(_follow(transport)), run(_receive(transport))]
            await settled()
            await transport.close()
            for call in calls:
                with pytest.raises(TransportError, match=r": the client is closed$") as caught:
                    await asyncio.wait_for(call, 10)
                assert not caught.value.retryable
        assert len(server.requests) == 6


async def test_closing_while_connections_are_opened_says_so(tls: TLS) -> None:
    """(D15) At each turn of the loop from the call to its end."""
    async with raw_server(reply(b"{}"), tls=tls) as server, tasks() as run:
        for turns in range(40):
            async with transport_to(server) as transport:
                call = run(transport.request(LEASE))
                for _ in range(turns):
                    await asyncio.sleep(0)
                await transport.close()
                (result,) = await asyncio.gather(call, return_exceptions=True)
                if isinstance(result, BaseException):
                    assert isinstance(result, TransportError)
                    assert str(result).endswith(": the client is closed")


async def test_closing_a_clientset_ends_its_calls_watches_and_logs(tls: TLS) -> None:
    """(D15)"""
    async with raw_server(_serve, tls=tls) as server:
        clientset = kubeloop.Clientset(Config(host=server.url, ca_data=authority().certificate))
        pods = clientset.core_v1.pods("x")

        async def watch() -> None:
            async with pods.watch(resource_version="5") as events:
                async for _ in events:
                    pass

        async with tasks() as run:
            calls = [run(pods.get("a")), run(pods.create(core_v1.Pod())), run(watch())]
            await until(lambda: len(server.requests) == 3)
            await clientset.close()
            for call in calls:
                with pytest.raises(TransportError, match="the client is closed"):
                    await asyncio.wait_for(call, 10)
        assert len(server.requests) == 3


@skewed
async def test_closing_does_not_wait_for_a_peer_that_does_nothing(tls: TLS) -> None:
    """asyncio would wait 30 seconds for the other side's close alert of TLS. The clock of this test hardly advances."""

    async def freeze(connection: Connection, received: Received) -> None:
        connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with raw_server(freeze, tls=tls) as server, transport_to(server) as transport, tasks() as run:
        call = run(transport.request(GET))
        upload = run(transport.request(Request("POST", "/", {}, bytes(32 << 20))))
        await until(lambda: len(server.requests) == 2)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await transport.close()
        assert loop.time() - begin < 5
        for each in (call, upload):
            with pytest.raises(TransportError, match="the client is closed"):
                await each


async def test_two_hundred_watches_and_requests_share_a_client(tls: TLS) -> None:
    """Each watch has a connection of its own, and the requests take turns on a few others."""
    count = 200
    begun: list[Connection] = []
    go_on = asyncio.Event()

    async def serve(connection: Connection, received: Received) -> None:
        if received.method == "PATCH":
            await reply(b"{}")(connection, received)
            return
        begun.append(connection)
        body = received.target.encode()
        await connection.send(CHUNKED + b"%x\r\n%s\r\n" % (len(body), body))
        await go_on.wait()
        await connection.send(b"3\r\nend\r\n0\r\n\r\n")

    async def watch(number: int) -> list[bytes]:
        async with transport.stream(Request("GET", f"/watch/{number}")) as stream:
            return [chunk async for chunk in stream]

    async with raw_server(serve, tls=tls) as server, transport_to(server) as transport:
        watches = [asyncio.create_task(watch(number)) for number in range(count)]
        await until(lambda: len(begun) == count)
        for _ in range(50):
            assert (await transport.request(LEASE, timeout=10)).status == 200
        assert server.connections <= count + 1
        go_on.set()
        assert await asyncio.gather(*watches) == [[b"/watch/%d" % number, b"end"] for number in range(count)]
        await settled()
        # All of them leave behind only the connections that are kept for the next calls.
        assert repr(transport._pool) == "<Pool 100 connections, 100 idle>"
