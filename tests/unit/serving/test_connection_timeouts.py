"""How long a connection waits: for a head, a body, the next request, and a client that does not read."""

from __future__ import annotations

import asyncio

import pytest

from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from tests.support.serving import (
    GET,
    Client,
    Counted,
    echo,
    later,
    request,
)


@pytest.mark.parametrize(
    ("data", "seconds", "status"),
    [
        (b"", 90, None),
        (GET, 90, 200),
        (b"G", 32, 408),
        (GET[:-1], 32, 408),
        (request("POST", "/", "Content-Length: 5") + b"abcd", 60, 408),
        (request("POST", "/", "Transfer-Encoding: chunked"), 60, 408),
    ],
)
@in_virtual_time
async def test_a_silent_client_loses_its_connection(data: bytes, seconds: float, status: int | None) -> None:
    client = Client(echo)
    client.send(data)
    await asyncio.sleep(seconds - 0.1)
    assert not client.is_closed()
    await asyncio.sleep(1.2)
    assert client.is_closed()
    assert [each.status for each in client.responses()] == ([] if status is None else [status])
    await asyncio.sleep(1)
    assert len(client.server) == 0


@in_virtual_time
async def test_bytes_that_trickle_in_do_not_extend_the_time() -> None:
    client = Client(echo)
    for byte in request("GET", "/" + "x" * 100):
        client.send(bytes([byte]))
        await asyncio.sleep(1)
        if client.is_closed():
            break
    assert 32 <= elapsed() < 35
    await asyncio.sleep(1)


@in_virtual_time
async def test_a_connection_that_is_used_is_not_idle() -> None:
    client = Client(echo)
    for _ in range(5):
        client.send(GET)
        await asyncio.sleep(80)
    assert len(client.responses()) == 5
    assert not client.is_closed()
    await client.leave()


@in_virtual_time
async def test_a_handler_may_take_its_time() -> None:
    client = Client(later)
    client.send(request("GET", "/1000"))
    await asyncio.sleep(1000)
    await settle()
    assert [each.status for each in client.responses()] == [200]
    await client.leave()


@in_virtual_time
async def test_a_silent_stream_stays_open_and_an_unread_one_is_closed() -> None:
    silent = Counted(b"")
    client = Client(silent.respond)
    client.send(GET)
    await asyncio.sleep(1000)
    assert not client.is_closed()
    await client.leave()

    stream = Counted()
    client = Client(stream.respond)
    client.socket.accepts = 0
    client.send(GET)
    for _ in range(10):
        await asyncio.sleep(50)
        assert not client.is_closed()
        client.socket.accept(10_000)
    await asyncio.sleep(65)
    assert client.is_closed()
    await settle()
    assert len(stream.ends) == 1


@in_virtual_time
async def test_the_last_bytes_of_a_closed_connection_have_bounded_time() -> None:
    client = Client(echo)
    client.socket.accepts = 0
    client.send(request("GET", "/", "Connection: close"))
    await asyncio.sleep(59)
    assert len(client.server) == 1
    await asyncio.sleep(4)
    assert len(client.server) == 0
