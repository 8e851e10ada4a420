"""Watches on a network and a server that fail: no event is lost or repeated, and no watch ends without an error.

The scenarios are those of client-go's tools/watch/retrywatcher_test.go and rest/request_test.go (Watch).
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.wire.request import Request
from tests.support.scripted_clientset import added, clientset, pod
from tests.support.scripted_transport import (
    Hang,
    ScriptedResponse,
    bookmark,
    error_status,
    event,
    expired_event,
    list_of,
    query,
    watch_response,
)

SILENCE = (180.0, kubeloop.ServerSilent("nothing came for 180 s", method="GET", path="/api/v1/namespaces/x/pods"))


async def take(count: int, *script: Any, **options: Any) -> tuple[list[str], list[dict[str, str]]]:
    """Return the first events of a watch from version 5, and the requests to the server."""
    clients, transport = clientset(*script)
    seen: list[str] = []
    async with clients.core_v1.pods("x").watch(resource_version="5", **options) as events:
        async for one in events:
            seen.append(f"{one.type} {one.object.metadata.resource_version}")
            if len(seen) == count:
                break
    assert transport.open_streams == 0
    return seen, [query(request) for request in transport.requests]


@in_virtual_time
async def test_it_resumes_from_the_last_version_when_the_server_ends_the_request() -> None:
    seen, asked = await take(3, watch_response(added(6, 7)), watch_response(added(8), Hang()))
    assert seen == ["ADDED 6", "ADDED 7", "ADDED 8"]
    assert [one["resourceVersion"] for one in asked] == ["5", "7"]
    assert elapsed() == 1.0


@in_virtual_time
async def test_bookmarks_move_the_version_and_are_not_shown() -> None:
    seen, asked = await take(1, watch_response(bookmark("50")), watch_response(added(60), Hang()))
    assert seen == ["ADDED 60"]
    assert asked[0]["allowWatchBookmarks"] == "true"
    assert asked[1]["resourceVersion"] == "50"


@in_virtual_time
async def test_bookmarks_are_shown_when_asked_for() -> None:
    seen, _ = await take(1, watch_response(bookmark("50"), Hang()), bookmarks=True)
    assert seen == ["BOOKMARK 50"]


@pytest.mark.parametrize("after", [0, 1, 50, 150, 151, 152, 160, 200])
@in_virtual_time
async def test_a_cut_anywhere_loses_and_repeats_nothing(after: int) -> None:
    frames = added(6, 7)

    def respond(request: Request) -> ScriptedResponse:
        at = int(query(request)["resourceVersion"])
        if at == 5 and len(transport.requests) == 1:
            return watch_response(frames).cut(after)
        return watch_response(added(*(version for version in (6, 7, 8) if version > at)), Hang())

    clients, transport = clientset(respond)
    seen = []
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        async for one in events:
            seen.append(one.object.metadata.resource_version)
            if len(seen) == 3:
                break
    assert seen == ["6", "7", "8"]
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_frame_that_ends_with_the_stream_and_has_no_newline_counts_if_it_is_whole() -> None:
    seen, asked = await take(2, watch_response(added(6).rstrip()), watch_response(added(7), Hang()))
    assert seen == ["ADDED 6", "ADDED 7"]
    assert asked[1]["resourceVersion"] == "6"


@pytest.mark.parametrize(
    "failure",
    [
        kubeloop.ConnectError("refused"),
        error_status(500, "InternalError"),
        error_status(503, "ServiceUnavailable"),
        error_status(429, "TooManyRequests"),
        error_status(504, "Timeout", details={"causes": [{"reason": "ResourceVersionTooLarge"}]}),
        watch_response(event("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError", "status": "Failure"})),
        watch_response(event("ERROR", {"kind": "Status", "code": 429, "status": "Failure"})),
        ScriptedResponse(chunks=[kubeloop.ConnectionLost("reset")]),
    ],
)
@in_virtual_time
async def test_failures_that_can_heal_are_waited_out(failure: Any, caplog: pytest.LogCaptureFixture) -> None:
    script = [watch_response(added(6)), failure, failure, failure, watch_response(added(7), Hang())]
    seen, _ = await take(2, *script)
    assert seen == ["ADDED 6", "ADDED 7"]
    assert 1.0 + 0.8 + 1.6 + 3.2 <= elapsed() <= 1.0 + 2 * (0.8 + 1.6 + 3.2)
    assert "opening again" in caplog.text


@in_virtual_time
async def test_it_waits_as_long_as_the_server_says() -> None:
    status = {"kind": "Status", "code": 429, "status": "Failure", "details": {"retryAfterSeconds": 20}}
    seen, _ = await take(1, watch_response(event("ERROR", status)), watch_response(added(6), Hang()))
    assert seen == ["ADDED 6"]
    assert elapsed() >= 20.0


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (watch_response(expired_event()), kubeloop.Expired),
        (error_status(410, "Expired"), kubeloop.Expired),
        (error_status(410, "Gone"), kubeloop.Gone),
        (error_status(403, "Forbidden"), kubeloop.Forbidden),
        (error_status(401, "Unauthorized"), kubeloop.Unauthorized),
        (error_status(404, "NotFound"), kubeloop.NotFound),
        (watch_response(b"<html>\n"), kubeloop.DecodeError),
        (error_status(410, ""), kubeloop.Gone),
        (watch_response(b'{"kind":"Pod"}\n'), kubeloop.DecodeError),
        (watch_response(event("ADDED", {"kind": "Pod", "metadata": {"name": "a"}})), kubeloop.DecodeError),
        (watch_response(b"x" * (33 * 1024 * 1024)), kubeloop.BodyTooLarge),
        (kubeloop.TLSError("expired", retryable=False), kubeloop.TLSError),
    ],
)
@in_virtual_time
async def test_failures_that_cannot_heal_are_raised(failure: Any, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        await take(99, watch_response(added(6)), failure)


@in_virtual_time
async def test_events_before_an_error_still_arrive() -> None:
    clients, transport = clientset(watch_response(added(6, 7) + expired_event()))
    seen: list[str] = []

    async def run() -> None:
        async with clients.core_v1.pods("x").watch(resource_version="5") as events:
            async for one in events:
                seen.append(one.object.metadata.resource_version)  # noqa: PERF401 - it ends with an exception

    with pytest.raises(kubeloop.Expired):
        await run()
    assert seen == ["6", "7"]
    assert transport.open_streams == 0


@pytest.mark.parametrize("end", [(), (added(7)[:-20],)])
@in_virtual_time
async def test_watches_that_end_after_one_event_are_a_second_apart(end: tuple[bytes, ...]) -> None:
    """(D3) Whether they are ended or cut."""

    def respond(request: Request) -> ScriptedResponse:
        at = int(query(request)["resourceVersion"])
        return watch_response(added(at + 1), *end)

    clients, transport = clientset(respond)
    async with clients.core_v1.pods("x").watch(resource_version="5", timeout=60.0) as events:
        seen = [one.object.metadata.resource_version async for one in events]
    assert seen == [str(version) for version in range(6, 6 + len(seen))]
    assert len(transport.requests) <= 61
    # An event that was delivered resets the pauses.
    assert len(seen) > 25


@in_virtual_time
async def test_opening_that_fails_the_first_time_is_raised_at_once() -> None:
    clients, _ = clientset(kubeloop.ConnectError("refused"))
    with pytest.raises(kubeloop.ConnectError):
        async with clients.core_v1.pods("x").watch(resource_version="5"):
            pytest.fail("entered")


@in_virtual_time
async def test_it_ends_when_its_time_is_over() -> None:
    clients, transport = clientset(watch_response(added(6), Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5", timeout=10.0) as events:
        seen = [one.object.metadata.resource_version async for one in events]
    assert seen == ["6"]
    assert elapsed() == 10.0
    assert query(transport.requests[0])["timeoutSeconds"] == "10"
    assert transport.open_streams == 0


@in_virtual_time
async def test_its_connection_is_closed_when_its_time_is_over_and_not_only_when_the_block_is_left() -> None:
    clients, transport = clientset(watch_response(Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5", timeout=10.0) as events:
        assert [one async for one in events] == []
        assert elapsed() == 10.0
        assert transport.open_streams == 0


@in_virtual_time
async def test_it_ends_when_its_time_is_over_in_the_middle_of_a_back_off() -> None:
    clients, _ = clientset(watch_response(), *[kubeloop.ConnectError("refused")] * 9)
    async with clients.core_v1.pods("x").watch(resource_version="5", timeout=4.0) as events:
        assert [one async for one in events] == []
    assert elapsed() == pytest.approx(4.0)


@in_virtual_time
async def test_a_server_that_does_not_respond_ends_in_a_timeout() -> None:
    clients, transport = clientset(ScriptedResponse(delay=1000.0))
    with pytest.raises(kubeloop.RequestTimeout):
        async with clients.core_v1.pods("x").watch(resource_version="5", timeout=3.0):
            pytest.fail("entered")
    assert elapsed() == 3.0
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_connection_that_is_dead_without_saying_so_is_replaced() -> None:
    seen, asked = await take(2, watch_response(added(6), Hang()), watch_response(added(7), Hang()))
    assert seen == ["ADDED 6", "ADDED 7"]
    assert 330.0 <= elapsed() <= 640.0
    assert asked[1]["resourceVersion"] == "6"


@in_virtual_time
async def test_silence_where_there_are_no_bookmarks_is_part_of_a_quiet_watch(caplog: pytest.LogCaptureFixture) -> None:
    """(D13) Events and aggregated servers have no watch cache. The watch resumes at the last version, without pause."""
    seen, asked = await take(
        2, watch_response(added(6), *SILENCE), watch_response(*SILENCE), watch_response(added(7), Hang())
    )
    assert seen == ["ADDED 6", "ADDED 7"]
    assert [one["resourceVersion"] for one in asked] == ["5", "6", "6"]
    assert elapsed() == 360.0
    assert not caplog.records


@in_virtual_time
async def test_silence_after_bookmarks_is_a_lost_connection(caplog: pytest.LogCaptureFixture) -> None:
    """(D13)"""
    seen, asked = await take(1, watch_response(60.0, bookmark("8"), *SILENCE), watch_response(added(9), Hang()))
    assert seen == ["ADDED 9"]
    assert [one["resourceVersion"] for one in asked] == ["5", "8"]
    assert 240.8 <= elapsed() <= 241.6
    [warning] = caplog.records
    assert "nothing came for 180 s; opening again in " in warning.getMessage()


@in_virtual_time
async def test_silence_after_bookmarks_of_an_earlier_request_means_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """(D13) The API server sends no bookmark of the version that a watch was opened at."""
    idle = [watch_response(*SILENCE)] * 3
    seen, asked = await take(1, watch_response(bookmark("8"), 60.0), *idle, watch_response(added(9), Hang()))
    assert seen == ["ADDED 9"]
    assert [one["resourceVersion"] for one in asked] == ["5", "8", "8", "8", "8"]
    assert elapsed() == 600.0
    assert not caplog.records


@in_virtual_time
async def test_silence_instead_of_the_head_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """(D13)"""
    seen, _ = await take(2, watch_response(added(6)), *SILENCE[1:], watch_response(added(7), Hang()))
    assert seen == ["ADDED 6", "ADDED 7"]
    assert len(caplog.records) == 1
    clients, transport = clientset(*SILENCE[1:])
    with pytest.raises(kubeloop.ServerSilent):
        async with clients.core_v1.pods("x").watch(resource_version="5"):
            pytest.fail("entered")
    assert len(transport.requests) == 1


@in_virtual_time
async def test_a_head_that_is_held_back_for_two_minutes_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """(D9) Some proxies hold a response back until its first bytes or a timeout of their own."""
    late = [watch_response(added(6), delay=120.0), watch_response(added(7), Hang(), delay=179.0)]
    seen, asked = await take(2, *late)
    assert seen == ["ADDED 6", "ADDED 7"]
    assert len(asked) == 2
    assert elapsed() == 299.0
    assert not caplog.records


@in_virtual_time
async def test_a_client_that_is_closed_ends_its_watches() -> None:
    """(D15)"""
    closed = kubeloop.TransportError("the client is closed", method="GET", path="/", retryable=False)
    clients, transport = clientset(watch_response(added(6), closed))
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        assert (await anext(events)).type == "ADDED"
        with pytest.raises(kubeloop.TransportError, match="the client is closed"):
            await anext(events)
    assert elapsed() == 0.0
    assert transport.open_streams == 0


@in_virtual_time
async def test_without_a_version_it_begins_with_what_there_is() -> None:
    clients, transport = clientset(
        list_of([pod("a", 3), pod("b", 1)], "9", continue_="t"), list_of([pod("c", 2)], "9"),
        watch_response(event("DELETED", pod("a", 10)), Hang()),
    )  # fmt: skip
    seen = []
    async with clients.core_v1.pods("x").watch(label_selector="l") as events:
        assert events.resource_version == ""
        async for one in events:
            seen.append(f"{one.type} {one.object.metadata.name}")
            if one.type == "DELETED":
                break
    assert seen == ["ADDED a", "ADDED b", "ADDED c", "DELETED a"]
    asked = [query(request) for request in transport.requests]
    assert asked[0] == {"labelSelector": "l", "limit": "500"}
    assert asked[2]["resourceVersion"] == "9"
    assert asked[2]["labelSelector"] == "l"


@in_virtual_time
async def test_the_first_state_comes_once_even_if_its_snapshot_expires() -> None:
    clients, _ = clientset(
        list_of([pod("a", 3)], "9", continue_="t"), error_status(410, "Expired"),
        list_of([pod("a", 3), pod("b", 11)], "12"), watch_response(Hang()),
    )  # fmt: skip
    async with clients.core_v1.pods("x").watch() as events:
        batch = await events.batch()
    assert [one.object.metadata.name for one in batch] == ["a", "b"]
    assert events.resource_version == "12"


@in_virtual_time
async def test_version_zero_begins_with_what_the_servers_cache_holds() -> None:
    clients, transport = clientset(list_of([pod("a", 3)], "9"), watch_response(Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="0") as events:
        assert len(await events.batch()) == 1
    assert query(transport.requests[0])["resourceVersion"] == "0"
    assert query(transport.requests[1])["resourceVersion"] == "9"


@in_virtual_time
async def test_leaving_and_cancelling_close_the_connection() -> None:
    clients, transport = clientset(watch_response(Hang()), watch_response(Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5"):
        assert transport.open_streams == 1
    assert transport.open_streams == 0

    async def follow() -> None:
        async with clients.core_v1.pods("x").watch(resource_version="5") as events:
            async for _ in events:
                pass

    task = asyncio.create_task(follow())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.open_streams == 0


@in_virtual_time
async def test_cancelling_a_wait_loses_no_event() -> None:
    clients, _ = clientset(watch_response(5.0, added(6), Hang()), watch_response(added(6, 7), Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 1.0)
        seen = [(await anext(events)).object.metadata.resource_version for _ in range(2)]
    assert seen == ["6", "7"]


@in_virtual_time
async def test_one_request_ends_when_the_server_ends_it_and_raises_what_the_server_says() -> None:
    clients, _ = clientset(watch_response(added(6)), watch_response(added(6) + expired_event()))
    async with clients.rest.watch("pods", into=core_v1.Pod) as stream:
        assert len(await stream.batch()) == 1
        assert await stream.batch() == []
        assert await stream.batch() == []
    async with clients.rest.watch("pods", into=core_v1.Pod) as stream:
        assert len(await stream.batch()) == 1
        for _ in range(2):
            with pytest.raises(kubeloop.Expired):
                await stream.batch()


async def read_all(stream: Any) -> list[Any]:
    return [one async for one in stream]


@pytest.mark.parametrize("read", ["async for", "anext", "batch"])
@pytest.mark.parametrize("when", ["before", "after"])
@in_virtual_time
async def test_a_watch_is_read_inside_of_its_block_only(when: str, read: str) -> None:
    """(G3) Outside the block nothing would close the connection, nor end the watch at its timeout."""
    clients, transport = clientset(watch_response(added(6), Hang()))
    watch = clients.core_v1.pods("x").watch(resource_version="5", timeout=1.0)
    if when == "after":
        async with watch:
            pass
    sent = len(transport.requests)
    reading = {"async for": lambda: read_all(watch), "anext": lambda: anext(watch), "batch": watch.batch}[read]
    with pytest.raises(RuntimeError, match=r"async with client\.watch\(\.\.\.\) as events"):
        await reading()
    assert len(transport.requests) == sent
    assert transport.open_streams == 0


@pytest.mark.parametrize(
    ("open_stream", "use"),
    [
        (lambda clients: clients.rest.watch("pods", into=core_v1.Pod), "rest.watch(...)"),
        (lambda clients: clients.rest.stream("/logs"), "rest.stream(...)"),
        (lambda clients: clients.rest.upgrade(Request("GET", "/exec"), subprotocols=[]), "rest.upgrade(...)"),
        (lambda clients: clients.core_v1.pods("x").log_lines("a", follow=True), "pods.log_lines(...)"),
    ],
)
@in_virtual_time
async def test_every_other_stream_is_read_inside_of_its_block_only(open_stream: Any, use: str) -> None:
    """(G3)"""
    clients, transport = clientset()
    with pytest.raises(RuntimeError, match=re.escape(f"async with {use} as ")):
        await read_all(open_stream(clients))
    assert transport.requests == []


@in_virtual_time
async def test_a_watch_that_was_left_can_be_entered_again_and_resumes() -> None:
    clients, transport = clientset(watch_response(added(6), Hang()), watch_response(added(7), Hang()))
    watch = clients.core_v1.pods("x").watch(resource_version="5")
    seen: list[str] = []
    for _ in range(2):
        async with watch as events:
            seen.append((await anext(events)).object.metadata.resource_version)
    assert seen == ["6", "7"]
    assert [query(request)["resourceVersion"] for request in transport.requests] == ["5", "6"]


@in_virtual_time
async def test_a_server_that_ignores_the_timeout_of_a_watch_is_left_with_plain_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frames = [piece for version in range(6, 100) for piece in (60.0, added(version))]
    clients, _ = clientset(watch_response(*frames), watch_response(Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5", timeout=900.0) as events:
        seen = [one.object.metadata.resource_version async for one in events]
    assert seen == [str(version) for version in range(6, 6 + len(seen))]
    [warning] = caplog.records
    assert re.search(
        r"the server did not end the watch within \d+ s, although timeoutSeconds asked for \d+ s; opening again in",
        warning.getMessage(),
    )
