"""`CoreEventRecorder` with a server in Python, in virtual time."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.record import CoreEventRecorder, reference_to
from kubeloop.testing import fake, virtual_time
from kubeloop.testing.virtual_time import EPOCH, in_virtual_time
from tests.support.occurrences import SECOND, core_events_of, core_recorder_of, note, pod, writes


@in_virtual_time
async def test_an_event_has_all_that_was_said() -> None:
    client = fake.Clientset()
    node = core_v1.Node(metadata=meta_v1.ObjectMeta(name="n1"))
    async with CoreEventRecorder(client, "tester", host="n7", now=virtual_time.now, random=Random(1)) as recorder:
        recorder.event(
            pod(), "Normal", "Bound", "Bind", "bound to n1", related=node, annotations={"example.com/a": "b"}
        )
    (event,) = await core_events_of(client)
    assert event.metadata.name.startswith("web.")
    assert event.metadata.annotations == {"example.com/a": "b"}
    assert (event.type, event.reason, event.action, event.message) == ("Normal", "Bound", "Bind", "bound to n1")
    assert event.source == core_v1.EventSource(component="tester", host="n7")
    assert (event.reporting_component, event.reporting_instance) == ("tester", "n7")
    assert (event.involved_object, event.related) == (reference_to(pod()), reference_to(node))
    assert (event.first_timestamp, event.last_timestamp, event.count) == (EPOCH, EPOCH, 1)
    assert (event.event_time, event.series) == (None, None)


@in_virtual_time
async def test_each_occurrence_of_an_event_patches_its_count() -> None:
    client = fake.Clientset()
    async with core_recorder_of(client) as recorder:
        for _ in range(3):
            note(recorder)
            await asyncio.sleep(1)
    (event,) = await core_events_of(client)
    assert (event.count, event.first_timestamp, event.last_timestamp) == (3, EPOCH, EPOCH + 2 * SECOND)
    assert (writes(client), recorder.written) == (["create", "patch", "patch"], 3)


@in_virtual_time
async def test_a_patch_contains_the_difference_that_client_go_computes() -> None:
    client = fake.Clientset()
    async with core_recorder_of(client) as recorder:
        note(recorder)
        await asyncio.sleep(1)
        note(recorder)
    patch = next(action for action in client.api.actions if action.verb == "patch")
    assert patch.patch_type == "strategic"
    assert patch.object == {"count": 2, "lastTimestamp": "2000-01-01T00:00:01Z", "message": "no"}


@in_virtual_time
async def test_a_patch_of_an_event_without_a_note_has_no_message() -> None:
    client = fake.Clientset()
    async with core_recorder_of(client) as recorder:
        note(recorder, "")
        await asyncio.sleep(1)
        note(recorder, "")
    patch = next(action for action in client.api.actions if action.verb == "patch")
    assert patch.object == {"count": 2, "lastTimestamp": "2000-01-01T00:00:01Z"}


@in_virtual_time
async def test_similar_events_become_one_with_the_newest_note() -> None:
    client = fake.Clientset()
    async with core_recorder_of(client) as recorder:
        for number in range(12):
            recorder.event(pod(), "Warning", "Failed", "Bind", str(number), annotations={"a": "b"})
            await asyncio.sleep(1)
    *single, combined = await core_events_of(client)
    assert [event.message for event in single] == [str(number) for number in range(9)]
    assert combined.message == "(combined from similar events): 11"
    assert (combined.count, combined.first_timestamp, combined.metadata.annotations) == (3, EPOCH + 9 * SECOND, {})
    assert combined.source == core_v1.EventSource(component="tester")


@in_virtual_time
async def test_spam_is_dropped_quietly_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    client, metrics = fake.Clientset(), kubeloop.Metrics()
    async with core_recorder_of(client, metrics=metrics) as recorder:
        for _ in range(30):
            note(recorder)
            await asyncio.sleep(1)
        (event,) = await core_events_of(client)
        assert (event.count, recorder.written, recorder.dropped) == (25, 25, 5)
        await asyncio.sleep(300)
        note(recorder)
    (event,) = await core_events_of(client)
    assert event.count == 31
    assert metrics.value("event_recorder_dropped_total", name="tester", reason="spam") == 5
    assert not [line for line in caplog.records if line.name.startswith("kubeloop.record")]


@in_virtual_time
async def test_an_event_that_expired_on_the_server_is_created_again_with_its_count() -> None:
    client = fake.Clientset()
    async with core_recorder_of(client) as recorder:
        note(recorder)
        await asyncio.sleep(1)
        (event,) = await core_events_of(client)
        await client.core_v1.events("default").delete(event.metadata.name)
        note(recorder)
    (again,) = await core_events_of(client)
    assert again.metadata.uid != event.metadata.uid
    assert (again.metadata.name, again.count, again.first_timestamp) == (event.metadata.name, 2, EPOCH)


@in_virtual_time
async def test_two_recorders_count_apart() -> None:
    client = fake.Clientset()
    async with core_recorder_of(client) as first, CoreEventRecorder(client, "other", now=virtual_time.now) as second:
        note(first)
        await asyncio.sleep(1)
        note(second)
    assert [event.count for event in await core_events_of(client)] == [1, 1]


@in_virtual_time
async def test_events_of_cluster_scoped_objects_are_in_the_default_namespace() -> None:
    client = fake.Clientset()
    async with core_recorder_of(client) as recorder:
        recorder.event(core_v1.ObjectReference(kind="Node", name="n1"), "Normal", "Started", "Start", "up")
    (event,) = await core_events_of(client)
    assert (event.metadata.namespace, event.involved_object.namespace) == ("default", "")


def test_a_component_without_a_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected the name of a source component, got an empty text"):
        CoreEventRecorder(fake.Clientset(), "")


@in_virtual_time
async def test_odd_names_of_component_and_host_lose_no_event() -> None:
    client = fake.Clientset()
    async with CoreEventRecorder(client, "my\ud800 tester", host="a\x1b", now=virtual_time.now) as recorder:
        note(recorder)
    (event,) = await core_events_of(client)
    assert event.source == core_v1.EventSource(component="my\N{REPLACEMENT CHARACTER} tester", host="a\\x1b")
    assert repr(recorder).startswith(r"<CoreEventRecorder my\ud800 tester: closed")
