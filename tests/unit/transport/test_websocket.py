"""Channels against a real WebSocket server: the handshake, subprotocols, messages, close codes, refusals."""

import asyncio
import base64
import json
import socket
import struct
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from kubeloop.config import Config
from kubeloop.errors import BodyTooLarge, ConnectError, ConnectionLost, RequestTimeout, TransportError
from kubeloop.transport.base import UpgradeRefused
from kubeloop.transport.http import HTTPTransport
from kubeloop.transport.websocket.handshake import Handshake
from kubeloop.wire.request import Request
from tests.support.raw_server import hang, raw_server, reply, say
from tests.support.websocket_server import ACCEPT, Opcode, echo, frame, switching, websocket

EXEC = Request("GET", "/api/v1/namespaces/a/pods/b/exec?command=ls&command=%2Ftmp", {"X-Mine": "1"})
PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
GOOD = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": ACCEPT}


@asynccontextmanager
async def connected(*steps):
    async with raw_server(*steps) as server:
        transport = HTTPTransport(Config(host=server.url))
        try:
            yield transport, server
        finally:
            await transport.close()


@asynccontextmanager
async def opened(talk):
    """Open a channel to a server that runs this conversation."""
    async with (
        connected(websocket(talk)) as (transport, _),
        transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel,
    ):
        yield channel


async def fails_to_open(step, error, match, protocols=PROTOCOLS):
    async with connected(step) as (transport, _):
        with pytest.raises(error, match=match) as caught:
            async with transport.upgrade(EXEC, subprotocols=protocols):
                pytest.fail("opened")
    return caught.value


async def test_carries_binary_messages_both_ways():
    async with connected(websocket(echo)) as (transport, server):
        async with transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel:
            assert channel.subprotocol == "v4.channel.k8s.io"
            assert channel.close_code is None
            assert channel.headers["upgrade"] == "websocket"
            for message in (b"\x00stdin", b"", b"x" * 100_000):
                await channel.send(message)
                assert await channel.receive() == message
        assert channel.close_code == 1000
        with pytest.raises(ConnectionLost, match="the channel is closed"):
            await channel.send(b"late")
        (request,) = server.requests
        assert request.target == EXEC.target
        assert request.header("X-Mine") == "1"
        assert request.header("Sec-WebSocket-Protocol") == "v5.channel.k8s.io,v4.channel.k8s.io"
        assert "kubeloop" in request.header("User-Agent")
        assert "Python" not in request.header("User-Agent")


async def test_asks_for_a_websocket_as_the_standard_wants_it():
    async with connected(websocket(echo)) as (transport, server):
        for _ in range(2):
            async with transport.upgrade(EXEC, subprotocols=PROTOCOLS):
                pass
        first, second = server.requests
        assert first.method == "GET"
        assert first.header("Upgrade") == "websocket"
        assert first.header("Connection") == "Upgrade"
        assert first.header("Sec-WebSocket-Version") == "13"
        assert first.header("Sec-WebSocket-Extensions") is None
        keys = [request.header("Sec-WebSocket-Key") for request in (first, second)]
        assert [len(base64.b64decode(key, validate=True)) for key in keys] == [16, 16]
        assert keys[0] != keys[1]


async def test_gives_text_as_its_bytes():
    async def talk(peer):
        await peer.send("é")

    async with opened(talk) as channel:
        assert await channel.receive() == "é".encode()


async def test_puts_the_fragments_of_a_message_together():
    async def talk(peer):
        await peer.raw(frame(2, b"ab", fin=False) + frame(9, b"ping") + frame(0, b"", fin=False) + frame(0, b"cd"))
        await peer.raw(frame(1, "é".encode()[:1], fin=False) + frame(0, "é".encode()[1:]))
        await peer.raw(frame(2, b"", fin=False) + frame(0, b""))

    async with opened(talk) as channel:
        assert [await channel.receive() for _ in range(3)] == [b"abcd", "é".encode(), b""]


async def test_reads_frames_that_come_byte_by_byte_and_those_that_come_with_the_response():
    messages = [b"", b"a", b"b" * 126, b"c" * 70_000]

    async def step(connection, received):
        data = b"".join(frame(2, message) for message in messages)
        await connection.send(switching(received, subprotocol=PROTOCOLS[0]) + data)
        for message in messages[:-1]:
            for byte in frame(2, message):
                connection.writer.write(bytes([byte]))
                await asyncio.sleep(0)
        await connection.send(frame(8))

    async with (
        connected(step) as (transport, _),
        transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel,
    ):
        for message in [*messages, *messages[:-1]]:
            assert await channel.receive() == message
        assert await channel.receive() is None


async def test_responds_to_pings():
    pongs = asyncio.Queue()

    async def talk(peer):
        await peer.ping(b"one")
        pongs.put_nowait(await peer.receive())
        await peer.send(b"done")

    async with opened(talk) as channel:
        assert await channel.receive() == b"done"
    pong = pongs.get_nowait()
    assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"one")


async def test_ends_when_the_server_closes_in_good_order():
    answers = asyncio.Queue()

    async def talk(peer):
        await peer.send(b"last")
        await peer.close()
        answers.put_nowait(await peer.close_code())

    async with opened(talk) as channel:
        assert await channel.receive() == b"last"
        assert await channel.receive() is None
        assert await channel.receive() is None
        assert channel.close_code == 1000
        assert repr(channel) == (
            "<WebSocketChannel /api/v1/namespaces/a/pods/b/exec 'v4.channel.k8s.io', closed with 1000>"
        )
        with pytest.raises(ConnectionLost, match="the channel is closed"):
            await channel.send(b"late")
        assert await answers.get() == 1000


async def test_a_close_frame_without_a_code_is_good_order_as_well():
    async with opened(lambda peer: peer.close(None)) as channel:
        assert await channel.receive() is None
        assert channel.close_code == 1005


async def test_closes_in_good_order():
    async def talk(peer):
        assert (await peer.connection.reader.readexactly(8))[:2] == b"\x88\x82"  # a masked close frame with a code
        await peer.raw(frame(2, b"too late") + frame(9) + frame(8, b"\x03\xe8"))
        assert await peer.connection.reader.read() == b""

    async with opened(talk) as channel:
        assert repr(channel).endswith("'v4.channel.k8s.io', open>")
    assert channel.close_code == 1000
    assert await channel.receive() is None
    await channel.close()


@pytest.mark.parametrize("code", [1001, 1009, 1011, 4000])
async def test_reports_the_code_of_a_channel_that_was_closed_for_a_reason(code):
    async with opened(lambda peer: peer.close(code, "stream failed")) as channel:
        for _ in range(2):
            with pytest.raises(ConnectionLost, match=f"closed the channel with code {code}: stream failed") as caught:
                await channel.receive()
        assert channel.close_code == code
        assert caught.value.path == EXEC.path


async def test_reports_when_the_connection_breaks():
    async def talk(peer):
        socket_ = peer.connection.writer.get_extra_info("socket")
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.connection.reset()

    async with opened(talk) as channel:
        with pytest.raises(ConnectionLost, match="the channel broke: connection reset by peer"):
            await channel.receive()
        assert channel.close_code == 1006


async def test_a_connection_that_ends_without_a_close_frame_is_lost_behind_what_it_brought():
    async def talk(peer):
        await peer.raw(frame(2, b"whole") + frame(2, b"half")[:-1])

    async with opened(talk) as channel:
        assert await channel.receive() == b"whole"
        with pytest.raises(ConnectionLost, match="the channel broke: the connection ended without a close frame"):
            await channel.receive()
        assert channel.close_code == 1006


@pytest.mark.parametrize("fragments", [1, 5])
async def test_refuses_a_message_that_is_too_large(fragments):
    answers = asyncio.Queue()

    async def talk(peer):
        piece = b"x" * ((16 << 20) // fragments)
        for number in range(fragments):
            await peer.raw(frame(2 if number == 0 else 0, piece, fin=False))
        await peer.raw(frame(0, b"12345" * fragments))
        answers.put_nowait(await peer.close_code())

    async with opened(talk) as channel:
        for _ in range(2):
            with pytest.raises(BodyTooLarge, match="a message of more than 16777216 bytes"):
                await channel.receive()
        assert channel.close_code == 1009
    assert await answers.get() == 1009


async def test_takes_a_message_of_the_largest_size():
    async def talk(peer):
        await peer.raw(frame(2, bytes((16 << 20) - 2), fin=False) + frame(0, b"ab"))

    async with opened(talk) as channel:
        message = await channel.receive()
        assert len(message) == 16 << 20
        assert message.endswith(b"\0ab")


@pytest.mark.parametrize("chosen", ["other", "", "v5.channel.k8s.io,v4.channel.k8s.io", "V5.channel.k8s.io"])
async def test_refuses_a_server_that_speaks_none_of_the_subprotocols(chosen):
    step = websocket(echo, subprotocol=chosen)
    error = await fails_to_open(step, TransportError, "none of the subprotocols offered: v5.channel.k8s.io, v4")
    assert not error.retryable


async def test_does_without_subprotocols():
    async with (
        connected(websocket(echo, subprotocol=None)) as (transport, server),
        transport.upgrade(EXEC, subprotocols=[]) as channel,
    ):
        assert channel.subprotocol == ""
        assert server.requests[0].header("Sec-WebSocket-Protocol") is None


async def test_refuses_a_subprotocol_where_none_was_offered():
    error = await fails_to_open(websocket(echo), TransportError, "not a WebSocket handshake: .* none was offered", [])
    assert not error.retryable


@pytest.mark.parametrize("status", [403, 404, 307, 500, 200])
async def test_returns_the_response_of_a_server_that_refuses(status):
    body = b'{"kind":"Status","apiVersion":"v1","status":"Failure","code":403}'
    refusal = reply(body, status=status, headers=[("Location", "http://127.0.0.1:1/")])
    async with connected(refusal) as (transport, server):
        with pytest.raises(UpgradeRefused) as caught:
            async with transport.upgrade(EXEC, subprotocols=PROTOCOLS):
                pass
        assert caught.value.response.status == status
        assert caught.value.response.body == body
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (b"HTTP/1.1 403 No\r\nContent-Length: 99\r\n\r\nthe beginning", b"the beginning"),
        (b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nbad", b"abc"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99_999, b"x" * 65_536),
        (b"HTTP/1.1 403 No\r\n\r\n" + b"x" * 99_999, b"x" * 65_536),
    ],
    ids=["cut short", "malformed", "long", "long without a length"],
)
async def test_keeps_the_received_part_of_a_refusals_body(response, told):
    error = await fails_to_open(say(response), UpgradeRefused, "responded with 403")
    assert error.response.body == told


async def test_the_connection_of_a_short_refusal_is_used_again():
    async with connected(reply(b"no", status=403), websocket(echo)) as (transport, server):
        with pytest.raises(UpgradeRefused):
            async with transport.upgrade(EXEC, subprotocols=PROTOCOLS):
                pass
        async with transport.upgrade(EXEC, subprotocols=PROTOCOLS):
            assert server.connections == 1


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"Sec-WebSocket-Accept": None}, "Sec-WebSocket-Accept is missing or wrong"),
        ({"Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, "Sec-WebSocket-Accept is missing or wrong"),
        ({"Sec-WebSocket-Accept": f"{ACCEPT}, {ACCEPT}"}, "Sec-WebSocket-Accept is missing or wrong"),
        ({"Upgrade": None}, "the server switched to another protocol"),
        ({"Upgrade": "SPDY/3.1"}, "the server switched to another protocol"),
        ({"Connection": None}, "the response has no Connection: Upgrade"),
        ({"Connection": "keep-alive"}, "the response has no Connection: Upgrade"),
        ({"Sec-WebSocket-Extensions": "permessage-deflate"}, "uses an extension, and none was offered"),
    ],
)
async def test_refuses_a_false_handshake(changed, why):
    headers = [(name, value) for name, value in {**GOOD, **changed}.items() if value is not None]
    step = websocket(echo, headers=headers)
    error = await fails_to_open(step, TransportError, f"not a WebSocket handshake: .*{why}")
    assert not error.retryable
    assert "s3pP" not in str(error)


async def test_takes_a_handshake_in_other_letters_with_more_around_it():
    headers = [("upgrade", "WebSocket"), ("CONNECTION", "keep-alive, UPGRADE"), ("sec-websocket-accept", ACCEPT)]
    async with (
        connected(websocket(echo, headers=[*headers, ("Sec-WebSocket-Extensions", "")])) as (transport, _),
        transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel,
    ):
        await channel.send(b"hello")
        assert await channel.receive() == b"hello"


@pytest.mark.parametrize(
    ("request_", "protocols", "why"),
    [
        (Request("POST", "/x"), [], "expected a GET without a body to open a WebSocket, got POST /x"),
        (Request("GET", "/x", body=b"secret"), [], "a GET without a body"),
        (Request("GET", "/x", {"Upgrade": "secret"}), [], "writes these headers itself: Upgrade"),
        (Request("GET", "/x", {"sec-websocket-key": "secret"}), [], "itself: sec-websocket-key"),
        (Request("GET", "/x", {"Sec-WebSocket-Extensions": "secret"}), [], "itself: Sec-WebSocket-Extensions"),
        (Request("GET", "/x"), ["v5", "v5"], "names of different subprotocols"),
        (Request("GET", "/x"), ["v5,v4"], "names of different subprotocols"),
        (Request("GET", "/x"), [""], "names of different subprotocols"),
        (Request("GET", "/x"), ["v5\r\nX: 1"], "names of different subprotocols"),
    ],
)
def test_refuses_a_request_that_is_no_handshake(request_, protocols, why):
    with pytest.raises(ValueError, match=why) as caught:
        Handshake(request_, protocols)
    assert "secret" not in str(caught.value)


async def test_a_caller_cannot_say_connection():
    transport = HTTPTransport(Config(host="http://127.0.0.1:1"))
    with pytest.raises(ValueError, match="the transport writes these headers itself: connection"):
        async with transport.upgrade(Request("GET", "/x", {"Connection": "close"}), subprotocols=[]):
            pass


async def test_does_not_wait_longer_than_the_timeout():
    match = r"GET /api/v1/namespaces/a/pods/b/exec: timed out after 0.1 s"
    async with connected(hang()) as (transport, _):
        with pytest.raises(RequestTimeout, match=match):
            async with transport.upgrade(EXEC, subprotocols=PROTOCOLS, timeout=0.1):
                pass


async def test_says_that_it_cannot_connect():
    transport = HTTPTransport(Config(host="http://127.0.0.1:1"))
    with pytest.raises(ConnectError, match="connection refused"):
        async with transport.upgrade(EXEC, subprotocols=PROTOCOLS):
            pass
    await transport.close()


async def test_cancelling_closes_the_channel():
    closed = asyncio.Event()

    async def talk(peer):
        assert await peer.close_code() == 1000
        closed.set()

    async def hold(transport, opened):
        async with transport.upgrade(EXEC, subprotocols=PROTOCOLS) as channel:
            opened.set()
            await channel.receive()

    async with connected(websocket(talk)) as (transport, _):
        opened = asyncio.Event()
        task = asyncio.create_task(hold(transport, opened))
        await opened.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(closed.wait(), 5)


def test_the_package_for_frames_is_loaded_only_for_websockets():
    program = "import sys, json, kubeloop.transport.http; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60)
    assert not [name for name in json.loads(done.stdout) if name.startswith("websockets")]
