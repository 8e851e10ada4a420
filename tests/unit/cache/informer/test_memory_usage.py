"""The bytes of informers: how many values are measured, and how near the results are."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from kubeloop.cache.informer.informer_statistics import described
from kubeloop.cache.informer.memory_usage import MemoryEstimate, memory_usage
from kubeloop.cache.store.indexer import NAMESPACE_INDEX, Indexer, namespace_index
from kubeloop.meta.keys import object_key
from kubeloop.objects.memory_size import memory_size, spread
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, thing


class Measured:
    """An object that counts how often it is measured."""

    def __init__(self, number: int, size: int, counts: list[int]) -> None:
        self.metadata = SimpleNamespace(namespace=f"ns-{number % 10}", name=f"a{number}", resource_version="1")
        self._size = size
        self._counts = counts

    def __sizeof__(self) -> int:
        self._counts.append(self._size)
        return self._size


def stored(count: int, counts: list[int]) -> Indexer[Any]:
    # Any: a double has what the functions read.
    indexer: Indexer[Any] = Indexer({NAMESPACE_INDEX: namespace_index})
    for number in range(count):
        obj: Any = Measured(number, 500 + number * 7919 % 1001, counts)
        indexer.put(object_key(obj), obj)
    return indexer


def test_the_number_of_objects_that_are_measured_does_not_grow_with_the_store() -> None:
    counts: list[int] = []
    indexer = stored(5000, counts)
    usage = memory_usage(indexer, ())
    assert len(counts) <= 16
    counts.clear()
    exact = memory_usage(indexer, (), sample=None)
    assert len(counts) == 5000
    for part in ("objects", "store", "indices", "total"):
        assert getattr(usage, part) == pytest.approx(getattr(exact, part), rel=0.1)


def test_each_estimate_measures_one_more_object_and_comes_nearer() -> None:
    counts: list[int] = []
    indexer = stored(5000, counts)
    exact = memory_usage(indexer, (), sample=None).total
    counts.clear()
    estimate = MemoryEstimate(indexer, tuple)
    assert estimate.total() == pytest.approx(exact, rel=0.4)
    assert len(counts) == 4
    for _ in range(31):
        estimate.total()
    assert len(counts) == 35
    assert estimate.total() == pytest.approx(exact, rel=0.1)
    assert repr(estimate) == "<MemoryEstimate from 32 sizes>"


def test_an_estimate_follows_the_objects() -> None:
    counts: list[int] = []
    indexer = stored(100, counts)
    estimate = MemoryEstimate(indexer, tuple)
    first = estimate.total()
    for number in range(100):
        obj: Any = Measured(number, 100_000, counts)
        indexer.put(object_key(obj), obj)
    for _ in range(32):
        estimate.total()
    assert 100 * 100_000 <= estimate.total() < 100 * 100_000 + first
    for key in indexer.list_keys():
        indexer.remove(key)
    assert estimate.total() < first


@pytest.mark.parametrize("most", [1, 3, 7, 100, None])
def test_values_are_chosen_evenly(most: int | None) -> None:
    chosen = spread(range(50), most)
    assert len(chosen) <= (most or 50)
    assert {after - before for before, after in pairwise(chosen)} <= {-(-50 // (most or 50))}
    assert spread([], most) == []


def test_a_sample_of_a_container_stands_for_all_of_it() -> None:
    values = [bytes(100) + bytes([number]) for number in range(200)] * 2
    exact = memory_size([values])
    assert memory_size([values[:200]], most=20) == pytest.approx(exact, rel=0.1)
    deep = {number: {"text": "x" * 300 + str(number)} for number in range(500)}
    assert memory_size([deep], most=20) == pytest.approx(memory_size([deep]), rel=0.1)


@in_virtual_time
async def test_statistics_and_the_table_have_the_bytes_with_what_waits_for_handlers() -> None:
    server = ThingServer({f"a{number}": "x" * 2000 for number in range(40)})
    informer = informer_of(server)

    async def handle(old: Thing, new: Thing) -> None:
        await asyncio.sleep(10**6)

    informer.add_event_handler(on_update=handle)
    async with running(informer):
        idle = informer.statistics().memory_bytes
        assert 40 * 2000 < idle < 40 * 5000
        assert f"   {idle / 1024:.0f} KiB   " in described([informer.statistics()])
        for number in range(40):
            server.put(thing(f"a{number}", "y" * 2000))
            server.put(thing(f"a{number}", "z" * 2000))
            await settle()
        assert informer.statistics().memory_bytes > idle + 40 * 2000
        assert informer.memory().queue > 40 * 2000
