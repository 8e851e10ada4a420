"""Streams without a task: bodies that say when something is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from kubeloop.serving.pushed_body import PushedBody
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse
from tests.support.serving import GET, Client, request


class Pieces:
    """A `PushedBody` that a test fills. As an iterator it has nothing, so that a test sees which way was taken."""

    def __init__(self) -> None:
        self.on_ready: Callable[[], None] | None = None
        self.ready: list[bytes] = []
        self.error: Exception | None = None
        self.has_ended = False
        self.closed = 0

    def add(self, *pieces: bytes) -> None:
        """Add pieces and say so."""
        self.ready += pieces
        if self.on_ready is not None:
            self.on_ready()

    def end(self) -> None:
        """End the body after what is ready."""
        self.has_ended = True
        self.add()

    def take(self) -> bytes | None:
        """Return all that is ready."""
        if self.error is not None:
            raise self.error
        taken, self.ready = b"".join(self.ready), []
        if taken and self.has_ended:
            self.add()
        return None if self.has_ended and not taken else taken

    def close(self) -> None:
        """Count the calls."""
        self.closed += 1

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the body."""
        self.close()


def streaming(*bodies: Pieces) -> Callable[[Request], Response | StreamedResponse]:
    """Return a handler that streams the bodies in turn to GETs, and returns its path to others."""
    left = list(bodies)

    def handler(received: Request) -> Response | StreamedResponse:
        if received.method == "POST":
            return Response(200, Headers(), received.path.encode())
        return StreamedResponse(left.pop(0), 200, Headers())

    return handler


def sent(client: Client) -> bytes:
    """Return what the client has read, and leave it there."""
    return bytes(client.socket.written)


def test_only_what_says_when_it_is_ready_is_a_pushed_body() -> None:
    async def generator() -> object:
        yield b""

    assert isinstance(Pieces(), PushedBody)
    assert not isinstance(generator(), PushedBody)


@in_virtual_time
async def test_pieces_are_written_when_they_are_ready_without_a_task() -> None:
    body = Pieces()
    client = Client(streaming(body))
    client.send(GET)
    assert client.connection.is_streaming
    assert sent(client).endswith(b"Transfer-Encoding: chunked\r\n\r\n")
    body.add(b"one")
    body.add(b"two")
    assert b"one" not in sent(client)  # in the next turn of the loop
    await settle()
    assert sent(client).endswith(b"6\r\nonetwo\r\n")
    assert client.connection.task is None
    body.add(b"three")
    body.end()
    await settle()
    (response,) = client.responses()
    assert response.body == b"onetwothree"
    assert (body.closed, body.on_ready, client.connection.is_streaming) == (1, None, False)
    await client.leave()


@in_virtual_time
async def test_a_request_after_a_stream_gets_its_response() -> None:
    first, second = Pieces(), Pieces()
    client = Client(streaming(first, second))
    client.send(GET + request("POST", "/next") + GET)
    first.end()
    await settle()
    second.end()
    await settle()
    assert [each.body for each in client.responses()] == [b"", b"/next", b""]
    await client.leave()


@in_virtual_time
async def test_a_stream_that_is_awaited_hands_the_connection_over() -> None:
    body = Pieces()
    body.has_ended = True  # at the first look, before the task is done

    async def respond(received: Request) -> Response | StreamedResponse:
        await asyncio.sleep(1)
        return Response(200, Headers(), b"after") if received.method == "POST" else StreamedResponse(body)

    client = Client(respond)
    client.send(GET + request("POST", "/"))
    await asyncio.sleep(3)
    await settle()
    assert [each.body for each in client.responses()] == [b"", b"after"]
    assert body.closed == 1
    await client.leave()


@in_virtual_time
async def test_a_client_that_leaves_closes_the_body() -> None:
    body = Pieces()
    client = Client(streaming(body))
    client.send(GET)
    await settle()
    await client.leave()
    assert body.closed == 1
    body.add(b"late")
    await settle()
    assert b"late" not in sent(client)


@in_virtual_time
async def test_nothing_is_taken_while_the_client_does_not_read() -> None:
    body = Pieces()
    client = Client(streaming(body))
    client.send(GET)
    await settle()
    client.connection.pause_writing()
    body.add(b"waits")
    await settle()
    assert body.ready == [b"waits"]
    client.connection.resume_writing()
    await settle()
    assert sent(client).endswith(b"5\r\nwaits\r\n")
    await client.leave()


@in_virtual_time
async def test_a_body_that_fails_ends_its_connection_alone(caplog: pytest.LogCaptureFixture) -> None:
    bad, good = Pieces(), Pieces()
    client = Client(streaming(bad, good))
    other = Client(streaming(), server=client.server)
    client.send(GET)
    other.send(GET)
    await settle()
    bad.error = RuntimeError("broken")
    bad.add()
    good.add(b"fine")
    await settle()
    assert client.is_closed()
    assert b"0\r\n\r\n" not in sent(client)  # it is not complete
    assert bad.closed == 1
    assert sent(other).endswith(b"4\r\nfine\r\n")
    assert "cannot be completed" in caplog.text
    await other.leave()


@in_virtual_time
async def test_the_end_of_the_server_ends_a_stream_in_order() -> None:
    body = Pieces()
    client = Client(streaming(body))
    client.send(GET)
    body.add(b"one")
    await settle()
    await client.server.stop(1.0)
    (response,) = client.responses()
    assert response.body == b"one"
    assert body.closed == 1


@in_virtual_time
async def test_an_old_client_gets_the_pieces_without_chunks() -> None:
    body = Pieces()
    client = Client(streaming(body))
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    body.add(b"one")
    body.end()
    await settle()
    assert sent(client).endswith(b"\r\n\r\none")
    assert client.is_closed()


@in_virtual_time
async def test_a_head_request_gets_no_body() -> None:
    body = Pieces()
    client = Client(streaming(body))
    client.send(request("HEAD"))
    await settle()
    (response,) = client.responses("HEAD")
    assert (response.status, response.body, body.closed) == (200, b"", 1)
    await client.leave()
