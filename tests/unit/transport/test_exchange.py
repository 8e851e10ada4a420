"""One exchange: its body is read whole and in pieces, decoded and limited; its connection is kept or closed."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kubeloop.errors import BodyTooLarge, ConnectionLost, TransportError
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.transport.base import read_error_body
from kubeloop.transport.exchange import Exchange
from kubeloop.transport.http1.connection import READ_BYTES, Connection
from kubeloop.wire.request import Request
from tests.support.pooling import SENT, Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FOLDED = b"HTTP/1.1 200 OK\r\nX: y\r\nCONTENT-Encoding: gzip\r\nContent-LENGTH: %d\r\nZ: z\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Running:
    """A response that has begun, and the line that it arrives on."""

    def __init__(self) -> None:
        self.connection = Connection(bytearray(READ_BYTES))
        self.line = Line(self.connection)
        self.released: list[Connection] = []
        self.exchange: Exchange

    async def begin(self, arrived: bytes, method: str = "GET", *, is_list: bool = False) -> Exchange:
        """Send a request, deliver these bytes, and return the exchange."""
        self.line.on_request = partial(self.line.deliver, arrived)
        head = await self.connection.send(b"head", None, method=method)
        self.exchange = Exchange(Request(method, "/api", is_list=is_list), self.connection, head, self.released.append)
        return self.exchange

    def later(self, *arrivals: bytes) -> None:
        """Deliver more, in steps of one second."""
        for number, arrival in enumerate(arrivals, 1):
            asyncio.get_running_loop().call_later(number, self.line.deliver, arrival)

    @property
    def is_free(self) -> bool:
        """Whether the connection was returned to the pool, once, and can be used again."""
        return self.released == [self.connection] and self.connection.is_reusable

    @property
    def is_closed(self) -> bool:
        """Whether the connection was returned to the pool, once, and is closed."""
        return self.released == [self.connection] and self.line.is_closing()


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Callable[[], Running]:
    """Return a function that creates a connection; it needs a loop."""

    def make() -> Running:
        made = Running()
        request.addfinalizer(made.line.__exit__)
        return made

    return make


Make = Callable[[], Running]


async def failure_of(exchange: Exchange) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await exchange.read()
    return caught.value


async def is_too_large(exchange: Exchange, max_bytes: int) -> bool:
    with pytest.raises(BodyTooLarge) as caught:
        await exchange.read(max_bytes)
    return str(caught.value) == f"GET /api: the response is larger than the limit of {max_bytes} bytes"


async def pieces_of(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in stream]


@in_virtual_time
async def test_a_body_that_came_with_its_head(running: Make) -> None:
    response = running()
    exchange = await response.begin(LENGTH % 5 + b"hello")
    assert exchange.status == 200
    assert exchange.headers["content-length"] == "5"
    assert repr(exchange) == "<Exchange GET /api 200, running>"
    assert response.released == []
    assert await exchange.read() == b"hello"
    assert repr(exchange) == "<Exchange GET /api 200, ended>"
    assert response.is_free
    assert await exchange.read() == b""
    assert await pieces_of(exchange) == []
    exchange.cut()
    assert response.is_free


@pytest.mark.parametrize("head", [LENGTH % 0, b"HTTP/1.1 204 No Content\r\n\r\n", CHUNKED + END])
@in_virtual_time
async def test_no_body(running: Make, head: bytes) -> None:
    response = running()
    assert await (await response.begin(head)).read(0) == b""
    assert response.is_free


@in_virtual_time
async def test_a_body_that_arrives_in_parts(running: Make) -> None:
    response = running()
    exchange = await response.begin(CHUNKED)
    response.later(chunk(b"ab"), chunk(b"cd") + chunk(b"ef"), chunk(b"g"), END)
    assert await exchange.read() == b"abcdefg"
    assert response.is_free


@in_virtual_time
async def test_pieces_come_as_chunks(running: Make) -> None:
    response = running()
    exchange = await response.begin(CHUNKED + chunk(b"ab") + chunk(b"cd"))
    response.later(chunk(b"ef") + END)
    assert await pieces_of(exchange) == [b"ab", b"cd", b"ef"]
    assert response.is_free


@in_virtual_time
async def test_pieces_of_a_list_are_all_that_has_arrived(running: Make) -> None:
    response = running()
    exchange = await response.begin(CHUNKED + chunk(b"ab") + chunk(b"cd"), is_list=True)
    response.later(chunk(b"ef") + chunk(b"gh") + END)
    assert await pieces_of(exchange) == [b"abcd", b"efgh"]
    assert response.is_free


@in_virtual_time
async def test_what_was_not_iterated_is_read(running: Make) -> None:
    response = running()
    exchange = await response.begin(CHUNKED + chunk(b"ab") + chunk(b"cd") + chunk(b"ef") + END)
    assert await anext(exchange) == b"ab"
    assert response.released == []
    assert await exchange.read() == b"cdef"
    assert response.is_free


BODIES = {
    "with the head": (CHUNKED + chunk(b"12345") + END, []),
    "after the head": (CHUNKED, [chunk(b"12345"), END]),
    "in two parts": (CHUNKED + chunk(b"123"), [chunk(b"45"), END]),
    "in three parts": (CHUNKED + chunk(b"123"), [chunk(b"4"), chunk(b"5"), END]),
}


@pytest.mark.parametrize("how", BODIES)
@in_virtual_time
async def test_the_bound_of_a_body(running: Make, how: str) -> None:
    for bound in (5, 4):
        response, (arrived, later) = running(), BODIES[how]
        exchange = await response.begin(arrived)
        response.later(*later)
        if bound == 5:
            assert await exchange.read(5) == b"12345"
            assert response.is_free
            continue
        assert await is_too_large(exchange, 4)
        assert response.is_free if how == "with the head" else response.is_closed


@in_virtual_time
async def test_a_body_that_is_announced_too_large_is_not_waited_for(running: Make) -> None:
    response = running()
    exchange = await response.begin(LENGTH % 6)
    assert await is_too_large(exchange, 5)
    assert response.is_closed
    response = running()
    exchange = await response.begin(LENGTH % 5)
    response.later(b"hello")
    assert await exchange.read(5) == b"hello"


@in_virtual_time
async def test_gzip_is_decoded_and_its_headers_are_dropped(running: Make) -> None:
    body = os.urandom(10)
    folded = gzip.compress(body)
    response = running()
    exchange = await response.begin(FOLDED % len(folded) + folded)
    assert list(exchange.headers.items()) == [("x", "y"), ("z", "z")]
    assert await exchange.read(10) == body, "the limit is that of the decoded body"
    assert response.is_free
    assert await exchange.read() == b""
    response = running()
    exchange = await response.begin(FOLDED % len(folded) + folded)
    assert await is_too_large(exchange, 9)


@pytest.mark.parametrize(
    ("coding", "is_decoded"), [(b"gzip", True), (b"X-GZip", True), (b"identity", False), (b"", False)]
)
@in_virtual_time
async def test_codings(running: Make, coding: bytes, is_decoded: bool) -> None:
    folded = gzip.compress(b"hello")
    response = running()
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(folded))
    exchange = await response.begin(head + folded)
    assert await exchange.read() == (b"hello" if is_decoded else folded)
    assert ("content-encoding" in exchange.headers) is not is_decoded


@pytest.mark.parametrize("coding", ["br", "gzip,gzip", "deflate"])
@in_virtual_time
async def test_a_coding_that_was_not_asked_for(running: Make, coding: str) -> None:
    response = running()
    with pytest.raises(TransportError) as caught:
        await response.begin(b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n" % coding.encode())
    assert f"GET /api: the body has the Content-Encoding '{coding}', which was not requested" in str(caught.value)
    assert not caught.value.retryable
    assert response.is_closed


@in_virtual_time
async def test_the_status_of_an_error_counts_whatever_the_coding_of_its_body(running: Make) -> None:
    """A proxy's page about its own failure may come in a coding that was not requested."""
    response = running()
    exchange = await response.begin(b"HTTP/1.1 300 No\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\npage")
    assert exchange.status == 300
    assert await read_error_body(exchange) == b""
    assert response.is_closed


@in_virtual_time
async def test_the_coding_of_an_absent_body_does_not_matter(running: Make) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\n"
    response = running()
    exchange = await response.begin(head, method="HEAD")
    assert await exchange.read() == b""
    assert response.is_free


@in_virtual_time
async def test_gzip_that_arrives_in_parts(running: Make) -> None:
    body = os.urandom(100_000)
    folded = gzip.compress(body)
    response = running()
    exchange = await response.begin(FOLDED % len(folded) + folded[:5])
    response.later(folded[5:1000], folded[1000:50_000], folded[50_000:])
    pieces = await pieces_of(exchange)
    assert b"".join(pieces) == body
    assert len(pieces) > 1
    assert response.is_free


@in_virtual_time
async def test_others_run_while_much_is_decoded(running: Make) -> None:
    folded = gzip.compress(bytes(5 << 20))
    response = running()
    exchange = await response.begin(FOLDED % len(folded) + folded)
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    task = asyncio.get_running_loop().create_task(other())
    had = 0
    async for piece in exchange:
        assert len(piece) <= 1 << 20
        assert len(turns) > had
        had = len(turns)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@in_virtual_time
async def test_a_cancelled_reader_of_gzip_loses_nothing(running: Make) -> None:
    body = bytes(range(256)) * (3 << 12)
    folded = gzip.compress(body)
    response = running()
    exchange = await response.begin(FOLDED % len(folded) + folded)
    got = b""
    for turns in (1, 2, 3):
        task = asyncio.ensure_future(anext(exchange))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.cancel():
            await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled():
            got += task.result()
    assert got + await exchange.read() == body


@pytest.mark.parametrize("size", [0, 100])
@in_virtual_time
async def test_a_head_that_announces_gzip_has_no_body(running: Make, size: int) -> None:
    response = running()
    assert await (await response.begin(FOLDED % size, method="HEAD")).read() == b""
    assert response.is_free


@in_virtual_time
async def test_gzip_that_ends_too_early(running: Make) -> None:
    folded = gzip.compress(b"hello")[:-4]
    response = running()
    failure = await failure_of(await response.begin(FOLDED % len(folded) + folded))
    assert type(failure) is ConnectionLost
    assert str(failure) == "GET /api: the gzip body is incomplete"


@in_virtual_time
async def test_a_body_that_is_no_gzip(running: Make) -> None:
    response = running()
    failure = await failure_of(await response.begin(FOLDED % 8 + b"nonsense"))
    assert str(failure) == "GET /api: the Content-Encoding is gzip, but the body is not gzip"
    assert not failure.retryable
    assert response.released == [response.connection]
    assert response.line.is_closing()


@pytest.mark.parametrize("is_whole", [True, False])
@in_virtual_time
async def test_a_body_that_breaks_off(running: Make, is_whole: bool) -> None:
    response = running()
    exchange = await response.begin(LENGTH % 5 + b"hel")
    asyncio.get_running_loop().call_later(1, response.line.end)
    with pytest.raises(ConnectionLost, match=f"in the middle of the response; {SENT}"):
        await (exchange.read() if is_whole else pieces_of(exchange))
    assert response.is_closed
    exchange.cut()
    assert response.is_closed


@in_virtual_time
async def test_an_exchange_that_is_cut(running: Make) -> None:
    response = running()
    exchange = await response.begin(LENGTH % 5 + b"hel")
    exchange.cut()
    assert response.is_closed
    exchange.cut()
    assert response.is_closed
    assert await exchange.read() == b""


@in_virtual_time
async def test_a_connection_that_was_taken_is_left_alone(running: Make) -> None:
    response = running()
    exchange = await response.begin(LENGTH % 5 + b"hello")
    assert exchange.take_connection() is response.connection
    exchange.cut()
    assert response.released == []
    assert not response.line.is_closing()
    response.connection.abort()
