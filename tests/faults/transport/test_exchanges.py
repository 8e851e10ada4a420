"""Exchanges under pressure: large bodies both ways, early responses, bounds, connections without and with a bound."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from kubeloop.config import Config
from kubeloop.errors import BodyTooLarge, ConnectionLost, KubeloopError, RequestTimeout, ServerSilent, TransportError
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.certificates import authority, server_context
from tests.support.raw_server import Connection, RawServer, Received, hang, raw_server, reply, say, settled
from tests.support.skewed_loop import skewed, skip

GET = Request("GET", "/api")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Serve = Callable[..., Any]
Open = Callable[..., HTTPTransport]


@pytest.fixture(params=["http", "tls"])
def serve(request: pytest.FixtureRequest, tmp_path: Any) -> Serve:
    """Return `raw_server`, over HTTP and over TLS."""
    tls = server_context(authority().sign("server"), tmp_path) if request.param == "tls" else None
    return lambda *steps, **options: raw_server(*steps, tls=tls, **options)


@pytest.fixture
async def transport_to() -> AsyncIterator[Open]:
    opened: list[HTTPTransport] = []

    def open_(server: RawServer, **settings: Any) -> HTTPTransport:
        opened.append(HTTPTransport(Config(host=server.url, ca_data=authority().certificate, **settings)))
        return opened[-1]

    yield open_
    for transport in opened:
        await transport.close()


class Hold:
    """A step that holds each request until it is told to go on."""

    def __init__(self) -> None:
        self.asked = 0
        self.go_on = asyncio.Event()

    async def __call__(self, connection: Connection, received: Received) -> None:
        self.asked += 1
        await self.go_on.wait()
        await reply(received.target.encode())(connection, received)

    async def until(self, count: int) -> None:
        while self.asked < count:
            await asyncio.sleep(0)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_after_the_server_closed_while_the_loop_was_busy(
    serve: Serve, transport_to: Open, method: str
) -> None:
    """(C2) The end of the kept connection waits in the operating system: it is noticed before anything is written."""
    ended = asyncio.Event()

    async def answer_and_end(connection: Connection, received: Received) -> None:
        await reply()(connection, received)
        connection.writer.close()
        ended.set()

    async with serve(answer_and_end, reply(b"done")) as server:
        transport = transport_to(server)
        await transport.request(GET)
        await ended.wait()
        time.sleep(0.02)  # the loop is held up
        response = await transport.request(Request(method, "/api", {}, b"{}"))
        assert response.body == b"done"
        assert [each.method for each in server.requests] == ["GET", method]


async def test_requests_that_hang_hold_back_no_others(serve: Serve, transport_to: Open) -> None:
    """(C3) Without a bound, as in client-go."""
    hold = Hold()
    async with serve(*[hold] * 110, reply(b"lease")) as server:
        transport = transport_to(server)
        hung = [asyncio.create_task(transport.request(Request("POST", f"/{n}", {}, b"{}"))) for n in range(110)]
        await hold.until(110)
        assert (await transport.request(Request("PATCH", "/lease", {}, b"{}"), timeout=5)).body == b"lease"
        hold.go_on.set()
        assert sorted([(await task).body for task in hung]) == sorted(b"/%d" % n for n in range(110))


async def test_a_bound_of_connections_counts_requests_and_streams_apart(serve: Serve, transport_to: Open) -> None:
    """(C3)"""
    hold = Hold()
    async with serve(hold) as server:
        transport = transport_to(server, max_connections=2)
        running = [asyncio.create_task(transport.request(GET)) for _ in range(2)]
        await hold.until(2)
        with pytest.raises(RequestTimeout, match="no free connection, the request was not sent"):
            await transport.request(GET, timeout=0.05)
        opening = [asyncio.create_task(_first_piece(transport)) for _ in range(2)]
        await hold.until(4)
        with pytest.raises(RequestTimeout, match="no free connection, the request was not sent"):
            async with transport.stream(GET, timeout=0.05):
                pytest.fail("entered")
        assert hold.asked == 4
        hold.go_on.set()
        await asyncio.gather(*running, *opening)
        assert (await transport.request(GET, timeout=5)).status == 200
        assert server.connections == 4


async def _first_piece(transport: HTTPTransport) -> bytes:
    async with transport.stream(GET) as stream:
        return await anext(aiter(stream))


async def test_a_cancelled_wait_loses_no_byte_of_a_gzip_stream(serve: Serve, transport_to: Open) -> None:
    """(C4)"""
    events = [b'{"n":%d}\n' % number for number in range(400)]
    go_on = asyncio.Semaphore(0)

    async def slowly(connection: Connection, received: Received) -> None:
        await connection.send(CHUNKED.replace(b"OK\r\n", b"OK\r\nContent-Encoding: gzip\r\n"))
        for event in events:
            await go_on.acquire()
            member = gzip.compress(event)
            await connection.send(b"%x\r\n%b\r\n" % (len(member), member))
        await connection.send(b"0\r\n\r\n")

    async with serve(slowly) as server, transport_to(server).stream(GET) as stream:
        got = b""
        for number in range(len(events) * 4):
            if number % 4 == 0:
                go_on.release()
            task = asyncio.create_task(anext(stream))
            for _ in range(number % 7):
                await asyncio.sleep(0)
            task.cancel()
            (piece,) = await asyncio.gather(task, return_exceptions=True)
            got += piece if isinstance(piece, bytes) else b""
        got += await stream.read()
        assert got == b"".join(events)


@pytest.mark.parametrize(("count", "size"), [(130, 40), (400, 40), (5_000, 40), (1, 66_000), (1, 500_000), (9_900, 60)])
async def test_heads_of_any_size_that_a_server_sends_are_read(
    serve: Serve, transport_to: Open, count: int, size: int
) -> None:
    """(B3) A server sends a Warning for each unknown field."""
    headers = [("Warning", f'299 - "{number:{size}}"') for number in range(count)]
    async with serve(reply(headers=headers, status=201)) as server:
        response = await transport_to(server).request(Request("POST", "/api", {}, b"{}"))
        assert response.status == 201
        assert len(response.headers.get_all("warning")) == count


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"Content-Length: 2\r\nContent-Length: 2", "Content-Length"),
        (b"Content-Length: 2\r\nContent-Length: 3", "Content-Length"),
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked", "Transfer-Encoding|Content-Length"),
        (b"Transfer-Encoding: gzip, chunked", "a Transfer-Encoding other than chunked"),
    ],
)
async def test_why_a_head_is_refused_is_said(serve: Serve, transport_to: Open, head: bytes, reason: str) -> None:
    """(C11) Two lengths are two opinions on where the next response begins."""
    async with serve(say(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n{}", then="wait")) as server:
        with pytest.raises(TransportError, match=rf"does not speak HTTP/1.1 here: .*({reason})") as caught:
            await transport_to(server).request(GET)
        assert not caught.value.retryable


ENDLESS = {
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "large interim responses": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 60_000 + b"\r\n\r\n"),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 1000),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 100),
    "a chunk extension": (CHUNKED + b"1;", b"x" * 1000),
    "chunk extensions": (CHUNKED, b"1;" + b"x" * 1000 + b"\r\ny\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n" * 100),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_what_never_ends_is_ended_by_its_size(serve: Serve, transport_to: Open, what: str) -> None:
    """(F22) Bytes arrive all the time, so that no silence ends it."""
    beginning, again = ENDLESS[what]

    async def endless(connection: Connection, received: Received) -> None:
        await connection.send(beginning)
        while not connection.writer.is_closing():
            await connection.send(again)
            await asyncio.sleep(0)

    async with serve(endless) as server:
        with pytest.raises(TransportError, match=r"does not speak HTTP/1.1 here: .*more than"):
            await transport_to(server).request(GET)


@pytest.mark.parametrize("how", ["request", "body", "stream", "opening a stream"])
async def test_closing_under_a_running_call_says_so(serve: Serve, transport_to: Open, how: str) -> None:
    """(D15)"""
    step = say(CHUNKED + b"1\r\nx\r\n", then="wait") if how in {"body", "stream"} else hang()
    async with serve(step) as server:
        transport = transport_to(server)

        async def run() -> None:
            if how in {"request", "body"}:
                await transport.request(GET)
            else:
                async with transport.stream(GET) as stream:
                    await stream.read()

        task = asyncio.create_task(run())
        await server.asked.wait()
        await settled()
        await transport.close()
        with pytest.raises(TransportError, match="the client is closed") as caught:
            await task
        assert not caught.value.retryable
        with pytest.raises(TransportError, match="the client is closed"):
            await transport.request(GET)


UPLOAD = b"x" * (16 << 20)


@pytest.mark.parametrize("status", [401, 413, 429])
async def test_a_response_before_the_body_is_sent_is_delivered(serve: Serve, transport_to: Open, status: int) -> None:
    early = say(b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno" % status, then="stay")
    async with serve(early, reads_body=False) as server:
        transport = transport_to(server)
        for number in (1, 2):
            response = await transport.request(Request("POST", "/api", {}, UPLOAD), timeout=20)
            assert (response.status, response.body) == (status, b"no")
            assert server.connections == number


async def test_a_large_body_arrives_whole_while_the_response_is_read(serve: Serve, transport_to: Open) -> None:
    async def echo(connection: Connection, received: Received) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(UPLOAD))
        left = len(UPLOAD)
        while left:
            data = await connection.reader.read(1 << 16)
            left -= len(data)
            await connection.send(data)

    async with serve(echo, reads_body=False) as server:
        transport = transport_to(server)
        for _ in range(2):
            assert (await transport.request(Request("PUT", "/api", {}, UPLOAD), timeout=30)).body == UPLOAD


@pytest.mark.parametrize(
    "sent",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", CHUNKED + b"5\r\nhello\r\n", CHUNKED + b"5\r\nhell"],
    ids=["length", "last chunk", "chunk"],
)
async def test_a_body_that_is_cut_short_is_a_lost_connection(serve: Serve, transport_to: Open, sent: bytes) -> None:
    async with serve(say(sent)) as server:
        with pytest.raises(ConnectionLost, match="in the middle of the response; the request was sent") as caught:
            await transport_to(server).request(Request("POST", "/api", {}, b"{}"))
        assert caught.value.retryable
        assert len(server.requests) == 1


@pytest.mark.parametrize("length", [True, False], ids=["length", "chunks"])
async def test_a_slow_consumer_holds_the_server_back(serve: Serve, transport_to: Open, length: bool) -> None:
    """What is taken from the socket and not yet read stays below 1 MiB."""
    size = 64 << 20
    piece = b"y" * (1 << 16)

    async def much(connection: Connection, received: Received) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size if length else CHUNKED)
        for _ in range(size // len(piece)):
            await connection.send(piece if length else b"%x\r\n%b\r\n" % (len(piece), piece))
        await connection.send(b"" if length else b"0\r\n\r\n")

    async with serve(much) as server:
        transport = transport_to(server)
        async with transport.stream(GET) as stream:
            for _ in range(2000):
                await asyncio.sleep(0)
            pool = transport._pool
            assert pool is not None
            (connection,) = pool._all
            assert 0 < connection._held < 1 << 20
            assert len(await stream.read()) == size


@pytest.mark.parametrize("part", ["writing", "head", "body", "stream"])
@skewed
async def test_three_minutes_without_a_byte_end_an_exchange(part: str) -> None:
    """(C6) A gateway swallows it, or the body stops."""

    async def deaf(connection: Connection, received: Received) -> None:
        if part in {"body", "stream"}:
            await connection.send(CHUNKED + b"1\r\nx\r\n")
        await asyncio.Event().wait()

    async with raw_server(deaf, reads_body=False) as server:
        transport = HTTPTransport(Config(host=server.url))

        async def run() -> None:
            if part == "stream":
                async with transport.stream(GET) as stream:
                    await stream.read()
            else:
                await transport.request(Request("PUT", "/api", {}, UPLOAD if part == "writing" else None))

        task = asyncio.create_task(run())
        await server.asked.wait()
        await settled()
        for _ in range(17):
            skip(10)
            await settled()
        assert not task.done()
        for _ in range(4):
            skip(10)
            await settled()
        with pytest.raises(ServerSilent, match="went silent"):
            await task
        await transport.close()


@skewed
async def test_bytes_that_arrive_now_and_then_are_no_silence() -> None:
    """(C6) There is no bound on the whole, as long as bytes arrive."""
    go_on = asyncio.Semaphore(0)

    async def drip(connection: Connection, received: Received) -> None:
        await connection.send(CHUNKED)
        for _ in range(10):
            await go_on.acquire()
            await connection.send(b"1\r\nx\r\n")
        await connection.send(b"0\r\n\r\n")

    async with raw_server(drip) as server:
        transport = HTTPTransport(Config(host=server.url))
        task = asyncio.create_task(transport.request(GET))
        await server.asked.wait()
        for _ in range(10):
            for _ in range(16):
                skip(10)
                await settled()
            go_on.release()
            await settled()
        assert (await task).body == b"x" * 10
        await transport.close()


async def test_a_watch_whose_head_comes_late_is_opened(serve: Serve, transport_to: Open) -> None:
    """(D9) Only silence of 180 seconds ends it, and no time-out of the transport's own."""
    hold = Hold()
    async with serve(hold) as server:
        task = asyncio.create_task(_first_piece(transport_to(server)))
        await hold.until(1)
        hold.go_on.set()
        assert await task == b"/api"


async def test_unfolding_is_bounded_while_it_goes_on(serve: Serve, transport_to: Open) -> None:
    """(F9)"""
    bomb = gzip.compress(b"\0" * (256 << 20))
    async with serve(reply(bomb, headers=[("Content-Encoding", "gzip")])) as server:
        with pytest.raises(BodyTooLarge):
            await transport_to(server).request(GET, max_bytes=1 << 20)


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_kept_connection_that_ends_before_a_response(serve: Serve, transport_to: Open, then: str) -> None:
    """A read is sent once more, and only once; a write that was written is not."""
    async with serve(reply(), say(b"", then=then), reply(b"again")) as server:
        transport = transport_to(server)
        await transport.request(GET)
        assert (await transport.request(GET)).body == b"again"
        assert server.connections == 2
    async with serve(reply(), say(b"", then=then), say(b"", then=then)) as server:
        transport = transport_to(server)
        await transport.request(GET)
        with pytest.raises(ConnectionLost):
            await transport.request(GET)
        assert len(server.requests) == 3
    async with serve(reply(), say(b"", then=then), reply()) as server:
        transport = transport_to(server)
        await transport.request(GET)
        with pytest.raises(ConnectionLost, match="the request was sent, and may have been carried out"):
            await transport.request(Request("POST", "/api", {}, b"{}"))
        assert len(server.requests) == 2


async def test_the_status_of_an_error_counts_although_its_body_stalls(serve: Serve, transport_to: Open) -> None:
    """(F4) Within the time-out of the call."""
    async with serve(say(b"HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\nno", then="wait")) as server:
        response = await transport_to(server).request(GET, timeout=0.2)
        assert (response.status, response.body) == (503, b"no")


async def test_old_servers_are_understood(serve: Serve, transport_to: Open) -> None:
    """HTTP/1.0: the end of the connection ends the body, unless a length and `keep-alive` say otherwise."""
    kept = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"
    async with serve(say(kept, then="stay"), say(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")) as server:
        transport = transport_to(server)
        assert (await transport.request(GET)).body == b"ok"
        assert (await transport.request(GET)).body == b"until the end"
        assert server.connections == 1


async def test_head_has_no_body_and_keeps_its_connection(serve: Serve, transport_to: Open) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    async with serve(say(head, then="stay"), reply(b"next")) as server:
        transport = transport_to(server)
        response = await transport.request(Request("HEAD", "/api"))
        assert (response.status, response.body, response.headers["content-length"]) == (200, b"", "500")
        assert (await transport.request(GET)).body == b"next"
        assert server.connections == 1


async def test_closing_does_not_wait_for_a_peer_that_says_nothing(serve: Serve, transport_to: Open) -> None:
    async with serve(hang()) as server:
        transport = transport_to(server)
        task = asyncio.create_task(transport.request(GET))
        await server.asked.wait()
        async with asyncio.timeout(5):
            await transport.close()
        with pytest.raises(KubeloopError):
            await task
