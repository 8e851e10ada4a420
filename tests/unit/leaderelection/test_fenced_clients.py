"""Clients that send only while their process leads. In virtual time, and with loops that block."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

import kubeloop
from kubeloop.leaderelection import LeaderElection
from kubeloop.leaderelection.leader_term import live_clock
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import fake, virtual_time
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support import loops
from tests.support.elections import election_of, faulty, lost


@in_virtual_time
async def test_a_fenced_client_works_only_for_the_leader() -> None:
    client = fake.Clientset()
    election = election_of(client)
    fenced = election.fence(client)
    maps = fenced.core_v1.config_maps("default")
    one = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="one"))
    refusal = "leader election default/x: the request was not sent, because a is not the leader"
    with lost(refusal):
        await maps.create(one)
    async with election:
        await maps.create(one)
    with lost(refusal):
        await maps.delete("one")
    assert [each.verb for each in client.api.actions if each.resource == "configmaps"] == ["create"]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.core_v1.pods("default").list(),
        lambda client: client.core_v1.pods("default").watch().__aenter__(),
        lambda client: client.dynamic.resource("v1", "pods").namespace("default").get("p"),
        lambda client: client.discovery.server_version(),
        lambda client: client.rest.get("/version"),
        lambda client: client.rest.stream("/version").__aenter__(),
        lambda client: client.rest.upgrade(client.rest.new_request("GET", "/version"), subprotocols=()).__aenter__(),
    ],
    ids=["list", "watch", "dynamic", "discovery", "rest", "stream", "upgrade"],
)
@in_virtual_time
async def test_every_way_to_send_is_fenced(call: Callable[[kubeloop.Clientset], Any]) -> None:
    client = fake.Clientset()
    with lost():
        await call(election_of(client).fence(client))
    assert len(client.api.actions) == 0


@in_virtual_time
async def test_a_blocked_loop_sends_nothing_after_the_deadline() -> None:
    client = fake.Clientset()
    election = election_of(client)
    fenced = election.fence(client)
    with lost("the request was not sent"):
        async with election:
            virtual_time.advance(9.9)
            await fenced.core_v1.config_maps("default").list()
            virtual_time.advance(10.1)
            await fenced.core_v1.config_maps("default").list()
    assert [each.verb for each in client.api.actions if each.resource == "configmaps"] == ["list"]


@in_virtual_time
async def test_a_retry_is_fenced_too() -> None:
    client = fake.Clientset()
    mortal, network = faulty(client)
    election = election_of(client)
    fenced = election.fence(mortal)
    network.on("list", "configmaps", nth=1).fail(kubeloop.TooManyRequests, retry_after=1)
    async with AsyncExitStack() as stack:
        stack.enter_context(lost())
        async with election:
            call = asyncio.create_task(fenced.core_v1.config_maps("default").list())
            await virtual_time.settle()
            virtual_time.advance(30)
            await asyncio.wait([call])
    with lost("the request was not sent"):
        await call
    assert not [each for each in client.api.actions if each.resource == "configmaps"]


@in_virtual_time
async def test_a_retry_is_not_sent_in_a_later_term_of_the_same_candidate() -> None:
    client = fake.Clientset()
    mortal, network = faulty(client)
    election = election_of(client)
    fenced = election.fence(mortal)
    network.on("list", "configmaps", nth=1).fail(kubeloop.TooManyRequests, retry_after=1)
    async with election:
        call = asyncio.create_task(fenced.core_v1.config_maps("default").list())
        await virtual_time.settle()
    async with election:
        with lost("leads again since the call began"):
            await call
        await fenced.core_v1.config_maps("default").list()
    assert [each.verb for each in client.api.actions if each.resource == "configmaps"] == ["list"]


@in_virtual_time
async def test_the_fence_counts_from_the_moment_at_which_the_renewal_was_sent() -> None:
    client = fake.Clientset()
    slow, network = faulty(client)
    network.on("*", "leases").delay(4)
    election = election_of(slow)
    fenced = election.fence(client)
    async with election:  # read from 0 to 4, created from 4 to 8
        assert elapsed() == 8.0
        virtual_time.advance(5.9)
        await fenced.core_v1.config_maps("default").list()
        virtual_time.advance(0.1)
        with lost():
            await fenced.core_v1.config_maps("default").list()


async def lead_and_return_the_clock() -> Callable[[], float]:
    election = LeaderElection(fake.Clientset(), "x", "default")
    async with election:
        await election.fence(fake.Clientset()).core_v1.pods("default").list()
        await asyncio.sleep(0)
    return live_clock(asyncio.get_running_loop())


def test_the_clock_of_the_fence_moves_on_while_the_loop_is_blocked() -> None:
    with asyncio.Runner(loop_factory=loops.uvloop.new_event_loop) as runner:
        # uvloop's time stops at the begin of a turn.
        assert runner.run(lead_and_return_the_clock()) is time.monotonic
    with asyncio.Runner() as runner:
        assert runner.run(lead_and_return_the_clock()) == runner.get_loop().time


def test_a_fenced_client_is_a_client_of_the_same_class_and_closes_nothing() -> None:
    client = fake.Clientset()
    fenced = election_of(client).fence(client)
    assert type(fenced) is fake.Clientset
    assert fenced.api is client.api
    assert fenced.rest.config is client.rest.config
    assert isinstance(election_of(client).fence(client.dynamic), kubeloop.DynamicClient)
