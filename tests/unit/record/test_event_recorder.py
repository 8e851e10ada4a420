"""`EventRecorder` with a server in Python, in virtual time."""

from __future__ import annotations

import asyncio
import socket
from random import Random
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1, events_v1, meta_v1
from kubeloop.record import EventRecorder, Recorder, reference_to
from kubeloop.testing import fake, virtual_time
from kubeloop.testing.virtual_time import EPOCH, in_virtual_time
from tests.support.occurrences import SECOND, events_of, lines, note, pod, recorder_of, until, writes


@in_virtual_time
async def test_an_event_has_all_that_was_said() -> None:
    client = fake.Clientset()
    node = core_v1.Node(metadata=meta_v1.ObjectMeta(name="n1"))
    async with recorder_of(client) as recorder:
        recorder.event(
            pod(), "Normal", "Bound", "Bind", "bound to n1", related=node, annotations={"example.com/a": "b"}
        )
        await asyncio.sleep(1)
        (event,) = await events_of(client)
    assert event.metadata.name.startswith("web.")
    assert event.metadata.annotations == {"example.com/a": "b"}
    assert event.event_time == EPOCH
    assert (event.type, event.reason, event.action, event.note) == ("Normal", "Bound", "Bind", "bound to n1")
    assert (event.reporting_controller, event.reporting_instance) == ("tester", "tester-1")
    assert (event.regarding, event.related) == (reference_to(pod()), reference_to(node))
    assert event.series is None
    assert (event.deprecated_count, event.deprecated_first_timestamp) == (0, None)


@in_virtual_time
async def test_an_event_is_in_the_namespace_of_its_object_or_in_the_default_one() -> None:
    client = fake.Clientset(core_v1.Namespace(metadata=meta_v1.ObjectMeta(name="shop")))
    async with recorder_of(client) as recorder:
        note(recorder, about=pod(namespace="shop"))
        recorder.event(core_v1.ObjectReference(kind="Node", name="n1"), "Normal", "Started", "Start", "")
    assert [event.regarding.name for event in await events_of(client, "shop")] == ["web"]
    assert [event.regarding.name for event in await events_of(client, "default")] == ["n1"]


@in_virtual_time
async def test_the_second_occurrence_makes_a_series_and_later_ones_wait_for_the_end() -> None:
    client = fake.Clientset()
    async with recorder_of(client) as recorder:
        for _ in range(10):
            note(recorder)
            await asyncio.sleep(1)
        (event,) = await events_of(client)
        assert event.series == events_v1.EventSeries(count=2, last_observed_time=EPOCH + SECOND)
        assert (writes(client), recorder.written) == (["create", "patch"], 2)
    (event,) = await events_of(client)
    assert event.series == events_v1.EventSeries(count=10, last_observed_time=EPOCH + 9 * SECOND)
    assert (writes(client), recorder.written, recorder.dropped) == (["create", "patch", "patch"], 3, 0)


@in_virtual_time
async def test_a_second_occurrence_before_the_first_is_written_is_one_write() -> None:
    client = fake.Clientset()
    async with recorder_of(client) as recorder:
        note(recorder)
        note(recorder)
    (event,) = await events_of(client)
    assert event.series is not None
    assert (event.series.count, writes(client)) == (2, ["create"])


@in_virtual_time
async def test_a_patch_contains_the_series_and_nothing_else() -> None:
    client = fake.Clientset()
    async with recorder_of(client) as recorder:
        note(recorder)
        await asyncio.sleep(1.25)
        note(recorder)
    patch = next(action for action in client.api.actions if action.verb == "patch")
    assert patch.patch_type == "strategic"
    assert patch.object == {"series": {"count": 2, "lastObservedTime": "2000-01-01T00:00:01.250000Z"}}


@in_virtual_time
async def test_counts_are_written_every_thirty_minutes_while_the_series_continues() -> None:
    client = fake.Clientset()
    async with recorder_of(client) as recorder:
        for second in range(30, 3900, 60):
            await until(second)
            note(recorder)
        times = [action.verb for action in client.api.actions]
        assert times == ["create", "patch", "patch", "patch"]
        (event,) = await events_of(client)
        assert event.series is not None
        assert event.series.count == 60


@in_virtual_time
async def test_a_series_that_has_ended_is_written_once_and_forgotten() -> None:
    client = fake.Clientset()
    async with recorder_of(client) as recorder:
        for _ in range(5):
            note(recorder)
            await asyncio.sleep(1)
        await until(719)
        assert writes(client) == ["create", "patch"]
        await until(721)
        (event,) = await events_of(client)
        assert event.series is not None
        assert event.series.count == 5
        note(recorder)
        await until(3000)
        assert writes(client) == ["create", "patch", "patch", "create"]
        assert len(await events_of(client)) == 2


@in_virtual_time
async def test_an_event_that_expired_on_the_server_is_created_again_with_its_count() -> None:
    client = fake.Clientset()
    async with recorder_of(client) as recorder:
        note(recorder)
        await asyncio.sleep(1)
        (event,) = await events_of(client)
        await client.events_v1.events("default").delete(event.metadata.name)
        note(recorder)
        await asyncio.sleep(1)
        (again,) = await events_of(client)
    assert again.metadata.name == event.metadata.name
    assert again.metadata.uid != event.metadata.uid
    assert again.series == events_v1.EventSeries(count=2, last_observed_time=EPOCH + SECOND)
    assert (again.note, again.event_time) == ("no", EPOCH)


@in_virtual_time
async def test_names_that_are_no_dns_subdomains_do_not_lose_events() -> None:
    client = fake.Clientset()
    async with recorder_of(client) as recorder:
        recorder.event(core_v1.ObjectReference(kind="ClusterRole", name="system:node"), "Normal", "A", "B", "")
    (event,) = await events_of(client)
    assert len(event.metadata.name) == 36


@in_virtual_time
async def test_the_instance_is_the_controller_and_the_host_unless_it_is_given() -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, f"tester-{socket.gethostname()}"[:128]),
        ({"instance": "é" * 100}, "é" * 64),
        ({"instance": "host\ud800\x1b"}, "host\N{REPLACEMENT CHARACTER}\\x1b"),
        ({"instance": ""}, "tester"),
    )
    for options, instance in cases:
        client = fake.Clientset()
        async with EventRecorder(client, "tester", now=virtual_time.now, random=Random(1), **options) as recorder:
            note(recorder)
        (event,) = await events_of(client)
        assert event.reporting_instance == instance


@pytest.mark.parametrize("controller", ["", "two words", "a/b/c", "x" * 64, "é"])
def test_a_controller_that_the_server_would_refuse_is_an_error(controller: str) -> None:
    with pytest.raises(ValueError, match=r"expected a label key as the name of a reporting controller, got '.*': name"):
        EventRecorder(fake.Clientset(), controller)


@pytest.mark.parametrize("timeout", [-1.0, float("nan")])
def test_a_negative_flush_timeout_is_an_error(timeout: float) -> None:
    with pytest.raises(ValueError, match="expected a flush_timeout of 0 or more seconds, got"):
        recorder_of(fake.Clientset(), flush_timeout=timeout)


@in_virtual_time
async def test_a_call_with_a_wrong_argument_raises_and_writes_nothing() -> None:
    client = fake.Clientset()
    wrong: Any = "Error"
    async with recorder_of(client) as recorder:
        with pytest.raises(ValueError, match="expected the type"):
            recorder.event(pod(), wrong, "A", "B", "c")
        with pytest.raises(TypeError, match="expected text as the note"):
            recorder.event(pod(), "Normal", "A", "B", wrong.encode())
    assert (writes(client), recorder.dropped) == ([], 0)


@in_virtual_time
async def test_an_event_before_the_block_is_an_error() -> None:
    recorder = recorder_of(fake.Clientset())
    with pytest.raises(RuntimeError, match=r"<EventRecorder tester: not entered, 0 .* inside of its block: async with"):
        note(recorder)


@in_virtual_time
async def test_an_event_after_the_block_is_dropped_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    client = fake.Clientset()
    async with recorder_of(client) as recorder:
        note(recorder)
    for _ in range(3):
        note(recorder)
    assert (recorder.written, recorder.dropped, writes(client)) == (1, 3, ["create"])
    assert lines(caplog, "WARNING") == [
        "event recorder tester: the event Warning Failed of Pod default/web was dropped (closed)"
    ]


@in_virtual_time
async def test_the_block_can_be_entered_again_and_not_twice_at_once() -> None:
    client = fake.Clientset()
    recorder = recorder_of(client)
    async with recorder:
        note(recorder)
        with pytest.raises(RuntimeError, match="was entered before"):
            await recorder.__aenter__()
    async with recorder:
        note(recorder)
    (event,) = await events_of(client)
    assert event.series is not None
    assert (event.series.count, recorder.written) == (2, 2)


@in_virtual_time
async def test_the_display_shows_the_counts() -> None:
    recorder = recorder_of(fake.Clientset())
    async with recorder:
        note(recorder)
        assert repr(recorder) == "<EventRecorder tester: 1 waiting, 0 written, 0 dropped>"
        assert recorder.waiting == 1
        await asyncio.sleep(1)
        assert recorder.waiting == 0
    assert repr(recorder) == "<EventRecorder tester: closed, 0 waiting, 1 written, 0 dropped>"


@in_virtual_time
async def test_each_call_is_a_line_of_the_debug_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "kubeloop.record")
    async with recorder_of(fake.Clientset()) as recorder:
        note(recorder, "no port\nis free")
    assert lines(caplog, "DEBUG") == [r"event recorder tester: Warning Failed of Pod default/web: no port\nis free"]


@in_virtual_time
async def test_a_metrics_object_receives_what_happened() -> None:
    metrics = kubeloop.Metrics()
    async with recorder_of(fake.Clientset(), metrics=metrics) as recorder:
        note(recorder)
    note(recorder)
    assert metrics.value("event_recorder_written_total", name="tester") == 1
    assert metrics.value("event_recorder_dropped_total", name="tester", reason="closed") == 1


@in_virtual_time
async def test_an_exception_of_the_metrics_loses_no_event(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def event_written(self, recorder: str, /) -> None:
            raise ZeroDivisionError(recorder)

        def event_dropped(self, recorder: str, reason: str, /) -> None:
            raise ZeroDivisionError(reason)

    client = fake.Clientset()
    async with recorder_of(client, metrics=Broken()) as recorder:
        note(recorder)
        note(recorder, about=pod("b"))
    note(recorder)
    assert (len(await events_of(client)), recorder.written, recorder.dropped) == (2, 2, 1)
    assert sum("the metrics sink failed" in line.getMessage() for line in caplog.records) == 1


@in_virtual_time
async def test_a_function_takes_any_recorder() -> None:
    def work(recorder: Recorder) -> None:
        recorder.event(pod(), "Normal", "Worked", "Work", "done")

    client, memory = fake.Clientset(), fake.EventRecorder()
    async with recorder_of(client) as recorder:
        work(recorder)
    work(memory)
    assert len(await events_of(client)) == len(memory.events) == 1


@in_virtual_time
async def test_the_longest_name_of_a_controller_is_shortened_in_the_instance() -> None:
    controller = "a" * 253 + "/" + "b" * 63
    client = fake.Clientset()
    for instance in (None, ""):
        async with EventRecorder(client, controller, instance=instance, now=virtual_time.now) as recorder:
            note(recorder, about=pod(f"p{instance}".lower()))
    events = await events_of(client)
    assert [(event.reporting_controller, event.reporting_instance) for event in events] == [(controller, "a" * 128)] * 2
