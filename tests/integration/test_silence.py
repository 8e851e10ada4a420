"""A box before the real API server keeps connections alive and forwards nothing: clients notice and recover.

The clock of the loop is moved over the three minutes that silence may last.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import Any

import pytest

import kubeloop
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.source.lister_watcher import EventStream, ListWatch
from kubeloop.cache.source.rest_source import rest_list_watch
from kubeloop.meta.gvk import GroupResource, GroupVersion
from kubeloop.models import core_v1
from tests.support.middle_box import before
from tests.support.news import News
from tests.support.real_clientset import config_map, connect, pod
from tests.support.servers import AnyServer
from tests.support.skewed_loop import pass_by, skewed

both = pytest.mark.parametrize("scheme", ["https", "http"])


BOOKMARK_FIRST = {"allowWatchBookmarks": True, "sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan"}
"""The options of a watch: the server sends the present objects, and then a bookmark at once, not after a minute."""


class Told:
    """The reports of an informer: the present objects, and failures."""

    def __init__(self, informer: SharedInformer[Any]) -> None:
        self.names: set[str] = set()
        self.failures: list[Exception] = []
        self._news = News()
        informer.add_event_handler(on_add=self._add, on_delete=self._delete)
        informer.set_watch_error_handler(lambda _reflector, error: self._fail(error))

    async def until(self, *names: str) -> None:
        """Wait until the informer has reported these objects and no others."""
        await self._news.until(lambda: self.names == set(names), lambda: f"{self.names}, {self.failures}")

    async def until_failed(self) -> None:
        """Wait until the informer has reported a failure."""
        await self._news.until(lambda: bool(self.failures), lambda: "no failure")

    def _add(self, obj: Any) -> None:
        self.names.add(obj.metadata.name)
        self._news.come()

    def _delete(self, obj: Any) -> None:
        self.names.discard(obj.metadata.name)
        self._news.come()

    def _fail(self, error: Exception) -> None:
        self.failures.append(error)
        self._news.come()


@both
@skewed
async def test_a_silent_box_is_a_lost_connection_to_an_informer_that_knows_bookmarks(
    scheme: str, control_plane: AnyServer, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    """(D13) The informer notices within the limit, connects again, and has every object."""
    async with (
        connect(control_plane.kubeconfig) as direct,
        before(control_plane, scheme=scheme) as (box, config),
        kubeloop.Clientset(config) as clientset,
    ):
        pods = direct.core_v1.pods(namespace)
        address: dict[str, Any] = {"group_version": GroupVersion("", "v1"), "namespace": namespace}
        source = rest_list_watch(clientset.rest, core_v1.Pod, namespace=namespace)
        is_first = True

        def watch(version: str, seconds: int) -> AbstractAsyncContextManager[EventStream[core_v1.Pod]]:
            nonlocal is_first
            if not is_first:
                return source.watch(resource_version=version, timeout_seconds=seconds)
            is_first = False
            return clientset.rest.watch("pods", into=core_v1.Pod, params=BOOKMARK_FIRST, **address)

        informer = SharedInformer(ListWatch(source.list, watch), resource=GroupResource("", "pods"))
        told = Told(informer)
        running = asyncio.create_task(informer.run())
        await informer.wait_for_sync()
        await pods.create(pod("a"))  # the watch reports the object, after the bookmark
        await told.until("a")
        box.hold()
        await pods.create(pod("b"))
        await pods.delete("a", grace_period_seconds=0)
        await pass_by(165)
        assert (told.names, told.failures, informer.is_connected) == ({"a"}, [], True)
        await pass_by(40, until=lambda: bool(told.failures))
        assert [type(failure) for failure in told.failures] == [kubeloop.ServerSilent]
        await told.until("b")
        assert len(told.failures) == 1
        assert (informer.is_connected, informer.last_error) == (True, "")
        assert [record.levelname for record in caplog.records if "silent" in record.getMessage()] == ["WARNING"]
        running.cancel()
        await asyncio.wait([running])


@both
@skewed
async def test_an_idle_watch_of_events_is_opened_again_without_a_word(
    scheme: str, control_plane: AnyServer, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    """(D13) Events have no watch cache, so their watches send no bookmarks: silence has no meaning."""
    caplog.set_level(logging.DEBUG, "kubeloop")
    async with (
        connect(control_plane.kubeconfig) as direct,
        before(control_plane, scheme=scheme) as (box, config),
        kubeloop.Clientset(config) as clientset,
        kubeloop.SharedInformerFactory(clientset, namespace=namespace) as factory,
    ):
        events = direct.core_v1.events(namespace)

        def ended() -> list[str]:
            return [message for record in caplog.records if "is silent" in (message := record.getMessage())]

        informer = factory.core_v1.events()
        told = Told(informer)
        await factory.wait_for_cache_sync(timeout=60)
        await events.create(event("a", namespace))  # later reports come from a watch
        await told.until("a")
        async with clientset.core_v1.events(namespace).watch(resource_version="0") as seen:
            assert (await anext(seen)).object.metadata.name == "a"
            for name in ("b", "c"):
                caplog.clear()
                connections = box.connections
                following = asyncio.create_task(anext(seen))
                await pass_by(165)
                assert ended() == []
                await pass_by(40, until=lambda: len(ended()) == 2)
                await box.until(lambda box: box.connections == connections + 2)  # noqa: B023
                await events.create(event(name, namespace))
                assert (await following).object.metadata.name == name
                await told.until(*"abc"[: "abc".index(name) + 1])
                assert sorted("opening again" in message for message in ended()) == [False, True]
                assert sorted("open the next watch from the last" in message for message in ended()) == [False, True]
                assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
                assert [record for record in caplog.records if "listed" in record.getMessage()] == []
            assert told.failures == []


@both
@skewed
async def test_the_head_of_a_watch_may_be_held_back_for_two_minutes(
    scheme: str, control_plane: AnyServer, namespace: str
) -> None:
    """(D9)"""
    async with (
        connect(control_plane.kubeconfig) as direct,
        before(control_plane, scheme=scheme) as (box, config),
        kubeloop.Clientset(config) as clientset,
    ):
        version = (await clientset.core_v1.config_maps(namespace).list()).metadata.resource_version

        async def first() -> str:
            async with clientset.core_v1.config_maps(namespace).watch(resource_version=version) as events:
                return (await anext(events)).object.metadata.name

        box.hold()
        watching = asyncio.create_task(first())
        await box.until(lambda box: box.held > 0)
        await direct.core_v1.config_maps(namespace).create(config_map("a"))
        await pass_by(120)
        assert not watching.done()
        box.release()
        assert await watching == "a"
        assert box.connections == 1


@both
@skewed
async def test_a_list_whose_body_stops_is_reported_and_repeated(
    scheme: str, control_plane: AnyServer, namespace: str
) -> None:
    """(C6)"""
    async with (
        connect(control_plane.kubeconfig) as direct,
        before(control_plane, scheme=scheme) as (box, config),
        kubeloop.Clientset(config) as clientset,
    ):
        maps = direct.core_v1.config_maps(namespace)
        names = [f"m{number}" for number in range(4)]
        random = Random(7)  # the server compresses long lists
        for name in names:
            await maps.create(config_map(name, x=random.randbytes(50_000).hex()))
        await clientset.core_v1.config_maps(namespace).get("m0")  # opens a connection, which will be kept
        box.hold(after=100_000)
        factory = kubeloop.SharedInformerFactory(clientset, namespace=namespace, watch_list=False)
        informer = factory.core_v1.config_maps()
        told = Told(informer)
        async with factory:
            await box.until(lambda box: box.held > 0)
            await pass_by(165)
            assert told.failures == []
            assert informer.last_error == "the first LIST has been waiting for a response for 165 s"
            await pass_by(40, until=lambda: bool(told.failures))
            [failure] = told.failures
            assert isinstance(failure, kubeloop.ServerSilent)
            assert informer.last_error == str(failure)
            await pass_by(5)  # the back-off
            await factory.wait_for_cache_sync(timeout=60)
            await told.until(*names)
            assert informer.last_error == ""


@both
@skewed
async def test_a_write_that_is_swallowed_says_that_it_may_have_been_carried_out(
    scheme: str, control_plane: AnyServer, namespace: str
) -> None:
    """(C6)"""
    async with before(control_plane, scheme=scheme) as (box, config), kubeloop.Clientset(config) as clientset:
        maps = clientset.core_v1.config_maps(namespace)
        await maps.list()
        box.hold()
        writing = asyncio.create_task(maps.create(config_map("big", x="x" * 900_000)))
        await box.until(lambda box: box.held > 900_000)
        await pass_by(205)
        with pytest.raises(kubeloop.ServerSilent, match="the request was sent, and may have been carried out"):
            await writing
        with pytest.raises(kubeloop.NotFound):  # the request was not repeated
            await maps.get("big")


def event(name: str, namespace: str) -> dict[str, Any]:
    """Return an Event."""
    return {"metadata": {"name": name}, "reason": "Test", "involvedObject": {"kind": "Pod", "namespace": namespace}}
