"""One connection: the bytes that are written and read, when the connection may be reused, and how it ends."""

from __future__ import annotations

import asyncio
import errno

import pytest

from kubeloop.transport.http1.connection import READ_BYTES, Connection
from kubeloop.transport.http1.protocol_error import BadResponse, Broken, Closed, Silent
from tests.support.connected import CHUNKED, OK, UNTIL_CLOSE, WRITE, ask, failure_of, opened, turns


async def test_a_request_and_its_response() -> None:
    connection, wire = opened()
    assert connection.is_reusable
    assert not connection.is_used
    head = await ask(connection, wire, OK + b"hello")
    assert (head.status, head.length) == (200, 5)
    assert bytes(wire.written) == b"head"
    assert connection.is_complete
    assert connection.is_used
    assert not connection.is_reusable, "the body has not been read"
    assert connection.take() == b"hello"
    assert connection.is_reusable
    assert await connection.read() == b""
    assert repr(connection) == f"<Connection idle, {len(OK) + 5} bytes received>"


async def test_a_small_body_is_written_with_its_head() -> None:
    connection, wire = opened()
    task = asyncio.ensure_future(connection.send(b"head", b"x" * WRITE, method="PUT"))
    await turns()
    assert wire.writes == [4 + WRITE]
    assert connection.has_sent
    wire.deliver(OK + b"hello")
    await task


async def test_a_large_body_is_written_as_the_socket_takes_it() -> None:
    connection, wire = opened()
    body = bytes(range(256)) * (WRITE * 2 // 256) + b"end"
    task = asyncio.ensure_future(connection.send(b"head", body, method="PUT"))
    wire.fill(1)
    await turns()
    assert wire.writes == [4, WRITE]
    wire.fill(0)
    await turns()
    assert wire.writes == [4, WRITE, WRITE, 3]
    assert bytes(wire.written) == b"head" + body
    wire.deliver(OK + b"hello")
    await task
    assert connection.take() == b"hello"
    assert connection.is_reusable


@pytest.mark.parametrize("status", [299, 300, 413])
async def test_a_response_before_the_body_is_sent(status: int) -> None:
    """A success may need the rest of the body; any other response was sent without it."""
    connection, wire = opened()
    task = asyncio.ensure_future(connection.send(b"head", b"x" * (3 * WRITE), method="PUT"))
    wire.fill(WRITE)
    await turns()
    wire.deliver(OK.replace(b"200", b"%d" % status) + b"hel")
    assert (await task).status == status
    assert wire.writes == ([4, WRITE, 2 * WRITE] if status < 300 else [4, WRITE])
    wire.waiting = 0
    wire.deliver(b"lo")
    assert await connection.read() == b"hello"
    assert connection.is_reusable is (status < 300)
    assert wire.is_closing() is (status >= 300)


async def test_a_response_while_the_request_waits_to_be_sent_costs_the_connection() -> None:
    connection, wire = opened()
    task = asyncio.ensure_future(connection.send(b"head", b"body", method="PUT"))
    await turns()
    wire.waiting = 1
    wire.deliver(OK + b"hello")
    await task
    assert connection.take() == b"hello"
    assert not connection.is_reusable
    assert wire.is_closing()


async def test_a_write_that_fails_at_once_has_sent_nothing() -> None:
    for body in (None, b"x" * (WRITE + 1)):
        connection, wire = opened()
        wire.breaks_at_write = True
        error = await failure_of(connection.send(b"head", body, method="PUT"))
        assert isinstance(error, Broken)
        assert str(error) == "the connection broke without a response"
        assert isinstance(error.cause, ConnectionResetError)
        assert not connection.has_sent
        assert not connection.has_begun


async def test_what_breaks_after_the_first_piece_has_sent_something() -> None:
    connection, wire = opened()
    task = asyncio.ensure_future(connection.send(b"head", b"x" * (3 * WRITE), method="PUT"))
    wire.fill(1)
    await turns()
    wire.break_off(None)
    await failure_of(task)
    assert connection.has_sent
    assert wire.writes == [4, WRITE]


@pytest.mark.parametrize("response", [OK + b"hello", CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", UNTIL_CLOSE + b"hello"])
async def test_bodies_in_any_pieces(response: bytes) -> None:
    for size in (1, 2, 7, 1000):
        connection, wire = opened()
        task = asyncio.ensure_future(connection.send(b"head", None, method="GET"))
        await turns()
        for at in range(0, len(response), size):
            wire.deliver(response[at : at + size])
        if response.startswith(UNTIL_CLOSE):
            wire.end()
        await task
        body = b""
        while piece := await connection.read():
            body += piece
        assert body == b"hello"
        assert connection.is_reusable is not response.startswith(UNTIL_CLOSE)


@pytest.mark.parametrize(
    ("response", "method"),
    [
        (OK, "HEAD"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "GET"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "GET"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET"),
    ],
)
async def test_responses_without_a_body(response: bytes, method: str) -> None:
    connection, wire = opened()
    await ask(connection, wire, response, method=method)
    assert connection.is_complete
    assert connection.is_reusable
    await ask(connection, wire, OK + b"hello")
    assert connection.take() == b"hello"


@pytest.mark.parametrize("response", [OK + b"hello", CHUNKED + b"0\r\n\r\n", b"HTTP/1.1 204 X\r\n\r\n"])
async def test_bytes_beyond_a_response_close_the_connection(response: bytes) -> None:
    for extra in (b"\r\n", b"x", OK):
        connection, wire = opened()
        await ask(connection, wire, response + extra)
        assert connection.is_complete
        connection.take()
        assert not connection.is_reusable
        assert wire.is_closing()
        connection, wire = opened()
        await ask(connection, wire, response)
        wire.deliver(extra)
        connection.take()
        assert not connection.is_reusable
        assert wire.is_closing()
        assert not await connection.is_quiet()
        assert str(await failure_of(connection.send(b"head", None, method="GET"))) == "the connection was closed"
        assert not connection.has_sent


async def test_a_server_that_speaks_first() -> None:
    connection, wire = opened()
    wire.deliver(b"220 mail")
    error = await failure_of(connection.send(b"head", None, method="GET"))
    assert (type(error), str(error)) == (BadResponse, "the server sent bytes before the first request")


async def test_a_response_that_closes() -> None:
    connection, wire = opened()
    await ask(connection, wire, OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"hello")
    assert connection.take() == b"hello"
    assert not connection.is_reusable
    assert wire.is_closing()


@pytest.mark.parametrize("how", ["end", "break"])
@pytest.mark.parametrize(
    ("arrived", "where"),
    [
        (b"", "without a response"),
        (b"HTTP", "in the middle of the response"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "in the middle of the response"),
        (OK + b"hell", "in the middle of the response"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n", "in the middle of the response"),
    ],
)
async def test_an_early_end(arrived: bytes, where: str, how: str) -> None:
    connection, wire = opened()
    task = asyncio.ensure_future(connection.send(b"head", None, method="GET"))
    await turns()
    wire.deliver(arrived)
    reset = ConnectionResetError(errno.ECONNRESET, "reset")
    wire.end() if how == "end" else wire.break_off(reset)
    await turns()

    async def whole() -> None:
        await task
        while await connection.read():
            pass

    error = await failure_of(whole())
    assert isinstance(error, Broken)
    what = "the server closed the connection" if how == "end" else "the connection broke"
    assert str(error) == f"{what} {where}"
    assert error.cause is (None if how == "end" else reset)
    assert connection.has_begun is bool(arrived)
    assert not connection.is_reusable


async def test_a_body_without_a_length_must_not_break() -> None:
    connection, wire = opened()
    await ask(connection, wire, UNTIL_CLOSE + b"hel")
    wire.break_off(ConnectionResetError(errno.ECONNRESET, "reset"))
    await turns()
    assert await connection.read() == b"hel"
    assert isinstance(await failure_of(connection.read()), Broken)


async def test_the_end_of_a_kept_connection_is_no_failure() -> None:
    connection, wire = opened()
    await ask(connection, wire, b"HTTP/1.1 204 X\r\n\r\n")
    wire.end()
    await turns()
    assert not connection.is_reusable
    assert connection.is_complete


async def test_the_reason_of_a_break_before_the_first_request_is_reported() -> None:
    connection, wire = opened()
    refused = OSError(errno.EPROTO, "refused")
    wire.break_off(refused)
    error = await failure_of(connection.send(b"head", None, method="GET"))
    assert isinstance(error, Broken)
    assert error.cause is refused
    assert not connection.has_sent


async def test_bytes_before_a_fault_are_read_before_the_fault_is_raised() -> None:
    connection, wire = opened()
    await ask(connection, wire, CHUNKED + b"3\r\nabc\r\nnonsense\r\n")
    assert wire.is_closing()
    assert not connection.is_complete
    assert await connection.read() == b"abc"
    assert isinstance(await failure_of(connection.read()), BadResponse)


async def test_pieces_come_as_they_were_sent() -> None:
    connection, wire = opened()
    await ask(connection, wire, CHUNKED + b"3\r\nabc\r\n2\r\nd")
    assert [await connection.read_piece(), await connection.read_piece()] == [b"abc", b"d"]
    waiting = asyncio.ensure_future(connection.read_piece())
    await turns()
    wire.deliver(b"e\r\n1\r\nf\r\n0\r\n\r\n")
    assert await waiting == b"e"
    assert await connection.read() == b"f"
    assert await connection.read_piece() == b""


async def test_very_many_pieces_are_joined() -> None:
    connection, wire = opened()
    await ask(connection, wire, CHUNKED + b"1\r\na\r\n" * 64)
    assert len(connection._pieces) == 64
    wire.deliver(b"1\r\nb\r\n")
    assert list(connection._pieces) == [b"a" * 64 + b"b"]


async def test_reading_pauses_while_too_much_waits() -> None:
    connection, wire = opened()
    await ask(connection, wire, UNTIL_CLOSE)
    wire.deliver(b"x" * READ_BYTES)
    assert not wire.is_paused
    wire.deliver(b"y")
    assert wire.is_paused
    assert connection.is_paused
    assert len(await connection.read()) == READ_BYTES + 1
    assert not wire.is_paused
    assert not connection.is_paused


async def test_reading_resumes_once_most_pieces_are_taken() -> None:
    connection, wire = opened()
    await ask(connection, wire, CHUNKED)
    wire.deliver(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
    wire.deliver(b"30001\r\n" + b"y" * 0x30001 + b"\r\n")
    assert wire.is_paused
    assert len(await connection.read_piece()) == 0x10000
    assert wire.is_paused
    while wire.is_paused:
        await connection.read_piece()
    assert connection._held <= 1 << 16


async def test_a_cancelled_reader_loses_nothing() -> None:
    connection, wire = opened()
    await ask(connection, wire, OK)
    waiting = asyncio.ensure_future(connection.read())
    await turns()
    wire.deliver(b"hello")
    waiting.cancel()
    assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], asyncio.CancelledError)
    assert await connection.read() == b"hello"
    assert connection.is_reusable


async def test_a_cancelled_request_closes_the_connection() -> None:
    connection, wire = opened()
    task = asyncio.ensure_future(connection.send(b"head", None, method="GET"))
    await turns()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert wire.is_closing()
    assert isinstance(await failure_of(connection.send(b"head", None, method="GET")), Closed)


async def test_aborting_fails_what_runs_and_leaves_alone_what_has_ended() -> None:
    connection, wire = opened()
    task = asyncio.ensure_future(connection.send(b"head", None, method="GET"))
    await turns()
    connection.abort()
    assert isinstance(await failure_of(task), Closed)
    await connection.wait_closed()
    connection, wire = opened()
    await ask(connection, wire, OK + b"hello")
    connection.abort()
    assert connection.take() == b"hello"
    assert await connection.read() == b""
    assert not connection.is_reusable


async def test_the_callback_gets_the_end() -> None:
    connection, wire = opened()
    ended: list[Connection] = []
    connection.on_lost = ended.append
    await Connection(bytearray(READ_BYTES)).wait_closed()
    wire.abort()
    await connection.wait_closed()
    assert ended == [connection]
    assert connection.has_arrived()


async def test_a_transport_that_has_ended_is_not_touched_again() -> None:
    """asyncio's transport fails if it is aborted after an end that it waited for with bytes to send."""
    connection, wire = opened()
    connection.connection_lost(None)
    wire.abort = None  # type: ignore[assignment,method-assign]
    connection.abort()
    assert not connection.is_reusable
    assert isinstance(await failure_of(connection.send(b"head", None, method="GET")), Broken)


async def test_silence_ends_what_runs() -> None:
    """(C6)"""
    connection, wire = opened()
    now = float(int(asyncio.get_running_loop().time()))  # whole seconds, whose sums are exact
    connection.check_silence(now + 1000, 180)
    assert connection.is_reusable
    task = asyncio.ensure_future(connection.send(b"head", None, method="GET"))
    await turns()
    connection.check_silence(now + 179, 180)
    await turns()
    assert not task.done()
    connection.check_silence(now + 182, 180)
    error = await failure_of(task)
    assert (type(error), str(error)) == (Silent, "nothing was sent or received")
    assert wire.is_closing()


@pytest.mark.parametrize("progress", ["received", "sent", "both"])
async def test_any_progress_is_no_silence(progress: str) -> None:
    """(C6)"""
    connection, wire = opened()
    now = float(int(asyncio.get_running_loop().time()))  # whole seconds, whose sums are exact
    task = asyncio.ensure_future(connection.send(b"head", b"x" * (2 * WRITE), method="PUT"))
    wire.fill(WRITE)
    await turns()
    connection.check_silence(now + 100, 180)
    for number in range(1, 10):
        if progress != "sent":
            wire.deliver(b"HTTP/1.1 100 Continue\r\n\r\n"[number - 1 : number])
        if progress != "received":
            wire.waiting -= 1
        connection.check_silence(now + 100 + number * 170, 180)
    connection.check_silence(now + 100 + 9 * 170 + 179, 180)
    await turns()
    assert not task.done()
    connection.check_silence(now + 100 + 9 * 170 + 180, 180)
    assert isinstance(await failure_of(task), Silent)


async def test_a_body_that_may_fall_silent_and_a_slow_consumer_are_left_alone() -> None:
    """(C6)"""
    connection, wire = opened()
    now = float(int(asyncio.get_running_loop().time()))  # whole seconds, whose sums are exact
    await ask(connection, wire, UNTIL_CLOSE)
    connection.may_fall_silent = True
    connection.check_silence(now + 1000, 180)
    assert not wire.is_closing()
    connection.may_fall_silent = False
    wire.deliver(b"x" * (READ_BYTES + 1))
    wire.deliver(b"x" * (READ_BYTES + 1))
    assert wire.is_paused
    connection.check_silence(now + 2000, 180)
    connection.check_silence(now + 3000, 180)
    assert not wire.is_closing()
    await connection.read()
    connection.check_silence(now + 3001, 180)
    assert not wire.is_closing()


async def test_another_protocol_is_a_stream_of_bytes() -> None:
    connection, wire = opened()
    switch = b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    assert (await ask(connection, wire, switch + b"first", may_switch=True)).status == 101
    assert connection.may_fall_silent
    assert await connection.read() == b"first"
    await connection.write(b"ping")
    assert bytes(wire.written) == b"headping"
    assert connection.takes_more
    wire.fill(1)
    assert not connection.takes_more
    writing = [asyncio.ensure_future(connection.write(b"%d" % number)) for number in range(3)]
    await turns()
    assert not any(task.done() for task in writing)
    writing[0].cancel()
    wire.fill(0)
    await asyncio.gather(*writing, return_exceptions=True)
    assert bytes(wire.written) == b"headping012"
    wire.end()
    assert await connection.read() == b""
    with pytest.raises(Broken, match="the connection was closed"):
        connection.put(b"more")


async def test_a_writer_that_waits_gets_the_end() -> None:
    connection, wire = opened()
    await ask(connection, wire, b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", may_switch=True)
    wire.fill(1)
    writing = asyncio.ensure_future(connection.write(b"x"))
    await turns()
    connection.abort()
    assert isinstance(await failure_of(writing), Closed)


async def test_a_connection_that_reads_a_response_is_not_written_to() -> None:
    connection, wire = opened()
    await ask(connection, wire, OK)
    with pytest.raises(Broken):
        connection.put(b"x")
    with pytest.raises(Broken):
        await connection.write(b"x")
    assert bytes(wire.written) == b"head"
