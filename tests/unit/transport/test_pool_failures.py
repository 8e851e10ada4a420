"""The pool: which requests are retried, which errors a failed dial causes, and the effects of a cancelled wait."""

from __future__ import annotations

import asyncio
import errno

import pytest

from kubeloop.errors import ConnectError, ConnectionLost, ServerSilent
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.pooling import SENT, Dials, ask, failure_of, keep, send, started

WRITES = ("POST", "PUT", "PATCH", "DELETE")

# Retries.


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@in_virtual_time
async def test_a_read_on_a_kept_connection_is_retried_on_a_new_one(dials: Dials, method: str) -> None:
    pool = dials.pool()
    await keep(pool, 2)
    dials.lines[1].on_request = dials.lines[1].end
    assert await ask(pool, method) == (b"ok" if method == "GET" else b"")
    assert dials.requests == [1, 2, 1], "the other kept connection may be dead as well"
    await pool.close()


@in_virtual_time
async def test_a_read_is_sent_no_third_time(dials: Dials) -> None:
    pool = dials.pool()
    await keep(pool, 1)
    running = await send(pool)
    kept = started(pool)
    await (await kept).read()
    dials.waits = True
    dials.lines[1].on_request = dials.lines[1].end
    task = started(pool)
    await settle()
    dials.lines[0].on_request = dials.lines[0].end
    await running.read()
    failure = await failure_of(task)
    assert type(failure) is ConnectionLost
    assert SENT in str(failure)
    assert dials.requests == [3, 2]
    await pool.close()


@in_virtual_time
async def test_a_read_on_a_new_connection_is_not_retried(dials: Dials) -> None:
    pool = dials.pool()
    dials.waits = True
    task = started(pool)
    await settle()
    dials.waiting[0].set_result(None)
    await asyncio.sleep(0)
    dials.lines[0].on_request = dials.lines[0].end
    failure = await failure_of(task)
    assert str(failure) == f"GET /api: the server closed the connection without a response; {SENT}"
    assert dials.count == 1
    await pool.close()


@pytest.mark.parametrize("method", WRITES)
@in_virtual_time
async def test_a_write_that_was_sent_is_not_retried(dials: Dials, method: str) -> None:
    pool = dials.pool()
    await keep(pool, 2)
    dials.lines[1].on_request = dials.lines[1].end
    assert SENT in str(await failure_of(started(pool, method)))
    assert dials.requests == [1, 2]
    assert dials.count == 2
    await pool.close()


@pytest.mark.parametrize("method", ["GET", *WRITES])
@in_virtual_time
async def test_what_was_not_written_is_sent_on_the_next_connection(dials: Dials, method: str) -> None:
    pool = dials.pool()
    await keep(pool, 3)
    dials.lines[1].breaks_at_write = dials.lines[2].breaks_at_write = True
    assert await ask(pool, method) == b"ok"
    assert dials.requests == [2, 1, 1]
    await pool.close()


@in_virtual_time
async def test_a_read_may_be_retried_after_it_was_not_written(dials: Dials) -> None:
    pool = dials.pool()
    await keep(pool, 3)
    dials.lines[2].breaks_at_write = True
    dials.lines[1].on_request = dials.lines[1].end
    assert await ask(pool) == b"ok"
    assert dials.requests == [1, 2, 1, 1]
    await pool.close()


@in_virtual_time
async def test_a_retry_that_was_not_written_is_retried(dials: Dials) -> None:
    pool = dials.pool()
    running = await send(pool)
    await ask(pool)
    dials.lines[1].on_request = dials.lines[1].end
    dials.waits = True
    task = started(pool)
    await settle()
    dials.lines[0].breaks_at_write = True
    await running.read()
    await settle()
    assert not task.done()
    dials.waiting[1].set_result(None)
    assert await (await task).read() == b"ok"
    assert dials.count == 4
    await pool.close()


@in_virtual_time
async def test_a_new_connection_that_breaks_at_the_write_is_an_error(dials: Dials) -> None:
    pool = dials.pool()
    dials.waits = True
    task = started(pool)
    await settle()
    dials.waiting[0].set_result(None)
    await asyncio.sleep(0)
    dials.lines[0].breaks_at_write = True
    assert "the request was not sent" in str(await failure_of(task))
    assert dials.count == 1
    await pool.close()


@pytest.mark.parametrize("arrived", [b"H", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", b"nonsense\r\n\r\n"])
@in_virtual_time
async def test_nothing_is_retried_after_a_part_of_the_response(dials: Dials, arrived: bytes) -> None:
    pool = dials.pool()
    await keep(pool, 1)
    line = dials.lines[0]
    line.on_request = lambda: (line.deliver(arrived), line.end())
    assert SENT in str(await failure_of(started(pool)))
    assert dials.count == 1
    await pool.close()


@in_virtual_time
async def test_silence_is_no_reason_to_send_again(dials: Dials) -> None:
    pool = dials.pool()
    await keep(pool, 1)
    dials.lines[0].on_request = lambda: None
    failure = await failure_of(started(pool))
    assert type(failure) is ServerSilent
    assert dials.count == 1
    await pool.close()


# Dials that fail, and waits that are cancelled.


@in_virtual_time
async def test_a_failure_to_connect_is_that_of_its_own_request(dials: Dials) -> None:
    dials.waits = True
    pool = dials.pool()
    first, second = started(pool), started(pool)
    await settle()
    dials.waiting[0].set_exception(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
    failure = await failure_of(first)
    assert type(failure) is ConnectError
    assert "cannot connect to server:443: connection refused" in str(failure)
    assert not second.done()
    dials.waiting[1].set_result(None)
    assert await (await second).read() == b"ok"
    await pool.close()


@in_virtual_time
async def test_a_failure_to_connect_that_nobody_waits_for_any_more_is_dropped(dials: Dials) -> None:
    pool = dials.pool()
    running = await send(pool)
    dials.waits = True
    second = started(pool)
    await settle()
    await running.read()
    await (await second).read()
    dials.waiting[0].set_exception(ConnectionRefusedError())
    await settle()
    assert await ask(pool) == b"ok"
    assert dials.requests == [3]
    await pool.close()


@in_virtual_time
async def test_cancelling_a_wait_ends_its_dial(dials: Dials) -> None:
    dials.waits = True
    pool = dials.pool()
    first, second = started(pool), started(pool)
    await settle()
    first.cancel()
    await settle()
    assert first.cancelled()
    assert dials.waiting[0].cancelled()
    assert len(pool._waiting) == 1
    assert len(pool._dials) == 1
    dials.waiting[1].set_result(None)
    assert await (await second).read() == b"ok"
    assert len(pool._waiting) == len(pool._dials) == 0
    await pool.close()


@in_virtual_time
async def test_a_connection_that_comes_as_its_wait_is_cancelled_is_kept(dials: Dials) -> None:
    dials.waits = True
    pool = dials.pool()
    task = started(pool)
    await settle()
    dials.waiting[0].set_result(None)
    await asyncio.sleep(0)  # the dial continues, and the request has not been sent
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert repr(pool) == "<Pool 1 connections, 1 idle>"
    assert dials.closed == [False]
    await pool.close()


@in_virtual_time
async def test_a_failure_that_comes_as_its_wait_is_cancelled_is_dropped(dials: Dials) -> None:
    dials.waits = True
    pool = dials.pool()
    task = started(pool)
    await settle()
    dials.waiting[0].set_exception(ConnectionRefusedError())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    await pool.close()


@in_virtual_time
async def test_a_connection_is_given_to_nobody_who_has_been_served_or_cancelled(dials: Dials) -> None:
    pool = dials.pool()
    running = [await send(pool), await send(pool)]
    dials.waits = True
    second, third = started(pool), started(pool)
    await settle()
    second.cancel()
    await running[0].read()
    await running[1].read()
    await (await third).read()
    assert dials.requests == [2, 1]
    await pool.close()
