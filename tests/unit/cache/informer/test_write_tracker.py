"""Waiting until a store shows a write. In virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from kubeloop.cache.informer.write_tracker import WriteTracker
from kubeloop.cache.object_selection import ObjectSelection
from kubeloop.cache.store.indexer import Indexer
from kubeloop.errors import StaleCache, Unreadable
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle


def pod(name: str, version: int | str, uid: str = "", namespace: str = "x", **labels: str) -> core_v1.Pod:
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(
            name=name, namespace=namespace, resource_version=str(version), uid=uid or f"uid-{name}", labels=labels
        )
    )


class Store:
    """A store with a version, which tests move as an informer does."""

    def __init__(self, *pods: core_v1.Pod, version: str | None = "5", **selection: Any) -> None:
        self.indexer: Indexer[core_v1.Pod] = Indexer()
        self.version = version
        self.error = ""
        self.tracker = WriteTracker(
            "v1 pods",
            self.indexer,
            version=lambda _namespace: self.version,
            selects=ObjectSelection(**selection),
            last_error=lambda: self.error,
        )
        for each in pods:
            self.indexer.add(each)

    def apply(self, version: str, *, put: core_v1.Pod | None = None, remove: str = "") -> None:
        if put is not None:
            self.indexer.add(put)
        if remove:
            self.indexer.remove(remove)
        self.version = version
        if self.tracker.is_awaited:
            self.tracker.store_changed()

    def wait(self, obj: Any, timeout: float | None = 5.0) -> asyncio.Task[None]:
        return _task(self.tracker.wait_for_write(obj, timeout))

    def wait_gone(self, deleted: Any, timeout: float | None = 5.0) -> asyncio.Task[None]:
        return _task(self.tracker.wait_for_deletion(deleted, timeout))


def _task(call: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(call)


@pytest.mark.parametrize("version", [4, 5])
@in_virtual_time
async def test_a_write_that_the_store_has_passed_is_not_waited_for(version: int) -> None:
    await Store().tracker.wait_for_write(pod("a", version), 5.0)
    assert elapsed() == 0


@in_virtual_time
async def test_a_later_version_of_any_object_shows_that_the_write_was_applied() -> None:
    store = Store()
    waiting = store.wait(pod("a", 10))
    await settle()
    store.apply("9", put=pod("b", 9))
    await settle()
    assert not waiting.done()
    store.apply("10", put=pod("a", 10))
    await waiting
    assert not store.tracker.is_awaited


@in_virtual_time
async def test_versions_are_compared_as_numbers() -> None:
    store = Store(version="99")
    waiting = store.wait(pod("a", 100))
    await settle()
    assert not waiting.done()
    store.apply("1000")
    await waiting


@in_virtual_time
async def test_before_the_first_list_every_write_is_waited_for() -> None:
    store = Store(version=None)
    write, deletion = store.wait(pod("a", 3)), store.wait_gone("uid-b")
    await settle()
    assert not write.done()
    assert not deletion.done()
    store.apply("4", put=pod("a", 3))
    await write
    await deletion


@in_virtual_time
async def test_the_deadline_has_an_error_of_its_own_that_says_where_the_store_is_stuck() -> None:
    store = Store(pod("a", 5))
    store.error = "403 Forbidden: no"
    with pytest.raises(StaleCache) as caught:
        await store.tracker.wait_for_write(pod("a", 10), 5.0)
    assert elapsed() == 5
    assert str(caught.value) == (
        "v1 pods: the store has not caught up with the write of x/a at resourceVersion 10 within 5 s: "
        "it is at 5 (403 Forbidden: no)"
    )
    with pytest.raises(StaleCache, match=r"the deletion of x/a with the uid uid-a within 0\.5 s"):
        await store.tracker.wait_for_deletion(pod("a", 5), 0.5)
    assert not store.tracker.is_awaited


@in_virtual_time
async def test_without_a_deadline_the_wait_lasts_as_long_as_it_takes() -> None:
    store = Store()
    waiting = store.wait(pod("a", 10), timeout=None)
    await asyncio.sleep(3600)
    assert not waiting.done()
    store.apply("10")
    await waiting


@in_virtual_time
async def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    store = Store()
    waiting = store.wait(pod("a", 10))
    await settle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not store.tracker.is_awaited
    store.apply("10")


@in_virtual_time
async def test_any_number_of_tasks_wait_and_each_is_woken_by_its_own_version() -> None:
    store = Store()
    waits = {number: store.wait(pod(f"p{number}", number)) for number in range(6, 56)}
    await settle()
    for number in range(6, 56):
        store.apply(str(number))
        await settle()
        assert {each for each, task in waits.items() if task.done()} == set(range(6, number + 1))


# Selection


@pytest.mark.parametrize(
    "selection", [{"namespaces": ["y"]}, {"label_selector": "app=web"}, {"field_selector": "metadata.name=b"}]
)
@in_virtual_time
async def test_an_object_that_the_informer_does_not_hold_is_not_waited_for(selection: dict[str, Any]) -> None:
    store = Store(**selection)
    await store.tracker.wait_for_write(pod("a", 10), 5.0)
    await store.tracker.wait_for_deletion(pod("a", 10), 5.0)
    assert elapsed() == 0


@in_virtual_time
async def test_a_write_that_moves_an_object_out_of_the_selection_is_waited_for() -> None:
    store = Store(pod("a", 5, app="web"), label_selector="app=web")
    waiting = store.wait(pod("a", 10, app="db"))
    await settle()
    assert not waiting.done()
    store.apply("10", remove="x/a")
    await waiting


# Versions that cannot be compared


@pytest.mark.parametrize("version", ["", "v7", "0"])
@in_virtual_time
async def test_a_write_without_a_comparable_version_is_not_waited_for_and_logged_once(
    version: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    await store.tracker.wait_for_write(pod("a", version), 5.0)
    await store.tracker.wait_for_write(pod("b", version), 5.0)
    assert elapsed() == 0
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.messages[0].startswith(f"v1 pods: the resourceVersion {version!r} cannot be compared")


@pytest.mark.parametrize("version", ["", "v7"])
@in_virtual_time
async def test_a_store_without_comparable_versions_ends_the_wait(version: str) -> None:
    store = Store(version=None)
    waiting = store.wait(pod("a", 10))
    await settle()
    store.apply(version, put=pod("a", 10))
    await waiting
    assert elapsed() == 0
    await store.tracker.wait_for_write(pod("b", 11), 5.0)
    await store.tracker.wait_for_deletion(pod("c", 11), 5.0)
    assert elapsed() == 0


# Deletions


@pytest.mark.parametrize("deleted", [pod("a", 5), "uid-a"], ids=["object", "uid"])
@in_virtual_time
async def test_a_deletion_has_happened_when_no_object_has_the_uid(deleted: Any) -> None:
    store = Store(pod("a", 5), pod("b", 4))
    waiting = store.wait_gone(deleted)
    await settle()
    store.apply("6", put=pod("b", 6))
    await settle()
    assert not waiting.done()
    store.apply("7", remove="x/a")
    await waiting
    await store.tracker.wait_for_deletion(deleted, 5.0)
    assert elapsed() == 0


@in_virtual_time
async def test_another_object_of_the_same_name_is_not_the_deleted_one() -> None:
    store = Store(pod("a", 5, uid="old"))
    waiting = store.wait_gone("old")
    await settle()
    store.apply("8", put=pod("a", 8, uid="new"))
    await waiting


@in_virtual_time
async def test_the_deletion_of_an_object_whose_creation_is_not_seen_yet_waits_for_both() -> None:
    store = Store()
    waiting = store.wait_gone(pod("a", 10))
    await settle()
    assert not waiting.done()
    store.apply("10", put=pod("a", 10))
    await settle()
    assert not waiting.done()
    store.apply("11", remove="x/a")
    await waiting


@in_virtual_time
async def test_an_unreadable_object_exists() -> None:
    store = Store()
    store.indexer.set_unreadable("x/a", Unreadable("no", namespace="x", name="a", uid="uid-a"))
    waits = [store.wait_gone("uid-a"), store.wait_gone(pod("a", 5))]
    await settle()
    assert not any(each.done() for each in waits)
    store.indexer.clear_unreadable("x/a")
    store.apply("6")
    await asyncio.gather(*waits)


@in_virtual_time
async def test_a_deletion_without_a_uid_is_refused() -> None:
    unnamed = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="x", resource_version="5"))
    for deleted in ("", unnamed):
        with pytest.raises(ValueError, match="expected an object with a uid"):
            await Store().tracker.wait_for_deletion(deleted, 5.0)


# The end of the informer


@in_virtual_time
async def test_the_end_of_the_informer_ends_every_wait() -> None:
    store = Store(pod("a", 5))
    waits = [store.wait(pod("a", 10)), store.wait_gone("uid-a", timeout=None)]
    await settle()
    store.tracker.give_up()
    for waiting in waits:
        with pytest.raises(StaleCache, match="before the informer stopped"):
            await waiting
    with pytest.raises(StaleCache, match="before the informer stopped"):
        await store.tracker.wait_for_write(pod("a", 10), 5.0)
    await store.tracker.wait_for_write(pod("a", 5), 5.0)
    assert elapsed() == 0


@in_virtual_time
async def test_the_repr_shows_the_number_of_tasks() -> None:
    store = Store()
    waiting = store.wait(pod("a", 10))
    await settle()
    assert repr(store.tracker) == "<WriteTracker of v1 pods: 1 tasks wait>"
    waiting.cancel()
    await asyncio.wait([waiting])
