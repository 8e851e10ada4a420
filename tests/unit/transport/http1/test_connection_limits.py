"""One connection: its limits exactly, and its state before and between its exchanges."""

from __future__ import annotations

import asyncio
import errno
import select
import ssl
from typing import Any

import pytest

from kubeloop.transport.http1.connection import READ_BYTES, Connection
from kubeloop.transport.http1.protocol_error import BadResponse, Broken, Silent
from tests.support.connected import CHUNKED, OK, UNTIL_CLOSE, WRITE, ask, failure_of, opened, turns
from tests.support.pooling import Line

SWITCH = b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"


def chunk(size: int) -> bytes:
    return b"%x\r\n%s\r\n" % (size, b"x" * size)


async def test_a_connection_that_was_not_used() -> None:
    for connection in (Connection(bytearray(READ_BYTES)), opened()[0]):
        assert not connection.has_sent
        assert not connection.has_begun
        assert not connection.is_used
        assert not connection.may_fall_silent
        assert not connection.is_paused
        assert connection.takes_more
        assert connection.received == 0
    assert repr(Connection(bytearray(READ_BYTES))) == "<Connection new, 0 bytes received>"


async def test_a_request_without_a_transport() -> None:
    connection = Connection(bytearray(READ_BYTES))
    assert not connection.is_reusable
    error = await failure_of(connection.send(b"head", None, method="GET"))
    assert str(error) == "the connection was closed"


@pytest.mark.parametrize("why", [None, ConnectionResetError(errno.ECONNRESET, "reset")])
async def test_nothing_is_written_on_a_kept_connection_that_closes(why: OSError | None) -> None:
    connection, wire = opened()
    await ask(connection, wire, OK + b"hello")
    connection.take()
    wire.break_off(why)
    error = await failure_of(connection.send(b"head", None, method="GET"))
    assert (type(error), str(error)) == (Broken, "the connection was closed")
    assert wire.writes == [4]
    assert not connection.has_sent


async def test_nothing_is_written_while_a_response_is_read() -> None:
    connection, wire = opened()
    await ask(connection, wire, OK)
    error = await failure_of(connection.send(b"head", None, method="GET"))
    assert (type(error), str(error)) == (Broken, "the connection was closed")
    assert wire.writes == [4]


async def test_another_protocol_only_if_it_was_asked_for() -> None:
    connection, wire = opened()
    task = asyncio.ensure_future(connection.send(b"head", None, method="GET"))
    await turns()
    wire.deliver(SWITCH)
    assert isinstance(await failure_of(task), BadResponse)


async def test_that_a_body_may_fall_silent_holds_for_that_body() -> None:
    connection, wire = opened()
    await ask(connection, wire, OK)
    connection.may_fall_silent = True
    wire.deliver(b"hello")
    connection.take()
    await ask(connection, wire, OK)
    assert not connection.may_fall_silent


@pytest.mark.parametrize(("left", "is_paused"), [(0x10000, False), (0x10001, True)])
async def test_where_reading_resumes(left: int, is_paused: bool) -> None:
    connection, wire = opened()
    await ask(connection, wire, CHUNKED)
    wire.deliver(chunk(0x40001 - left))
    wire.deliver(chunk(left))
    assert wire.is_paused
    assert len(await connection.read_piece()) == 0x40001 - left
    assert wire.is_paused is is_paused
    assert connection.is_paused is is_paused


async def test_where_reading_pauses_after_all_has_been_taken() -> None:
    connection, wire = opened()
    await ask(connection, wire, UNTIL_CLOSE)
    for _ in range(2):
        wire.deliver(b"x")
        await connection.read()
        wire.deliver(b"x" * 0x40000)
        assert not wire.is_paused
        wire.deliver(b"x")
        assert wire.is_paused
        assert len(await connection.read()) == 0x40001
        wire.deliver(b"x")
        await connection.read_piece()


@pytest.mark.parametrize("size", [5, 0x40001])
async def test_what_a_body_held_does_not_count_for_the_next(size: int) -> None:
    connection, wire = opened()
    for _ in range(3):
        await ask(connection, wire, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        wire.deliver(b"x" * size)
        body = b""
        while piece := await connection.read_piece():
            body += piece
        assert len(body) == size
        assert not wire.is_paused
        assert connection._held == 0


async def test_what_the_operating_system_holds_on_a_kept_connection() -> None:
    connection = Connection(bytearray(READ_BYTES))
    assert connection.has_arrived()
    assert not await connection.is_quiet()
    with Line(connection) as line:
        assert not connection.has_arrived()
        assert await connection.is_quiet()
        line.theirs.send(b"x")
        assert connection.has_arrived()
        assert not await connection.is_quiet(), "the loop never finishes reading"
        line.ours.recv(1)
        assert not connection.has_arrived()
        assert await connection.is_quiet()
        line.break_off(None)
        assert connection.has_arrived()
        assert not await connection.is_quiet()


async def test_a_transport_without_a_socket_is_never_quiet() -> None:
    connection, _ = opened()
    assert connection.is_reusable
    assert connection.has_arrived()
    assert not await connection.is_quiet()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200", OK, CHUNKED, UNTIL_CLOSE])
async def test_silence_ends_an_exchange_wherever_it_is(head: bytes) -> None:
    connection, wire = opened()
    now = float(int(asyncio.get_running_loop().time()))  # whole seconds, whose sums are exact
    task = asyncio.ensure_future(connection.send(b"head", None, method="GET"))
    await turns()
    wire.deliver(head)
    connection.check_silence(now + 100, 180)
    connection.check_silence(now + 279, 180)
    assert not wire.is_closing()
    connection.check_silence(now + 280, 180)
    assert wire.is_closing()

    async def whole() -> None:
        await task
        await connection.read()

    assert isinstance(await failure_of(whole()), Silent)


async def test_systems_without_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("select.poll")
    connection = Connection(bytearray(READ_BYTES))
    with Line(connection) as line:
        assert not connection.has_arrived()
        line.theirs.send(b"x")
        assert connection.has_arrived()


class Alerts:
    """The TLS of a transport, of which only the end is used."""

    def __init__(self, outcome: bytes | Exception) -> None:
        self.outcome = outcome

    def read(self, size: int) -> bytes:
        assert size > 0
        if isinstance(self.outcome, bytes):
            return self.outcome[:size]
        raise self.outcome


@pytest.mark.parametrize(
    ("outcome", "is_whole"),
    [
        (b"", True),
        (ssl.SSLZeroReturnError(), True),
        (ssl.SSLWantReadError(), False),
        (ssl.SSLEOFError(), False),
        (b"x", False),
    ],
)
async def test_over_tls_an_end_has_to_be_meant(outcome: bytes | Exception, is_whole: bool) -> None:
    connection, wire = opened()
    wire.tls = Alerts(outcome)
    await ask(connection, wire, UNTIL_CLOSE + b"hello")
    wire.end()
    await turns()
    assert await connection.read() == b"hello"
    assert connection.is_complete is is_whole
    if is_whole:
        assert await connection.read() == b""
    else:
        error = await failure_of(connection.read())
        assert str(error) == "the server closed the connection in the middle of the response"


@pytest.mark.parametrize("arrived", [OK + b"hell", CHUNKED + b"1\r\nh\r\n0\r\n", b""])
async def test_no_alert_makes_up_for_a_missing_part(arrived: bytes) -> None:
    connection, wire = opened()
    wire.tls = Alerts(b"")
    task = asyncio.ensure_future(connection.send(b"head", None, method="GET"))
    await turns()
    wire.deliver(arrived)
    wire.end()
    await turns()

    async def whole() -> None:
        await task
        while await connection.read():
            pass

    assert isinstance(await failure_of(whole()), Broken)


class Poll:
    """An operating system that records how long it was asked to wait."""

    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def register(self, number: int, events: int) -> None:
        assert number >= 0
        assert events == select.POLLIN

    def poll(self, timeout: float) -> list[object]:
        self.timeouts.append(timeout)
        return []

    def select(self, *arguments: Any) -> tuple[list[int], list[int], list[int]]:
        self.timeouts.append(arguments[3])
        return [], [], []


@pytest.mark.parametrize("has_poll", [True, False])
async def test_looking_at_a_connection_never_waits(monkeypatch: pytest.MonkeyPatch, has_poll: bool) -> None:
    system = Poll()
    if has_poll:
        monkeypatch.setattr("select.poll", lambda: system)
    else:
        monkeypatch.delattr("select.poll")
        monkeypatch.setattr("select.select", system.select)
    connection = Connection(bytearray(READ_BYTES))
    with Line(connection):
        assert not connection.has_arrived()
    assert system.timeouts == [0]


async def test_a_piece_of_the_body_that_was_sent_is_no_silence() -> None:
    """(C6) Even if as much was written as the socket has accepted."""
    connection, wire = opened()
    now = float(int(asyncio.get_running_loop().time()))  # whole seconds, whose sums are exact
    task = asyncio.ensure_future(connection.send(b"head", b"x" * (2 * WRITE), method="PUT"))
    wire.fill(WRITE)
    await turns()
    connection.check_silence(now + 100, 180)
    wire.fill(0)
    await turns()
    connection.check_silence(now + 179, 180)
    connection.check_silence(now + 281, 180)
    assert not wire.is_closing()
    connection.check_silence(now + 359, 180)
    assert isinstance(await failure_of(task), Silent)
