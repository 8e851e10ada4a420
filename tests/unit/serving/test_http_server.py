"""The server over sockets, with other clients: that of the standard library, kubeloop's own, and raw bytes."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest

from kubeloop.serving import HTTPServer, server_tls_context
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse
from tests.support.certificates import authority
from tests.support.serving import turns
from tests.support.transports import transport_to

T = TypeVar("T")


def respond(request: Request) -> Response | StreamedResponse:
    """Return what was requested, as JSON; `/stream` streams it three times, `/large` returns a large body."""
    answer = json.dumps({"method": request.method, "target": request.target, "body": (request.body or b"").decode()})
    if request.path == "/stream":
        return StreamedResponse(thrice(answer.encode()))
    if request.path == "/large":
        return Response(200, Headers(), b"0123456789" * 100_000)
    return Response(201 if request.method == "POST" else 200, Headers([("X-A", "1"), ("X-A", "2")]), answer.encode())


async def thrice(piece: bytes) -> AsyncGenerator[bytes]:
    for _ in range(3):
        await asyncio.sleep(0)
        yield piece


@asynccontextmanager
async def served(**settings: object) -> AsyncGenerator[HTTPServer]:
    async with HTTPServer(respond, max_body_bytes=1 << 20, **settings) as server:  # type: ignore[arg-type]
        yield server


async def in_thread(call: Callable[[], T]) -> T:
    """Run a blocking client while the server runs, and end its thread."""
    loop = asyncio.get_running_loop()
    future = loop.run_in_executor(None, call)
    try:
        return await future
    finally:
        await loop.shutdown_default_executor()


def test_outside_of_its_block_a_server_has_no_address() -> None:
    server = HTTPServer(respond, max_body_bytes=0)
    assert repr(server) == "<HTTPServer closed, 0 connections>"
    with pytest.raises(RuntimeError, match="async with HTTPServer"):
        _ = server.port


async def test_the_address() -> None:
    async with served() as server:
        assert server.address == "127.0.0.1"
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert repr(server) == f"<HTTPServer on 127.0.0.1:{server.port}, 0 connections>"
        port = server.port
    async with served(host="::1", port=port) as server:
        assert (server.port, server.url) == (port, f"http://[::1]:{port}")


async def test_an_address_in_use_is_an_error() -> None:
    async with served() as server:
        with pytest.raises(OSError, match="address already in use"):
            async with served(port=server.port):
                pass


async def test_a_reserved_port_can_be_shared() -> None:
    with socket.socket() as reserving:
        reserving.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserving.bind(("127.0.0.1", 0))
        port = reserving.getsockname()[1]
        with pytest.raises(OSError, match="address already in use"):
            async with served(port=port):
                pass
        async with served(port=port, shares_port=True) as server, transport_to(server) as transport:
            assert (await transport.request(Request("GET", "/"))).status == 200


@pytest.mark.parametrize("count", range(6))
async def test_connections_that_are_accepted_while_the_block_ends_are_closed(count: int) -> None:
    async with served() as server:
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        await turns(count)
    for client in clients:
        with client, suppress(ConnectionResetError):
            client.settimeout(5)
            assert client.recv(1) == b""


async def test_a_server_is_entered_once() -> None:
    async with served() as server:
        port = server.port
        with pytest.raises(RuntimeError, match="was entered before; create another server"):
            await server.__aenter__()
        assert server.port == port
    with pytest.raises(RuntimeError, match="was entered before; create another server"):
        await server.__aenter__()


async def test_the_client_of_the_standard_library() -> None:
    async with served() as server:

        def call() -> list[tuple[int, bytes]]:
            found = []
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            for method, target, body in [
                ("GET", "/a?b=c", None),
                ("POST", "/b", "body"),
                ("POST", "/c", iter([b"in ", b"chunks"])),
                ("HEAD", "/d", None),
                ("GET", "/stream", None),
                ("GET", "/large", None),
                ("DELETE", "/e", None),
            ]:
                connection.request(method, target, body, encode_chunked=True)
                response = connection.getresponse()
                found.append((response.status, response.read()))
                if target == "/a?b=c":
                    assert response.getheader("X-A") == "1, 2"
            connection.close()
            return found

        answers = await in_thread(call)
        assert [status for status, _ in answers] == [200, 201, 201, 200, 200, 200, 200]
        assert json.loads(answers[0][1]) == {"method": "GET", "target": "/a?b=c", "body": ""}
        assert json.loads(answers[1][1])["body"] == "body"
        assert json.loads(answers[2][1])["body"] == "in chunks"
        assert answers[3][1] == b""
        assert answers[4][1].count(b'"/stream"') == 3
        assert answers[5][1] == b"0123456789" * 100_000


@pytest.mark.parametrize("with_tls", [False, True])
async def test_kubeloops_own_client(with_tls: bool, tmp_path: Path) -> None:
    context = tls(tmp_path) if with_tls else None
    async with served(tls=context) as server, transport_to(server) as transport:
        answer = await transport.request(Request("POST", "/x?y=z", {}, b"body" * 100_000))
        assert json.loads(answer.body) == {"method": "POST", "target": "/x?y=z", "body": "body" * 100_000}
        assert (await transport.request(Request("GET", "/large"))).body == b"0123456789" * 100_000
        async with transport.stream(Request("GET", "/stream")) as stream:
            pieces = [json.loads(piece)["target"] async for piece in stream]
        assert pieces == ["/stream"] * 3


def tls(directory: Path) -> ssl.SSLContext:
    """Return the context of a server with a certificate of the authority of the tests."""
    pair = authority().sign("server")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    return server_tls_context(certificate, key)


async def test_bytes_that_are_not_tls_end_the_connection(tmp_path: Path) -> None:
    async with served(tls=tls(tmp_path)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        with suppress(ConnectionError):
            received = await reader.read()
        assert b"HTTP" not in received
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_client_that_is_silent_during_the_handshake_does_not_delay_the_end(tmp_path: Path) -> None:
    async with served(tls=tls(tmp_path)) as server:
        silent = socket.create_connection(("127.0.0.1", server.port))
        async with transport_to(server) as transport:
            await transport.request(Request("GET", "/"))  # the silent connection was accepted before this one
    silent.settimeout(5)
    with silent, suppress(ConnectionResetError):
        assert silent.recv(1) == b""


async def test_a_stream_ends_with_the_block_and_an_idle_connection_too() -> None:
    async def endless() -> AsyncGenerator[bytes]:
        while True:
            yield b"tick"
            await asyncio.sleep(3600)

    async with HTTPServer(lambda _: StreamedResponse(endless()), max_body_bytes=0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"tick\r\n")
        idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", server.port)
    assert await reader.read() == b"0\r\n\r\n"
    assert await idle_reader.read() == b""
    for each in (writer, idle_writer):
        each.close()
        await each.wait_closed()
