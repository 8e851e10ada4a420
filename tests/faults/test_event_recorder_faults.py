"""Recorders of events on servers and networks that fail, in virtual time: nothing raises, blocks or leaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.errors import APIError, StatusCause, StatusDetails
from kubeloop.models import core_v1
from kubeloop.record import CoreEventRecorder, EventRecorder
from kubeloop.testing import FaultRule, fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.elections import election_of
from tests.support.occurrences import (
    core_events_of,
    core_recorder_of,
    events_of,
    faulty_client,
    lines,
    note,
    pod,
    recorder_of,
    until,
    writes,
)

Start = Callable[..., EventRecorder | CoreEventRecorder]
TERMINATING = errors.Forbidden(
    StatusDetails(
        code=403,
        reason="Forbidden",
        message="namespace default is being terminated",
        causes=(StatusCause(reason="NamespaceTerminating"),),
    )
)
both = pytest.mark.parametrize("start", [recorder_of, core_recorder_of], ids=["events.k8s.io", "core"])


async def names(client: fake.Clientset) -> list[str]:
    """Return the names of the objects of all events, in the order in which these were created."""
    return [event.regarding.name for event in await events_of(client)]


@both
@in_virtual_time
async def test_an_outage_of_a_minute_loses_nothing_and_is_logged_once(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    client, faulty, network = faulty_client()
    network.on().fail(errors.ConnectError("cannot connect"))
    async with start(faulty) as recorder:
        for number in range(300):
            note(recorder, about=pod(f"p{number}"))
        await until(60)
        assert (recorder.waiting, recorder.written) == (300, 0)
        assert "cannot connect" in str(recorder.last_error)
        network.clear()
        await until(80)
        assert await names(client) == [f"p{number}" for number in range(300)]
        assert (recorder.waiting, recorder.written, recorder.dropped, recorder.last_error) == (0, 300, 0, None)
    (line,) = lines(caplog, "WARNING")
    assert line.startswith("event recorder tester: the event Warning Failed of Pod default/p0 could not be written: ")
    assert "cannot connect; retrying in " in line


@pytest.mark.parametrize(
    ("start", "least", "most"), [(recorder_of, 110, 137.5), (core_recorder_of, 100, 110)], ids=["events", "core"]
)
@in_virtual_time
async def test_an_event_is_tried_twelve_times_and_then_the_next_one_is(
    start: Start, least: float, most: float, caplog: pytest.LogCaptureFixture
) -> None:
    client, faulty, network = faulty_client()
    attempts: list[float] = []

    def lost(action: Any) -> None:
        if action.object["metadata"]["name"].startswith("first."):
            attempts.append(elapsed())
            raise errors.ConnectionLost("cut")

    network.on("create", "events").respond(lost)
    metrics = kubeloop.Metrics()
    async with start(faulty, metrics=metrics) as recorder:
        note(recorder, about=pod("first"))
        note(recorder, about=pod("second"))
        await until(least - 0.1)
        assert recorder.waiting == 2
        await until(most + 0.1)
        assert (len(attempts), recorder.written, recorder.dropped) == (12, 1, 1)
    pauses = [after - before for before, after in pairwise(attempts)]
    if start is recorder_of:
        assert all(10 <= pause <= 12.5 for pause in pauses)
        assert len(set(pauses)) == 11
    else:
        assert 0 <= pauses[0] < 10
        assert pauses[1:] == pytest.approx([10] * 10)
    assert await names(client) == ["second"]
    assert metrics.value("event_recorder_dropped_total", name="tester", reason="unreachable") == 1
    assert "(unreachable): " in lines(caplog, "WARNING")[-1]


@both
@pytest.mark.parametrize("status", [429, 502, 503, 504])
@in_virtual_time
async def test_a_server_or_proxy_that_is_overloaded_is_asked_again(start: Start, status: int) -> None:
    client, faulty, network = faulty_client()
    network.on("create", "events", nth=[1, 2, 3]).respond(
        lambda _: kubeloop.Response(status, kubeloop.Headers([("content-type", "text/html")]), b"<html>")
    )
    async with start(faulty) as recorder:
        note(recorder)
        await until(60)
        assert (recorder.written, recorder.dropped) == (1, 0)
    assert await names(client) == ["web"]


@both
@in_virtual_time
async def test_a_response_with_a_time_to_wait_is_waited_for(start: Start) -> None:
    _, faulty, network = faulty_client()
    network.on("create", "events", nth=1).fail(errors.TooManyRequests, retry_after=5)
    async with start(faulty) as recorder:
        note(recorder)
        await until(4.9)
        assert recorder.written == 0
        await until(6.1)
        assert recorder.written == 1


@both
@pytest.mark.parametrize("error", [errors.Forbidden, errors.Unauthorized, errors.Invalid, errors.InternalError])
@in_virtual_time
async def test_an_event_that_the_server_refuses_is_dropped_at_once_and_logged(
    start: Start, error: type[APIError], caplog: pytest.LogCaptureFixture
) -> None:
    client, faulty, network = faulty_client()
    network.on("create", "events", nth=[1, 2]).fail(error)
    metrics = kubeloop.Metrics()
    async with start(faulty, metrics=metrics) as recorder:
        for name in "abc":
            note(recorder, about=pod(name))
        await asyncio.sleep(0.5)
        assert (recorder.written, recorder.dropped, recorder.last_error) == (1, 2, None)
    assert await names(client) == ["c"]
    assert metrics.value("event_recorder_dropped_total", name="tester", reason="refused") == 2
    (line,) = lines(caplog, "WARNING")
    assert line.startswith(
        "event recorder tester: the event Warning Failed of Pod default/a was dropped (refused): POST"
    )


@both
@in_virtual_time
async def test_an_event_that_was_refused_is_created_by_a_later_occurrence(start: Start) -> None:
    client, faulty, network = faulty_client()
    network.on("create", "events", nth=1).fail(errors.Forbidden)
    async with start(faulty) as recorder:
        note(recorder)
        await asyncio.sleep(1)
        note(recorder)
    (event,) = await core_events_of(client)
    assert (event.series.count if event.series else event.count) == 2
    assert writes(client) == ["patch", "create"]


@both
@in_virtual_time
async def test_an_event_whose_response_was_lost_is_not_written_twice(start: Start) -> None:
    client, faulty, network = faulty_client()
    network.on("create", "events", nth=1).cut()
    async with start(faulty) as recorder:
        note(recorder)
        await until(20)
        assert (recorder.written, recorder.dropped, recorder.last_error) == (1, 0, None)
    assert (await names(client), writes(client)) == (["web"], ["create", "create"])


@both
@in_virtual_time
async def test_another_event_that_has_the_name_by_chance_is_kept(start: Start) -> None:
    client, faulty, network = faulty_client()
    network.on("create", "events", nth=1).fail(errors.AlreadyExists)
    async with start(faulty) as recorder:
        note(recorder)
        await asyncio.sleep(1)
        assert (recorder.written, recorder.dropped) == (0, 1)
    assert writes(client) == []


@both
@in_virtual_time
async def test_a_response_that_cannot_be_read_is_not_repeated(start: Start) -> None:
    client, faulty, network = faulty_client()
    network.on("create", "events").garble()
    async with start(faulty) as recorder:
        note(recorder)
        await until(20)
        assert (recorder.written, recorder.dropped) == (1, 0)
    assert writes(client) == ["create"]


@both
@in_virtual_time
async def test_an_event_that_another_request_recreated_is_patched(start: Start) -> None:
    client, faulty, network = faulty_client()
    async with start(faulty) as recorder:
        note(recorder)
        await asyncio.sleep(1)
        network.on("patch", "events", nth=1).fail(errors.NotFound)
        note(recorder)
        await until(30)
        assert (recorder.written, recorder.dropped) == (2, 0)
    assert writes(client) == ["create", "create", "patch"]
    (event,) = await core_events_of(client)
    assert (event.series.count if event.series else event.count) == 2


@both
@in_virtual_time
async def test_a_namespace_that_does_not_exist_refuses_the_event(start: Start) -> None:
    client = fake.Clientset()
    async with start(client) as recorder:
        note(recorder, about=pod(namespace="gone"))
        await asyncio.sleep(1)
        assert (recorder.written, recorder.dropped) == (0, 1)
        assert isinstance(recorder.last_error, errors.NotFound)


@both
@in_virtual_time
async def test_a_terminating_namespace_is_quiet(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    _, faulty, network = faulty_client()
    network.on("create", "events").fail(TERMINATING)
    metrics = kubeloop.Metrics()
    async with start(faulty, metrics=metrics) as recorder:
        note(recorder)
        await asyncio.sleep(1)
        assert (recorder.written, recorder.dropped) == (0, 1)
    assert lines(caplog, "WARNING") == []
    assert metrics.value("event_recorder_dropped_total", name="tester", reason="terminating") == 1


@both
@in_virtual_time
async def test_a_namespace_that_was_deleted_meanwhile_is_quiet(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    _, faulty, network = faulty_client()
    async with start(faulty) as recorder:
        note(recorder)
        await asyncio.sleep(1)
        network.on("*", "events").fail(errors.NotFound)
        note(recorder)
    assert (recorder.written, recorder.dropped) == (1, 1)
    assert lines(caplog, "WARNING") == []


@both
@in_virtual_time
async def test_an_event_that_cannot_be_sent_is_dropped_and_the_next_one_is_written(start: Start) -> None:
    client = fake.Clientset()
    async with start(client) as recorder:
        for namespace in ("a/b", ".."):
            obj = core_v1.ObjectReference(kind="Pod", name="web", namespace=namespace)
            recorder.event(obj, "Normal", "A", "B", "")
        recorder.event(core_v1.ObjectReference(kind="Pod", name="\ud800"), "Normal", "A", "B", "")
        note(recorder)
    assert (recorder.written, recorder.dropped, await names(client)) == (1, 3, ["web"])


@both
@in_virtual_time
async def test_a_server_that_hangs_is_given_up_after_thirty_seconds_and_tried_again(start: Start) -> None:
    _, faulty, network = faulty_client()
    network.on("create", "events", nth=1).hang()
    async with start(faulty) as recorder:
        note(recorder)
        await until(29.9)
        assert not recorder.last_error
        await until(30.1)
        assert repr(recorder.last_error) == "TimeoutError()"
        await until(50)
        assert (recorder.written, recorder.dropped) == (1, 0)


@both
@in_virtual_time
async def test_a_full_queue_drops_the_newest_events_and_logs_it_once(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    client, faulty, network = faulty_client()
    network.on().fail(errors.ConnectError)
    metrics = kubeloop.Metrics()
    async with start(faulty, metrics=metrics) as recorder:
        note(recorder, about=pod("sent"))
        await until(1)
        for number in range(1010):
            note(recorder, about=pod(f"p{number}"))
        assert (recorder.waiting, recorder.dropped) == (1001, 10)
        for number in range(1000):
            note(recorder, about=pod(f"p{number}"))
        assert (recorder.waiting, recorder.dropped) == (1001, 10)  # events that wait are updated in place
        network.clear()
        await until(40)
        assert (recorder.written, recorder.waiting) == (1001, 0)
    assert [line for line in lines(caplog, "WARNING") if "queue" in line] == [
        "event recorder tester: the event Warning Failed of Pod default/p1000 was dropped (queue full)"
    ]
    assert metrics.value("event_recorder_dropped_total", name="tester", reason="queue_full") == 10
    assert await names(client) == ["sent", *(f"p{number}" for number in range(1000))]


@in_virtual_time
async def test_a_queue_that_is_full_again_after_an_outage_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    _, faulty, network = faulty_client()
    async with recorder_of(faulty) as recorder:
        for outage in "ab":
            rule: FaultRule = network.on().fail(errors.ConnectError)
            for number in range(1010):
                note(recorder, about=pod(f"{outage}{number}"))
            await asyncio.sleep(1)
            rule.remove()
            await asyncio.sleep(30)
            assert recorder.waiting == 0
    assert sum("queue full" in line for line in lines(caplog, "WARNING")) == 2


# The end of the block


@both
@in_virtual_time
async def test_the_end_writes_all_that_waits_also_after_an_exception(start: Start) -> None:
    client = fake.Clientset()
    recorder = start(client)

    async def work() -> None:
        async with recorder:
            for number in range(500):
                note(recorder, about=pod(f"p{number}"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert len(await events_of(client)) == recorder.written == 500


@both
@in_virtual_time
async def test_the_end_writes_all_that_waits_also_after_a_cancellation(start: Start) -> None:
    client = fake.Clientset()

    async def work() -> None:
        async with start(client) as recorder:
            await asyncio.sleep(1)
            note(recorder)
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await names(client) == ["web"]


@both
@in_virtual_time
async def test_the_end_gives_up_after_five_seconds_and_logs_what_was_dropped(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    _, faulty, network = faulty_client()
    network.on().hang()
    metrics = kubeloop.Metrics()
    async with start(faulty, metrics=metrics) as recorder:
        for name in "abc":
            note(recorder, about=pod(name))
        await asyncio.sleep(1)
    assert elapsed() == pytest.approx(6)
    assert (recorder.written, recorder.dropped, recorder.waiting) == (0, 3, 0)
    assert lines(caplog, "WARNING") == [
        "event recorder tester: 3 events could not be written within 5 s and were dropped"
    ]
    assert metrics.value("event_recorder_dropped_total", name="tester", reason="closed") == 3


@pytest.mark.parametrize("timeout", [0.0, 0.5, 30.0])
@in_virtual_time
async def test_the_time_of_the_end_is_a_parameter(timeout: float, caplog: pytest.LogCaptureFixture) -> None:
    _, faulty, network = faulty_client()
    network.on().fail(errors.ConnectError("no route"))
    async with recorder_of(faulty, flush_timeout=timeout) as recorder:
        note(recorder)
    assert elapsed() == pytest.approx(min(timeout, 11.0))  # twelve attempts, one per second
    assert recorder.dropped == 1
    if timeout == 0.5:
        assert lines(caplog, "WARNING")[-1].endswith(
            "1 event could not be written within 0.5 s and was dropped; the last error: no route"
        )


@both
@in_virtual_time
async def test_the_end_repeats_a_failed_write_at_once_and_then_every_second(start: Start) -> None:
    client, faulty, network = faulty_client()
    attempts: list[float] = []

    def lost(_: Any) -> None:
        attempts.append(elapsed())
        if len(attempts) < 4:
            raise errors.ConnectionLost("cut")

    network.on("create", "events").respond(lost)
    async with start(faulty) as recorder:
        note(recorder)
        await asyncio.sleep(0.01)
    assert attempts == pytest.approx([0, 0.01, 1.01, 2.01], abs=1e-6)
    assert (recorder.written, await names(client)) == (1, ["web"])


@both
@in_virtual_time
async def test_a_cancellation_during_the_end_drops_the_rest_and_leaves_no_task(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    _, faulty, network = faulty_client()
    network.on().hang()
    made = start(faulty)

    async def work() -> None:
        async with made as recorder:
            note(recorder)

    task = asyncio.create_task(work())
    await asyncio.sleep(2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert elapsed() == 2
    assert (made.dropped, made.waiting) == (1, 0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert "1 event could not be written" in lines(caplog, "WARNING")[-1]


@both
@in_virtual_time
async def test_a_client_that_is_closed_too_early_loses_events_and_raises_nothing(start: Start) -> None:
    client = fake.Clientset()
    clientset = kubeloop.Clientset(kubeloop.Config(host="http://127.0.0.1:1"))
    async with start(clientset) as recorder:
        await clientset.close()
        note(recorder)
        await asyncio.sleep(0)
    assert (recorder.written, recorder.dropped) == (0, 1)
    assert elapsed() <= 5
    assert writes(client) == []


@both
@in_virtual_time
async def test_a_process_that_is_not_the_leader_drops_its_events_quietly(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    client = fake.Clientset()
    election = election_of(client)
    metrics = kubeloop.Metrics()
    async with start(election.fence(client), metrics=metrics) as recorder:
        note(recorder, about=pod("early"))
        await asyncio.sleep(1)
        assert (recorder.written, recorder.dropped) == (0, 1)
        async with election:
            note(recorder, about=pod("leader"))
            await asyncio.sleep(1)
    assert await names(client) == ["leader"]
    assert metrics.value("event_recorder_dropped_total", name="tester", reason="not_leader") == 1
    assert lines(caplog, "WARNING") == []


@in_virtual_time
async def test_the_counts_of_series_survive_an_outage_during_a_pass() -> None:
    client, faulty, network = faulty_client()
    async with recorder_of(faulty) as recorder:
        for _ in range(5):
            note(recorder)
            await asyncio.sleep(1)
        await until(700)
        rule = network.on().fail(errors.ConnectError)
        await until(760)
        rule.remove()
        await until(800)
        (event,) = await events_of(client)
        assert event.series is not None
        assert event.series.count == 5


@in_virtual_time
async def test_an_end_without_time_ends_also_while_a_write_waits_for_its_next_attempt() -> None:
    _, faulty, network = faulty_client()
    network.on().fail(errors.ConnectError)
    async with recorder_of(faulty, flush_timeout=0.0) as recorder:
        for number in range(50):
            note(recorder, about=pod(f"p{number}"))
        await asyncio.sleep(1)
    assert (elapsed(), recorder.written, recorder.dropped) == (1, 0, 50)
