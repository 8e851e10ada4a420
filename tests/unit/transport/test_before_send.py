"""`Request.before_send`: called directly before the request is written, however often and however late that is."""

from __future__ import annotations

import asyncio

import pytest

import kubeloop
from kubeloop.errors import LeadershipLost
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.transport.pool import Call
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers
from tests.support.pooling import Dials, ask, keep
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status


class Gate:
    """A function for `before_send`, which counts its calls."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.is_open = is_open
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if not self.is_open:
            raise LeadershipLost("closed")


@in_virtual_time
async def test_a_gate_that_closes_while_the_connection_opens_refuses_and_keeps_the_connection(dials: Dials) -> None:
    pool, gate = dials.pool(), Gate()
    dials.waits = True
    task = asyncio.create_task(pool.send(Request("PUT", "/api", before_send=gate), b"head", Call()))
    await settle()
    assert gate.calls == 0
    gate.is_open = False
    dials.waiting[0].set_result(None)
    with pytest.raises(LeadershipLost):
        await task
    assert dials.requests == [0]
    assert repr(pool) == "<Pool 1 connections, 1 idle>"
    assert await ask(pool) == b"ok"
    assert dials.requests == [1]
    await pool.close()


@in_virtual_time
async def test_a_request_that_the_pool_sends_a_second_time_passes_the_gate_again(dials: Dials) -> None:
    pool, gate = dials.pool(), Gate()
    await keep(pool, 1)
    dials.lines[0].breaks_at_write = True
    exchange = await pool.send(Request("GET", "/api", before_send=gate), b"head", Call())
    assert await exchange.read() == b"ok"
    assert gate.calls == 2
    assert dials.requests == [1, 1]
    await pool.close()


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_transport_of_the_user_is_behind_the_gate(is_open: bool) -> None:
    transport = ScriptedTransport(*[ScriptedResponse.of({"kind": "Pod", "apiVersion": "v1"})] * is_open)
    gate = Gate(is_open=is_open)
    clientset = kubeloop.Clientset(kubeloop.Config(host="http://server"), transport=transport).guarded(lambda: gate)
    if is_open:
        await clientset.core_v1.pods("default").get("a")
    else:
        with pytest.raises(LeadershipLost):
            await clientset.core_v1.pods("default").get("a")
    assert len(transport.requests) == is_open
    assert gate.calls == 1


@in_virtual_time
async def test_a_retry_passes_the_gate_again() -> None:
    gate = Gate()
    again = error_status(429, "TooManyRequests", headers={"Retry-After": "0"})
    transport = ScriptedTransport(again, again, ScriptedResponse.of({"kind": "Pod", "apiVersion": "v1"}))
    config = kubeloop.Config(host="http://server")
    await kubeloop.Clientset(config, transport=transport).guarded(lambda: gate).core_v1.pods("default").get("a")
    assert gate.calls == 3


def test_a_request_keeps_its_gate_when_headers_are_added() -> None:
    gate = Gate()
    request = Request("GET", "/", before_send=gate)
    assert request.with_header("A", "b").before_send is gate
    assert request.with_headers(Headers([("A", "b")])).before_send is gate
