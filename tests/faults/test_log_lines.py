"""Lines of a log: lines that have arrived are delivered, whatever happens to the calls that wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers


class LiveBody:
    """A body that a test feeds, and that survives the cancellation of a read, as a connection's body does."""

    status = 200
    headers = Headers()

    def __init__(self) -> None:
        self.chunks: asyncio.Queue[bytes | None] = asyncio.Queue()

    def __aiter__(self) -> LiveBody:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self.chunks.get()
        if chunk is None:
            self.chunks.put_nowait(None)
            raise StopAsyncIteration
        return chunk


class LiveTransport:
    """A transport with one such body."""

    def __init__(self) -> None:
        self.body = LiveBody()

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[LiveBody]:
        yield self.body


@in_virtual_time
async def test_a_timeout_while_waiting_for_a_line_ends_nothing_and_loses_nothing() -> None:
    """(C5)"""
    transport: Any = LiveTransport()
    put = transport.body.chunks.put_nowait
    pods = Clientset(Config(host="https://server"), transport=transport).core_v1.pods("x")
    async with pods.log_lines("a", follow=True) as lines:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(lines), 0.3)
        put(b"one\n\ntwo\nth")
        assert [await anext(lines) for _ in range(3)] == ["one", "", "two"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(lines), 0.3)
        put(b"ree\nlast")
        put(None)
        assert [line async for line in lines] == ["three", "last"]
        assert [line async for line in lines] == []


@in_virtual_time
async def test_a_line_that_arrives_while_its_wait_is_cancelled_comes_next() -> None:
    """(C5)"""
    transport: Any = LiveTransport()
    pods = Clientset(Config(host="https://server"), transport=transport).core_v1.pods("x")
    async with pods.log_lines("a", follow=True) as lines:
        wait = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        transport.body.chunks.put_nowait(b"one\ntwo\n")
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        assert [await anext(lines) for _ in range(2)] == ["one", "two"]


@in_virtual_time
async def test_a_line_without_an_end_is_refused_by_its_own_name() -> None:
    """(E6)"""
    transport: Any = LiveTransport()
    transport.body.chunks.put_nowait(b"x" * (33 * 1024 * 1024))
    pods = Clientset(Config(host="https://server"), transport=transport).core_v1.pods("x")
    async with pods.log_lines("a") as lines:
        with pytest.raises(kubeloop.BodyTooLarge, match="a line of more than"):
            await anext(lines)
