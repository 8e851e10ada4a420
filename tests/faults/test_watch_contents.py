"""Watches with all that servers send: unreadable objects, other kinds, errors among the events, and any framing."""

from __future__ import annotations

import json
from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1
from kubeloop.rest.watch_stream import EVENTS_AT_ONCE
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.scripted_clientset import added, clientset, pod
from tests.support.scripted_transport import (
    Hang,
    bookmark,
    event,
    list_of,
    watch_response,
)


def unreadable(name: str, version: int | str) -> dict[str, Any]:
    return {**pod(name, version), "spec": {"containers": "none"}}


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("change", ["ADDED", "MODIFIED"])
@in_virtual_time
async def test_one_broken_object_does_not_end_the_watch_of_the_others(dynamic: bool, change: str) -> None:
    """(A3), (B2): the object is an event with its key, its version and the error."""
    bad = unreadable("bad", 7)
    bad["metadata"]["labels"] = {"a": 7}
    clients, _ = clientset(watch_response(added(6) + event(change, bad) + added(8), Hang()))
    pods: Any = clients.dynamic.resource("v1", "pods").namespace("x") if dynamic else clients.core_v1.pods("x")
    async with pods.watch(resource_version="5") as events:
        assert (await anext(events)).object.metadata.name == "p6"
        one = await anext(events)
        assert isinstance(one, kubeloop.UnreadableEvent)
        assert (one.type, one.change, one.key, one.resource_version) == ("UNREADABLE", change, "x/bad", "7")
        assert events.resource_version == "7"
        with pytest.raises(kubeloop.Unreadable):
            _ = one.object
        assert (await anext(events)).object.metadata.name == "p8"


@pytest.mark.parametrize("dynamic", [False, True])
@in_virtual_time
async def test_a_deletion_needs_no_more_than_the_key(dynamic: bool) -> None:
    """(A2)"""
    bad = unreadable("bad", 7)
    bad["metadata"]["labels"] = {"a": 7}
    clients, _ = clientset(watch_response(event("DELETED", bad), Hang()))
    pods: Any = clients.dynamic.resource("v1", "pods").namespace("x") if dynamic else clients.core_v1.pods("x")
    async with pods.watch(resource_version="5") as events:
        one = await anext(events)
        metadata = one.object.metadata
        known = metadata.namespace, metadata.name, metadata.uid, metadata.resource_version
        assert (one.type, known) == ("DELETED", ("x", "bad", "uid-bad", "7"))
        assert events.resource_version == "7"


@in_virtual_time
async def test_a_deletion_without_a_readable_version_is_reported_and_moves_no_version() -> None:
    """(A2)"""
    bad = unreadable("bad", 7)
    bad["metadata"]["resourceVersion"] = 7
    clients, _ = clientset(watch_response(added(6) + event("DELETED", bad) + added(8), Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        seen = [(one.type, events.resource_version) for one in [await anext(events) for _ in range(2)]]
        assert seen == [("ADDED", "6"), ("DELETED", "6")]
        assert (await anext(events)).object.metadata.name == "p8"


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "s", "resourceVersion": "7"}},
        {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "rows": []},
    ],
)
@pytest.mark.parametrize("change", ["ADDED", "DELETED"])
@in_virtual_time
async def test_an_object_of_another_kind_is_reported_without_a_key(other: dict[str, Any], change: str) -> None:
    """(A12)"""
    clients, _ = clientset(watch_response(event(change, other), added(8), Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        one = await anext(events)
        assert isinstance(one, kubeloop.UnreadableEvent)
        assert (one.change, one.key, events.resource_version) == (change, "", "5")
        assert other["kind"] in str(one.error)
        assert (await anext(events)).object.metadata.name == "p8"


@in_virtual_time
async def test_an_unreadable_object_of_the_first_state_is_an_event_too() -> None:
    """(A4)"""
    clients, _ = clientset(list_of([pod("a", 1), unreadable("bad", 2)], "9"), watch_response(Hang()))
    async with clients.core_v1.pods("x").watch() as events:
        first, second = await events.batch()
    assert (first.type, first.object.metadata.name) == ("ADDED", "a")
    assert isinstance(second, kubeloop.UnreadableEvent)
    assert (second.change, second.key) == ("ADDED", "x/bad")


@in_virtual_time
async def test_events_before_one_without_a_version_arrive_and_no_version_runs_ahead() -> None:
    """(A8)"""
    nameless = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "none", "namespace": "x"}}
    chunk = added(6, 7) + event("ADDED", nameless) + added(8)
    for step in (1, 2):
        clients, _ = clientset(watch_response(chunk, Hang()))
        seen: list[str] = []
        async with clients.core_v1.pods("x").watch(resource_version="5") as events:
            while len(seen) < 2:
                batch = [await anext(events)] if step == 1 else await events.batch()
                seen.extend(one.object.metadata.resource_version for one in batch)
                assert events.resource_version == seen[-1]
            with pytest.raises(kubeloop.DecodeError, match=r"without a metadata\.resourceVersion"):
                await anext(events)
            assert events.resource_version == "7"
        assert seen == ["6", "7"]


@in_virtual_time
async def test_the_version_is_that_of_what_was_delivered() -> None:
    """(A8)"""
    clients, _ = clientset(
        list_of([pod("a", 3), pod("b", 4)], "9"), watch_response(added(10, 11) + bookmark("12") + added(13), Hang())
    )
    versions: list[str] = []
    async with clients.core_v1.pods("x").watch() as events:
        versions.append(events.resource_version)
        for _ in range(5):
            await anext(events)
            versions.append(events.resource_version)
    assert versions == ["", "", "9", "10", "11", "13"]


STATUS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "m"}


@pytest.mark.parametrize("before", [b"", added(6)])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (410, "Expired", kubeloop.Expired),
        (410, "Gone", kubeloop.Gone),
        (410, "", kubeloop.Gone),
        (401, "Unauthorized", kubeloop.Unauthorized),
        (429, "TooManyRequests", kubeloop.TooManyRequests),
        (500, "InternalError", kubeloop.InternalError),
    ],
)
@in_virtual_time
async def test_a_body_that_is_a_bare_status_is_the_error_that_it_says(
    code: int, reason: str, expected: type[Exception], end: str, indent: int | None, before: bytes
) -> None:
    """(D1), (H7)"""
    text = json.dumps({**STATUS, "code": code, "reason": reason}, indent=indent) + end
    clients, _ = clientset(watch_response(before + text.encode()))
    async with clients.rest.watch("pods", into=core_v1.Pod) as stream:
        if before:
            assert len(await stream.batch()) == 1
        with pytest.raises(expected) as caught:
            await stream.batch()
        assert caught.value.code == code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        ({**STATUS, "code": "410"}, 410, kubeloop.Gone),
        ({**STATUS, "code": 410, "details": []}, 410, kubeloop.Gone),
        ({**STATUS, "code": 410, "apiVersion": "meta.k8s.io/v1"}, 410, kubeloop.Gone),
        ({"kind": "Problem", "reason": "Expired"}, 0, kubeloop.Expired),
        ({"kind": "Pod", "metadata": {"name": "a", "resourceVersion": "7"}}, 0, kubeloop.APIError),
        (None, 0, kubeloop.APIError),
    ],
)
@in_virtual_time
async def test_an_error_event_of_any_shape_ends_the_watch(value: Any, code: int, expected: type[Exception]) -> None:
    """(D2): an error that may not be temporary is raised, so that no client resumes from a version that has expired."""
    clients, transport = clientset(watch_response(added(6) + event("ERROR", value) + added(7)))
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        assert (await anext(events)).object.metadata.name == "p6"
        with pytest.raises(expected) as caught:
            await anext(events)
    assert caught.value.code == code  # type: ignore[attr-defined]
    assert len(transport.requests) == 1


@pytest.mark.parametrize("between", ["\n", "", " "])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("size", [1, 7, 100_000])
@in_virtual_time
async def test_any_framing_of_json_is_read(between: str, indent: int | None, size: int) -> None:
    """(B8)"""
    values = [{"type": "ADDED", "object": pod(f"p{version}", version)} for version in range(6, 26)]
    text = between.join(json.dumps(value, indent=indent) for value in values).encode()
    clients, _ = clientset(watch_response(text).in_pieces(size))
    async with clients.rest.watch("pods", into=core_v1.Pod) as stream:
        seen = [one.object.metadata.resource_version async for one in stream]
    assert seen == [str(version) for version in range(6, 26)]


@in_virtual_time
async def test_an_event_without_a_newline_does_not_wait_for_the_next() -> None:
    """(B8)"""
    clients, _ = clientset(watch_response(added(6).rstrip(), Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        assert (await anext(events)).object.metadata.name == "p6"
        assert elapsed() == 0.0


@in_virtual_time
async def test_what_arrives_in_one_piece_comes_a_few_events_at_a_time() -> None:
    clients, _ = clientset(watch_response(added(*range(6, 106)), Hang()))
    async with clients.core_v1.pods("x").watch(resource_version="5") as events:
        batches = [await events.batch() for _ in range(100 // EVENTS_AT_ONCE)]
    assert {len(batch) for batch in batches} == {EVENTS_AT_ONCE}
    assert [event.object.metadata.name for batch in batches for event in batch] == [f"p{n}" for n in range(6, 106)]


@in_virtual_time
async def test_objects_without_a_model_are_watched_too() -> None:
    clients, _ = clientset(watch_response(added(6), Hang()))
    async with clients.dynamic.resource("v1", "pods").namespace("x").watch(resource_version="5") as events:
        one = await anext(events)
    assert one.object["metadata"]["name"] == "p6"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 10_000])
@in_virtual_time
async def test_events_do_not_depend_on_how_the_bytes_arrive(size: int) -> None:
    clients, _ = clientset(watch_response(added(*range(6, 26))).in_pieces(size))
    async with clients.rest.watch("pods", into=core_v1.Pod) as stream:
        seen = [one.object.metadata.resource_version async for one in stream]
    assert seen == [str(version) for version in range(6, 26)]
