"""rest_list_watch: the requests for a LIST and for a watch."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import pytest

from kubeloop import labels
from kubeloop.cache.source.lister_watcher import ListWatch
from kubeloop.cache.source.rest_source import rest_list_watch
from kubeloop.models import core_v1
from kubeloop.testing.virtual_time import in_virtual_time


class FakeRest:
    """Records its calls."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, Any], float | None]] = []

    async def get(self, resource: str, *, params: Mapping[str, Any], timeout: float | None, **address: Any) -> Any:
        self.asked.append((dict(params), timeout))
        return core_v1.PodList()

    def watch(self, resource: str, *, params: Mapping[str, Any], **address: Any) -> Any:
        self.asked.append((dict(params), address.get("timeout")))
        return nullcontext()


def source(rest: FakeRest, selectors: Any) -> ListWatch[core_v1.Pod]:
    return rest_list_watch(
        rest,  # type: ignore[arg-type]
        core_v1.Pod,
        **(selectors or {}),
    )


@in_virtual_time
async def test_every_selector_option_is_sent():
    """(D8)"""
    rest = FakeRest()
    selectors = {
        "label_selector": labels.equals("app", "web"),
        "field_selector": "spec.nodeName=n1",
        "shard_selector": "shardRange(object.metadata.uid,'0x0','0x8')",
        "timeout": 2.5,
    }
    chosen = source(rest, selectors)
    await chosen.list(resource_version="0", limit=500)
    async with chosen.watch(resource_version="7", timeout_seconds=300):
        pass
    sent = {
        "labelSelector": "app=web",
        "fieldSelector": "spec.nodeName=n1",
        "shardSelector": "shardRange(object.metadata.uid,'0x0','0x8')",
    }
    watched = {"resourceVersion": "7", "allowWatchBookmarks": True, "timeoutSeconds": 300}
    assert rest.asked == [
        ({**sent, "timeoutSeconds": 3, "resourceVersion": "0", "limit": 500}, 2.5),
        ({**sent, **watched}, None),
    ]


@in_virtual_time
async def test_a_watch_that_begins_with_a_list_asks_for_initial_events_not_older_than_the_version():
    rest = FakeRest()
    chosen = source(rest, {"label_selector": "app=web", "timeout": 2.5})
    assert chosen.watch_list is not None
    for version in ("", "7"):
        async with chosen.watch_list(version, 300):
            pass
    asked = {
        "labelSelector": "app=web",
        "sendInitialEvents": True,
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": True,
        "timeoutSeconds": 300,
    }
    assert rest.asked == [({**asked, "resourceVersion": version or None}, None) for version in ("", "7")]


def test_a_source_that_must_not_stream_has_no_function_for_it():
    assert source(FakeRest(), {"watch_list": False}).watch_list is None


@pytest.mark.parametrize("selectors", [None, {}, {"label_selector": None, "timeout": None}])
@in_virtual_time
async def test_without_selectors_nothing_is_sent(selectors: Any):
    """(D8)"""
    rest = FakeRest()
    await source(rest, selectors).list()
    assert rest.asked == [({}, None)]


@pytest.mark.parametrize(
    ("selectors", "error"),
    [
        ({"label_selctor": "app=web"}, TypeError),
        ({"resource_version": "7"}, TypeError),
        ({"shard_selector": 7}, TypeError),
        ({"timeout": -1}, ValueError),
    ],
)
def test_what_is_no_selector_option_is_refused_at_once(selectors: Any, error: type[Exception]):
    """(D8)"""
    with pytest.raises(error):
        source(FakeRest(), selectors)
