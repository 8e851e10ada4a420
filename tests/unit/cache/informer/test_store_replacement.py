"""StoreReplacement, step by step. `test_real_fifo_model` compares it with a model."""

from __future__ import annotations

import sys

from kubeloop.cache.fifo.real_fifo import ReplacedAll
from kubeloop.cache.informer.store_replacement import StoreReplacement
from kubeloop.cache.store.indexer import Indexer
from kubeloop.cache.time_slice import OBJECTS_PER_STEP
from tests.support.things import Thing, thing

COUNT = 10 * OBJECTS_PER_STEP


def filled(version: str) -> dict[str, Thing]:
    return {f"t{number}": thing(f"t{number}", "x", version=version, uid="u") for number in range(COUNT)}


def prepared(indexer: Indexer[Thing], objects: dict[str, Thing]) -> StoreReplacement[Thing]:
    """Return a replacement whose objects are in the store and of which no handler was notified."""
    replacement = StoreReplacement("things", indexer, ReplacedAll(objects, {}, "7", is_initial=False))
    for _ in replacement.prepare():
        pass
    return replacement


def store(objects: dict[str, Thing]) -> Indexer[Thing]:
    indexer: Indexer[Thing] = Indexer({"value": lambda obj: (obj.value,), "name": lambda obj: (obj.metadata.name,)})
    indexer.replace(objects.values(), "1")
    return indexer


def test_compares_and_indexes_in_steps_of_some_objects():
    indexer = store(filled("1"))
    replacement = StoreReplacement("things", indexer, ReplacedAll(filled("2"), {}, "7", is_initial=False))
    # One pass over the list, one over the store, and one per index.
    assert len([*replacement.prepare()]) == 4 * 10


def test_notifies_of_one_object_per_step_and_then_frees_the_old_tables_in_steps():
    replacement = prepared(store(filled("1")), filled("2"))
    # The objects, the index of unique names, and the index with one value.
    assert len([*replacement.notify(())]) == COUNT + 10 + 10 + 1


def test_the_copies_of_unchanged_objects_are_not_kept():
    objects = filled("1")
    indexer = store(objects)
    copy = filled("1")
    new = copy["t3"]
    before = sys.getrefcount(new)
    replacement = prepared(indexer, copy)
    assert sys.getrefcount(new) == before - 1
    assert indexer.get_by_key("t3") is objects["t3"]
    assert len([*replacement.notify(())]) == 10 + 10 + 1


def test_old_objects_are_released_one_by_one():
    objects = filled("1")
    replacement = prepared(store(objects), filled("2"))
    old = list(objects.values())
    objects.clear()
    steps = replacement.notify(())

    def references() -> tuple[int, int]:
        return sys.getrefcount(old[0]), sys.getrefcount(old[-1])

    first, last = references()
    for _ in range(COUNT // 2):
        next(steps)
    half_way = references()
    for _ in steps:
        pass
    assert half_way == (first - 1, last)
    assert references() == (first - 2, last - 2)


def test_says_what_it_replaces():
    assert repr(StoreReplacement("pods", store({}), ReplacedAll(filled("1"), {}, "7", is_initial=True))) == (
        f"<StoreReplacement of pods: {COUNT} objects>"
    )
