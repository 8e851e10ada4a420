"""Informers with the whole client stack, on a network and a server that fail: the store is correct in the end."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.wire.request import Request
from tests.support.scripted_clientset import RunningInformer, pod
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


@in_virtual_time
async def test_an_expired_watch_leads_to_a_list_which_reports_what_was_missed() -> None:
    script = (
        list_of([pod("a", 1), pod("b", 2)], "5"),
        watch_response(event("ADDED", pod("c", 6)), expired_event()),
        list_of([pod("b", 8), pod("c", 6)], "9"),
        watch_response(Hang()),
    )
    async with RunningInformer(*script) as run:
        await asyncio.sleep(5)
        assert run.asked == ["list 0", "watch 5", "list 6", "watch 9"]
        assert run.store == {"b": "8", "c": "6"}
        assert run.told == ["add a", "add b", "add c", "delete a", "update b"]


@in_virtual_time
async def test_a_list_that_is_expired_too_is_repeated_at_once_with_the_newest() -> None:
    script = (
        list_of([pod("a", 1)], "5"),
        watch_response(expired_event()),
        error_status(410, "Expired", "the resource version is too old"),
        list_of([pod("a", 7)], "9"),
        watch_response(Hang()),
    )
    async with RunningInformer(*script) as run:
        await asyncio.sleep(5)
        assert run.asked == ["list 0", "watch 5", "list 5", "list newest", "watch 9"]
        assert run.store == {"a": "7"}


@in_virtual_time
async def test_a_server_that_forgets_every_snapshot_is_listed_with_pauses() -> None:
    """Each first page succeeds and has a continue token, which is expired at once; so does the full list."""

    def respond(request: Request) -> Any:
        if "continue" in query(request):
            return error_status(410, "Expired", "the continue token is too old")
        return list_of([pod("a", 1)], "5", continue_="token")

    async with RunningInformer(respond) as run:
        await asyncio.sleep(600)
        # A list and the full list, at the version and at the newest, every 30 to 60 seconds at last.
        assert 40 < len(run.asked) < 150
        assert run.store == {}
        assert "too old" in run.pods.last_error


@in_virtual_time
async def test_a_server_whose_pages_lead_to_themselves_is_listed_with_pauses() -> None:
    async with RunningInformer(lambda request: list_of([pod("a", 1)], "5", continue_="token")) as run:
        await asyncio.sleep(600)
        # Two pages every 30 to 60 seconds at last.
        assert 20 < len(run.asked) < 80
        assert "a page that was read before" in run.pods.last_error


@in_virtual_time
async def test_a_bookmark_saves_the_list_after_a_cut() -> None:
    script = (
        list_of([pod("a", 1)], "5"),
        watch_response(bookmark("90"), event("MODIFIED", pod("a", 91)), bookmark("99")).then(
            errors.ConnectionLost("reset by peer")
        ),
        watch_response(Hang()),
    )
    async with RunningInformer(*script) as run:
        await asyncio.sleep(5)
        assert run.asked == ["list 0", "watch 5", "watch 99"]
        assert run.store == {"a": "91"}


@pytest.mark.parametrize(
    "response",
    [
        ScriptedResponse.text("<html>Bad gateway</html>", 502, "text/html"),
        ScriptedResponse.text("<html>Welcome to the hotel</html>", 200, "text/html"),
        ScriptedResponse.text('{"kind": "PodList", "items": [', 200, "application/json"),
        ScriptedResponse.of(
            {"kind": "ServiceList", "apiVersion": "v1", "metadata": {"resourceVersion": "5"}, "items": []}
        ),
        error_status(500, "InternalError", "etcd is away"),
        error_status(403, "Forbidden", "pods is forbidden"),
        error_status(504, "Timeout", "Too large resource version: 9, current: 5"),
        errors.ConnectError("connection refused"),
        errors.ConnectionLost("reset by peer"),
        errors.TLSError("certificate has expired"),
        list_of([pod("a", 1)], "5").cut(40),
    ],
    ids=str,
)
@in_virtual_time
async def test_a_list_that_fails_in_any_way_is_tried_again(response: Any) -> None:
    listed = [response]

    def respond(request: Request) -> Any:
        if "watch" in query(request):
            return watch_response(Hang())
        return listed.pop() if listed else list_of([pod("a", 1)], "5")

    async with RunningInformer(respond) as run:
        await run.factory.wait_for_cache_sync(timeout=60)
        assert run.store == {"a": "1"}
        assert run.told == ["add a"]
        assert run.pods.last_error == ""


@pytest.mark.parametrize(
    "response",
    [
        watch_response(b"this is no JSON\n"),
        watch_response(b'{"type": "ADDED"}\n'),
        watch_response(b'{"kind": "Pod", "apiVersion": "v1"}\n'),
        watch_response(event("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError", "message": "oops"})),
        ScriptedResponse.text("<html>Welcome to the hotel</html>", 200, "text/html"),
        error_status(403, "Forbidden", "pods is forbidden"),
        error_status(500, "InternalError", "etcd is away"),
        error_status(410, "Expired", "too old"),
        errors.ConnectError("connection refused"),
        errors.ConnectionLost("reset by peer"),
        watch_response(),
    ],
    ids=str,
)
@in_virtual_time
async def test_a_watch_that_fails_in_any_way_is_opened_again(response: Any) -> None:
    watched = [response]

    def respond(request: Request) -> Any:
        if "watch" not in query(request):
            return list_of([pod("a", 1)], "5")
        return watched.pop() if watched else watch_response(event("ADDED", pod("b", 6)), Hang())

    async with RunningInformer(respond) as run:
        await asyncio.sleep(30)
        assert run.store == {"a": "1", "b": "6"}
        assert run.pods.last_sync_resource_version == "6"


@in_virtual_time
async def test_a_server_that_says_nothing_more_is_left_after_the_watchs_own_time() -> None:
    script = (list_of([], "5"), watch_response(Hang()), watch_response(event("ADDED", pod("a", 6)), Hang()))
    async with RunningInformer(*script) as run:
        await asyncio.sleep(631)
        assert run.asked == ["list 0", "watch 5", "watch 5"]
        assert run.store == {"a": "6"}


@in_virtual_time
async def test_the_head_of_a_watch_that_is_held_back_for_two_minutes_is_waited_for() -> None:
    """(D9) Some proxies hold a response back until its first bytes or a timeout of their own."""
    script = (
        list_of([], "5"),
        watch_response(event("ADDED", pod("a", 6)), delay=120.0),
        watch_response(event("ADDED", pod("b", 7)), Hang(), delay=179.0),
    )
    async with RunningInformer(*script) as run:
        await asyncio.sleep(119)
        assert "a watch has been waiting for a response" in run.pods.last_error
        await asyncio.sleep(2)
        assert run.store == {"a": "6"}
        await asyncio.sleep(180)
        assert run.store == {"a": "6", "b": "7"}
        assert run.asked == ["list 0", "watch 5", "watch 6"]
        assert run.pods.is_connected


@in_virtual_time
async def test_a_quiet_resource_without_bookmarks_is_followed_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """(D13) With the whole client stack: one request every three minutes, and nothing else."""
    silent = errors.ServerSilent("nothing came for 180 s", method="GET", path="/api/v1/pods")
    watched = [watch_response(180.0, silent) for _ in range(5)]
    async with RunningInformer(
        list_of([pod("a", 1)], "5"), *watched, watch_response(event("ADDED", pod("b", 6)), Hang())
    ) as run:
        await asyncio.sleep(901)
        assert run.asked == ["list 0", *["watch 5"] * 6]
        assert run.store == {"a": "1", "b": "6"}
        assert (run.pods.is_connected, run.pods.last_error) == (True, "")
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@in_virtual_time
async def test_one_object_of_a_wrong_type_stops_neither_list_nor_watch(caplog: pytest.LogCaptureFixture) -> None:
    wrong = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "wrong", "namespace": "x", "labels": 7}}
    script = (
        list_of([pod("a", 1), wrong, pod("b", 2)], "5"),
        watch_response(event("ADDED", wrong), event("ADDED", pod("c", 6)), Hang()),
    )
    async with RunningInformer(*script) as run:
        await settle()
        assert run.store == {"a": "1", "b": "2", "c": "6"}
    assert "wrong" in caplog.text


@in_virtual_time
async def test_a_server_that_cuts_again_and_again_is_not_asked_without_pause() -> None:
    def respond(request: Request) -> Any:
        if "watch" in query(request):
            return watch_response().then(errors.ConnectionLost("reset by peer"))
        return list_of([pod("a", 1)], "5")

    async with RunningInformer(respond) as run:
        await asyncio.sleep(600)
        assert run.store == {"a": "1"}
        assert len(run.transport.requests) < 60


class History:
    """A server with a history, whose every watch is cut after a number of bytes."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.pods: dict[str, dict[str, Any]] = {"a": pod("a", 1)}
        self.version = 1
        self.events: list[tuple[int, bytes]] = []
        for _ in range(30):
            self.version += 1
            name = random.choice("abcd")
            if name in self.pods and random.random() < 0.4:
                kind = "DELETED"
                obj = {**self.pods.pop(name), "metadata": pod(name, self.version)["metadata"]}
            else:
                kind = "MODIFIED" if name in self.pods else "ADDED"
                obj = self.pods[name] = pod(name, self.version, annotations={"padding": "x" * random.randrange(60)})
            self.events.append((self.version, event(kind, obj)))

    def respond(self, request: Request) -> Any:
        parameters = query(request)
        if "watch" not in parameters:
            if parameters.get("resourceVersion") == "0":
                return list_of([pod("a", 1)], "1")
            return list_of(list(self.pods.values()), str(self.version))
        since = int(parameters["resourceVersion"])
        body = b"".join(frame for version, frame in self.events if version > since)
        if not body:
            return watch_response(Hang())
        answer = watch_response(body).in_pieces(self.random.randrange(1, 400))
        return answer.cut(self.random.randrange(1, 1500)) if self.random.random() < 0.9 else answer.then(Hang())


@pytest.mark.parametrize("seed", range(25))
@in_virtual_time
async def test_cuts_at_any_byte_lose_nothing(seed: int) -> None:
    history = History(Random(seed))
    async with RunningInformer(history.respond) as run:
        await asyncio.sleep(1000)
        expected = {name: one["metadata"]["resourceVersion"] for name, one in history.pods.items()}
        assert run.store == expected
        replay: set[str] = set()
        for told in run.told:
            what, name = told.split()
            assert (name in replay) == (what != "add"), told
            (replay.discard if what == "delete" else replay.add)(name)
        assert replay == set(expected)
