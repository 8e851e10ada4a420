"""Watches on a network and a server that fail: no event is lost, none comes twice, and none ends in silence.

Scenarios of client-go tools/watch/retrywatcher_test.go and rest/request_test.go (Watch).
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.rest.watch import EVENTS_AT_ONCE
from kubeloop.wire.request import Request
from tests.support.clock import now, virtual
from tests.support.scripted_transport import (
    Answer,
    Hang,
    ScriptedTransport,
    bookmark,
    error_status,
    event,
    expired_event,
    list_of,
    query,
    watch_answer,
)


def pod(name: str, version: int | str) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": "x", "resourceVersion": str(version), "uid": name},
    }


def added(*versions: int) -> bytes:
    return b"".join(event("ADDED", pod(f"p{version}", version)) for version in versions)


def clientset(*script: Any) -> tuple[Clientset, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    config = Config(host="https://server")
    return Clientset(config, transport=transport, random=random.Random(7)), transport


async def take(count: int, *script: Any, **options: Any) -> tuple[list[str], list[dict[str, str]]]:
    """The first events of a watch from version 5, and what was asked of the server."""
    clients, transport = clientset(*script)
    seen: list[str] = []
    async with clients.core_v1.pods("x").watch(resource_version="5", **options) as events:
        async for one in events:
            seen.append(f"{one.type} {one.object.metadata.resource_version}")
            if len(seen) == count:
                break
    assert transport.open_streams == 0
    return seen, [query(request) for request in transport.requests]


@virtual
async def test_it_goes_on_from_the_last_version_when_the_server_ends_the_request() -> None:
    seen, asked = await take(3, watch_answer(added(6, 7)), watch_answer(added(8), Hang()))
    assert seen == ["ADDED 6", "ADDED 7", "ADDED 8"]
    assert [one["resourceVersion"] for one in asked] == ["5", "7"]
    assert now() == 1.0


@virtual
async def test_bookmarks_move_the_version_and_are_not_shown() -> None:
    seen, asked = await take(1, watch_answer(bookmark("50")), watch_answer(added(60), Hang()))
    assert seen == ["ADDED 60"]
    assert asked[0]["allowWatchBookmarks"] == "true"
    assert asked[1]["resourceVersion"] == "50"


@virtual
async def test_bookmarks_are_shown_when_asked_for() -> None:
    seen, _ = await take(1, watch_answer(bookmark("50"), Hang()), bookmarks=True)
    assert seen == ["BOOKMARK 50"]


@pytest.mark.parametrize("after", [0, 1, 50, 150, 151, 152, 160, 200])
def test_a_cut_anywhere_loses_and_repeats_nothing(after: int) -> None:
    frames = added(6, 7)

    def respond(request: Request) -> Answer:
        at = int(query(request)["resourceVersion"])
        if at == 5 and len(transport.requests) == 1:
            return watch_answer(frames).cut(after)
        return watch_answer(added(*(version for version in (6, 7, 8) if version > at)), Hang())

    clients, transport = clientset(respond)

    @virtual
    async def run() -> None:
        seen = []
        async with clients.core_v1.pods("x").watch(resource_version="5") as events:
            async for one in events:
                seen.append(one.object.metadata.resource_version)
                if len(seen) == 3:
                    break
        assert seen == ["6", "7", "8"]
        assert transport.open_streams == 0

    run()


@virtual
async def test_a_frame_that_ends_with_the_stream_and_has_no_newline_counts_if_it_is_whole() -> None:
    seen, asked = await take(2, watch_answer(added(6).rstrip()), watch_answer(added(7), Hang()))
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
        watch_answer(event("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError", "status": "Failure"})),
        watch_answer(event("ERROR", {"kind": "Status", "code": 429, "status": "Failure"})),
        Answer(chunks=[kubeloop.ConnectionLost("reset")]),
    ],
)
def test_failures_that_can_heal_are_waited_out(failure: Any, caplog: pytest.LogCaptureFixture) -> None:
    @virtual
    async def run() -> None:
        script = [watch_answer(added(6)), failure, failure, failure, watch_answer(added(7), Hang())]
        seen, _ = await take(2, *script)
        assert seen == ["ADDED 6", "ADDED 7"]
        assert 1.0 + 0.8 + 1.6 + 3.2 <= now() <= 1.0 + 2 * (0.8 + 1.6 + 3.2)

    run()
    assert "opening again" in caplog.text


@virtual
async def test_it_waits_as_long_as_the_server_says() -> None:
    status = {"kind": "Status", "code": 429, "status": "Failure", "details": {"retryAfterSeconds": 20}}
    seen, _ = await take(1, watch_answer(event("ERROR", status)), watch_answer(added(6), Hang()))
    assert seen == ["ADDED 6"]
    assert now() >= 20.0


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (watch_answer(expired_event()), kubeloop.Expired),
        (error_status(410, "Expired"), kubeloop.Expired),
        (error_status(410, "Gone"), kubeloop.Gone),
        (error_status(403, "Forbidden"), kubeloop.Forbidden),
        (error_status(401, "Unauthorized"), kubeloop.Unauthorized),
        (error_status(404, "NotFound"), kubeloop.NotFound),
        (watch_answer(b"<html>\n"), kubeloop.DecodeError),
        (watch_answer(b'{"kind":"Pod"}\n'), kubeloop.DecodeError),
        (watch_answer(event("ADDED", {"kind": "Pod", "metadata": {"name": "a"}})), kubeloop.DecodeError),
        (watch_answer(b"x" * (33 * 1024 * 1024)), kubeloop.BodyTooLarge),
        (kubeloop.TLSError("expired", retryable=False), kubeloop.TLSError),
    ],
)
def test_failures_that_cannot_heal_are_raised(failure: Any, expected: type[Exception]) -> None:
    @virtual
    async def run() -> None:
        with pytest.raises(expected):
            await take(99, watch_answer(added(6)), failure)

    run()


@virtual
async def test_events_before_an_error_still_arrive() -> None:
    clients, transport = clientset(watch_answer(added(6, 7) + expired_event()))
    seen: list[str] = []

    async def run() -> None:
        async with clients.core_v1.pods("x").watch(resource_version="5") as events:
            async for one in events:
                seen.append(one.object.metadata.resource_version)  # noqa: PERF401 - it ends with an exception

    with pytest.raises(kubeloop.Expired):
        await run()
    assert seen == ["6", "7"]
    assert transport.open_streams == 0


@virtual
async def test_one_broken_object_does_not_end_the_watch_of_the_others(caplog: pytest.LogCaptureFixture) -> None:
    bad = {**pod("bad", 7), "spec": {"containers": "none"}}
    seen, _ = await take(2, watch_answer(added(6), event("ADDED", bad), added(8), Hang()))
    assert seen == ["ADDED 6", "ADDED 8"]
    assert "bad" in caplog.text


@virtual
async def test_an_object_of_another_kind_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    other = {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "s", "resourceVersion": "7"}}
    seen, _ = await take(1, watch_answer(event("ADDED", other), added(8), Hang()))
    assert seen == ["ADDED 8"]
    assert "Service" in caplog.text


@virtual
async def test_opening_that_fails_the_first_time_is_raised_at_once() -> None:
    clients, _ = clientset(kubeloop.ConnectError("refused"))
    with pytest.raises(kubeloop.ConnectError):
        async with clients.core_v1.pods("x").watch(resource_version="5"):
            pytest.fail("entered")


@virtual
async def test_it_ends_when_its_time_is_over() -> None:
    clients, transport = clientset(watch_answer(added(6), Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5", timeout=10.0) as events:
        seen = [one.object.metadata.resource_version async for one in events]
    assert seen == ["6"]
    assert now() == 10.0
    assert query(transport.requests[0])["timeoutSeconds"] == "10"
    assert transport.open_streams == 0


@virtual
async def test_it_ends_when_its_time_is_over_in_the_middle_of_a_back_off() -> None:
    clients, _ = clientset(watch_answer(), *[kubeloop.ConnectError("refused")] * 9)
    async with clients.core_v1.pods("x").watch(resource_version="5", timeout=4.0) as events:
        assert [one async for one in events] == []
    assert now() == pytest.approx(4.0)


@virtual
async def test_a_server_that_does_not_even_answer_ends_in_a_timeout() -> None:
    clients, transport = clientset(Answer(delay=1000.0))
    with pytest.raises(kubeloop.RequestTimeout):
        async with clients.core_v1.pods("x").watch(resource_version="5", timeout=3.0):
            pytest.fail("entered")
    assert now() == 3.0
    assert transport.open_streams == 0


@virtual
async def test_a_connection_that_is_dead_without_saying_so_is_replaced() -> None:
    seen, asked = await take(2, watch_answer(added(6), Hang()), watch_answer(added(7), Hang()))
    assert seen == ["ADDED 6", "ADDED 7"]
    assert 330.0 <= now() <= 640.0
    assert asked[1]["resourceVersion"] == "6"


@virtual
async def test_without_a_version_it_begins_with_what_there_is() -> None:
    clients, transport = clientset(
        list_of([pod("a", 3), pod("b", 1)], "9", continue_="t"), list_of([pod("c", 2)], "9"),
        watch_answer(event("DELETED", pod("a", 10)), Hang()),
    )  # fmt: skip
    seen = []
    async with clients.core_v1.pods("x").watch(label_selector="l") as events:
        assert events.resource_version == "9"
        async for one in events:
            seen.append(f"{one.type} {one.object.metadata.name}")
            if one.type == "DELETED":
                break
    assert seen == ["ADDED a", "ADDED b", "ADDED c", "DELETED a"]
    asked = [query(request) for request in transport.requests]
    assert asked[0] == {"labelSelector": "l", "limit": "500"}
    assert asked[2]["resourceVersion"] == "9"
    assert asked[2]["labelSelector"] == "l"


@virtual
async def test_the_first_state_comes_once_even_if_its_snapshot_expires() -> None:
    clients, _ = clientset(
        list_of([pod("a", 3)], "9", continue_="t"), error_status(410, "Expired"),
        list_of([pod("a", 3), pod("b", 11)], "12"), watch_answer(Hang()),
    )  # fmt: skip
    async with clients.core_v1.pods("x").watch() as events:
        batch = await events.batch()
    assert [one.object.metadata.name for one in batch] == ["a", "b"]
    assert events.resource_version == "12"


@virtual
async def test_version_zero_begins_with_what_the_servers_cache_holds() -> None:
    clients, transport = clientset(list_of([pod("a", 3)], "9"), watch_answer(Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="0") as events:
        assert len(await events.batch()) == 1
    assert query(transport.requests[0])["resourceVersion"] == "0"
    assert query(transport.requests[1])["resourceVersion"] == "9"


@virtual
async def test_leaving_and_cancelling_close_the_connection() -> None:
    clients, transport = clientset(watch_answer(Hang()), watch_answer(Hang()))
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


@virtual
async def test_cancelling_a_wait_loses_no_event() -> None:
    clients, _ = clientset(watch_answer(5.0, added(6), Hang()), watch_answer(added(6, 7), Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 1.0)
        seen = [(await anext(events)).object.metadata.resource_version for _ in range(2)]
    assert seen == ["6", "7"]


@virtual
async def test_what_arrives_in_one_piece_comes_a_few_events_at_a_time() -> None:
    clients, _ = clientset(watch_answer(added(*range(6, 106)), Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        batches = [await events.batch() for _ in range(100 // EVENTS_AT_ONCE)]
    assert {len(batch) for batch in batches} == {EVENTS_AT_ONCE}
    assert [event.object.metadata.name for batch in batches for event in batch] == [f"p{n}" for n in range(6, 106)]


@virtual
async def test_objects_without_a_model_are_watched_too() -> None:
    clients, _ = clientset(watch_answer(added(6), Hang()))
    async with clients.dynamic.resource("v1", "pods").namespace("x").watch(resource_version="5") as events:
        one = await anext(events)
    assert one.object["metadata"]["name"] == "p6"


@virtual
async def test_one_request_ends_when_the_server_ends_it_and_raises_what_the_server_says() -> None:
    transport = ScriptedTransport(watch_answer(added(6)), watch_answer(added(6) + expired_event()))
    rest = RESTClient(Config(host="https://server"), transport=transport)
    async with rest.watch("pods", into=core_v1.Pod) as stream:
        assert len(await stream.batch()) == 1
        assert await stream.batch() == []
        assert await stream.batch() == []
    async with rest.watch("pods", into=core_v1.Pod) as stream:
        assert len(await stream.batch()) == 1
        for _ in range(2):
            with pytest.raises(kubeloop.Expired):
                await stream.batch()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 10_000])
def test_events_do_not_depend_on_how_the_bytes_arrive(size: int) -> None:
    @virtual
    async def run() -> None:
        rest = RESTClient(
            Config(host="https://server"),
            transport=ScriptedTransport(watch_answer(added(*range(6, 26))).in_pieces(size)),
        )
        async with rest.watch("pods", into=core_v1.Pod) as stream:
            seen = [one.object.metadata.resource_version async for one in stream]
        assert seen == [str(version) for version in range(6, 26)]

    run()
