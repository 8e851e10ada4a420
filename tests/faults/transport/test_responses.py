"""Responses that are unusual, oversized, endless, too short or too long; over HTTP and TLS, on real sockets.

`tests/conformance/golden` has thousands more, each cut into packets in many ways, on a connection without a socket.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import nullcontext

import pytest

from kubeloop.errors import ConnectionLost, TransportError
from kubeloop.wire.request import Request
from tests.support.raw_server import Connection, Received, raw_server, reply, say
from tests.support.transports import transport_to

TLS = ssl.SSLContext | None
GET = Request("GET", "/api/v1/pods")
POST = Request("POST", "/api/v1/pods", {}, b"{}")
OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("count", [130, 400, 5_000])
async def test_many_header_lines_are_read(count: int, tls: TLS) -> None:
    """(B3) The server sends one Warning for each unknown field of an object."""
    headers = [("Warning", f'299 - "unknown field {number}"') for number in range(count)]
    async with raw_server(reply(status=201, headers=headers), tls=tls) as server, transport_to(server) as transport:
        for _ in range(2):
            response = await transport.request(POST)
            assert (response.status, len(response.headers.get_all("warning"))) == (201, count)
        assert server.connections == 1


@pytest.mark.parametrize("size", [66_000, 500_000])
async def test_a_long_header_line_is_read(size: int, tls: TLS) -> None:
    """(B3)"""
    step = reply(status=201, headers=[("Warning", "w" * size)])
    async with raw_server(step, tls=tls) as server, transport_to(server) as transport:
        for _ in range(2):
            assert len((await transport.request(POST)).headers["warning"]) == size
        assert server.connections == 1


AMBIGUOUS = {
    "two lengths": (b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "Content-Length"),
    "two other lengths": (b"Content-Length: 2\r\ncontent-length: 3\r\n\r\n{}", "Content-Length"),
    "a list of lengths": (b"Content-Length: 2, 2\r\n\r\n{}", "Content-Length"),
    "length and chunks": (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Content-Length"),
    "chunks and length": (b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", "Content-Length"),
    "chunked twice": (
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding",
    ),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
async def test_two_ways_to_find_the_end_are_refused_for_a_reason(case: str, tls: TLS) -> None:
    """(C11)"""
    said, reason = AMBIGUOUS[case]
    async with raw_server(say(OK + said, then="wait"), tls=tls) as server, transport_to(server) as transport:
        with pytest.raises(
            TransportError, match=f"did not send a valid HTTP/1.1 response: .*{reason}.*was sent"
        ) as caught:
            await transport.request(GET)
        assert not caught.value.retryable
        await asyncio.wait_for(server.closed_by_client.wait(), 10)


ENDLESS = {
    "interim responses": (b"", b"HTTP/1.1 102 Processing\r\n\r\n", "more than 100 interim"),
    "large interim responses": (
        b"",
        b"HTTP/1.1 103 Hints\r\nX: " + b"x" * 65_000 + b"\r\n\r\n",
        "head of the response is longer",
    ),
    "a status line": (b"HTTP/1.1 200 ", b"OK" * 5_000, "head of the response is longer"),
    "a header": (OK + b"X: ", b"x" * 10_000, "head of the response is longer"),
    "headers": (OK, b"X: x\r\n" * 1_000, "head of the response is longer"),
    "a chunk extension": (OK + b"Transfer-Encoding: chunked\r\n\r\n5;", b"x" * 1_000, "a line between chunks"),
    "chunk extensions": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 900 + b"\r\n.\r\n", "are not data"),
    "a size of zeros": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 1_000, "a line between chunks"),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: x\r\n" * 100, "trailers are longer"),
    "a trailer": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x" * 1_000, "line between chunks"),
}


@pytest.mark.parametrize("case", ENDLESS)
async def test_what_never_ends_is_bounded_by_its_size(case: str, tls: TLS) -> None:
    """(F22) Without any timeout."""
    begin, more, reason = ENDLESS[case]

    async def step(connection: Connection, received: Received) -> None:
        await connection.send(begin)
        while not connection.writer.is_closing():
            await connection.send(more)
            await asyncio.sleep(0)

    async with raw_server(step, tls=tls) as server, transport_to(server) as transport:
        with pytest.raises(TransportError, match=reason):
            await asyncio.wait_for(transport.request(GET), 30)
        assert repr(transport._pool) == "<Pool 0 connections, 0 idle>"


SHORT = {
    "length": OK + b"Content-Length: 9\r\n\r\nhalf",
    "nothing of a length": OK + b"Content-Length: 9\r\n\r\n",
    "chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    "between chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "before the end of the trailers": OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
    "gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
}


@pytest.mark.parametrize("case", SHORT)
async def test_a_body_that_is_too_short_is_a_lost_connection(case: str, tls: TLS) -> None:
    async with raw_server(say(SHORT[case]), tls=tls) as server, transport_to(server) as transport:
        with pytest.raises(ConnectionLost) as caught:
            await transport.request(GET)
        assert caught.value.retryable
        async with transport.stream(GET) as stream:
            with pytest.raises(ConnectionLost):
                async for _ in stream:
                    pass


LONG = {
    "length": WHOLE + b"more",
    "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nmore",
    "another response": WHOLE + WHOLE,
    "an empty line": WHOLE + b"\r\n",
    "trailers and more": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n\n",
}


@pytest.mark.parametrize("case", LONG)
async def test_extra_bytes_close_the_connection_and_reach_nobody(case: str, tls: TLS) -> None:
    async with raw_server(say(LONG[case], then="wait"), tls=tls) as server, transport_to(server) as transport:
        for number in (1, 2, 3):
            assert (await transport.request(POST)).body == b"{}"
            await asyncio.wait_for(server.closed_by_client.wait(), 10)
            server.closed_by_client.clear()
            assert server.connections == number


KEPT = {
    "HTTP/1.1": (WHOLE, 1),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 2),
    "HTTP/1.0 that is kept": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", 1),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\nZ: \r\n\r\n", 1),
    "close among others": (OK + b"Connection: x, Close\r\nContent-Length: 2\r\n\r\n{}", 2),
}


@pytest.mark.parametrize("case", KEPT)
async def test_whether_a_connection_is_kept(case: str, tls: TLS) -> None:
    said, connections = KEPT[case]

    async def step(connection: Connection, received: Received) -> None:
        await connection.send(said)

    async with raw_server(step, tls=tls) as server, transport_to(server) as transport:
        for _ in range(2):
            assert (await transport.request(POST)).body == b"{}"
        assert server.connections == connections


@pytest.mark.parametrize("head", [OK + b"\r\n", b"HTTP/1.0 200 OK\r\n\r\n"], ids=["1.1", "1.0"])
async def test_a_body_without_a_length_ends_with_the_connection(head: bytes, tls: TLS) -> None:
    async with raw_server(say(head + b"all of it"), tls=tls) as server, transport_to(server) as transport:
        for number in (1, 2):
            assert (await transport.request(GET)).body == b"all of it"
            assert server.connections == number


async def test_an_end_that_anybody_could_have_put_there_is_none_over_tls(tls: TLS) -> None:
    """A body without a length ends with TLS's close alert, not with TCP's end; without TLS there is no other end."""
    async with raw_server(say(OK + b"\r\nhalf", then="reset"), tls=tls) as server, transport_to(server) as transport:
        with pytest.raises(ConnectionLost) if tls is not None else nullcontext():
            assert (await transport.request(GET)).body == b"half"


async def test_a_response_to_head_has_no_body(tls: TLS) -> None:
    head = OK + b"Content-Length: 1000\r\n\r\n"

    async def step(connection: Connection, received: Received) -> None:
        await connection.send(head)

    async with raw_server(step, tls=tls) as server, transport_to(server) as transport:
        for _ in range(3):
            assert (await transport.request(Request("HEAD", "/"))).body == b""
        assert server.connections == 1
