"""Indexer in several threads: any thread reads one state of the store, one thread writes."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from kubeloop import errors
from kubeloop.cache.fifo.delta import Delta, DeltaType
from kubeloop.cache.store.indexer import Indexer
from kubeloop.cache.time_slice import OBJECTS_PER_STEP
from tests.support.things import Thing, thing

ROUNDS = 300
READERS = 3
NAMES = [f"t{number}" for number in range(60)]


def by_value(obj: Thing) -> list[str]:
    return [obj.value]


def in_another_thread(function: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def hammer(write: Callable[[int], None], read: Callable[[], None]) -> None:
    """Write in this thread while other threads read, which check what they read."""
    done = threading.Event()
    reads: list[int] = []

    def read_on() -> None:
        count = 0
        while not done.is_set() or not count:
            read()
            count += 1
        reads.append(count)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # Let threads take turns as often as possible.
    try:
        with ThreadPoolExecutor(READERS) as pool:
            readers = [pool.submit(read_on) for _ in range(READERS)]
            try:
                for number in range(ROUNDS):
                    write(number)
            finally:
                done.set()
            for reader in readers:
                reader.result()
    finally:
        sys.setswitchinterval(interval)
    assert len(reads) == READERS


def test_readers_see_the_store_before_or_after_a_replacement():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.replace([thing(name, "0") for name in NAMES])

    def write(number: int) -> None:
        indexer.replace([thing(name, str(number)) for name in NAMES[number % 5 :]], str(number))

    def read() -> None:
        found = indexer.list()
        assert len({obj.value for obj in found}) == 1
        assert len(found) == len(NAMES) - int(found[0].value) % 5
        [value] = indexer.index_values("v")
        indexed = indexer.by_index("v", value)
        assert len(indexed) in (0, len(NAMES) - int(value) % 5)
        assert {obj.value for obj in indexed} <= {value}

    hammer(write, read)


def test_readers_see_all_changes_of_a_transaction_or_none():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.replace([thing("left", "x"), thing("right", "y")])

    def write(number: int) -> None:
        left, right = ("x", "y") if number % 2 else ("y", "x")
        indexer.transaction(
            [
                Delta(DeltaType.UPDATED, thing("left", left)),
                Delta(DeltaType.DELETED, thing("right")),
                Delta(DeltaType.ADDED, thing("right", right)),
            ]
        )

    def read() -> None:
        assert sorted(obj.value for obj in indexer.list()) == ["x", "y"]
        assert sorted(indexer.list_keys()) == ["left", "right"]
        assert sorted(indexer.index_values("v")) == ["x", "y"]
        assert [obj.value for obj in indexer.by_index("v", "x")] == ["x"]
        assert [obj.value for obj in indexer.index("v", thing("any", "y"))] == ["y"]
        assert len(indexer.index_keys("v", "x")) == 1

    hammer(write, read)


def test_readers_see_each_object_in_exactly_one_place_of_an_index():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.replace([thing(name, "even") for name in NAMES])

    def write(number: int) -> None:
        for name in NAMES:
            indexer.update(thing(name, "odd" if number % 2 else "even"))

    def read() -> None:
        for value in ("even", "odd"):
            assert {obj.value for obj in indexer.by_index("v", value)} <= {value}
        assert len(indexer.list()) == len(NAMES)
        assert all(indexer.get_by_key(name) is not None for name in NAMES)

    hammer(write, read)


def test_readers_never_take_an_unreadable_object_for_a_deleted_one():
    indexer: Indexer[Thing] = Indexer()
    error = errors.Unreadable("field value: expected int, got str", name="a")
    indexer.set_unreadable("a", error)

    def write(number: int) -> None:
        if number % 2:
            for _ in indexer.replacing({}, {"a": error}):
                pass
        else:
            indexer.replace([thing("a", "1")])

    def read() -> None:
        try:
            obj = indexer.get_by_key("a")
        except errors.Unreadable:
            return
        assert obj is not None

    hammer(write, read)


def test_readers_never_look_into_tables_that_are_being_emptied():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.replace([thing(name, "0") for name in NAMES])

    def write(number: int) -> None:
        steps = indexer.replacing({name: thing(name, str(number)) for name in NAMES})
        try:
            while True:
                next(steps)
        except StopIteration as done:
            for _ in done.value.free():
                pass

    def read() -> None:
        assert len(indexer) == len(NAMES)
        assert NAMES[-1] in indexer
        assert indexer.last_known(NAMES[-1]) is not None
        assert indexer.get_by_key(NAMES[0]) is not None
        assert len(indexer.list()) == len(NAMES)

    hammer(write, read)


def test_freeing_old_tables_empties_them_in_steps_and_leaves_the_new_ones():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.replace([thing(name, name) for name in NAMES])
    steps = indexer.replacing({"a": thing("a", "x")})
    replaced = None
    while replaced is None:
        try:
            next(steps)
        except StopIteration as done:
            replaced = done.value
    assert [len(table) for table in replaced.tables] == [len(NAMES)] * 2
    assert len([*replaced.free()]) == 2 * math.ceil(len(NAMES) / OBJECTS_PER_STEP)
    assert [len(table) for table in replaced.tables] == [0, 0]
    assert indexer.list() == [thing("a", "x")]
    assert indexer.index_keys("v", "x") == ["a"]


WRITES: dict[str, Callable[[Indexer[Thing]], object]] = {
    "add": lambda indexer: indexer.add(thing("b")),
    "update": lambda indexer: indexer.update(thing("a", "2")),
    "delete": lambda indexer: indexer.delete(thing("a")),
    "put": lambda indexer: indexer.put("b", thing("b")),
    "remove": lambda indexer: indexer.remove("a"),
    "replace": lambda indexer: indexer.replace([]),
    "transaction": lambda indexer: indexer.transaction([Delta(DeltaType.ADDED, thing("b"))]),
    "bookmark": lambda indexer: indexer.bookmark("7"),
    "set_unreadable": lambda indexer: indexer.set_unreadable("b", errors.Unreadable("no", name="b")),
    "clear_unreadable": lambda indexer: indexer.clear_unreadable("spoiled"),
    "add_indexers": lambda indexer: indexer.add_indexers({"v": by_value}),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_of_another_thread_is_refused_and_changes_nothing(name: str):
    indexer: Indexer[Thing] = Indexer()
    indexer.add(thing("a", "1"))
    indexer.set_unreadable("spoiled", errors.Unreadable("no", name="spoiled"))
    with pytest.raises(RuntimeError, match=r"only the thread of the informer writes.*loop\.call_soon_threadsafe"):
        in_another_thread(lambda: WRITES[name](indexer))
    assert indexer.list() == [thing("a", "1")]
    assert [*indexer.unreadable] == ["spoiled"]
    assert (indexer.indexers, indexer.resource_version) == ({}, "")


@pytest.mark.parametrize("name", WRITES)
def test_the_thread_that_claims_the_store_may_write(name: str):
    indexer: Indexer[Thing] = Indexer()

    def claim_and_write() -> None:
        indexer.claim()
        WRITES[name](indexer)

    in_another_thread(claim_and_write)
    with pytest.raises(RuntimeError, match="got a write of another thread"):
        indexer.add(thing("c"))


def test_an_index_function_may_read_the_store_that_calls_it():
    indexer: Indexer[Thing] = Indexer()
    indexer.add_indexers({"count": lambda _obj: [str(len(indexer.list()))]})
    indexer.add(thing("a"))
    assert indexer.index_values("count") == ["1"]
