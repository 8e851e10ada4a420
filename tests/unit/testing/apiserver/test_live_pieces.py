"""The body of a watch in an event loop: as pieces that are taken, and as an iterator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubeloop.serving.pushed_body import PushedBody
from kubeloop.testing.apiserver.live import EventBody
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.wire.response import Headers


class Stream:
    """A watch that a test fills. It ends at a time."""

    def __init__(self, ends_at: float = 1000.0) -> None:
        self.status = 200
        self.headers = Headers()
        self.on_ready: Callable[[], None] | None = None
        self.deadline: float | None = ends_at
        self.is_finished = False
        self.frames: list[bytes] = []
        self.looks: list[float] = []
        self.ends_at = ends_at

    def add(self, *frames: bytes) -> None:
        self.frames += frames
        if self.on_ready is not None:
            self.on_ready()

    def take(self, now: float) -> list[bytes]:
        self.looks.append(now)
        frames, self.frames = self.frames, []
        if now >= self.ends_at:
            self.close()
        return frames

    def close(self) -> None:
        self.is_finished = True
        self.deadline = None


@in_virtual_time
async def test_frames_that_are_ready_together_are_one_piece() -> None:
    stream = Stream()
    body = EventBody(stream, elapsed)
    assert isinstance(body, PushedBody)
    calls: list[float] = []
    body.on_ready = lambda: calls.append(elapsed())
    assert body.take() == b""
    stream.add(b"1", b"2")
    assert len(calls) == 1
    assert body.take() == b"12"
    body.close()
    assert stream.is_finished


@in_virtual_time
async def test_a_deadline_wakes_the_reader_once_and_the_end_is_none() -> None:
    stream = Stream(ends_at=elapsed() + 10.0)
    body = EventBody(stream, elapsed)
    calls: list[float] = []
    start = elapsed()
    body.on_ready = lambda: calls.append(elapsed() - start)
    assert body.take() == b""
    assert body.take() == b""
    await asyncio.sleep(60)
    assert calls == [10.0]
    stream.frames = [b"last"]
    assert body.take() == b"last"
    assert len(calls) == 2  # there is an end to take
    assert body.take() is None


@in_virtual_time
async def test_an_earlier_deadline_replaces_a_later_one_and_a_later_one_follows() -> None:
    stream = Stream()
    body = EventBody(stream, elapsed)
    start = elapsed()
    calls: list[float] = []

    def look() -> None:
        calls.append(elapsed() - start)
        body.take()

    body.on_ready = look
    stream.deadline = start + 50.0
    body.take()
    stream.deadline = start + 20.0
    body.take()
    stream.deadline = start + 70.0
    await asyncio.sleep(60)
    assert calls == [20.0]
    await asyncio.sleep(60)
    stream.close()
    body.close()
    assert calls[:2] == [20.0, 70.0]


@in_virtual_time
async def test_a_closed_body_has_no_timer() -> None:
    stream = Stream()
    body = EventBody(stream, elapsed)
    calls: list[float] = []
    body.on_ready = lambda: calls.append(elapsed())
    stream.deadline = elapsed() + 5.0
    body.take()
    body.close()
    body.close()
    await asyncio.sleep(100)
    assert calls == []


@in_virtual_time
async def test_an_iterator_waits_for_frames_and_ends_with_the_watch() -> None:
    stream = Stream(ends_at=elapsed() + 100.0)
    body = EventBody(stream, elapsed)
    found: list[bytes] = []

    async def read() -> None:
        async for piece in body:
            found.append(piece)  # noqa: PERF401  # one after the other

    reading = asyncio.create_task(read())
    await settle()
    stream.add(b"1", b"2")
    await settle()
    assert found == [b"12"]
    await reading
    assert elapsed() == 100.0
    assert stream.is_finished
