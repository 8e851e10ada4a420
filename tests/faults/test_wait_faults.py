"""Waits whose lists and watches fail: they go on where that can help, and otherwise report what they know."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubeloop import Clientset, Config, errors, watch_until
from kubeloop.models import core_v1
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from tests.support.scripted_clientset import clientset, pod
from tests.support.scripted_transport import (
    Hang,
    ScriptedResponse,
    ScriptedTransport,
    bookmark,
    error_status,
    event,
    expired_event,
    list_of,
    query,
    watch_response,
)

NO_EVENTS = list_of([], "9", kind="EventList")


def phase(text: str, version: int, name: str = "a", **metadata: Any) -> dict[str, Any]:
    return {**pod(name, version, **metadata), "status": {"phase": text}}


def changed(text: str, version: int, name: str = "a") -> bytes:
    return event("MODIFIED", phase(text, version, name))


async def running(
    *script: Any, timeout: float | None = 60, names: Any = "a", **options: Any
) -> tuple[Any, ScriptedTransport]:
    """Wait until pods run, over a script, and return the result and the transport."""
    clients, transport = clientset(*script)
    try:
        found = await clients.core_v1.pods("x").wait(
            names, jsonpath="{.status.phase}=Running", timeout=timeout, **options
        )
    finally:
        assert transport.open_streams == 0
    return found, transport


def asked(transport: ScriptedTransport) -> list[str]:
    return [
        f"{'watch' if 'watch' in query(request) else 'list'} {query(request).get('resourceVersion', 'newest')}"
        for request in transport.requests
    ]


PENDING = list_of([phase("Pending", 1)], "5")


@in_virtual_time
async def test_the_event_ends_the_wait_at_once() -> None:
    found, transport = await running(PENDING, watch_response(3.0, changed("Running", 6), Hang()))
    assert (found.metadata.resource_version, elapsed()) == ("6", 3.0)
    assert asked(transport) == ["list newest", "watch 5"]


@in_virtual_time
async def test_a_watch_that_is_cut_is_resumed() -> None:
    found, transport = await running(
        PENDING,
        watch_response(changed("Pending", 6), 2.0, errors.ConnectionLost("reset")),
        watch_response(changed("Running", 7), Hang()),
    )
    assert found.metadata.resource_version == "7"
    assert asked(transport) == ["list newest", "watch 5", "watch 6"]
    assert elapsed() < 10


@in_virtual_time
async def test_a_watch_that_the_server_ends_is_resumed() -> None:
    _, transport = await running(
        PENDING, watch_response(bookmark("8"), 5.0), watch_response(changed("Running", 9), Hang())
    )
    assert asked(transport) == ["list newest", "watch 5", "watch 8"]


@in_virtual_time
async def test_an_expired_version_is_replaced_by_a_list() -> None:
    found, transport = await running(
        PENDING,
        watch_response(changed("Pending", 6), 2.0, expired_event()),
        list_of([phase("Running", 90)], "100"),
    )
    assert found.metadata.resource_version == "90"
    assert [each.partition(" ")[0] for each in asked(transport)] == ["list", "watch", "list"]


@in_virtual_time
async def test_an_expired_version_when_the_watch_is_opened_is_replaced_by_a_list() -> None:
    _, transport = await running(
        PENDING,
        error_status(410, "Expired"),
        list_of([phase("Pending", 90)], "100"),
        watch_response(changed("Running", 101), Hang()),
    )
    assert len(transport.requests) == 4


@in_virtual_time
async def test_an_object_that_is_missing_after_an_expiry_was_deleted() -> None:
    with pytest.raises(errors.NotFound, match="it was deleted while waiting for"):
        await running(PENDING, watch_response(2.0, expired_event()), list_of([], "100"))


@in_virtual_time
async def test_an_object_that_was_replaced_during_an_expiry_was_deleted() -> None:
    with pytest.raises(errors.NotFound, match="it was deleted and created again"):
        await running(
            PENDING, watch_response(2.0, expired_event()), list_of([phase("Running", 90, uid="other")], "100")
        )


@in_virtual_time
async def test_a_server_that_restarts_is_waited_for() -> None:
    refused = [errors.ConnectError("connection refused") for _ in range(3)]
    found, _ = await running(
        PENDING,
        watch_response(2.0, errors.ConnectionLost("reset")),
        *refused,
        error_status(503, "ServiceUnavailable"),
        list_of([phase("Running", 6)], "7"),
        timeout=None,
    )
    assert found.metadata.resource_version == "6"


@in_virtual_time
async def test_a_server_that_restarts_after_the_list_is_waited_for() -> None:
    found, _ = await running(
        PENDING,
        errors.ConnectError("connection refused"),
        errors.ConnectError("connection refused"),
        watch_response(changed("Running", 6), Hang()),
    )
    assert found.metadata.resource_version == "6"


@in_virtual_time
async def test_an_overloaded_server_is_waited_for() -> None:
    busy = error_status(429, "TooManyRequests", headers={"Retry-After": "7"})
    _, _ = await running(PENDING, busy, watch_response(changed("Running", 6), Hang()))
    assert 7 <= elapsed() < 20


@in_virtual_time
async def test_a_server_that_is_down_while_a_selection_is_widened_is_waited_for() -> None:
    found, transport = await running(
        list_of([phase("Pending", 1), phase("Pending", 2, "b")], "5"),
        watch_response(event("DELETED", phase("Pending", 6)), Hang()),
        errors.ConnectError("connection refused"),
        list_of([phase("Running", 6), phase("Pending", 2, "b")], "7"),
        watch_response(changed("Running", 8, "b"), Hang()),
        names=None,
        label_selector="app=web",
    )
    assert [each.metadata.name for each in found] == ["a", "b"]
    selectors = [query(request).get("labelSelector") for request in transport.requests]
    assert selectors == ["app=web", "app=web", None, None, None]


@in_virtual_time
async def test_an_expiry_in_a_selection_asks_for_what_is_missing() -> None:
    found, transport = await running(
        list_of([phase("Pending", 1), phase("Pending", 2, "b")], "5"),
        watch_response(2.0, expired_event()),
        list_of([phase("Running", 90)], "100"),
        list_of([phase("Running", 91, "b")], "101"),
        names=None,
        label_selector="app=web",
    )
    assert [each.metadata.resource_version for each in found] == ["90", "91"]
    assert [query(request).get("labelSelector") for request in transport.requests] == ["app=web"] * 3 + [None]


@in_virtual_time
async def test_garbage_is_replaced_by_a_list() -> None:
    _, transport = await running(PENDING, watch_response(b"<html>\n", Hang()), list_of([phase("Running", 7)], "8"))
    assert [each.partition(" ")[0] for each in asked(transport)] == ["list", "watch", "list"]


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (error_status(403, "Forbidden"), errors.Forbidden),
        (error_status(404, "NotFound"), errors.NotFound),
        (errors.ConnectError("connection refused"), errors.ConnectError),
    ],
)
@in_virtual_time
async def test_a_first_list_that_fails_is_raised_at_once(response: Any, error: type[Exception]) -> None:
    clients, transport = clientset(lambda _: response)
    with pytest.raises(error):
        await clients.core_v1.pods("x").wait("a", condition="Ready", timeout=None)
    assert elapsed() < 30
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_first_list_that_exceeds_the_timeout_of_the_config_is_raised() -> None:
    transport = ScriptedTransport(list_of([], "5", delay=1000.0))
    clients = Clientset(Config(host="https://server", timeout=5), transport=transport)
    with pytest.raises(errors.RequestTimeout):
        await clients.core_v1.pods("x").wait("a", condition="Ready", timeout=60)
    assert elapsed() == 5
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_watch_that_is_forbidden_is_raised() -> None:
    with pytest.raises(errors.Forbidden):
        await running(PENDING, error_status(403, "Forbidden"), timeout=None)


@in_virtual_time
async def test_a_silent_server_does_not_delay_the_timeout() -> None:
    with pytest.raises(errors.WaitTimeout, match=r"\{\.status\.phase\} is 'Pending'"):
        await running(PENDING, watch_response(Hang()), NO_EVENTS, timeout=20)
    assert elapsed() == 20


@in_virtual_time
async def test_a_list_that_hangs_does_not_delay_the_timeout() -> None:
    with pytest.raises(errors.WaitTimeout, match="the server has not responded"):
        await running(ScriptedResponse(chunks=[Hang()], is_for="list"), NO_EVENTS, timeout=20)
    assert elapsed() == 20


@in_virtual_time
async def test_a_watch_that_is_not_opened_does_not_delay_the_timeout() -> None:
    with pytest.raises(errors.WaitTimeout, match=r"\{\.status\.phase\} is 'Pending'"):
        await running(PENDING, watch_response(delay=1000.0), NO_EVENTS, timeout=20)
    assert elapsed() == 20


@in_virtual_time
async def test_a_server_that_is_down_at_the_end_is_the_cause_of_the_timeout() -> None:
    def respond(request: Any) -> Any:
        if len(transport.requests) == 1:
            return PENDING
        return errors.ConnectError("connection refused")

    clients, transport = clientset(respond)
    with pytest.raises(errors.WaitTimeout) as caught:
        await clients.core_v1.pods("x").wait("a", condition="Ready", timeout=20)
    assert isinstance(caught.value.__cause__, errors.ConnectError)
    [unmet] = caught.value.objects
    assert "connection refused" in unmet.events_error
    assert 20 <= elapsed() <= 23


@pytest.mark.parametrize(
    ("events", "problem", "seconds"),
    [
        (error_status(403, "Forbidden", "no events for you"), "no events for you", 20.0),
        (errors.ConnectError("connection refused"), "connection refused", None),
        (ScriptedResponse(chunks=[Hang()]), "no response in time", 23.0),
        (ScriptedResponse(delay=1000.0), "no response in time", 23.0),
        (ScriptedResponse.text("<html>"), "", 20.0),
        (error_status(429, "TooManyRequests", headers={"Retry-After": "60"}), "no response in time", 23.0),
        (list_of([{"metadata": 3}], "9", kind="EventList"), "", 20.0),
    ],
)
@in_virtual_time
async def test_events_that_cannot_be_read_do_not_hide_the_timeout(
    events: Any, problem: str, seconds: float | None
) -> None:
    def respond(request: Any) -> Any:
        if "/events" in request.target:
            return events
        return watch_response(Hang()) if "watch" in query(request) else PENDING

    clients, transport = clientset(respond)
    with pytest.raises(errors.WaitTimeout, match="there is no condition Ready") as caught:
        await clients.core_v1.pods("x").wait("a", condition="Ready", timeout=20)
    assert problem in caught.value.objects[0].events_error
    if problem:
        assert any("could not be read" in note for note in caught.value.__notes__)
    assert seconds is None or elapsed() == seconds
    assert elapsed() <= 23
    assert transport.open_streams == 0


@in_virtual_time
async def test_cancellation_leaves_nothing_open() -> None:
    clients, transport = clientset(PENDING, watch_response(Hang()))
    task = asyncio.create_task(clients.core_v1.pods("x").wait("a", condition="Ready", timeout=None))
    await settle()
    assert transport.open_streams == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.open_streams == 0


@in_virtual_time
async def test_cancellation_of_several_waits_leaves_nothing_open() -> None:
    def respond(request: Any) -> Any:
        if "watch" in query(request):
            return watch_response(Hang())
        kind = "PodList" if "/pods" in request.target else "ServiceList"
        return list_of([pod("a", 1)], "5", kind=kind)

    clients, transport = clientset(respond)
    objects = [core_v1.Pod.from_dict(pod("a", 1)), core_v1.Service.from_dict({"metadata": pod("a", 1)["metadata"]})]
    task = asyncio.create_task(clients.wait(objects, condition="Ready", timeout=None))
    await settle()
    assert transport.open_streams == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_cancelled_reading_of_events_is_cancelled() -> None:
    def respond(request: Any) -> Any:
        if "/events" in request.target:
            return ScriptedResponse(chunks=[Hang()])
        return watch_response(Hang()) if "watch" in query(request) else PENDING

    clients, transport = clientset(respond)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(11):
            await clients.core_v1.pods("x").wait("a", condition="Ready", timeout=10)
    assert not isinstance(caught.value, errors.WaitTimeout)
    assert transport.open_streams == 0


@in_virtual_time
async def test_large_selections_are_read_in_pages() -> None:
    first = [phase("Running", number, f"p{number}") for number in range(500)]
    found, transport = await running(
        list_of(first, "5", continue_="more"),
        list_of([phase("Pending", 4, "last")], "5"),
        watch_response(changed("Running", 6, "last"), Hang()),
        names=None,
        all=True,
    )
    assert len(found) == 501
    assert asked(transport)[-1] == "watch 5"


@in_virtual_time
async def test_an_object_that_cannot_be_read_is_waited_for() -> None:
    broken = {**phase("Pending", 1), "spec": {"containers": "none"}}
    found, _ = await running(
        list_of([broken], "5"),
        watch_response(
            event("MODIFIED", broken | {"metadata": pod("a", 6)["metadata"]}), changed("Running", 7), Hang()
        ),
    )
    assert found.metadata.resource_version == "7"


@in_virtual_time
async def test_discovery_that_hangs_does_not_delay_the_timeout() -> None:
    from kubeloop import GroupVersionKind, Unstructured

    clients, transport = clientset(ScriptedResponse(chunks=[Hang()]))
    things = clients.resource(Unstructured, GroupVersionKind("example.com", "v1", "Thing"), "x")
    with pytest.raises(errors.WaitTimeout, match=r"the server has not described example\.com/v1.*Thing"):
        await things.wait("a", condition="Ready", timeout=5)
    assert elapsed() == 5
    assert transport.open_streams == 0


# watch_until


def is_phase(text: str) -> Any:
    return lambda one: one.type != "DELETED" and one.object.status.phase == text


@in_virtual_time
async def test_events_that_an_expiry_lost_are_those_of_the_list() -> None:
    clients, transport = clientset(
        list_of([phase("Pending", 1), phase("Pending", 2, "gone"), phase("Pending", 3, "same")], "5"),
        watch_response(changed("Pending", 6), 2.0, expired_event()),
        list_of([phase("Running", 90), phase("Pending", 3, "same"), phase("Pending", 80, "new")], "100"),
    )
    seen: list[str] = []

    def is_new(one: Any) -> bool:
        seen.append(f"{one.type} {one.object.metadata.name} {one.object.metadata.resource_version}")
        return bool(one.object.metadata.name == "new")

    last = await watch_until(clients.core_v1.pods("x"), is_new, timeout=60)
    assert seen == [
        "ADDED a 1",
        "ADDED gone 2",
        "ADDED same 3",
        "MODIFIED a 6",
        "DELETED gone 2",
        "MODIFIED a 90",
        "ADDED new 80",
    ]
    assert last.type == "ADDED"
    assert transport.open_streams == 0


@in_virtual_time
async def test_with_a_version_an_expiry_is_raised() -> None:
    clients, transport = clientset(watch_response(changed("Pending", 6), 2.0, expired_event()))
    with pytest.raises(errors.Gone):
        await watch_until(clients.core_v1.pods("x"), is_phase("Running"), resource_version="5")
    assert transport.open_streams == 0


@in_virtual_time
async def test_with_a_version_a_cut_loses_no_event() -> None:
    clients, transport = clientset(
        watch_response(changed("Pending", 6), errors.ConnectionLost("reset")),
        watch_response(changed("Running", 7), Hang()),
    )
    last = await watch_until(clients.core_v1.pods("x"), is_phase("Pending"), is_phase("Running"), resource_version="5")
    assert last.object.metadata.resource_version == "7"
    assert asked(transport) == ["watch 5", "watch 6"]


@pytest.mark.parametrize("version", [None, "5"])
@in_virtual_time
async def test_a_silent_server_does_not_delay_the_timeout_of_events(version: str | None) -> None:
    script = [watch_response(changed("Pending", 6), Hang())] if version else [PENDING, watch_response(Hang())]
    clients, transport = clientset(*script)
    with pytest.raises(errors.WaitTimeout, match=r"waiting for condition 1 of 1: the last event was .* of x/a"):
        await watch_until(clients.core_v1.pods("x"), is_phase("Running"), resource_version=version, timeout=20)
    assert elapsed() == 20
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_server_that_cannot_be_reached_for_the_first_list_is_an_error() -> None:
    clients, _ = clientset(errors.ConnectError("connection refused"), errors.ConnectError("connection refused"))
    with pytest.raises(errors.ConnectError):
        await watch_until(clients.core_v1.pods("x"), is_phase("Running"), timeout=60)
