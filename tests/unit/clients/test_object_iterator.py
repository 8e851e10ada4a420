"""iterate(): every object once, whatever happens between the pages. The scenarios are those of tools/pager."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.scripted_transport import ScriptedTransport, error_status, list_of, query


def pod(name: str, version: str = "1", uid: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "x", "resourceVersion": version, "uid": uid or f"uid-{name}"}}


EXPIRED = error_status(410, "Expired", "the continue token is too old")


async def names(*script: Any, **options: Any) -> tuple[list[str], list[dict[str, str]]]:
    transport = ScriptedTransport(*script)
    pods = Clientset(Config(host="https://server"), transport=transport).core_v1.pods("x")
    found = [one.metadata.name async for one in pods.iterate(**options)]
    assert transport.left == 0
    return found, [query(request) for request in transport.requests]


@in_virtual_time
async def test_an_empty_collection_has_no_objects() -> None:
    assert await names(list_of([], "7")) == ([], [{"limit": "500"}])


@in_virtual_time
async def test_pages_follow_each_other() -> None:
    found, asked = await names(
        list_of([pod("a")], "7", continue_="1"),
        list_of([pod("b")], "7", continue_="2"),
        list_of([pod("c")], "7"),
        limit=1, label_selector="l", resource_version="5", resource_version_match="NotOlderThan",
    )  # fmt: skip
    assert found == ["a", "b", "c"]
    assert asked == [
        {"labelSelector": "l", "limit": "1", "resourceVersion": "5", "resourceVersionMatch": "NotOlderThan"},
        {"labelSelector": "l", "limit": "1", "continue": "1"},
        {"labelSelector": "l", "limit": "1", "continue": "2"},
    ]


@in_virtual_time
async def test_begins_with_the_page_that_a_token_stands_for() -> None:
    found, asked = await names(list_of([pod("b")], "7", continue_="2"), list_of([pod("c")], "7"), continue_="1")
    assert found == ["b", "c"]
    assert asked == [{"limit": "500", "continue": "1"}, {"limit": "500", "continue": "2"}]


@in_virtual_time
async def test_an_expired_snapshot_is_followed_by_a_full_list_and_nothing_comes_twice_or_is_lost() -> None:
    found, asked = await names(
        list_of([pod("a"), pod("b")], "7", continue_="1"),
        EXPIRED,
        list_of([pod("a"), pod("aa", "9"), pod("b", "8"), pod("c")], "9"),
        resource_version="5",
    )
    assert found == ["a", "b", "aa", "c"]
    assert asked[2] == {"resourceVersion": "5"}


@in_virtual_time
async def test_an_object_that_was_created_again_meanwhile_is_another_object() -> None:
    found, _ = await names(list_of([pod("a")], "7", continue_="1"), EXPIRED, list_of([pod("a", uid="new")], "9"))
    assert found == ["a", "a"]


@in_virtual_time
async def test_an_expired_first_page_is_an_error() -> None:
    with pytest.raises(kubeloop.Expired):
        await names(EXPIRED)


@in_virtual_time
async def test_a_full_list_that_fails_is_an_error() -> None:
    with pytest.raises(kubeloop.Expired):
        await names(list_of([pod("a")], "7", continue_="1"), EXPIRED, EXPIRED)


@in_virtual_time
async def test_a_full_list_in_pages_that_expires_is_an_error_and_the_next_read_continues() -> None:
    transport = ScriptedTransport(
        list_of([pod("a")], "7", continue_="1"),
        EXPIRED,
        list_of([pod("a"), pod("b")], "8", continue_="2"),
        EXPIRED,
        list_of([pod("a"), pod("b"), pod("c")], "9"),
    )
    pods = Clientset(Config(host="https://server"), transport=transport).core_v1.pods("x").iterate()
    assert [(await anext(pods)).metadata.name, (await anext(pods)).metadata.name] == ["a", "b"]
    with pytest.raises(kubeloop.Expired):
        await anext(pods)
    assert [one.metadata.name async for one in pods] == ["c"]


@in_virtual_time
async def test_one_bad_item_does_not_hide_the_others(caplog: pytest.LogCaptureFixture) -> None:
    bad = {"metadata": {"name": "bad"}, "spec": {"containers": "none"}}
    found, _ = await names(list_of([pod("a"), bad, pod("b")], "7"))
    assert found == ["a", "b"]
    assert "bad" in caplog.text


@in_virtual_time
async def test_stopping_early_asks_for_no_more_pages() -> None:
    transport = ScriptedTransport(list_of([pod("a"), pod("b")], "7", continue_="1"))
    pods = Clientset(Config(host="https://server"), transport=transport).core_v1.pods("x")
    async for _ in pods.iterate():
        break
    assert len(transport.requests) == 1


@in_virtual_time
async def test_objects_without_a_model_come_in_pages_too() -> None:
    transport = ScriptedTransport(list_of([pod("a")], "7", continue_="1"), list_of([pod("b")], "7"))
    dynamic = Clientset(Config(host="https://server"), transport=transport).dynamic
    found = [(one.kind, one.metadata.name) async for one in dynamic.resource("v1", "pods").iterate()]
    assert found == [("Pod", "a"), ("Pod", "b")]
