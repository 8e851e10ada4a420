"""Recorders of events on the API server: what they write is accepted, counted and found."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

import kubeloop
from kubeloop.models import core_v1, events_v1, meta_v1, rbac_v1
from kubeloop.record import CoreEventRecorder, EventRecorder, events_about, reference_to
from tests.support.occurrences import core_events_of, events_of, lines

Recorders = Callable[..., EventRecorder | CoreEventRecorder]
both = pytest.mark.parametrize("recorders", [EventRecorder, CoreEventRecorder])


@pytest_asyncio.fixture
async def config_map(clientset: kubeloop.Clientset, namespace: str) -> AsyncIterator[core_v1.ConfigMap]:
    """An object that events can be about."""
    maps = clientset.core_v1.config_maps(namespace)
    yield await maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="web")))


async def until_idle(recorder: EventRecorder | CoreEventRecorder) -> None:
    async with asyncio.timeout(20):
        while recorder.waiting:
            await asyncio.sleep(0.01)


async def test_a_series_is_created_patched_and_finished(
    clientset: kubeloop.Clientset, namespace: str, config_map: core_v1.ConfigMap
) -> None:
    async with EventRecorder(clientset, "example.com/tester") as recorder:
        for _ in range(5):
            recorder.event(
                config_map,
                "Warning",
                "Failed",
                "Check",
                "broken",
                related=config_map,
                annotations={"example.com/a": "b"},
            )
            await until_idle(recorder)
        assert (recorder.written, recorder.dropped) == (2, 0)
        (event,) = await events_of(clientset, namespace)
        assert event.series is not None
        assert event.series.count == 2
    (event,) = await events_of(clientset, namespace)
    assert event.series is not None
    assert event.series.count == 5
    assert event.series.last_observed_time is not None
    assert event.event_time is not None
    assert event.series.last_observed_time > event.event_time
    assert (event.type, event.reason, event.action, event.note) == ("Warning", "Failed", "Check", "broken")
    assert event.regarding == event.related == reference_to(config_map)
    assert event.metadata.annotations == {"example.com/a": "b"}
    assert event.reporting_controller == "example.com/tester"
    assert event.reporting_instance.startswith("example.com/tester-")
    assert (recorder.written, recorder.dropped) == (3, 0)


async def test_counts_are_patched_and_similar_events_are_combined(
    clientset: kubeloop.Clientset, namespace: str, config_map: core_v1.ConfigMap
) -> None:
    async with CoreEventRecorder(clientset, "tester", host="n1") as recorder:
        for _ in range(3):
            recorder.event(config_map, "Normal", "Checked", "Check", "fine", related=config_map)
            await until_idle(recorder)
        for number in range(12):
            recorder.event(config_map, "Warning", "Failed", "Check", f"broken: {number}")
            await until_idle(recorder)
    found = {event.message: event for event in await core_events_of(clientset, namespace)}
    assert set(found) == {
        "fine",
        *(f"broken: {number}" for number in range(9)),
        "(combined from similar events): broken: 11",
    }
    fine = found["fine"]
    assert (fine.count, fine.type, fine.reason, fine.action) == (3, "Normal", "Checked", "Check")
    assert fine.source == core_v1.EventSource(component="tester", host="n1")
    assert fine.involved_object == fine.related == reference_to(config_map)
    assert found["(combined from similar events): broken: 11"].count == 3
    assert (recorder.written, recorder.dropped) == (15, 0)


@both
async def test_the_longest_texts_are_accepted_and_longer_ones_are_shortened(
    clientset: kubeloop.Clientset, namespace: str, config_map: core_v1.ConfigMap, recorders: Recorders
) -> None:
    texts = [("é" * 64, "é" * 64, "é" * 512), ("r" * 128, "a" * 128, "n" * 1024), ("😀" * 99, "€" * 99, "é" * 9999)]
    name = {"instance": "i" * 999} if recorders is EventRecorder else {"host": "h" * 999}
    async with recorders(clientset, "tester", **name) as recorder:
        for reason, action, note in texts:
            recorder.event(config_map, "Normal", reason, action, note)
    assert (recorder.written, recorder.dropped) == (3, 0)
    found = await core_events_of(clientset, namespace)
    assert [(event.reason, event.action, event.message) for event in found] == [
        *texts[:2],
        ("😀" * 32, "€" * 42, "é" * 510 + "…"),
    ]


@both
async def test_control_characters_and_lone_surrogates_lose_no_event(
    clientset: kubeloop.Clientset, namespace: str, config_map: core_v1.ConfigMap, recorders: Recorders
) -> None:
    async with recorders(clientset, "tester") as recorder:
        recorder.event(config_map, "Normal", "Odd", "Check", "a\x00\x1b[31m\nb\ud800", annotations={"a": "x\r\n\udfff"})
    (event,) = await core_events_of(clientset, namespace)
    assert event.message == "a\\x00\\x1b[31m\nb\N{REPLACEMENT CHARACTER}"
    assert event.metadata.annotations == {"a": "x\r\n\N{REPLACEMENT CHARACTER}"}
    assert recorder.dropped == 0


@both
async def test_odd_names_and_cluster_scoped_objects_lose_no_event(
    clientset: kubeloop.Clientset, recorders: Recorders
) -> None:
    role = rbac_v1.ClusterRole(metadata=meta_v1.ObjectMeta(name="system:node", uid="u1"))
    objects: list[kubeloop.Kind | core_v1.ObjectReference] = [
        role,
        core_v1.ObjectReference(kind="Thing", name="A_" + "b" * 250),
    ]
    async with recorders(clientset, "tester") as recorder:
        for obj in objects:
            recorder.event(obj, "Normal", "Checked", "Check", "fine")
    assert (recorder.written, recorder.dropped) == (2, 0)
    found = await clientset.core_v1.events("default").list(field_selector=events_about(role))
    assert {event.involved_object.name for event in found} == {"system:node"}


@both
async def test_an_event_that_the_server_deleted_is_created_again(
    clientset: kubeloop.Clientset, namespace: str, config_map: core_v1.ConfigMap, recorders: Recorders
) -> None:
    async with recorders(clientset, "tester") as recorder:
        recorder.event(config_map, "Normal", "Checked", "Check", "fine")
        await until_idle(recorder)
        (event,) = await core_events_of(clientset, namespace)
        await clientset.core_v1.events(namespace).delete(event.metadata.name)
        recorder.event(config_map, "Normal", "Checked", "Check", "fine")
    (again,) = await core_events_of(clientset, namespace)
    assert (again.metadata.name, again.metadata.uid != event.metadata.uid) == (event.metadata.name, True)
    assert (again.series.count if again.series else again.count) == 2


@both
async def test_events_are_found_by_their_object_in_both_apis(
    clientset: kubeloop.Clientset, namespace: str, config_map: core_v1.ConfigMap, recorders: Recorders
) -> None:
    other = core_v1.ObjectReference(kind="ConfigMap", api_version="v1", name="other", namespace=namespace)
    async with recorders(clientset, "tester") as recorder:
        recorder.event(config_map, "Normal", "Checked", "Check", "fine")
        recorder.event(other, "Normal", "Checked", "Check", "fine")
    core = await clientset.core_v1.events(namespace).list(field_selector=events_about(config_map))
    newer = await clientset.events_v1.events(namespace).list(field_selector=events_about(config_map, events_v1.Event))
    assert [event.involved_object.name for event in core] == [event.regarding.name for event in newer] == ["web"]


@both
async def test_a_terminating_namespace_is_quiet(
    clientset: kubeloop.Clientset, namespace: str, recorders: Recorders, caplog: pytest.LogCaptureFixture
) -> None:
    space = await clientset.core_v1.namespaces().create(
        core_v1.Namespace(metadata=meta_v1.ObjectMeta(generate_name=f"{namespace}-"))
    )
    name = space.metadata.name
    maps = clientset.core_v1.config_maps(name)
    kept = await maps.create(
        core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="kept", finalizers=["example.com/wait"]))
    )
    await clientset.core_v1.namespaces().delete(name)
    async with recorders(clientset, "tester") as recorder:
        recorder.event(kept, "Normal", "Checked", "Check", "fine")
        await until_idle(recorder)
    assert (recorder.written, recorder.dropped) == (0, 1)
    assert isinstance(recorder.last_error, kubeloop.Forbidden)
    assert lines(caplog, "WARNING") == []
    async with maps.edit("kept") as draft:
        draft.metadata.finalizers = []
    await maps.delete("kept")


@both
async def test_an_event_that_the_server_refuses_is_dropped_and_logged(
    clientset: kubeloop.Clientset,
    namespace: str,
    config_map: core_v1.ConfigMap,
    recorders: Recorders,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with recorders(clientset, "tester") as recorder:
        recorder.event(config_map, "Normal", "Checked", "Check", "fine", annotations={"a": "x" * 300_000})
        recorder.event(config_map, "Normal", "Second", "Check", "fine")
    assert (recorder.written, recorder.dropped) == (1, 1)
    (line,) = lines(caplog, "WARNING")
    assert "the event Normal Checked of ConfigMap" in line
    assert "(refused): POST /ap" in line
    assert [event.reason for event in await core_events_of(clientset, namespace)] == ["Second"]
