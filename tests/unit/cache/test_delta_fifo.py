"""DeltaFIFO: what is queued, what is dropped, what a full list means, and when the first one counts as handed out.

The scenarios are those of client-go's `tools/cache/delta_fifo_test.go` and `fifo_test.go`.
"""

from __future__ import annotations

import asyncio

import pytest

from kubeloop.cache.delta_fifo import DeletedFinalStateUnknown, DeltaFIFO, DeltaType
from kubeloop.cache.indexer import Indexer
from tests.support.clock import settle, virtual
from tests.support.fake_lister_watcher import Thing, thing

ADDED, UPDATED, DELETED, REPLACED = DeltaType.ADDED, DeltaType.UPDATED, DeltaType.DELETED, DeltaType.REPLACED


def changes(fifo: DeltaFIFO[Thing]) -> list[tuple[str, list[tuple[DeltaType, object]]]]:
    found = []
    while (popped := fifo.pop()) is not None:
        found.append((popped.key, [(delta.type, delta.object) for delta in popped.deltas]))
    return found


def store(*objects: Thing) -> Indexer[Thing]:
    indexer: Indexer[Thing] = Indexer()
    indexer.replace(objects)
    return indexer


def test_hands_out_keys_in_the_order_in_which_they_came():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    for name in ("c", "a", "b"):
        fifo.add(thing(name))
    fifo.update(thing("c", "new"))
    assert [name for name, _ in changes(fifo)] == ["c", "a", "b"]


def test_collects_the_changes_of_one_key_from_the_oldest_to_the_newest():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    fifo.add(thing("a", "1"))
    fifo.update(thing("a", "2"))
    fifo.delete(thing("a", "3"))
    fifo.add(thing("a", "4"))
    assert changes(fifo) == [
        (
            "a",
            [
                (ADDED, thing("a", "1")),
                (UPDATED, thing("a", "2")),
                (DELETED, thing("a", "3")),
                (ADDED, thing("a", "4")),
            ],
        )
    ]


def test_a_popped_key_that_changes_again_goes_to_the_end_of_the_queue():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    fifo.add(thing("a"))
    fifo.add(thing("b"))
    fifo.pop()
    fifo.update(thing("a"))
    assert [name for name, _ in changes(fifo)] == ["b", "a"]


def test_the_key_of_an_object_in_a_namespace_has_both_names():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    fifo.add(thing("ns/a"))
    popped = fifo.pop()
    assert popped is not None
    assert popped.key == "ns/a"


def test_ignores_the_deletion_of_what_neither_queue_nor_store_holds():
    fifo = DeltaFIFO(store())
    fifo.delete(thing("a"))
    assert changes(fifo) == []


def test_ignores_the_deletion_of_what_the_queue_does_not_hold_when_there_is_no_store():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    fifo.delete(thing("a"))
    assert changes(fifo) == []


def test_queues_the_deletion_of_what_only_the_store_holds():
    fifo = DeltaFIFO(store(thing("a")))
    fifo.delete(thing("a", "last"))
    assert changes(fifo) == [("a", [(DELETED, thing("a", "last"))])]


def test_two_deletions_in_a_row_become_one():
    fifo = DeltaFIFO(store(thing("a")))
    fifo.delete(thing("a", "1"))
    fifo.delete(thing("a", "2"))
    assert changes(fifo) == [("a", [(DELETED, thing("a", "1"))])]


def test_of_a_deletion_and_a_tombstone_the_deletion_stays():
    fifo = DeltaFIFO(store(thing("a", "old")))
    fifo.delete(thing("a", "last"))
    fifo.replace([])
    assert changes(fifo) == [("a", [(DELETED, thing("a", "last"))])]


def test_of_a_tombstone_and_a_deletion_the_deletion_stays():
    fifo = DeltaFIFO(store(thing("a", "old")))
    fifo.replace([])
    fifo.delete(thing("a", "last"))
    assert changes(fifo) == [("a", [(DELETED, thing("a", "last"))])]


def test_deletions_with_an_add_between_them_all_stay():
    fifo = DeltaFIFO(store(thing("a")))
    fifo.delete(thing("a", "1"))
    fifo.add(thing("a", "2"))
    fifo.delete(thing("a", "3"))
    [(_, deltas)] = changes(fifo)
    assert [kind for kind, _ in deltas] == [DELETED, ADDED, DELETED]


def test_a_full_list_queues_each_object_as_replaced():
    fifo = DeltaFIFO(store())
    fifo.replace([thing("a"), thing("b")])
    assert changes(fifo) == [("a", [(REPLACED, thing("a"))]), ("b", [(REPLACED, thing("b"))])]


def test_a_full_list_leaves_tombstones_with_the_stored_object_for_what_it_lacks():
    fifo = DeltaFIFO(store(thing("a", "stored"), thing("b", "stored")))
    fifo.replace([thing("b", "new")])
    assert changes(fifo) == [
        ("b", [(REPLACED, thing("b", "new"))]),
        ("a", [(DELETED, DeletedFinalStateUnknown("a", thing("a", "stored")))]),
    ]


def test_a_full_list_leaves_tombstones_for_what_only_the_queue_holds():
    fifo = DeltaFIFO(store())
    fifo.add(thing("a", "queued"))
    fifo.replace([])
    assert changes(fifo) == [
        ("a", [(ADDED, thing("a", "queued")), (DELETED, DeletedFinalStateUnknown("a", thing("a", "queued")))])
    ]


def test_a_tombstone_holds_the_newest_state_that_was_queued():
    fifo = DeltaFIFO(store(thing("a", "stored")))
    fifo.update(thing("a", "queued"))
    fifo.replace([])
    [(_, deltas)] = changes(fifo)
    assert deltas[-1] == (DELETED, DeletedFinalStateUnknown("a", thing("a", "queued")))


def test_without_a_store_a_full_list_leaves_tombstones_for_queued_keys_only():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    fifo.add(thing("gone"))
    fifo.pop()
    fifo.add(thing("a"))
    fifo.replace([thing("b")])
    assert [name for name, _ in changes(fifo)] == ["a", "b"]


def test_two_full_lists_in_a_row_that_lack_a_key_leave_one_tombstone():
    fifo = DeltaFIFO(store(thing("a")))
    fifo.replace([])
    fifo.replace([])
    assert changes(fifo) == [("a", [(DELETED, DeletedFinalStateUnknown("a", thing("a")))])]


def test_a_key_that_is_listed_while_its_deletion_is_pending_is_replaced_after_it():
    fifo = DeltaFIFO(store(thing("a", "old")))
    fifo.delete(thing("a", "last"))
    fifo.replace([thing("a", "new")])
    assert changes(fifo) == [("a", [(DELETED, thing("a", "last")), (REPLACED, thing("a", "new"))])]


def test_transforms_what_is_queued_but_no_tombstone():
    fifo = DeltaFIFO(store(thing("gone", "stored")), transform=lambda obj: thing(obj.metadata.name, obj.value.upper()))
    fifo.add(thing("a", "x"))
    fifo.update(thing("a", "y"))
    fifo.delete(thing("a", "z"))
    fifo.replace([thing("b", "w")])
    values = [
        obj.object.value if isinstance(obj, DeletedFinalStateUnknown) else obj.value
        for _, ds in changes(fifo)
        for _, obj in ds
    ]
    assert values == ["X", "Y", "Z", "W", "stored"]


def test_what_a_transform_raises_comes_out_and_nothing_is_queued():
    def transform(obj: Thing) -> Thing:
        raise ValueError("bad")

    fifo = DeltaFIFO(store(), transform=transform)
    with pytest.raises(ValueError, match="bad"):
        fifo.add(thing("a"))
    assert len(fifo) == 0


def test_has_not_synced_when_new():
    assert not DeltaFIFO[Thing]().has_synced


def test_has_synced_at_once_after_an_empty_list():
    fifo = DeltaFIFO(store())
    fifo.replace([])
    assert fifo.has_synced


def test_has_synced_once_all_of_the_first_list_is_popped():
    fifo = DeltaFIFO(store())
    fifo.replace([thing("a"), thing("b")])
    seen = []
    while (popped := fifo.pop()) is not None:
        seen.append((popped.key, popped.is_in_initial_list, fifo.has_synced))
    assert seen == [("a", True, False), ("b", True, True)]


def test_the_first_list_counts_a_key_that_it_holds_twice_once():
    fifo = DeltaFIFO(store())
    fifo.replace([thing("a", "1"), thing("a", "2")])
    fifo.pop()
    assert fifo.has_synced


def test_tombstones_of_the_first_list_must_be_popped_too():
    fifo = DeltaFIFO(store(thing("gone")))
    fifo.replace([thing("a")])
    fifo.pop()
    assert not fifo.has_synced
    fifo.pop()
    assert fifo.has_synced


def test_what_comes_before_any_list_makes_it_synced():
    fifo = DeltaFIFO(store())
    fifo.add(thing("a"))
    assert fifo.has_synced


def test_a_later_list_does_not_unsync():
    fifo = DeltaFIFO(store())
    fifo.replace([])
    fifo.replace([thing("a")])
    assert fifo.has_synced
    popped = fifo.pop()
    assert popped is not None
    assert not popped.is_in_initial_list


def test_live_changes_behind_the_first_list_are_not_in_it():
    fifo = DeltaFIFO(store())
    fifo.replace([thing("a")])
    fifo.add(thing("b"))
    flags = [popped.is_in_initial_list for popped in iter(fifo.pop, None)]
    assert flags == [True, False]


def test_does_not_sync_while_a_list_is_still_being_queued():
    fifo = DeltaFIFO(store())
    steps = fifo.replacing(thing(f"t{n}") for n in range(2500))
    next(steps)
    assert [popped.is_in_initial_list for popped in iter(fifo.pop, None)] == [True] * 1000
    assert not fifo.has_synced
    for _ in steps:
        pass
    assert not fifo.has_synced
    assert [popped.is_in_initial_list for popped in iter(fifo.pop, None)] == [True] * 1500
    assert fifo.has_synced


def test_a_list_that_failed_half_way_does_not_count_as_the_first():
    broken = [True]

    def transform(obj: Thing) -> Thing:
        if obj.metadata.name == "b" and broken:
            raise ValueError("bad")
        return obj

    fifo = DeltaFIFO(store(), transform=transform)
    with pytest.raises(ValueError, match="bad"):
        fifo.replace([thing("a"), thing("b")])
    fifo.pop()
    assert not fifo.has_synced
    broken.clear()
    fifo.replace([thing("a"), thing("b")])
    assert not fifo.has_synced
    changes(fifo)
    assert fifo.has_synced


@virtual
async def test_waits_until_something_is_queued():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    waiter = asyncio.create_task(fifo.wait())
    await settle()
    assert not waiter.done()
    fifo.add(thing("a"))
    assert await waiter is True
    fifo.pop()
    fifo.pop()
    waiter = asyncio.create_task(fifo.wait())
    await settle()
    assert not waiter.done()
    fifo.close()
    assert await waiter is False


@virtual
async def test_wakes_for_an_empty_first_list():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    waiter = asyncio.create_task(fifo.wait())
    await settle()
    fifo.replace([])
    assert await waiter is True
    assert fifo.pop() is None


@virtual
async def test_what_is_queued_can_be_popped_after_closing():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    fifo.add(thing("a"))
    fifo.close()
    assert fifo.is_closed
    assert await fifo.wait() is True
    assert fifo.pop() is not None
    assert await fifo.wait() is False


def test_says_its_state():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    assert repr(fifo) == "<DeltaFIFO 0 keys, not synced>"
    fifo.add(thing("a"))
    assert repr(fifo) == "<DeltaFIFO 1 keys, synced>"
    fifo.close()
    assert "closed" in repr(fifo)
