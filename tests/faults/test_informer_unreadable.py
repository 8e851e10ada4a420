"""Informers with the whole client stack, of objects that their class cannot read, and of responses without a list."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.request import Request
from tests.support.scripted_clientset import RunningInformer, pod
from tests.support.scripted_transport import (
    Hang,
    ScriptedResponse,
    event,
    expired_event,
    list_of,
    query,
    watch_response,
)

TIMES = ["0000-01-01T00:00:00Z", "2026-01-02T03:04:75Z", "9999-12-31T23:59:59+00:99", 7]
TABLE = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "columnDefinitions": [], "rows": []}


@pytest.mark.parametrize("time", TIMES)
@in_virtual_time
async def test_a_pod_whose_time_cannot_be_read_is_never_reported_as_deleted_by_mistake(time: object) -> None:
    """(A1, A2, A3)"""
    bad = {"creationTimestamp": time}
    script = (
        list_of([pod("a", 1), pod("b", 2)], "5"),
        watch_response(event("MODIFIED", pod("a", 6, **bad)), event("ADDED", pod("c", 7)), expired_event()),
        list_of([pod("a", 6, **bad), pod("b", 2), pod("c", 7), pod("d", 8, **bad)], "9"),
        watch_response(event("DELETED", pod("a", 10, **bad)), event("DELETED", pod("d", 11, **bad)), Hang()),
    )
    async with RunningInformer(*script) as run:
        await asyncio.sleep(0.5)
        assert run.pods.lister.namespace("x").get("a").metadata.resource_version == "1"
        assert sorted(run.pods.unreadable) == ["x/a", "x/d"]
        await asyncio.sleep(10)
        assert run.told == ["add a", "add b", "add c", "delete a"]
        assert run.pods.unreadable == {}
        assert run.pods.last_sync_resource_version == "11"
        with pytest.raises(errors.NotFound):
            run.pods.lister.namespace("x").get("a")


@pytest.mark.parametrize("is_typed", [True, False])
@pytest.mark.parametrize("bad", [{"labels": {"a": 7}}, {"labels": 7}, {"annotations": []}, {"generation": "x"}])
@in_virtual_time
async def test_one_object_with_bad_metadata_stops_nothing(is_typed: bool, bad: dict[str, Any]) -> None:
    """(B2)"""
    script = (
        list_of([pod("a", 1), pod("wrong", 2, **bad)], "5"),
        watch_response(event("MODIFIED", pod("wrong", 6, **bad)), event("ADDED", pod("b", 7)), Hang()),
    )
    async with RunningInformer(*script, is_typed=is_typed) as run:
        assert run.pods.has_synced
        assert run.told == ["add a", "add b"]
        with pytest.raises(errors.Unreadable):
            run.pods.lister.namespace("x").get("wrong")
        assert run.pods.unreadable["x/wrong"].uid == "uid-wrong"
        assert run.pods.unreadable["x/wrong"].resource_version == "6"
        assert len(run.transport.requests) == 2


@pytest.mark.parametrize("is_typed", [True, False])
@in_virtual_time
async def test_a_table_in_a_watch_is_stored_under_no_key_and_leads_to_a_list(is_typed: bool) -> None:
    """(A12)"""
    lists = 0

    def respond(request: Request) -> Any:
        nonlocal lists
        if "watch" in query(request):
            return watch_response(event("ADDED", TABLE), Hang())
        lists += 1
        return list_of([pod("a", 1)], "5")

    async with RunningInformer(respond, is_typed=is_typed) as run:
        await asyncio.sleep(300)
        assert run.pods.indexer.list_keys() == ["x/a"]
        assert run.told == ["add a"]
        assert 3 < lists < 30


NO_LISTS: list[Any] = [
    {},
    {"error": "bad gateway"},
    {"kind": "Status", "apiVersion": "v1", "status": "Success"},
    TABLE,
    pod("a", 1),
    {"kind": "PodList", "apiVersion": "v1"},
    {"metadata": {"resourceVersion": "9"}, "items": []},
    {"kind": "SecretList", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": []},
    {"kind": "PodList", "apiVersion": "metrics.k8s.io/v1", "metadata": {"resourceVersion": "9"}, "items": []},
]


@pytest.mark.parametrize("is_typed", [True, False])
@pytest.mark.parametrize("body", NO_LISTS, ids=str)
@pytest.mark.parametrize("page", [1, 2])
@in_virtual_time
async def test_what_is_no_list_changes_nothing(body: Any, is_typed: bool, page: int) -> None:
    """(A5)"""
    lists = 0

    def respond(request: Request) -> Any:
        nonlocal lists
        if "watch" in query(request):
            return watch_response(Hang()) if lists > 1 else watch_response(event("ADDED", pod("c", 6)), expired_event())
        lists += 1
        if lists == 1:
            return list_of([pod("a", 1), pod("b", 2)], "5")
        if page == 2 and not query(request).get("continue"):
            return list_of([pod("a", 1)], "9", continue_="next")
        return ScriptedResponse.of(body)

    async with RunningInformer(respond, is_typed=is_typed) as run:
        await asyncio.sleep(100)
        assert lists > 2
        assert [told for told in run.told if told.startswith("delete")] == []
        assert sorted(run.pods.indexer.list_keys()) == ["x/a", "x/b", "x/c"]
        assert run.pods.last_error != ""
        assert not run.pods.is_connected
