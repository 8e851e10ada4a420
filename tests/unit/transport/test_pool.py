"""The pool: which connection carries a request, how long connections are kept, and how the pool closes."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

from kubeloop.config.credential import ClientCertificate
from kubeloop.errors import ConnectionLost, ServerSilent, TransportError
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from kubeloop.transport.pool import Call
from tests.support.pooling import OK, SENT, Dials, ask, failure_of, keep, send, started

if TYPE_CHECKING:
    from kubeloop.transport.http1.connection import Connection

# Which connection carries a request.


@in_virtual_time
async def test_takes_the_connection_that_was_used_last(dials: Dials) -> None:
    pool = dials.pool()
    await keep(pool, 3)
    assert repr(pool) == "<Pool 3 connections, 3 idle>"
    assert await ask(pool) == b"ok"
    assert dials.requests == [1, 1, 2]
    first, second = await send(pool), await send(pool)
    assert dials.requests == [1, 2, 3]
    assert repr(pool) == "<Pool 3 connections, 1 idle>"
    await first.read()
    await second.read()
    await ask(pool)
    assert dials.requests == [1, 3, 3]
    await pool.close()
    assert repr(pool) == "<Pool closed>"


@in_virtual_time
async def test_a_request_takes_the_connection_that_another_has_finished_with(dials: Dials) -> None:
    pool = dials.pool()
    running = await send(pool)
    dials.waits = True
    second, third = started(pool), started(pool)
    await settle()
    assert dials.count == 3
    await running.read()
    exchange = await second
    assert not third.done(), "the request that has waited longest is served first"
    assert dials.requests == [2]
    dials.waiting[0].set_result(None)
    assert await (await third).read() == b"ok", "the connection that the second had asked for"
    assert dials.requests == [2, 1]
    await exchange.read()
    dials.waiting[1].set_result(None)
    await settle()
    assert repr(pool) == "<Pool 3 connections, 3 idle>"
    await pool.close()


@in_virtual_time
async def test_a_bounded_pool_opens_no_connection_that_nobody_waits_for(dials: Dials) -> None:
    pool = dials.pool(max_connections=1)
    running = await send(pool)
    dials.waits = True
    second = started(pool)
    await settle()
    await running.read()
    await (await second).read()
    await settle()
    assert dials.waiting[0].cancelled()
    assert repr(pool) == "<Pool 1 connections, 1 idle>"
    await pool.close()


@in_virtual_time
async def test_sixteen_connections_are_opened_at_once_and_no_more_than_are_needed(dials: Dials) -> None:
    pool = dials.pool()
    dials.waits = True
    tasks = [started(pool) for _ in range(40)]
    await settle()
    assert dials.count == 16
    dials.waiting[0].set_result(None)
    exchange = await tasks[0]
    await settle()
    assert dials.count == 17, "the next one in the line had its turn"
    for task in tasks[1:]:  # one connection carries all requests while the others are being opened
        await exchange.read()
        exchange = await task
    await exchange.read()
    for dial in dials.waiting[1:]:
        dial.set_result(None)
    await settle()
    assert dials.count == 17
    await pool.close()


@in_virtual_time
async def test_a_server_that_does_not_respond_delays_a_turn_for_a_second(dials: Dials) -> None:
    pool = dials.pool()
    dials.waits = True
    tasks = [started(pool) for _ in range(40)]
    await asyncio.sleep(0.9)
    assert dials.count == 16
    await asyncio.sleep(0.2)
    assert dials.count == 40
    for dial in dials.waiting:
        dial.set_result(None)
    for task in tasks:
        await (await task).read()
    await pool.close()


@in_virtual_time
async def test_a_request_that_is_cancelled_gives_its_turn_to_another(dials: Dials) -> None:
    pool = dials.pool()
    dials.waits = True
    first, *tasks = [started(pool) for _ in range(17)]
    await settle()
    first.cancel()
    await settle()
    assert dials.count == 17
    for dial in dials.waiting[1:]:
        dial.set_result(None)
    for task in tasks:
        await (await task).read()
    await pool.close()


@in_virtual_time
async def test_an_own_connection_comes_before_the_order_of_those_who_wait(dials: Dials) -> None:
    dials.waits = True
    pool = dials.pool()
    first, second = started(pool), started(pool)
    await settle()
    dials.waiting[1].set_result(None)
    await second
    await settle()
    assert not first.done()
    dials.waiting[0].set_result(None)
    await (await first).read()
    await pool.close()


@in_virtual_time
async def test_a_connection_that_the_server_closed_is_passed_over(dials: Dials) -> None:
    pool = dials.pool()
    await keep(pool, 2)
    dials.lines[1].end()
    assert await ask(pool) == b"ok"
    assert dials.requests == [2, 1]
    await pool.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
@in_virtual_time
async def test_a_connection_on_which_something_arrived_is_passed_over(dials: Dials, method: str) -> None:
    """(C1)"""
    pool = dials.pool()
    await keep(pool, 2)
    dials.lines[1].signal(partial(dials.lines[1].deliver, OK))
    assert await ask(pool, method) == b"ok"
    assert dials.requests == [2, 1]
    assert dials.closed == [False, True]
    await pool.close()


@in_virtual_time
async def test_a_session_ticket_costs_no_connection(dials: Dials) -> None:
    """(C1)"""
    pool = dials.pool()
    await keep(pool, 1)
    dials.lines[0].signal(lambda: None)
    assert await ask(pool) == b"ok"
    assert dials.requests == [2]
    await pool.close()


@in_virtual_time
async def test_cancelling_while_a_connection_is_looked_at_closes_it(dials: Dials) -> None:
    pool = dials.pool()
    await keep(pool, 1)
    dials.lines[0].signal(lambda: None)
    task = started(pool)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert dials.closed == [True]
    await settle()
    assert repr(pool) == "<Pool 0 connections, 0 idle>"
    await pool.close()


@in_virtual_time
async def test_an_exchange_that_is_cut_leaves_nothing_to_keep(dials: Dials) -> None:
    pool = dials.pool()
    exchange = await send(pool)
    exchange.cut()
    assert dials.closed == [True]
    await settle()
    assert repr(pool) == "<Pool 0 connections, 0 idle>"
    await pool.close()


# Connections that are kept.


@in_virtual_time
async def test_a_hundred_are_kept(dials: Dials) -> None:
    pool = dials.pool()
    running = [await send(pool) for _ in range(101)]
    for exchange in running[:100]:
        await exchange.read()
    assert not any(dials.closed)
    await running[100].read()
    assert dials.closed == [True] + [False] * 100
    await settle()
    assert repr(pool) == "<Pool 100 connections, 100 idle>"
    await pool.close()


@pytest.mark.parametrize(("used_at", "closed_at"), [(0, 60), (0.5, 70), (10, 70), (25, 90)])
@in_virtual_time
async def test_what_is_not_used_for_a_minute_is_closed(dials: Dials, used_at: float, closed_at: float) -> None:
    pool = dials.pool()
    exchange = await send(pool)
    await asyncio.sleep(used_at)
    await exchange.read()
    await asyncio.sleep(closed_at - 0.1 - elapsed())
    assert dials.closed == [False]
    await asyncio.sleep(0.1)
    await settle()
    assert dials.closed == [True]
    assert repr(pool) == "<Pool 0 connections, 0 idle>"
    await pool.close()


@in_virtual_time
async def test_only_what_is_kept_too_long_is_closed(dials: Dials) -> None:
    pool = dials.pool()
    await keep(pool, 2)
    await asyncio.sleep(30)
    await ask(pool)
    await asyncio.sleep(30)
    await settle()
    assert dials.closed == [True, False]
    running = await send(pool)
    await asyncio.sleep(100)
    assert dials.closed == [True, False], "a connection in use is not closed"
    running.cut()
    await pool.close()


@in_virtual_time
async def test_no_timer_runs_without_a_connection(dials: Dials) -> None:
    pool = dials.pool()
    assert pool._look is None
    for _ in range(2):
        exchange = await send(pool)
        timer = pool._look
        assert timer is not None
        await exchange.read()
        await ask(pool)
        assert pool._look is timer, "one timer looks at all connections"
        await asyncio.sleep(100)
        assert pool._look is None
    assert dials.closed == [True, True]
    await pool.close()


@pytest.mark.parametrize(("sent_at", "silent_at"), [(0, 180), (0.5, 190)])
@in_virtual_time
async def test_three_minutes_of_silence_end_an_exchange(dials: Dials, sent_at: float, silent_at: float) -> None:
    """(C6)"""
    pool = dials.pool()
    await send(pool)
    await asyncio.sleep(sent_at)
    dials.waits = True
    task = started(pool, "POST")
    await settle()
    dials.waiting[0].set_result(None)
    await asyncio.sleep(0)
    dials.lines[1].on_request = lambda: None
    failure = await failure_of(task)
    assert type(failure) is ServerSilent
    assert elapsed() == silent_at
    await pool.close()


@pytest.mark.parametrize(("call", "may"), [(Call(may_fall_silent=True), True), (Call(), False)])
@in_virtual_time
async def test_a_body_that_may_fall_silent_is_left_alone(dials: Dials, call: Call, may: bool) -> None:
    """(C6)"""
    pool = dials.pool()
    await keep(pool, 1)
    dials.lines[0].on_request = partial(dials.lines[0].deliver, OK[:-2])
    exchange = await send(pool, call=call)
    await asyncio.sleep(1000)
    assert dials.closed == [not may]
    exchange.cut()
    await pool.close()


@in_virtual_time
async def test_another_protocol_may_fall_silent(dials: Dials) -> None:
    pool = dials.pool()
    await keep(pool, 1)
    switch = b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    dials.lines[0].on_request = partial(dials.lines[0].deliver, switch)
    exchange = await send(pool, call=Call(may_switch=True))
    assert exchange.status == 101
    await asyncio.sleep(1000)
    assert dials.closed == [False]
    exchange.take_connection().abort()
    await pool.close()


@in_virtual_time
async def test_a_switch_that_was_not_asked_for_is_no_response(dials: Dials) -> None:
    pool = dials.pool()
    await keep(pool, 1)
    switch = b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
    dials.lines[0].on_request = partial(dials.lines[0].deliver, switch)
    assert "did not send a valid HTTP/1.1 response" in str(await failure_of(started(pool)))
    await pool.close()


# Another client certificate or authority.


@in_virtual_time
async def test_what_was_opened_with_other_tls_settings_is_not_used_again(dials: Dials) -> None:
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pool = dials.pool()
    running = await send(pool)
    await keep(pool, 2)
    assert dials.requests == [1, 1, 1]
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert await ask(pool) == b"ok"
    assert dials.closed == [False, True, True, False]
    assert await running.read() == b"ok", "running exchanges are left alone"
    assert dials.closed == [True, True, True, False]
    assert await ask(pool) == b"ok"
    assert dials.requests == [1, 1, 1, 2]
    await pool.close()


@in_virtual_time
async def test_settings_that_change_while_a_connection_is_opened_do_not_let_it_be_kept(dials: Dials) -> None:
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    dials.waits = True
    pool = dials.pool()
    old = started(pool)
    await settle()
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    new = started(pool)
    await settle()
    dials.waiting[0].set_result(None)
    await (await old).read()
    assert dials.closed == [True]
    assert not new.done()
    dials.waiting[1].set_result(None)
    await (await new).read()
    assert dials.closed == [True, False]
    await pool.close()


@in_virtual_time
async def test_a_new_client_certificate_ends_streams_and_no_request(dials: Dials) -> None:
    """As client-go's cert_rotation.go, but requests in progress finish."""
    dials.client_certificate = ClientCertificate(b"old", b"key")
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pool = dials.pool()
    idle, request, watch, log = [await send(pool) for _ in range(2)] + [
        await send(pool, call=call) for call in (Call(is_stream=True), Call(is_stream=True, may_fall_silent=True))
    ]
    await idle.read()
    assert dials.closed == [False] * 4
    dials.client_certificate = ClientCertificate(b"new", b"key")
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert await ask(pool) == b"ok"
    assert dials.closed == [True, False, True, True, False]
    assert await request.read() == b"ok"
    assert dials.closed == [True, True, True, True, False]
    assert (await watch.read(), await log.read()) == (b"ok", b"ok"), "what has arrived is delivered"
    await pool.close()


@in_virtual_time
async def test_a_stream_that_ends_with_its_certificate_says_so(dials: Dials) -> None:
    dials.client_certificate = ClientCertificate(b"old", b"key")
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    dials.response = b"HTTP/1.1 200 OK\r\n\r\n{"
    pool = dials.pool()
    watch = await send(pool, call=Call(is_stream=True))
    assert await anext(watch) == b"{"
    dials.client_certificate = ClientCertificate(b"new", b"key")
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    begun = elapsed()
    with pytest.raises(ConnectionLost, match="closed because the client certificate was renewed") as caught:
        await anext(watch)
    assert caught.value.retryable
    assert elapsed() - begun <= 10, "no request is needed to notice it"
    assert dials.closed == [True]
    await pool.close()


@in_virtual_time
async def test_new_authorities_end_neither_streams_nor_requests(dials: Dials) -> None:
    """As client-go's ca_rotation.go."""
    dials.client_certificate = ClientCertificate(b"same", b"key")
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pool = dials.pool()
    watch, idle = await send(pool, call=Call(is_stream=True)), await send(pool)
    await idle.read()
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    await asyncio.sleep(15)
    assert dials.closed == [False, True], "idle connections are closed without a request"
    assert await watch.read() == b"ok"
    assert dials.closed == [True, True]
    await pool.close()


@in_virtual_time
async def test_a_stream_that_has_ended_leaves_its_connection_to_requests(dials: Dials) -> None:
    dials.client_certificate = ClientCertificate(b"old", b"key")
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pool = dials.pool()
    await (await send(pool, call=Call(is_stream=True))).read()
    request = await send(pool)
    assert dials.requests == [2]
    dials.client_certificate = ClientCertificate(b"new", b"key")
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    await ask(pool)
    assert dials.closed == [False, False]
    assert await request.read() == b"ok"
    assert dials.closed == [True, False]
    await pool.close()


@in_virtual_time
async def test_a_stream_of_the_new_certificate_continues(dials: Dials) -> None:
    dials.client_certificate = ClientCertificate(b"old", b"key")
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pool = dials.pool()
    old = await send(pool, call=Call(is_stream=True))
    dials.client_certificate = ClientCertificate(b"new", b"key")
    dials.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    new = await send(pool, call=Call(is_stream=True))
    await asyncio.sleep(25)
    assert dials.closed == [True, False]
    old.cut()
    assert await new.read() == b"ok"
    await pool.close()


# Closing.


@in_virtual_time
async def test_closing_ends_all_and_waits_for_the_sockets(dials: Dials) -> None:
    pool = dials.pool()
    running, _ = await send(pool), await ask(pool)
    dials.lines[1].on_request = lambda: None
    sent = started(pool)
    await settle()
    dials.waits = True
    waiting, served = started(pool), started(pool)
    await settle()
    dials.waiting[1].set_result(None)
    await asyncio.sleep(0)  # the dial continues, and the request has not been sent
    lost: list[object] = []
    for line in dials.lines:
        connection = cast("Connection", line.get_protocol())
        connection.on_lost = lost.append
    await pool.close()
    assert len(lost) == 3
    assert dials.closed == [True, True, True]
    assert dials.waiting[0].cancelled()
    assert pool._look is not None
    assert pool._look.cancelled()
    for task in (sent, waiting, served):
        assert str(await failure_of(task)) == "GET /api: the client is closed"
    assert await running.read() == b"ok", "the response had arrived"
    with pytest.raises(TransportError, match="GET /api: the client is closed"):
        await send(pool)
    assert dials.count == 4
    await pool.close()


@in_virtual_time
async def test_closing_a_pool_that_was_not_used(dials: Dials) -> None:
    await dials.pool().close()
    assert dials.count == 0


# The progress of a call, and the number of running calls.


@in_virtual_time
async def test_a_call_reports_its_progress(dials: Dials) -> None:
    dials.waits = True
    pool, call = dials.pool(), Call()
    assert call.how_far == "no free connection, the request was not sent"
    task = started(pool, call=call)
    await settle()
    assert call.how_far == "no connection, the request was not sent"
    dials.waiting[0].set_result(None)
    await asyncio.sleep(0)
    dials.lines[0].on_request = lambda: None
    await settle()
    assert call.how_far == SENT
    dials.lines[0].deliver(OK)
    await (await task).read()
    await pool.close()


@in_virtual_time
async def test_the_clock_of_a_call_is_stopped_once() -> None:
    call = Call()
    assert call.stop_clock() is None
    async with asyncio.timeout(5) as call.clock:
        await asyncio.sleep(2)
        assert call.stop_clock() == 3
        assert call.stop_clock() is None
        await asyncio.sleep(100)
    async with asyncio.timeout(None) as call.clock:
        assert call.stop_clock() is None


@in_virtual_time
async def test_a_clock_that_has_run_down_is_not_stopped() -> None:
    call = Call()
    left: list[float | None] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(5) as call.clock:
            try:
                await asyncio.sleep(6)
            finally:
                left.append(call.stop_clock())
    assert left == [None]
    async with asyncio.timeout(5) as call.clock:
        loop = asyncio.get_running_loop()
        assert isinstance(call.clock, asyncio.Timeout)
        call.clock.reschedule(loop.time() - 1)
        assert call.stop_clock() == 0


@in_virtual_time
async def test_requests_and_streams_are_bounded_apart(dials: Dials) -> None:
    pool = dials.pool(max_connections=1)
    async with pool.request_slots, pool.stream_slots:
        for slots in (pool.request_slots, pool.stream_slots):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(slots.__aenter__(), 1)
    pool = dials.pool()
    async with pool.request_slots, pool.request_slots, pool.stream_slots, pool.stream_slots:
        pass
