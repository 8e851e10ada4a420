"""iterate(prefetch=...): pages are read while others are used, in order, and no task remains."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.scripted_transport import ScriptedTransport, error_status, list_of, query

EXPIRED = error_status(410, "Expired", "the continue token is too old")
FORBIDDEN = error_status(403, "Forbidden", "no")


def pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "x", "resourceVersion": "1", "uid": f"uid-{name}"}}


def page(*names: str, continue_: str = "") -> Any:
    return list_of([pod(name) for name in names], "7", continue_=continue_)


FOUR_PAGES = (page("a", continue_="1"), page("b", continue_="2"), page("c", continue_="3"), page("d"))


def pods_of(*script: Any) -> tuple[Any, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    return Clientset(Config(host="https://server"), transport=transport).core_v1.pods("x"), transport


def slow(seconds: float, *pages: Any) -> Any:
    """Return a function that responds with each page after some seconds."""
    left = list(pages)

    async def respond(_: Any) -> Any:
        response = left.pop(0)
        await asyncio.sleep(seconds)
        return response

    return respond


def other_tasks() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


async def names(found: kubeloop.ObjectIterator[Any]) -> list[str]:
    return [one.metadata.name async for one in found]


@pytest.mark.parametrize("prefetch", [1, 2, 10])
@in_virtual_time
async def test_every_object_is_yielded_once_and_in_order(prefetch: int) -> None:
    pods, transport = pods_of(*FOUR_PAGES)
    async with pods.iterate(prefetch=prefetch, limit=1, label_selector="l") as found:
        assert await names(found) == ["a", "b", "c", "d"]
        assert await names(found) == []
    assert [query(request).get("continue") for request in transport.requests] == [None, "1", "2", "3"]
    assert other_tasks() == set()


@in_virtual_time
async def test_the_next_page_is_read_while_one_is_used() -> None:
    pods, _ = pods_of(slow(1.0, *FOUR_PAGES))
    async with pods.iterate(prefetch=1) as found:
        async for _ in found:
            await asyncio.sleep(1.0)
    assert elapsed() == 5.0  # the first page, and four times the longer of reading and using


@in_virtual_time
async def test_no_more_pages_are_read_ahead_than_allowed() -> None:
    pods, transport = pods_of(*FOUR_PAGES)
    async with pods.iterate(prefetch=2) as found:
        await asyncio.sleep(1.0)
        assert len(transport.requests) == 2
        await anext(found)
        await asyncio.sleep(1.0)
        assert len(transport.requests) == 3


@in_virtual_time
async def test_leaving_the_block_early_ends_the_request_under_way() -> None:
    pods, _ = pods_of(slow(60.0, *FOUR_PAGES))
    async with pods.iterate(prefetch=1) as found:
        async for _ in found:
            await asyncio.sleep(1.0)
            break
    assert elapsed() == 61.0
    assert other_tasks() == set()


@in_virtual_time
async def test_an_exception_in_the_block_leaves_no_task() -> None:
    pods, _ = pods_of(*FOUR_PAGES)
    with pytest.raises(RuntimeError, match="mine"):
        async with pods.iterate(prefetch=3):
            raise RuntimeError("mine")
    assert other_tasks() == set()


@in_virtual_time
async def test_a_cancelled_wait_loses_no_object() -> None:
    pods, _ = pods_of(slow(10.0, *FOUR_PAGES))
    async with pods.iterate(prefetch=1) as found:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5.0):
                await anext(found)
        assert await names(found) == ["a", "b", "c", "d"]


@in_virtual_time
async def test_a_cancelled_program_leaves_no_task() -> None:
    pods, _ = pods_of(slow(10.0, *FOUR_PAGES))

    async def program() -> None:
        async with pods.iterate(prefetch=1) as found:
            await names(found)

    task = asyncio.create_task(program())
    await asyncio.sleep(15.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert other_tasks() == set()


@in_virtual_time
async def test_an_error_is_raised_after_the_objects_before_it_and_the_read_can_be_repeated() -> None:
    pods, transport = pods_of(page("a", "b", continue_="1"), FORBIDDEN, page("c"))
    async with pods.iterate(prefetch=2) as found:
        await asyncio.sleep(1.0)
        assert len(transport.requests) == 2
        assert [(await anext(found)).metadata.name, (await anext(found)).metadata.name] == ["a", "b"]
        with pytest.raises(kubeloop.Forbidden):
            await anext(found)
        assert await names(found) == ["c"]


@in_virtual_time
async def test_a_snapshot_that_expires_ahead_is_followed_by_a_full_list_without_repetitions() -> None:
    pods, _ = pods_of(page("a", continue_="1"), page("b", continue_="2"), EXPIRED, page("a", "a2", "b", "c"))
    async with pods.iterate(prefetch=5) as found:
        await asyncio.sleep(1.0)  # all of it was read before the first object is used
        assert await names(found) == ["a", "b", "a2", "c"]


@in_virtual_time
async def test_items_that_cannot_be_read_are_reported_when_their_page_is_used() -> None:
    bad = {"metadata": {"name": "bad", "namespace": "x"}, "spec": {"containers": "none"}}
    pods, _ = pods_of(page("a", continue_="1"), list_of([bad], "7"))
    async with pods.iterate(prefetch=2) as found:
        await anext(found)
        assert dict(found.unreadable) == {}
        assert await names(found) == []
        assert list(found.unreadable) == ["x/bad"]


@in_virtual_time
async def test_it_is_used_as_a_block_and_only_once() -> None:
    pods, _ = pods_of(page("a"))
    found = pods.iterate(prefetch=1)
    with pytest.raises(RuntimeError, match=r"async with pods\.iterate\(prefetch=2\)"):
        await anext(found)
    async with found:
        pass
    with pytest.raises(RuntimeError, match="inside of the block"):
        await anext(found)
    with pytest.raises(RuntimeError, match="was entered before"):
        async with found:
            pass


@pytest.mark.parametrize(
    ("prefetch", "error"), [(0, ValueError), (-1, ValueError), (True, TypeError), ("2", TypeError)]
)
@in_virtual_time
async def test_a_number_of_pages_that_means_nothing_is_refused(prefetch: Any, error: type[Exception]) -> None:
    pods, _ = pods_of()
    with pytest.raises(error, match="prefetch"):
        pods.iterate(prefetch=prefetch)
