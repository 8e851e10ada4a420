"""The HTTP server with clients that break off, send garbage, smuggle, do not read, or come by the thousand."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.serving import HTTPServer, server_tls_context
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse
from tests.support.certificates import authority
from tests.support.serving import GET, Client, parse_responses, request

REQUESTS = [
    GET,
    request("POST", "/p", "Accept: x", body=b"body"),
    request("POST", "/p", "Expect: 100-continue", body=b"body"),
    request("PUT", "/c", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\n",
    GET + request("POST", "/p", body=b"1") + GET,
]


class Recorder:
    """A handler that records whole requests, and responds at once or later."""

    def __init__(self, *, is_later: bool = False) -> None:
        self.seen: list[tuple[str, str, bytes | None]] = []
        self._is_later = is_later

    def __call__(self, received: Request) -> Response | Awaitable[Response]:
        self.seen.append((received.method, received.target, received.body))
        return self._later() if self._is_later else Response(200, Headers(), b"fine")

    async def _later(self) -> Response:
        await asyncio.sleep(1)
        return Response(200, Headers(), b"fine")


@pytest.mark.parametrize("is_later", [False, True])
@pytest.mark.parametrize("data", REQUESTS)
@pytest.mark.parametrize("way", ["abort", "end"])
def test_a_connection_that_breaks_at_any_byte_passes_on_whole_requests_only(
    data: bytes, way: str, is_later: bool
) -> None:
    whole = Recorder()

    @in_virtual_time
    async def complete() -> None:
        client = Client(whole)
        client.send(data)
        await client.leave()

    @in_virtual_time
    async def cut(at: int) -> None:
        recorder = Recorder(is_later=is_later)
        client = Client(recorder)
        client.send(data[:at])
        getattr(client.socket, way)()
        await settle()
        assert recorder.seen == whole.seen[: len(recorder.seen)]
        assert len(client.server) == 0
        assert client.is_closed()

    complete()
    for at in range(len(data) + 1):
        cut(at)


pieces_of_http = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [*REQUESTS, b"\r\n", b"\n", b"\r", b" ", b":", b"GET", b" / HTTP/1.1\r\n", b"Host: a\r\n", b"0\r\n\r\n"]
    ),
    st.sampled_from(
        [b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n", b"\x00", b"\xff", b"Connection: close\r\n"]
    ),
)


@given(st.lists(pieces_of_http, max_size=12), st.integers(1, 80), st.booleans())
def test_garbage_gets_well_formed_responses_and_an_end(pieces: list[bytes], by: int, is_later: bool) -> None:
    @in_virtual_time
    async def run() -> None:
        client = Client(Recorder(is_later=is_later))
        data = b"".join(pieces)
        for at in range(0, len(data), by):
            client.send(data[at : at + by])
        await asyncio.sleep(20)
        first = client.responses()
        assert {each.status for each in first} <= {100, 200, 400, 413, 417, 501, 505}
        assert [each.status for each in first if each.status >= 400] in ([], [first[-1].status] if first else [])
        await asyncio.sleep(200)
        client.responses()
        assert len(client.server) == 0

    run()


@given(st.sampled_from(REQUESTS), st.integers(0, 10_000), st.binary(min_size=1, max_size=2), st.booleans())
def test_a_changed_byte_is_refused_or_harmless(data: bytes, place: int, change: bytes, is_inserted: bool) -> None:
    at = place % len(data)
    changed = data[:at] + change + data[at if is_inserted else at + len(change) :]

    @in_virtual_time
    async def run() -> None:
        recorder = Recorder()
        client = Client(recorder)
        client.send(changed)
        await settle()
        answers = [
            each for each in client.responses("HEAD" if changed.startswith(b"HEAD") else "GET") if each.status != 100
        ]
        assert len([each for each in answers if each.status == 200]) == len(recorder.seen)
        client.socket.abort()
        await settle()
        assert len(client.server) == 0

    run()


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "data",
    [
        request("POST", "/", "Content-Length: 4", CHUNKED) + b"0\r\n\r\n" + SMUGGLED,
        request("POST", "/", CHUNKED, f"Content-Length: {len(SMUGGLED)}") + SMUGGLED,
        request("POST", "/", "Content-Length: 0", f"Content-Length: {len(SMUGGLED)}") + SMUGGLED,
        request("POST", "/", "Content-Length: 0", "content-length: 0") + SMUGGLED,
        request("POST", "/", "Content-Length: 0, 0") + SMUGGLED,
        request("POST", "/", "Content-Length: +0") + SMUGGLED,
        request("POST", "/", "Content-Length: 0x0") + SMUGGLED,
        request("POST", "/", "Content-Length : 0") + SMUGGLED,
        request("POST", "/", "Content-Length:", " 0") + SMUGGLED,
        request("POST", "/", "A: b", " Content-Length: 0") + SMUGGLED,
        request("POST", "/", "A: b\rContent-Length: 0") + SMUGGLED,
        request("POST", "/", "A: b\nContent-Length: 0") + SMUGGLED,
        request("POST", "/", "\x00Content-Length: 0") + SMUGGLED,
        request("POST", "/", "Transfer-Encoding : chunked") + b"0\r\n\r\n" + SMUGGLED,
        request("POST", "/", "Transfer-Encoding: xchunked") + b"0\r\n\r\n" + SMUGGLED,
        request("POST", "/", "Transfer-Encoding:", " chunked") + b"0\r\n\r\n" + SMUGGLED,
        request("POST", "/", CHUNKED, CHUNKED) + b"0\r\n\r\n" + SMUGGLED,
        request("POST", "/", "Transfer-Encoding: chunked, identity") + b"0\r\n\r\n" + SMUGGLED,
        request("POST", "/", CHUNKED) + b"0 \x0b\r\n\r\n" + SMUGGLED,
        request("POST", "/", CHUNKED) + b"0\n\r\n" + SMUGGLED,
        request("POST", "/", CHUNKED) + b"0;\n\r\n\r\n" + SMUGGLED,
        request("POST", "/", CHUNKED) + b"1\r\nx0\r\n\r\n" + SMUGGLED,
        request("POST", "/", CHUNKED) + b"0x0\r\n\r\n" + SMUGGLED,
        request("POST", "/", CHUNKED) + b"-0\r\n\r\n" + SMUGGLED,
        request("POST", "/", CHUNKED) + b"10000000000000000\r\n\r\n" + SMUGGLED,
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + SMUGGLED,
    ],
)
@pytest.mark.parametrize("by", [1, 7, 1000])
@in_virtual_time
async def test_a_request_that_hides_another_is_refused(data: bytes, by: int) -> None:
    recorder = Recorder()
    client = Client(recorder)
    # A good request before, so that its headers are known.
    data = request("POST", "/first", body=b"x") + data
    for at in range(0, len(data), by):
        client.send(data[at : at + by])
    await settle()
    answers = client.responses()
    assert [each.status for each in answers] == [200, 400]
    assert answers[1].headers["Connection"] == "close"
    assert [target for _, target, _ in recorder.seen] == ["/first"]
    assert client.is_closed()
    client.socket.end()
    await settle()
    assert len(client.server) == 0


@in_virtual_time
async def test_headers_of_a_response_cannot_be_injected(caplog: pytest.LogCaptureFixture) -> None:
    def handler(received: Request) -> Response:
        return Response(200, Headers([("Echo", received.body.decode() if received.body else "")]))

    client = Client(handler)
    client.send(request("POST", "/", body=b"a\r\nSet-Cookie: b") + request("POST", "/", body=b"a"))
    answers = client.responses()
    assert [each.status for each in answers] == [500, 200]
    assert "Set-Cookie" not in answers[0].headers
    assert "expected a header without control characters" in caplog.text
    await client.leave()


# Over sockets.


class Endless:
    """A stream without an end, which counts what it has produced and whether it is closed."""

    def __init__(self, piece: bytes) -> None:
        self.piece = piece
        self.produced = 0
        self.closed = asyncio.Event()

    async def generate(self) -> AsyncGenerator[bytes]:
        try:
            while True:
                self.produced += len(self.piece)
                yield self.piece
        finally:
            self.closed.set()


async def is_still(value: Callable[[], int]) -> None:
    """Run the loop until a value has not changed for a hundred turns."""
    last, turns = value(), 0
    while turns < 100:
        await asyncio.sleep(0)
        turns = turns + 1 if value() == last else 0
        last = value()


async def test_a_stream_that_nobody_reads_stops_and_ends_with_its_client() -> None:
    stream = Endless(b"x" * 100_000)
    async with HTTPServer(lambda _: StreamedResponse(stream.generate()), max_body_bytes=0) as server:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            client.connect(("127.0.0.1", server.port))
            client.sendall(GET)
            while not stream.produced:
                await asyncio.sleep(0)
            await is_still(lambda: stream.produced)
            assert stream.produced < 20_000_000  # what the operating system buffers
            assert not stream.closed.is_set()
        await asyncio.wait_for(stream.closed.wait(), 10)


async def test_a_body_that_is_refused_is_discarded_and_its_client_reads_why() -> None:
    recorder = Recorder()
    async with HTTPServer(recorder, max_body_bytes=1000) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request("POST", "/", "Content-Length: 50000000"))
        with suppress(ConnectionError):
            for _ in range(50):
                writer.write(bytes(100_000))
                await writer.drain()
        (answer,) = parse_responses(await reader.read())
        assert (answer.status, answer.body) == (413, b"Request entity too large: limit is 1000\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    assert recorder.seen == []


def dropped(port: int, data: bytes, *, is_reset: bool) -> None:
    """Open a connection, send bytes, and close or reset it."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        if is_reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(data)


async def test_thousands_of_connections_that_are_dropped_leave_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    random = Random(12)
    streams: list[Endless] = []

    def respond(received: Request) -> Response | StreamedResponse | Awaitable[Response]:
        if received.path == "/stream":
            streams.append(Endless(b"x" * 10))
            return StreamedResponse(streams[-1].generate())
        if received.path == "/wait":
            return wait()
        return Response(200, Headers(), b"x" * 200_000)

    async def wait() -> Response:
        await asyncio.sleep(3600)
        return Response(200)

    kinds = [
        b"",
        b"\r\n",
        b"nonsense\r\n\r\n",
        GET,
        GET[:-1],
        GET * 3,
        *(request("GET", f"/{p}") for p in ("stream", "wait")),
    ]
    async with HTTPServer(respond, max_body_bytes=1000) as server:
        for _ in range(60):
            for _ in range(50):
                data = random.choice(kinds)
                dropped(server.port, data[: random.choice([len(data), len(data), 5])], is_reset=random.random() < 0.5)
            for _ in range(random.randrange(10)):
                await asyncio.sleep(0)
        while not repr(server).endswith(" 0 connections>"):
            await asyncio.sleep(0)
    assert len(streams) > 50
    assert all(stream.closed.is_set() or not stream.produced for stream in streams)
    assert caplog.records == []


async def test_connections_that_break_during_a_tls_handshake_leave_nothing(tmp_path: Path) -> None:
    pair = authority().sign("server")
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    for path, content in zip(paths, (pair.certificate, pair.key), strict=True):
        path.write_bytes(content)
    hello = b"\x16\x03\x01\x00\xf1\x01\x00\x00\xed\x03\x03"
    async with HTTPServer(Recorder(), max_body_bytes=0, tls=server_tls_context(*paths)) as server:
        for at in range(100):
            dropped(server.port, (hello + bytes(200))[: at * 3], is_reset=bool(at % 2))
            await asyncio.sleep(0)
