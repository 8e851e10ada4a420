"""WebSockets whose server breaks the rules, is silent, sends too much, or never ends; over HTTP and TLS."""

from __future__ import annotations

import asyncio
import itertools
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from kubeloop.config import Config
from kubeloop.errors import ConnectionLost, KubeloopError, TransportError
from kubeloop.transport.base import Channel
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.certificates import authority
from tests.support.raw_server import raw_server, settled
from tests.support.reachable import reachable
from tests.support.skewed_loop import skewed, skip
from tests.support.websocket_server import Frame, Opcode, Peer, echo, frame, websocket

SECRET = "5ecret-51f0aa"
TLS = ssl.SSLContext | None
EXEC = Request("GET", "/exec", {"Authorization": f"Bearer {SECRET}"})
BLOCK = frame(2, bytes(1 << 16))


class Side:
    """Both ends of one WebSocket."""

    def __init__(self, transport: HTTPTransport) -> None:
        self.transport = transport
        self.frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        """The messages that the server receives, None at the end, if it listens."""

    async def listen(self, peer: Peer) -> None:
        """Receive as the server, until the client closes."""
        while (found := await peer.receive()) is not None:
            self.frames.put_nowait(found)
            if found.opcode is Opcode.CLOSE:
                break
        self.frames.put_nowait(None)


Talk = Callable[[Peer, Side], Awaitable[None]]


@asynccontextmanager
async def served(talk: Talk, tls: TLS) -> AsyncIterator[Side]:
    """Run a server with this conversation, which gets the peer and the `Side`."""

    async def run(peer: Peer) -> None:
        await talk(peer, side)

    async with raw_server(websocket(run, subprotocol=None), tls=tls) as server:
        side = Side(HTTPTransport(Config(host=server.url, ca_data=authority().certificate)))
        try:
            yield side
        finally:
            await side.transport.close()


@asynccontextmanager
async def opened(talk: Talk, tls: TLS) -> AsyncIterator[tuple[Channel, Side]]:
    async with served(talk, tls) as side, side.transport.upgrade(EXEC, subprotocols=[]) as channel:
        yield channel, side


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that sockets bring about; a test that waits in vain fails."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


# The end


async def goes_on(peer: Peer, data: bytes) -> None:
    while True:  # until the connection breaks
        peer.connection.writer.write(data)
        await peer.connection.writer.drain()
        await asyncio.sleep(0)


async def never_stops(peer: Peer, side: Side) -> None:
    await goes_on(peer, BLOCK)


async def says_nothing(peer: Peer, side: Side) -> None:
    await peer.connection.until_closed()


async def reads_nothing(peer: Peer, side: Side) -> None:
    peer.connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.Event().wait()


async def floods_with_empty_frames(peer: Peer, side: Side) -> None:
    await goes_on(peer, frame(2) * 10_000)


async def leaves_a_frame_open(peer: Peer, side: Side) -> None:
    await peer.raw(BLOCK[:-1])
    await peer.connection.until_closed()


@pytest.mark.parametrize(
    "talk", [never_stops, says_nothing, reads_nothing, floods_with_empty_frames, leaves_a_frame_open]
)
@skewed
async def test_closing_takes_two_seconds_whatever_the_server_does(talk: Talk, tls: TLS) -> None:
    """(F5)"""
    async with served(talk, tls) as side:
        leave, left = asyncio.Event(), asyncio.Event()
        channels: list[Channel] = []

        async def use() -> None:
            async with side.transport.upgrade(EXEC, subprotocols=[]) as channel:
                channels.append(channel)
                await leave.wait()
            left.set()

        task = asyncio.create_task(use())
        await until(lambda: bool(channels))
        (channel,) = channels
        sending = asyncio.create_task(channel.send(bytes(8 << 20)))
        await settled()
        leave.set()
        begin = asyncio.get_running_loop().time()
        while not left.is_set():
            skip(0.1)
            await settled()
        assert 2 <= asyncio.get_running_loop().time() - begin < 10
        await task
        assert channel.close_code == 1006
        with pytest.raises(ConnectionLost, match="the channel is closed"):
            await channel.receive()
        await asyncio.gather(sending, return_exceptions=True)
        assert not side.transport._pool._all  # type: ignore[union-attr]


@skewed
async def test_cancelling_while_it_closes_ends_the_connection_at_once(tls: TLS) -> None:
    """(F5)"""
    async with served(says_nothing, tls) as side:
        opened = asyncio.Event()

        async def use() -> None:
            async with side.transport.upgrade(EXEC, subprotocols=[]):
                opened.set()

        task = asyncio.create_task(use())
        await opened.wait()
        await settled()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not side.transport._pool._all)  # type: ignore[union-attr]


async def test_a_receiver_elsewhere_learns_that_the_channel_was_closed(tls: TLS) -> None:
    async with served(lambda peer, side: echo(peer), tls) as side:
        async with side.transport.upgrade(EXEC, subprotocols=[]) as channel:
            receivers = [asyncio.create_task(channel.receive()) for _ in range(3)]
            await settled()
        assert await asyncio.gather(*receivers) == [None, None, None]


@skewed
async def test_a_receiver_elsewhere_is_not_forgotten_if_the_server_does_not_close(tls: TLS) -> None:
    async with served(says_nothing, tls) as side:
        async with side.transport.upgrade(EXEC, subprotocols=[]) as channel:
            receivers = [asyncio.create_task(channel.receive()) for _ in range(3)]
            await settled()
            asyncio.get_running_loop().call_soon(skip, 2.1)
        for each in await asyncio.gather(*receivers, return_exceptions=True):
            assert isinstance(each, ConnectionLost)
            assert "the channel is closed" in str(each)


async def test_closing_the_client_ends_a_receiver_and_says_so(tls: TLS) -> None:
    async with opened(says_nothing, tls) as (channel, side):
        receiver = asyncio.create_task(channel.receive())
        await settled()
        await side.transport.close()
        with pytest.raises(TransportError, match="the client is closed"):
            await receiver
        with pytest.raises(ConnectionLost, match="the channel is closed"):
            await channel.send(b"late")
        assert channel.close_code == 1006


# Invalid frames

BAD_FRAMES = {
    "an unknown opcode": (frame(3, SECRET.encode()), 1002, "invalid opcode"),
    "a reserved bit": (frame(2, SECRET.encode(), reserved=4), 1002, "reserved bits must be 0"),
    "a masked frame": (frame(2, SECRET.encode(), mask=True), 1002, "incorrect masking"),
    "a continuation of nothing": (frame(0, SECRET.encode()), 1002, "unexpected continuation frame"),
    "a message in a message": (frame(2, b"a", fin=False) + frame(2, b"b"), 1002, "expected a continuation frame"),
    "a long ping": (frame(9, SECRET.encode() * 20), 1002, "control frame too long"),
    "a ping in parts": (frame(9, b"a", fin=False), 1002, "fragmented control frame"),
    "half a code": (frame(8, b"\x03"), 1002, "close frame too short"),
    "a code that nobody may send": (frame(8, b"\x03\xed"), 1002, "invalid status code"),
    "an end in a message": (frame(2, b"a", fin=False) + frame(8, b"\x03\xe8"), 1002, "incomplete fragmented message"),
    "text that is no UTF-8": (frame(1, SECRET.encode() + b"\xff"), 1007, "a text message is not UTF-8"),
    "half a character": (frame(1, b"\xc3", fin=False) + frame(0), 1007, "a text message is not UTF-8"),
    "a surrogate": (frame(1, b"\xed\xa0\x80"), 1007, "a text message is not UTF-8"),
    "a reason that is no UTF-8": (frame(8, b"\x03\xe8" + SECRET.encode() + b"\xff"), 1007, "reason in a close frame"),
}


@pytest.mark.parametrize("bad", BAD_FRAMES)
async def test_a_frame_that_breaks_the_rules_ends_the_channel(bad: str, tls: TLS) -> None:
    data, code, why = BAD_FRAMES[bad]

    async def talk(peer: Peer, side: Side) -> None:
        await peer.raw(frame(2, b"before") + data + frame(2, b"after") + BLOCK)
        await side.listen(peer)

    async with opened(talk, tls) as (channel, side):
        assert await channel.receive() == b"before"
        for _ in range(2):
            with pytest.raises(ConnectionLost, match=f"GET /exec: the server broke the WebSocket protocol: .*{why}"):
                await channel.receive()
        assert channel.close_code == code
        with pytest.raises(ConnectionLost, match="the channel is closed"):
            await channel.send(b"late")
        told = await side.frames.get()
        assert told is not None
        assert told.opcode is Opcode.CLOSE
        assert int.from_bytes(told.data[:2], "big") == code


@pytest.mark.parametrize("bad", BAD_FRAMES)
async def test_nothing_of_a_frame_is_in_an_exception_or_log_line(bad: str, caplog: pytest.LogCaptureFixture) -> None:
    async def talk(peer: Peer, side: Side) -> None:
        await peer.raw(frame(2, SECRET.encode()) + frame(9, SECRET.encode()) + BAD_FRAMES[bad][0])

    caplog.set_level(logging.DEBUG)
    async with opened(talk, None) as (channel, _):
        await channel.send(SECRET.encode())
        said = [repr(channel)]
        assert await channel.receive() == SECRET.encode()
        with pytest.raises(KubeloopError) as caught:
            await channel.receive()
        said += [repr(channel), reachable(caught.value)]
    lines = [record for record in caplog.records if record.name != "websockets.server"]
    said += [f"{line.getMessage()} {line.exc_text}" for line in lines]
    assert SECRET not in "\n".join(said)


async def test_a_reason_that_echoes_a_credential_is_masked() -> None:
    async with opened(lambda peer, side: peer.close(1008, f"no {SECRET} here"), None) as (channel, _):
        with pytest.raises(ConnectionLost, match="with code 1008: no <hidden> here") as caught:
            await channel.receive()
    assert SECRET not in reachable(caught.value)


# The heartbeat


async def listens(peer: Peer, side: Side) -> None:
    await side.listen(peer)


@skewed
async def test_the_heartbeat_keeps_a_quiet_channel_and_what_waits_on_it(tls: TLS) -> None:
    peers: list[Peer] = []

    async def talk(peer: Peer, side: Side) -> None:
        peers.append(peer)
        await side.listen(peer)

    async with opened(talk, tls) as (channel, _):
        receiver = asyncio.create_task(channel.receive())
        await until(lambda: bool(peers))
        (peer,) = peers
        for count in range(1, 6):
            assert peer.pings == count - 1
            skip(30)
            await until(lambda count=count: peer.pings == count)  # type: ignore[misc]
        await peer.send(b"at last")
        assert await receiver == b"at last"


@skewed
async def test_a_channel_on_which_nothing_arrives_for_thirty_seconds_after_a_ping_is_lost(tls: TLS) -> None:
    async with opened(says_nothing, tls) as (channel, _):
        receiver = asyncio.create_task(channel.receive())
        await settled()
        skip(30)
        await settled()
        assert not receiver.done()
        skip(30)
        with pytest.raises(ConnectionLost, match="the channel broke: nothing has arrived for 30 s after a ping"):
            await receiver
        assert channel.close_code == 1006
        with pytest.raises(ConnectionLost, match="the channel is closed"):
            await channel.send(b"late")


@skewed
async def test_whatever_arrives_is_a_sign_of_life(tls: TLS) -> None:
    """A server that does not respond to pings, but sends a byte of a frame now and then."""
    peers: list[Peer] = []

    async def talk(peer: Peer, side: Side) -> None:
        peers.append(peer)
        await peer.connection.until_closed()

    async with opened(talk, tls) as (channel, _):
        receiver = asyncio.create_task(channel.receive())
        await until(lambda: bool(peers))
        for byte in frame(2, b"slow"):
            await peers[0].raw(bytes([byte]))
            await settled()
            skip(30)
            await settled()
        assert await receiver == b"slow"
        await peers[0].raw(frame(8))


@pytest.mark.parametrize("size", [1 << 10, 4 << 20], ids=["little waits", "too much waits"])
@skewed
async def test_the_heartbeat_leaves_a_slow_consumer_alone(size: int, tls: TLS) -> None:
    """While the connection still reads (and the server's pongs arrive), and while it has paused reading."""
    sent = b"x" * size

    async def talk(peer: Peer, side: Side) -> None:
        listening = asyncio.create_task(side.listen(peer))
        await peer.raw(frame(2, sent[: size // 2]) + frame(2, sent[size // 2 :]))
        await listening

    async with opened(talk, tls) as (channel, _):
        for _ in range(5):
            await settled()
            skip(30)
            await settled()
        assert await channel.receive() == sent[: size // 2]
        for _ in range(5):
            await settled()
            skip(30)
            await settled()
        assert await channel.receive() == sent[size // 2 :]
        await channel.send(b"alive")


@skewed
async def test_bytes_before_the_silence_are_delivered_first(tls: TLS) -> None:
    async def talk(peer: Peer, side: Side) -> None:
        await peer.raw(frame(2, b"one") + frame(2, b"two"))
        await peer.connection.until_closed()

    async with opened(talk, tls) as (channel, _):
        await settled()
        for _ in range(4):
            skip(30)
            await settled()
        assert await channel.receive() == b"one"
        assert await channel.receive() == b"two"
        with pytest.raises(ConnectionLost, match="nothing has arrived"):
            await channel.receive()


# Many, slow, cancelled and concurrent messages


async def test_cancelling_receive_at_any_point_loses_nothing(tls: TLS) -> None:
    messages = [bytes([number % 256]) * (number * 37 % 30_000) for number in range(300)]

    async def talk(peer: Peer, side: Side) -> None:
        for message in messages:
            await peer.raw(frame(2, message))
        await side.listen(peer)

    cancelled = 0
    async with opened(talk, tls) as (channel, _):
        received: list[bytes | None] = []
        for attempt in itertools.count():
            task = asyncio.create_task(channel.receive())
            for _ in range(attempt % 5):
                await asyncio.sleep(0)
            task.cancel()
            try:
                received.append(await task)
            except asyncio.CancelledError:
                cancelled += 1
            if len(received) == len(messages):
                break
        assert cancelled > 50
        assert received == messages


async def test_the_server_is_held_back_while_nobody_receives(tls: TLS) -> None:
    sent = 0

    async def talk(peer: Peer, side: Side) -> None:
        nonlocal sent
        while sent < 64 << 20:
            await peer.raw(BLOCK)
            sent += 1 << 16

    async with opened(talk, tls) as (channel, _):
        await channel.receive()
        before = -1
        while before != sent:
            before = sent
            for _ in range(20):
                await settled()
        assert sent < 32 << 20  # the operating system accepts as much
        for _ in range((64 << 20 >> 16) - 1):
            await channel.receive()
        assert sent == 64 << 20


async def test_senders_wait_for_the_socket_and_their_messages_stay_whole_and_in_order(tls: TLS) -> None:
    start = asyncio.Event()

    async def talk(peer: Peer, side: Side) -> None:
        await start.wait()
        await side.listen(peer)

    async with opened(talk, tls) as (channel, side):
        senders = [asyncio.create_task(channel.send(bytes([n]) * (1 << 20))) for n in range(24)]
        for _ in range(2):
            await asyncio.sleep(0)
        assert not any(each.done() for each in senders[12:])
        senders[20].cancel()  # is sent all the same: the message was queued
        start.set()
        for n in range(24):
            found = await side.frames.get()
            assert found is not None
            assert bytes(found.data) == bytes([n]) * (1 << 20)
        done = await asyncio.gather(*senders, return_exceptions=True)
        assert [type(each) for each in done if each is not None] == [asyncio.CancelledError]


async def test_pings_of_a_server_that_reads_nothing_make_no_pile(tls: TLS) -> None:
    async def talk(peer: Peer, side: Side) -> None:
        peer.connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(200):
            await peer.raw(frame(9, bytes(125)) * 1000)
        await peer.raw(frame(2, b"done"))
        peer.connection.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await side.listen(peer)

    async with opened(talk, tls) as (channel, side):
        sending = asyncio.create_task(channel.send(bytes(16 << 20)))
        (connection,) = side.transport._pool._all  # type: ignore[union-attr]
        assert await channel.receive() == b"done"
        assert connection._transport.get_write_buffer_size() < 17 << 20  # type: ignore[union-attr]
        await sending
        kinds = [(await side.frames.get()).opcode for _ in range(2)]  # type: ignore[union-attr]
        assert set(kinds) == {Opcode.BINARY, Opcode.PONG}


async def test_many_small_frames_do_not_hold_the_loop() -> None:
    count = 60_000

    async def talk(peer: Peer, side: Side) -> None:
        await peer.raw(frame(2) * count)
        await side.listen(peer)

    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with opened(talk, None) as (channel, _):
        await until(lambda: channel._connection.received > 2 * count)  # type: ignore[attr-defined]
        task = asyncio.create_task(others())
        for _ in range(count):
            assert await channel.receive() == b""
        task.cancel()
    assert turns >= 6
