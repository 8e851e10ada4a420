"""One connection: exchanges in order, bodies in both directions, limits of memory and time, and how it ends."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import suppress
from typing import Any

import pytest

from kubeloop.errors import ConnectionLost
from kubeloop.serving.server_connection import Handler
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse
from tests.support.serving import GET, Client, Received, parse_responses, request, turns

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def echo(received: Request) -> Response:
    """Return what was requested."""
    return Response(200, Headers([("Path", received.path)]), f"{received.method} ".encode() + (received.body or b""))


def recorder(seen: list[Request]) -> Handler:
    """Return a handler that records the requests."""

    def handler(received: Request) -> Response:
        seen.append(received)
        return Response(200)

    return handler


async def later(received: Request) -> Response:
    """Return what was requested, after as many seconds as the path says."""
    await asyncio.sleep(float(received.path[1:]))
    return echo(received)


@in_virtual_time
async def test_a_response_at_once_is_one_write() -> None:
    client = Client(echo)
    client.send(GET)
    assert client.responses() == [Received(200, {"Date": DATE, "Content-Length": "4", "Path": "/"}, b"GET ")]
    assert client.socket.writes == 1
    assert not client.is_closed()
    assert client.connection.task is None
    await client.leave()


@pytest.mark.parametrize("by", [1, 5, 1000])
@pytest.mark.parametrize("handler", [echo, later])
def test_pipelined_requests_are_answered_in_order(by: int, handler: Handler) -> None:
    @in_virtual_time
    async def run() -> None:
        client = Client(handler)
        paths = [f"/{n}" for n in (5, 1, 0, 3)]
        data = b"".join(request("POST", path, body=path.encode()) for path in paths)
        for at in range(0, len(data), by):
            client.send(data[at : at + by])
        await asyncio.sleep(20)
        answers = client.responses()
        assert [(each.headers["Path"], each.body) for each in answers] == [(p, b"POST " + p.encode()) for p in paths]
        await client.leave()

    run()


@in_virtual_time
async def test_many_pipelined_requests_let_others_run() -> None:
    client = Client(echo)
    client.send(GET * 100)
    assert len(client.responses()) == 16
    await settle()
    assert len(client.responses()) == 84
    await client.leave()


@in_virtual_time
async def test_requests_that_wait_for_an_answer_take_bounded_memory() -> None:
    client = Client(later)
    assert client.send(request("GET", "/9")) > 0
    flood = request("GET", "/0") * 100_000
    taken = client.send(flood)
    assert taken < 1 << 20
    assert client.socket.is_paused
    await asyncio.sleep(9)
    await client.leave()


@in_virtual_time
async def test_reading_goes_on_when_the_answer_is_sent() -> None:
    client = Client(later, max_body_bytes=1 << 20)
    client.send(request("GET", "/1"))
    body = b"x" * 700_000
    data = request("POST", "/0", body=body)
    taken = client.send(data)
    assert taken < len(data)
    while taken < len(data):
        await asyncio.sleep(1)
        taken += client.send(data[taken:])
    await settle()
    assert [len(each.body) for each in client.responses()] == [4, 700_005]
    await client.leave()


@in_virtual_time
async def test_a_head_request_gets_the_head_only() -> None:
    client = Client(echo)
    client.send(request("HEAD", "/a") + GET)
    head, body = client.responses("HEAD", "GET")
    assert (head.headers["Content-Length"], head.body, body.body) == ("5", b"", b"GET ")
    await client.leave()


@pytest.mark.parametrize("status", [204, 304])
@in_virtual_time
async def test_statuses_without_a_body(status: int) -> None:
    client = Client(lambda _: Response(status, Headers(), b"ignored"))
    client.send(GET + GET)
    assert client.responses() == [Received(status, {"Date": DATE}, b"")] * 2
    await client.leave()


@in_virtual_time
async def test_a_client_that_asks_for_it_gets_the_end_of_the_connection() -> None:
    client = Client(echo)
    client.send(request("GET", "/", "Connection: close") + GET)
    (answer,) = client.responses()
    assert answer.headers["Connection"] == "close"
    assert client.is_closed()
    await settle()


@in_virtual_time
async def test_old_clients() -> None:
    client = Client(echo)
    client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert client.responses()[0].headers["Connection"] == "keep-alive"
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert client.responses()[0].headers["Connection"] == "close"
    assert client.is_closed()
    await settle()


@in_virtual_time
async def test_a_client_that_waits_is_told_to_send_the_body() -> None:
    client = Client(echo)
    client.send(request("POST", "/", "Expect: 100-continue", "Content-Length: 3"))
    assert client.received() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"abc")
    assert client.responses()[0].body == b"POST abc"
    # A body that has arrived needs no interim response.
    client.send(request("POST", "/", "Expect: 100-continue", body=b"abc"))
    assert [each.status for each in client.responses()] == [200]
    await client.leave()


@in_virtual_time
async def test_a_body_that_is_too_large_is_refused_and_discarded() -> None:
    seen: list[Request] = []
    client = Client(recorder(seen), max_body_bytes=10)
    client.send(request("POST", "/", "Expect: 100-continue", "Content-Length: 11"))
    (answer,) = client.responses()
    assert (answer.status, answer.body) == (413, b"Request entity too large: limit is 10\n")
    assert answer.headers["Connection"] == "close"
    assert client.socket.has_ended
    assert not client.socket.is_closing()  # a socket that is closed now could lose the response
    client.send(b"x" * 1_000_000)
    assert client.connection._reader.held_bytes == 0
    await asyncio.sleep(0.5)
    assert client.socket.is_closing()
    assert seen == []
    await settle()


@in_virtual_time
async def test_nothing_is_read_after_a_refusal() -> None:
    seen: list[Request] = []
    client = Client(recorder(seen))
    client.send(GET + b"nonsense\r\n\r\n" + GET)
    client.send(GET)
    assert [each.status for each in client.responses()] == [200, 400]
    assert len(seen) == 1
    client.socket.end()
    await settle()
    assert len(client.server) == 0


@in_virtual_time
async def test_an_exception_is_logged_and_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    def fails(received: Request) -> Response:
        raise RuntimeError("secret")

    async def fails_later(received: Request) -> Response:
        return fails(received)

    for handler in (fails, fails_later):
        client = Client(handler)
        client.send(request("GET", "/a?token=b"))
        await settle()
        (answer,) = client.responses()
        assert (answer.status, answer.body) == (500, b"internal error\n")
        assert not client.is_closed()
        (record,) = caplog.records
        assert record.getMessage() == "serving GET /a: the handler failed; returning 500"
        assert record.exc_info is not None
        assert "secret" in caplog.text
        caplog.clear()
        await client.leave()


@pytest.mark.parametrize("wrong", [None, b"", "text"])
@in_virtual_time
async def test_a_handler_that_returns_something_else(wrong: Any, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(lambda _: wrong)
    client.send(GET)
    await settle()
    assert client.responses()[0].status == 500
    assert f"expected a Response or StreamedResponse from the handler, got {type(wrong).__name__}" in caplog.text
    await client.leave()


async def pieces(*data: bytes) -> AsyncGenerator[bytes]:
    for each in data:
        yield each


@pytest.mark.parametrize(
    "handler",
    [
        lambda _: Response(200, Headers([("A", "b\r\nC: d")])),
        lambda _: Response(200, Headers([("A", "b\r\nC: d")]), b"x" * 200_000),
        lambda _: StreamedResponse(pieces(b"a"), headers={"A": "b\r\nC: d"}),
        lambda _: Response(99),
        lambda _: StreamedResponse(pieces(b"a"), status=101),
    ],
)
@in_virtual_time
async def test_a_response_that_cannot_be_sent_is_a_failure(handler: Handler, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(handler)
    client.send(GET)
    await settle()
    (answer,) = client.responses()
    assert (answer.status, "C" in answer.headers) == (500, False)
    assert caplog.records[0].exc_info is not None
    await client.leave()


@in_virtual_time
async def test_a_stream_is_sent_piece_by_piece() -> None:
    async def ticks() -> AsyncIterator[bytes]:
        for n in range(3):
            await asyncio.sleep(1)
            yield b"tick %d\n" % n
            yield b""

    client = Client(lambda _: StreamedResponse(ticks(), 203, {"A": "b"}))
    client.send(GET + GET)
    await settle()
    head = client.received()
    assert head.startswith(b"HTTP/1.1 203 ")
    assert head.endswith(b"\r\n\r\n")
    found = []
    for _ in range(3):
        await asyncio.sleep(1)
        await settle()
        found.append(client.received())
    assert found[:2] == [b"7\r\ntick 0\n\r\n", b"7\r\ntick 1\n\r\n"]
    assert found[2].startswith(b"7\r\ntick 2\n\r\n0\r\n\r\nHTTP/1.1 203 ")
    await client.leave()


@in_virtual_time
async def test_a_stream_to_an_old_client_ends_with_the_connection() -> None:
    client = Client(lambda _: StreamedResponse(pieces(b"a", b"b"), headers={}))
    client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    await settle()
    assert client.responses() == [Received(200, {"Date": DATE, "Connection": "close"}, b"ab")]
    assert client.is_closed()


class Counted:
    """A stream that counts how often it is read and closed."""

    def __init__(self, piece: bytes = b"x" * 10_000) -> None:
        self.piece = piece
        self.read = 0
        self.ends: list[float] = []

    async def generate(self) -> AsyncGenerator[bytes]:
        try:
            while True:
                self.read += 1
                yield self.piece
                if not self.piece:
                    await asyncio.sleep(3600)
        finally:
            self.ends.append(elapsed())

    def respond(self, _: Request) -> StreamedResponse:
        return StreamedResponse(self.generate())


@pytest.mark.parametrize("is_old", [False, True])
@in_virtual_time
async def test_the_stream_of_a_head_request_is_closed_unread(is_old: bool) -> None:
    stream = Counted()
    client = Client(stream.respond)
    client.send(b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" if is_old else request("HEAD"))
    await settle()
    (answer,) = client.responses("HEAD")
    assert (answer.body, "Transfer-Encoding" in answer.headers) == (b"", False)
    assert stream.read == 0
    assert not client.is_closed()
    await client.leave()


@in_virtual_time
async def test_a_client_that_reads_slowly_slows_the_stream_down() -> None:
    stream = Counted()
    client = Client(stream.respond)
    client.socket.accepts = 100_000
    client.send(GET)
    await settle()
    first = stream.read
    assert first < 30
    await settle()
    assert stream.read == first
    assert len(client.socket.waiting) < 100_000
    client.socket.accept(100_000)
    await settle()
    assert first < stream.read < 50
    await client.leave()
    assert stream.ends == [elapsed()]


@in_virtual_time
async def test_a_stream_that_never_waits_lets_others_run_and_ends_with_its_connection() -> None:
    stream = Counted(b"x")
    client = Client(stream.respond)
    client.send(GET)
    await turns(10)
    assert 0 < stream.read < 1000
    client.socket.close()  # nothing more can be sent, and the server learns it in the next turn
    await settle()
    assert stream.ends == [0.0]


@pytest.mark.parametrize("way", ["abort", "end"])
@pytest.mark.parametrize("piece", [b"", b"x" * 10_000])
@in_virtual_time
async def test_a_stream_is_closed_as_soon_as_its_client_leaves(way: str, piece: bytes) -> None:
    stream = Counted(piece)
    client = Client(stream.respond)
    client.socket.accepts = 10_000
    client.send(GET)
    await settle()
    assert stream.ends == []
    await asyncio.sleep(5)
    getattr(client.socket, way)()
    await turns(4)
    assert stream.ends == [5.0]
    client.socket.abort()
    await settle()
    assert len(client.server) == 0


@in_virtual_time
async def test_a_handler_is_cancelled_when_its_client_leaves() -> None:
    ends: list[str] = []

    async def handler(_: Request) -> Response:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise
        return Response(200)

    client = Client(handler)
    client.send(GET)
    await asyncio.sleep(1)
    await client.leave()
    assert ends == ["cancelled"]
    assert (len(client.server), client.received()) == (0, b"")


@in_virtual_time
async def test_a_handler_that_ignores_its_cancellation_sends_nothing() -> None:
    async def handler(_: Request) -> Response:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await asyncio.sleep(2)
        return Response(200)

    client = Client(handler)
    client.send(GET)
    await settle()
    await client.leave()
    assert len(client.server) == 1
    await asyncio.sleep(3)
    assert (len(client.server), client.received()) == (0, b"")


class Subscription:
    """A stream that holds something from its creation to its end."""

    def __init__(self) -> None:
        self.is_closed = False

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(3600)
        return b""

    async def aclose(self) -> None:
        self.is_closed = True


@in_virtual_time
async def test_a_stream_after_an_ignored_cancellation_is_closed() -> None:
    subscription = Subscription()

    async def handler(_: Request) -> StreamedResponse:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        return StreamedResponse(subscription)

    client = Client(handler)
    client.send(GET)
    await settle()
    await client.leave()
    assert subscription.is_closed
    assert (len(client.server), client.received()) == (0, b"")


@pytest.mark.parametrize("count", range(6))
@in_virtual_time
async def test_what_a_handler_returns_is_closed_whenever_its_client_leaves(count: int) -> None:
    subscription = Subscription()
    future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    for result in (StreamedResponse(subscription), future, later(Request("GET", "/9"))):

        def handler(_: Request, result: StreamedResponse | Awaitable[Response] = result) -> Any:
            return result

        client = Client(handler)
        client.send(GET)
        await turns(count)
        client.socket.break_off(None)
        await settle()
        assert len(client.server) == 0
    assert subscription.is_closed
    assert future.cancelled()


@in_virtual_time
async def test_a_stream_that_fails_ends_the_connection_without_the_end_of_the_body(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken() -> AsyncGenerator[bytes]:
        yield b"abc"
        raise RuntimeError("secret")

    client = Client(lambda _: StreamedResponse(broken()))
    client.send(GET)
    await settle()
    assert client.is_closed()
    assert client.received().endswith(b"3\r\nabc\r\n")
    assert "a response cannot be completed; closing the connection" in caplog.text
    assert "secret" in caplog.text


@in_virtual_time
async def test_a_transport_error_of_the_handler_or_of_a_body_closes_the_connection_without_a_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(received: Request) -> Response:
        raise ConnectionLost("as the test wants")

    async def fails_later(received: Request) -> Response:
        return fails(received)

    async def broken() -> AsyncGenerator[bytes]:
        yield b"abc"
        raise ConnectionLost("as the test wants")

    for handler in (fails, fails_later, lambda _: StreamedResponse(broken())):
        client = Client(handler)
        client.send(GET)
        await settle()
        assert client.is_closed()
        assert b"500" not in client.received()
        assert not client.received().endswith(b"0\r\n\r\n")
    assert not caplog.records


@in_virtual_time
async def test_a_large_body_is_written_as_it_is_read() -> None:
    body = bytes(range(256)) * 40_000
    client = Client(lambda _: Response(200, Headers(), body))
    client.socket.accepts = 0
    client.send(GET + GET)
    data = b""
    while len(data) < 2 * len(body):
        await settle()
        assert len(client.socket.waiting) < 400_000
        client.socket.accept(100_000)
        data += client.received()
    await settle()
    client.socket.accept(100_000)
    assert [each.body for each in parse_responses(data + client.received())] == [body, body]
    await client.leave()


@in_virtual_time
async def test_answers_that_are_not_read_stop_the_requests() -> None:
    client = Client(lambda _: Response(200, Headers(), b"x" * 50_000))
    client.socket.accepts = 0
    client.send(GET * 10)
    await settle()
    assert len(client.socket.waiting) < 150_000
    for _ in range(20):
        client.socket.accept(50_000)
        await settle()
    assert len(client.responses()) == 10
    await client.leave()


@pytest.mark.parametrize("handler_is_async", [False, True])
@in_virtual_time
async def test_large_bodies_are_compressed(handler_is_async: bool) -> None:
    body = b"0123456789abcdef" * 8193

    async def handler(received: Request) -> Response:
        return Response(200, Headers([("A", "b")]), body)

    client = Client(handler if handler_is_async else lambda _: Response(200, Headers([("A", "b")]), body))
    client.send(request("GET", "/", "Accept-Encoding: gzip"))
    await settle()
    (answer,) = client.responses()
    assert gzip.decompress(answer.body) == body
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    client.send(GET)
    await settle()
    (answer,) = client.responses()
    assert (answer.body == body, "Content-Encoding" in answer.headers) == (True, False)
    client.send(request("HEAD", "/", "Accept-Encoding: gzip"))
    await settle()
    assert client.responses("HEAD")[0].headers["Content-Length"] == str(len(body))
    await client.leave()


@in_virtual_time
async def test_bodies_up_to_the_threshold_and_streams_are_not_compressed() -> None:
    body = b"x" * 128 * 1024
    client = Client(lambda received: Response(200, Headers(), body) if received.path == "/" else later_stream())

    def later_stream() -> StreamedResponse:
        return StreamedResponse(pieces(body, body))

    for path in ("/", "/stream"):
        client.send(request("GET", path, "Accept-Encoding: gzip"))
        await settle()
        assert "Content-Encoding" not in client.responses()[0].headers
    await client.leave()


@pytest.mark.parametrize(
    ("data", "seconds", "status"),
    [
        (b"", 90, None),
        (GET, 90, 200),
        (b"G", 32, 408),
        (GET[:-1], 32, 408),
        (request("POST", "/", "Content-Length: 5") + b"abcd", 60, 408),
        (request("POST", "/", "Transfer-Encoding: chunked"), 60, 408),
    ],
)
@in_virtual_time
async def test_a_silent_client_loses_its_connection(data: bytes, seconds: float, status: int | None) -> None:
    client = Client(echo)
    client.send(data)
    await asyncio.sleep(seconds - 0.1)
    assert not client.is_closed()
    await asyncio.sleep(1.2)
    assert client.is_closed()
    assert [each.status for each in client.responses()] == ([] if status is None else [status])
    await asyncio.sleep(1)
    assert len(client.server) == 0


@in_virtual_time
async def test_bytes_that_trickle_in_do_not_extend_the_time() -> None:
    client = Client(echo)
    for byte in request("GET", "/" + "x" * 100):
        client.send(bytes([byte]))
        await asyncio.sleep(1)
        if client.is_closed():
            break
    assert 32 <= elapsed() < 35
    await asyncio.sleep(1)


@in_virtual_time
async def test_a_connection_that_is_used_is_not_idle() -> None:
    client = Client(echo)
    for _ in range(5):
        client.send(GET)
        await asyncio.sleep(80)
    assert len(client.responses()) == 5
    assert not client.is_closed()
    await client.leave()


@in_virtual_time
async def test_a_handler_may_take_its_time() -> None:
    client = Client(later)
    client.send(request("GET", "/1000"))
    await asyncio.sleep(1000)
    await settle()
    assert [each.status for each in client.responses()] == [200]
    await client.leave()


@in_virtual_time
async def test_a_silent_stream_stays_open_and_an_unread_one_is_closed() -> None:
    silent = Counted(b"")
    client = Client(silent.respond)
    client.send(GET)
    await asyncio.sleep(1000)
    assert not client.is_closed()
    await client.leave()

    stream = Counted()
    client = Client(stream.respond)
    client.socket.accepts = 0
    client.send(GET)
    for _ in range(10):
        await asyncio.sleep(50)
        assert not client.is_closed()
        client.socket.accept(10_000)
    await asyncio.sleep(65)
    assert client.is_closed()
    await settle()
    assert len(stream.ends) == 1


@in_virtual_time
async def test_the_last_bytes_of_a_closed_connection_have_bounded_time() -> None:
    client = Client(echo)
    client.socket.accepts = 0
    client.send(request("GET", "/", "Connection: close"))
    await asyncio.sleep(59)
    assert len(client.server) == 1
    await asyncio.sleep(4)
    assert len(client.server) == 0


@in_virtual_time
async def test_an_upgrade_is_a_normal_request() -> None:
    client = Client(lambda received: Response(403, Headers(), received.headers["Upgrade"].encode()))
    client.send(request("GET", "/", "Connection: Upgrade", "Upgrade: websocket"))
    client.send(GET.replace(b"Host", b"Upgrade: no\r\nHost"))
    assert [each.body for each in client.responses()] == [b"websocket", b"no"]
    await client.leave()


@in_virtual_time
async def test_the_repr_shows_the_state() -> None:
    client = Client(Counted(b"").respond)
    assert repr(client.connection) == "<ServerConnection reading>"
    client.send(GET)
    assert repr(client.connection) == "<ServerConnection responding>"
    await settle()
    assert repr(client.connection) == "<ServerConnection streaming>"
    await client.leave()
    assert repr(client.connection) == "<ServerConnection closed>"


@in_virtual_time
async def test_nothing_is_logged_about_a_normal_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = Client(echo)
    client.send(GET)
    await client.leave()
    assert caplog.records == []
