"""A transport that calls a function: bodies are closed, timeouts are those of a network, errors are passed on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from kubeloop import errors
from kubeloop.testing.in_process_transport import InProcessTransport
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse

GET = Request("GET", "/a?b=c")


class Pieces:
    """A body of pieces with a second between them, which notes that it was closed."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.is_closed = False

    async def __call__(self) -> AsyncGenerator[bytes]:
        """Yield the pieces."""
        try:
            for piece in self._pieces:
                yield piece
                await asyncio.sleep(1.0)
        finally:
            self.is_closed = True


def streaming(pieces: Pieces, status: int = 200) -> InProcessTransport:
    return InProcessTransport(lambda _: StreamedResponse(pieces(), status, Headers([("A", "b")])))


@in_virtual_time
async def test_a_response_is_returned_without_a_copy() -> None:
    response = Response(200, Headers([("A", "b")]), b"body")

    received = await InProcessTransport(lambda _: response).request(GET)

    assert (received.status, received.headers, received.body) == (200, response.headers, b"body")


@in_virtual_time
async def test_a_stream_is_read_to_its_end_by_a_request() -> None:
    pieces = Pieces(b"a", b"b")

    assert (await streaming(pieces).request(GET)).body == b"ab"
    assert pieces.is_closed


@in_virtual_time
async def test_a_body_that_was_not_read_to_its_end_is_closed() -> None:
    pieces = Pieces(b"a", b"b")

    async with streaming(pieces).stream(GET) as body:
        assert (body.status, body.headers["a"]) == (200, "b")
        assert await anext(aiter(body)) == b"a"

    assert pieces.is_closed


@in_virtual_time
async def test_the_timeout_of_a_request_covers_its_body_and_that_of_a_stream_does_not() -> None:
    pieces = Pieces(b"a", b"b", b"c")

    with pytest.raises(errors.RequestTimeout, match=r"no response within 2\.5 s"):
        await streaming(pieces).request(GET, timeout=2.5)
    assert pieces.is_closed
    assert elapsed() == 2.5

    async with streaming(Pieces(b"a", b"b", b"c")).stream(GET, timeout=0.5) as body:
        assert await body.read() == b"abc"


@in_virtual_time
async def test_a_body_over_the_limit_is_an_error_unless_it_is_that_of_an_error() -> None:
    with pytest.raises(errors.BodyTooLarge, match=r"GET /a: the body has more than 3 bytes"):
        await streaming(Pieces(b"ab", b"cd")).request(GET, max_bytes=3)

    assert (await streaming(Pieces(b"ab", b"cd"), 500).request(GET, max_bytes=3)).body == b"abcd"


@in_virtual_time
async def test_an_error_of_the_function_is_passed_on() -> None:
    async def broken(_: Request) -> Response:
        raise errors.ConnectionLost("gone")

    for use in (InProcessTransport(broken).request(GET), InProcessTransport(broken).stream(GET).__aenter__()):
        with pytest.raises(errors.ConnectionLost, match="gone"):
            await use


@in_virtual_time
async def test_a_websocket_is_refused_with_the_response_of_the_function() -> None:
    transport = InProcessTransport(lambda _: Response(404, Headers(), b"no"))

    with pytest.raises(UpgradeRefused) as caught:
        await transport.upgrade(GET, subprotocols=["v5.channel.k8s.io"]).__aenter__()

    assert caught.value.response.status == 404
    assert repr(transport) == "<InProcessTransport>"
