"""One connection: exchanges in order, their bodies, bounded memory, refusals and failures."""

from __future__ import annotations

import asyncio
import gzip
import logging
from typing import Any

import pytest

from kubeloop.serving.server_connection import Handler
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.streamed_response import StreamedResponse
from tests.support.serving import (
    DATE,
    GET,
    Client,
    Counted,
    Received,
    echo,
    later,
    parse_responses,
    pieces,
    recorder,
    request,
)


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
