"""The numbers of informers: as values, as a table, and as metrics."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.cache import HandlerStatistics, InformerLabels, InformerStatistics, SharedInformer
from kubeloop.cache.informer.informer_statistics import described
from kubeloop.meta.gvk import GroupVersionResource
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import Recorder, informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, api_error, thing

EXPIRED = api_error(errors.Expired, 410, "Expired")
FORBIDDEN = api_error(errors.Forbidden, 403, "Forbidden")


def measured(server: ThingServer, metrics: object, name: str = "things") -> SharedInformer[Thing]:
    return SharedInformer(
        server.source,
        resource=GroupVersionResource("", "v1", "configmaps"),
        name=name,
        metrics=metrics,  # type: ignore[arg-type]
    )


def value(metrics: kubeloop.Metrics, name: str, **labels: str) -> float:
    return metrics.value(f"informer_{name}", name="things", group="", version="v1", resource="configmaps", **labels)


@in_virtual_time
async def test_an_informer_counts_what_it_holds_and_when_it_heard():
    server = ThingServer({"a": "1", "b": "?"})
    informer = informer_of(server)
    before = informer.statistics()
    assert (before.state, before.objects, before.resource_version, before.heard_seconds) == ("new", 0, "", None)
    async with running(informer):
        await asyncio.sleep(20)
        now = informer.statistics()
        assert now.name == "things"
        assert (now.state, now.objects, now.unreadable) == ("synced", 1, 1)
        assert now.resource_version == informer.last_sync_resource_version == "102"
        assert now.heard_seconds == 20.0
        assert (now.lag_seconds, now.queued, now.backlog, now.relists) == (0.0, 0, 0, {})
        assert now.last_error.startswith("ns/b cannot be read")
    assert informer.statistics().state == "stopped"


@in_virtual_time
async def test_the_state_shows_whether_the_informer_follows_the_server():
    server = ThingServer({"a": "1"})
    server.list_delay = 1.0
    informer = informer_of(server)
    async with running(informer):
        assert informer.statistics().state == "syncing"
        await asyncio.sleep(2)
        assert informer.statistics().state == "synced"
        server.next_watches.extend([FORBIDDEN] * 2)
        server.next_lists.append(FORBIDDEN)
        server.end_watches()
        await asyncio.sleep(1.5)
        assert informer.statistics().state == "disconnected"
        await asyncio.sleep(100)
        assert informer.statistics().state == "synced"


@in_virtual_time
@pytest.mark.parametrize(
    ("disturb", "reason"),
    [
        (lambda server: (server.cut_watches(), server.put(thing("b")), server.compact()), "Expired"),
        (lambda server: server.end_watches(api_error(errors.InternalError, 500, "InternalError")), "InternalError"),
        (lambda server: server.put(thing("b", "??")), "Unreadable"),
    ],
)
async def test_lists_after_the_first_are_counted_by_what_led_to_them(
    disturb: Callable[[ThingServer], object], reason: str
):
    server, metrics = ThingServer({"a": "1"}), kubeloop.Metrics()
    informer = measured(server, metrics)
    async with running(informer):
        await asyncio.sleep(5)
        disturb(server)
        await asyncio.sleep(2)
        assert informer.statistics().relists.keys() == {reason}
        assert value(metrics, "relists_total", reason=reason) == informer.statistics().relists[reason] >= 1


@in_virtual_time
async def test_a_first_list_that_is_tried_again_is_no_relist():
    server = ThingServer({"a": "1"})
    server.next_lists.extend([FORBIDDEN, EXPIRED, FORBIDDEN])
    informer = informer_of(server)
    async with running(informer):
        await asyncio.sleep(60)
        assert informer.has_synced
        assert informer.statistics().relists == {}


@in_virtual_time
async def test_a_watch_that_is_resumed_is_no_relist():
    server = ThingServer({"a": "1"})
    informer = informer_of(server)
    async with running(informer):
        await asyncio.sleep(5)
        server.cut_watches()
        await asyncio.sleep(5)
        server.end_watches()
        await asyncio.sleep(60)
        assert informer.statistics().relists == {}


@in_virtual_time
async def test_the_lag_is_the_age_of_the_oldest_change_that_a_handler_has_not_seen():
    server = ThingServer({"a": "1"})
    informer = informer_of(server)

    async def slow(_obj: Thing) -> None:
        await asyncio.sleep(10)

    informer.add_event_handler(on_add=slow)
    async with running(informer):
        await asyncio.sleep(20)
        for name in "bcd":
            server.put(thing(name))
        await asyncio.sleep(4)
        now = informer.statistics()
        assert (now.lag_seconds, now.backlog, now.backlog_seconds) == (4.0, 2, 4.0)
        [handler] = now.handlers
        assert (handler.backlog, handler.backlog_seconds, handler.error) == (2, 4.0, "")
        assert handler.name.startswith("on_add=")


@in_virtual_time
async def test_a_plain_handler_that_holds_the_loop_makes_changes_wait_for_the_store():
    server = ThingServer()
    informer = informer_of(server)
    seen: list[InformerStatistics] = []

    def hold(_obj: Thing) -> None:
        virtual_time.advance(0.5)
        seen.append(informer.statistics())

    informer.add_event_handler(on_add=hold)
    async with running(informer):
        for name in "abc":
            server.put(thing(name))
        await settle()
        assert [(now.queued, round(now.lag_seconds, 3)) for now in seen] == [(2, 0.5), (1, 1.0), (0, 1.5)]
        assert (informer.statistics().queued, informer.statistics().lag_seconds) == (0, 0.0)


@in_virtual_time
async def test_a_handler_that_was_too_slow_stays_visible_with_its_error_until_it_is_removed():
    server = ThingServer({"a": "1"})
    informer = informer_of(server)

    async def stuck(_old: Thing, _new: Thing) -> None:
        await asyncio.Event().wait()

    registration = informer.add_event_handler(on_update=stuck, max_backlog=1, when_full="error")
    async with running(informer):
        for number in range(9):
            server.put(thing("a", str(number)))
        await settle()
        [handler] = informer.statistics().handlers
        assert handler.error.startswith("the backlog reached its bound of 1 event;")
        assert f"the event handler {handler.name} was removed: {handler.error}" in described([informer.statistics()])
        informer.remove_event_handler(registration)
        assert informer.statistics().handlers == ()


@in_virtual_time
async def test_metrics_are_those_of_the_informer_while_it_runs():
    server, metrics = ThingServer({"a": "1", "b": "?"}), kubeloop.Metrics()
    informer = measured(server, metrics)
    informer.add_event_handler(on_add=lambda _obj: virtual_time.advance(0.02))
    async with running(informer):
        await asyncio.sleep(7)
        names = (
            "queued_items", "store_resource_version", "objects", "unreadable_objects", "last_heard_seconds",
            "lag_seconds", "handler_backlog", "handler_backlog_seconds",
        )  # fmt: skip
        assert [value(metrics, name) for name in names] == [0, 102, 1, 1, 7.0, 0, 0, 0]
        server.put(thing("c"))
        await settle()
        assert value(metrics, "processing_latency_seconds_count") == 2  # a list is one change
        assert value(metrics, "processing_latency_seconds_sum") == pytest.approx(0.04)
        assert 'informer_objects{name="things",group="",version="v1",resource="configmaps"} 2\n' in metrics.text()
    assert "informer_objects" not in metrics.text()
    assert value(metrics, "processing_latency_seconds_count") == 2


@in_virtual_time
async def test_metrics_keep_no_informer_alive_and_show_the_first_of_equal_names():
    server, metrics = ThingServer({"a": "1"}), kubeloop.Metrics()
    informers = [measured(server, metrics), measured(ThingServer(), metrics)]
    async with running(*informers):
        assert value(metrics, "objects") == 1
    del informers
    gc.collect()
    assert value(metrics, "objects") == 0
    assert metrics.text().count("informer_objects") == 0


@in_virtual_time
async def test_a_sink_that_fails_loses_a_measurement_and_no_change(caplog: pytest.LogCaptureFixture):
    class Broken:
        def __getattr__(self, name: str) -> object:
            def fail(*_: object) -> None:
                raise ValueError(name)

            return fail

    server, recorder = ThingServer({"a": "1"}), Recorder()
    informer = measured(server, Broken())
    recorder.register(informer)
    async with running(informer):
        server.put(thing("b"))
        server.end_watches(EXPIRED)
        await asyncio.sleep(60)
    assert recorder.state == {"a": "1", "b": ""}
    assert caplog.text.count("the metrics sink failed") == 1


def test_a_version_that_is_no_number_is_no_metric():
    class Owner:
        def statistics(self) -> InformerStatistics:
            return statistics(resource_version="abc")

    metrics, owner = kubeloop.Metrics(), Owner()
    metrics.informer_created(InformerLabels("things", "", "v1", "configmaps"), owner.statistics)
    assert value(metrics, "store_resource_version") == 0
    assert value(metrics, "objects") == 311


def statistics(**changes: Any) -> InformerStatistics:
    return InformerStatistics(
        name="v1 pods in default",
        state="synced",
        objects=311,
        memory_bytes=2_500_000,
        unreadable=0,
        resource_version="48213",
        relists={},
        heard_seconds=12.0,
        lag_seconds=0.0,
        queued=0,
        handlers=(),
        last_error="",
    ).replace(**changes)


def test_the_table_has_a_line_per_informer_and_a_line_per_problem():
    handlers = (HandlerStatistics("on_add=report", 15, 4.0), HandlerStatistics("on_add=queue.add", 0, 0.0))
    informers = [
        statistics(relists={"Expired": 1}, lag_seconds=4.0, handlers=handlers),
        statistics(
            name="v1 services",
            state="syncing",
            objects=0,
            memory_bytes=9700,
            resource_version="",
            heard_seconds=None,
            last_error="refused",
        ),
    ]
    lines = described(informers).splitlines()
    assert [line.split("   ")[0] for line in lines[:3]] == ["INFORMER", "v1 pods in default", "v1 services"]
    assert [line[21:] for line in lines[:3]] == [
        "STATE     OBJECTS   MEMORY    UNREADABLE   VERSION   RELISTS   HEARD      LAG   QUEUED   BACKLOG",
        "synced    311       2.4 MiB   0            48213     1         12 s ago   4 s   0        15",
        "syncing   0         9.5 KiB   0            -         0         -          0 s   0        0",
    ]
    assert lines[3:] == [
        "",
        "v1 pods in default: listed again after Expired (1)",
        "v1 pods in default: 15 events in the backlog of the event handler on_add=report, the oldest for 4 s",
        "v1 services: refused",
    ]


def test_a_table_without_problems_is_only_the_table():
    assert len(described([statistics()]).splitlines()) == 2
    assert len(described([]).splitlines()) == 1


def test_numbers_outside_of_the_loop_have_no_times():
    informer = informer_of(ThingServer())
    assert (informer.statistics().heard_seconds, informer.statistics().lag_seconds) == (None, 0.0)
