"""The checks of informers, with doubles and with real informers over a double of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

import kubeloop
from kubeloop.errors import Unhealthy
from kubeloop.health import informers_connected, informers_heard, informers_synced
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import FaultyTransport, fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time


@dataclass(eq=False)
class Informer:
    name: str = "v1 pods"
    has_synced: bool = True
    is_stopped: bool = False
    is_connected: bool = True
    last_heard_at: float | None = 0.0
    last_error: str = ""


@dataclass
class Factory:
    informers: list[Informer] = field(default_factory=list[Informer])


def error_of(check: Callable[[], None]) -> str:
    """Return the error of a check; `""` if it passes."""
    try:
        check()
    except Unhealthy as error:
        return str(error)
    return ""


# informers_synced


def test_every_informer_must_have_synced() -> None:
    factory = Factory([Informer(), Informer("v1 nodes", has_synced=False), Informer("v1 secrets", has_synced=False)])
    check = informers_synced(factory)
    assert error_of(check) == "v1 nodes has not synced; v1 secrets has not synced"
    factory.informers[1].has_synced = True
    factory.informers[2].last_error = "Forbidden: secrets"
    assert error_of(check) == "v1 secrets has not synced (Forbidden: secrets)"
    factory.informers[2].has_synced = True
    assert error_of(check) == ""


def test_a_synced_informer_that_has_stopped_fails() -> None:
    assert error_of(informers_synced(Factory([Informer(is_stopped=True)]))) == "v1 pods has stopped"


def test_a_synced_informer_passes_without_a_connection() -> None:
    assert error_of(informers_synced(Factory([Informer(is_connected=False)]))) == ""


def test_later_informers_are_checked_too() -> None:
    factory = Factory()
    check = informers_synced(factory)
    assert error_of(check) == ""
    factory.informers.append(Informer(has_synced=False))
    assert error_of(check) == "v1 pods has not synced"


# informers_connected


@in_virtual_time
async def test_a_lost_connection_fails_after_some_time_without_news() -> None:
    informer = Informer(last_heard_at=2.0)
    check = informers_connected(Factory([informer]), within=60)
    await asyncio.sleep(500)
    assert error_of(check) == ""

    informer.last_heard_at = elapsed()
    informer.is_connected = False
    await asyncio.sleep(60)
    assert error_of(check) == ""
    await asyncio.sleep(0.5)
    informer.last_error = "connection refused"
    assert error_of(check) == "v1 pods has had no news of the server for 60 s (connection refused)"
    informer.is_connected = True
    assert error_of(check) == ""


@in_virtual_time
async def test_a_server_that_was_never_heard_has_the_same_time_from_the_first_call_on() -> None:
    factory = Factory([Informer(is_connected=False, last_heard_at=None)])
    check = informers_connected(factory, within=60)
    await asyncio.sleep(1000)
    assert error_of(check) == ""
    await asyncio.sleep(50)
    factory.informers.append(Informer("v1 nodes", is_connected=False, last_heard_at=None))
    assert error_of(check) == ""
    await asyncio.sleep(20)
    assert error_of(check) == "v1 pods has had no news of the server for 70 s"
    await asyncio.sleep(50)
    assert "v1 nodes has had no news of the server for 70 s" in error_of(check)


# informers_heard


@in_virtual_time
async def test_a_connection_without_news_fails() -> None:
    informer = Informer(last_heard_at=0.0)
    check = informers_heard(Factory([informer]), within=200)
    await asyncio.sleep(200)
    assert error_of(check) == ""
    await asyncio.sleep(1)
    assert error_of(check) == "v1 pods has had no news of the server for 201 s"
    informer.last_heard_at = elapsed()
    assert error_of(check) == ""


@pytest.mark.parametrize("check_of", [informers_connected, informers_heard])
@in_virtual_time
async def test_an_informer_that_has_stopped_fails(check_of: Callable[..., Callable[[], None]]) -> None:
    stopped, silent = Informer(is_stopped=True), Informer("v1 nodes", is_connected=False)
    check = check_of(Factory([stopped, silent]), within=60)
    assert error_of(check) == "v1 pods has stopped"
    await asyncio.sleep(61)
    assert error_of(check) == "v1 pods has stopped; v1 nodes has had no news of the server for 61 s"


@in_virtual_time
async def test_informers_that_were_removed_are_not_kept() -> None:
    factory = Factory([Informer(last_heard_at=None)])
    check = informers_heard(factory, within=60)
    assert error_of(check) == ""
    factory.informers.clear()
    await asyncio.sleep(100)
    assert error_of(check) == ""


# With real informers


@in_virtual_time
async def test_real_informers_pass_and_fail_with_their_server() -> None:
    client, is_down = fake.Clientset(), list[bool]()
    transport = FaultyTransport(client.api.transport())
    transport.on("watch", nth=1).cut(after=1)
    transport.on(where=lambda _: bool(is_down)).fail(kubeloop.ConnectError)
    clientset = kubeloop.Clientset(client.api.config(), transport=transport)
    factory = kubeloop.SharedInformerFactory(clientset, watch_list=False, random=Random(1))
    factory.core_v1.pods()
    synced, connected = informers_synced(factory), informers_connected(factory, within=30)
    heard = informers_heard(factory, within=300)
    assert error_of(synced) == "v1 pods has not synced"
    async with clientset:
        async with factory:
            await factory.wait_for_cache_sync()
            assert [error_of(each) for each in (synced, connected, heard)] == ["", "", ""]
            is_down.append(True)
            await client.core_v1.pods("default").create(core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a")))
            await asyncio.sleep(90)
            assert error_of(synced) == ""
            assert "v1 pods has had no news of the server for 90 s" in error_of(connected)
            assert error_of(heard) == ""
            await asyncio.sleep(300)
            assert "v1 pods has had no news of the server for 390 s" in error_of(heard)
            is_down.clear()
            await asyncio.sleep(60)
            assert [error_of(each) for each in (synced, connected, heard)] == ["", "", ""]
        assert error_of(synced) == "v1 pods has stopped"
