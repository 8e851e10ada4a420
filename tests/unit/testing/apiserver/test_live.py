"""Waiting for the watch cache, and streaming events, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubeloop.testing.apiserver.call import Waiting
from kubeloop.testing.apiserver.live import EventBody, after_waiting
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.wire.response import Headers, Response

DONE = Response(200, Headers(), b"done")


class Events:
    """A watch whose frames a test adds."""

    def __init__(self, deadline: float | None = None) -> None:
        self.status = 200
        self.headers = Headers()
        self.on_ready: Callable[[], None] | None = None
        self.deadline = deadline
        self.is_finished = False
        self.frames: list[bytes] = []
        self.taken_at: list[float] = []

    def add(self, *frames: bytes) -> None:
        """Add frames, as an event does."""
        self.frames += frames
        assert self.on_ready is not None
        self.on_ready()

    def take(self, now: float) -> list[bytes]:
        """Return the frames; a watch that is past its deadline ends."""
        self.taken_at.append(now)
        frames, self.frames = self.frames, []
        if self.deadline is not None and now >= self.deadline:
            self.is_finished = True
        return frames

    def close(self) -> None:
        """End the watch."""
        self.is_finished = True


def held_cache() -> tuple[Storage, WatchCache]:
    storage = Storage()
    cache = WatchCache(storage)
    cache.hold()
    storage.put(Key("pods", "default", "a"), lambda _: b"{}", expected=0)
    return storage, cache


@in_virtual_time
async def test_a_request_continues_when_the_cache_has_the_revision() -> None:
    storage, cache = held_cache()
    waiting = Waiting(storage.revision, 100.0, lambda _: DONE)

    task = asyncio.create_task(after_waiting(waiting, cache, elapsed))
    await settle()
    assert not task.done()
    cache.release()

    assert await task is DONE
    assert elapsed() == 0.0


@in_virtual_time
async def test_a_request_continues_at_its_deadline() -> None:
    storage, cache = held_cache()
    times: list[float] = []

    def resume(now: float) -> Response:
        times.append(now)
        return DONE

    assert await after_waiting(Waiting(storage.revision, 3.0, resume), cache, elapsed) is DONE
    assert times == [3.0]


@in_virtual_time
async def test_a_request_may_wait_again() -> None:
    _, cache = held_cache()
    second = Waiting(None, 5.0, lambda _: DONE)

    assert await after_waiting(Waiting(None, 2.0, lambda _: second), cache, elapsed) is DONE
    assert elapsed() == 5.0


@in_virtual_time
async def test_a_request_that_is_cancelled_leaves_no_wait_in_the_cache() -> None:
    storage, cache = held_cache()
    task = asyncio.create_task(after_waiting(Waiting(storage.revision, 100.0, lambda _: DONE), cache, elapsed))
    await settle()

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    cache.release()  # would call what is left
    assert task.cancelled()


@in_virtual_time
async def test_frames_that_are_ready_together_are_one_piece() -> None:
    events = Events()
    body = EventBody(events, elapsed)

    events.add(b"a", b"b")
    assert await anext(body) == b"ab"
    later = asyncio.create_task(anext(body))
    await settle()
    assert not later.done()
    events.add(b"c")
    assert await later == b"c"


@in_virtual_time
async def test_a_watch_is_asked_at_its_deadline_and_ends_the_body() -> None:
    events = Events(deadline=10.0)

    assert [piece async for piece in EventBody(events, elapsed)] == []
    assert events.taken_at == [0.0, 10.0]


@in_virtual_time
async def test_the_frames_of_the_last_moment_are_delivered() -> None:
    events = Events(deadline=10.0)
    body = EventBody(events, elapsed)
    asyncio.get_running_loop().call_at(10.0, events.add, b"last")

    assert [piece async for piece in body] == [b"last"]


@in_virtual_time
async def test_closing_the_body_ends_the_watch_and_ending_it_wakes_the_reader() -> None:
    closed, ended = Events(), Events()
    await EventBody(closed, elapsed).aclose()
    assert closed.is_finished

    body = EventBody(ended, elapsed)
    reader = asyncio.create_task(_pieces(body))
    await settle()
    body.end()

    assert await reader == []


async def _pieces(body: EventBody) -> list[bytes]:
    return [piece async for piece in body]
