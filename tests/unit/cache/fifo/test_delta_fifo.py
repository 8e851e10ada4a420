"""DeltaFIFO: what is queued, what is dropped, what a full list means, and when the first list counts as processed.

The scenarios are those of client-go's `tools/cache/delta_fifo_test.go` and `fifo_test.go`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from kubeloop import errors
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown, DeltaType
from kubeloop.cache.fifo.delta_fifo import DeltaFIFO
from kubeloop.cache.store.indexer import Indexer
from kubeloop.cache.time_slice import OBJECTS_PER_STEP
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.things import Thing, thing, unreadable

UNREADABLE = DeltaType.UNREADABLE
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


def test_returns_keys_in_the_order_of_their_addition():
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


def test_a_resync_queues_stored_objects_without_pending_changes():
    fifo = DeltaFIFO(store(thing("a", "stored"), thing("b", "stored")))
    fifo.update(thing("b", "new"))
    fifo.resync()
    assert changes(fifo) == [("b", [(UPDATED, thing("b", "new"))]), ("a", [(DeltaType.SYNC, thing("a", "stored"))])]


def test_a_resync_without_a_store_queues_nothing():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    fifo.add(thing("a"))
    fifo.pop()
    fifo.resync()
    assert changes(fifo) == []


def test_a_bookmark_queues_nothing_and_leaves_the_queue_as_it_is():
    fifo = DeltaFIFO(store(thing("a")))
    fifo.bookmark("7")
    assert (len(fifo), fifo.has_synced) == (0, False)


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


def refuse_bad(obj: Thing) -> Thing:
    if obj.value == "bad":
        raise ValueError("refused")
    return obj


@pytest.mark.parametrize("queue", [DeltaFIFO.add, DeltaFIFO.update])
def test_an_object_that_the_transform_fails_on_is_queued_as_unreadable(queue: Callable[..., None]):
    """(A9)"""
    fifo = DeltaFIFO(store(), transform=refuse_bad)
    queue(fifo, thing("ns/a", "bad", uid="u", version="7"))
    [(name, [(kind, error)])] = changes(fifo)
    assert (name, kind) == ("ns/a", UNREADABLE)
    assert isinstance(error, errors.Unreadable)
    assert (error.namespace, error.name, error.uid, error.resource_version) == ("ns", "a", "u", "7")
    assert "ValueError('refused')" in str(error)


def test_a_deletion_that_the_transform_fails_on_is_queued_by_its_key():
    """(A9)"""
    fifo = DeltaFIFO(store(thing("a", "good")), transform=refuse_bad)
    fifo.delete(thing("a", "bad"))
    [(name, [(kind, error)])] = changes(fifo)
    assert (name, kind) == ("a", DELETED)
    assert isinstance(error, errors.Unreadable)


def test_a_transform_that_returns_no_object_makes_it_unreadable():
    """(A9)"""
    fifo = DeltaFIFO(store(), transform=lambda _obj: None)  # type: ignore[arg-type,return-value]
    fifo.add(thing("a"))
    [(name, [(kind, _)])] = changes(fifo)
    assert (name, kind) == ("a", UNREADABLE)


def test_nothing_is_queued_without_a_name():
    """(A12)"""
    fifo = DeltaFIFO(store())
    for queue in (fifo.add, fifo.update):
        for name in ("", "ns/"):
            with pytest.raises(ValueError, match="without a name"):
                queue(thing(name))
    fifo.delete(thing(""))
    nameless = unreadable(thing("a", "??"))
    for queue_error in (fifo.update_unreadable, fifo.delete_unreadable):
        with pytest.raises(errors.Unreadable):
            queue_error(nameless)
    assert len(fifo) == 0


def test_an_unreadable_object_is_queued_in_its_order():
    """(A3)"""
    fifo = DeltaFIFO(store())
    fifo.add(thing("a", "1"))
    error = unreadable(thing("a", "?2"))
    fifo.update_unreadable(error)
    fifo.update(thing("a", "3"))
    assert changes(fifo) == [("a", [(ADDED, thing("a", "1")), (UNREADABLE, error), (UPDATED, thing("a", "3"))])]


def test_an_unreadable_deletion_is_queued_for_what_queue_store_or_record_knows_only():
    """(A2)"""
    recorded = {"c": unreadable(thing("c", "?"))}
    fifo = DeltaFIFO(store(thing("b")), unreadable=recorded)
    fifo.add(thing("a"))
    for name in "abcd":
        fifo.delete_unreadable(unreadable(thing(name, "?last")))
    assert [(name, [kind for kind, _ in deltas]) for name, deltas in changes(fifo)] == [
        ("a", [ADDED, DELETED]),
        ("b", [DELETED]),
        ("c", [DELETED]),
    ]


def test_of_a_deletion_with_and_one_without_a_state_the_one_with_it_stays():
    """(A2)"""
    for first, second in ((True, False), (False, True)):
        fifo = DeltaFIFO(store(thing("a")))
        for has_state in (first, second):
            if has_state:
                fifo.delete(thing("a", "last"))
            else:
                fifo.delete_unreadable(unreadable(thing("a", "?last")))
        assert changes(fifo) == [("a", [(DELETED, thing("a", "last"))])]


def test_an_unreadable_item_of_a_list_is_no_reason_for_a_tombstone():
    """(A1)"""
    error = unreadable(thing("a", "?"))
    fifo = DeltaFIFO(store(thing("a"), thing("b")))
    fifo.replace([], {"a": error})
    assert changes(fifo) == [
        ("a", [(UNREADABLE, error)]),
        ("b", [(DELETED, DeletedFinalStateUnknown("b", thing("b")))]),
    ]
    assert fifo.has_synced


def test_a_list_with_a_nameless_item_proves_no_deletion():
    """(A1)"""
    error = unreadable(thing("x", "??"))
    fifo = DeltaFIFO(store(thing("a"), thing("b")))
    fifo.add(thing("queued"))
    fifo.replace([thing("b")], {"#1": error})
    assert changes(fifo) == [
        ("queued", [(ADDED, thing("queued"))]),
        ("b", [(REPLACED, thing("b"))]),
        ("#1", [(UNREADABLE, error)]),
    ]


def test_the_next_list_forgets_the_nameless_items_of_the_one_before():
    """(A1)"""
    error = unreadable(thing("x", "??"))
    fifo = DeltaFIFO(store(thing("a")), unreadable={"#0": error, "gone": unreadable(thing("gone", "?"))})
    fifo.replace([], {"#1": error})
    assert [(name, [kind for kind, _ in deltas]) for name, deltas in changes(fifo)] == [
        ("#1", [UNREADABLE]),
        ("#0", [DELETED]),
    ]


def test_a_complete_list_reports_objects_that_were_only_known_as_unreadable():
    """(A1)"""
    error = unreadable(thing("gone", "?"))
    fifo = DeltaFIFO(store(), unreadable={"gone": error})
    fifo.update_unreadable(error)
    fifo.replace([])
    assert changes(fifo) == [("gone", [(UNREADABLE, error), (DELETED, error)])]


def test_a_tombstone_has_the_last_state_that_could_be_read():
    """(A1)"""
    fifo = DeltaFIFO(store(thing("a", "stored"), thing("b", "stored")))
    fifo.update(thing("a", "queued"))
    fifo.update_unreadable(unreadable(thing("a", "?")))
    fifo.update_unreadable(unreadable(thing("b", "?")))
    fifo.replace([])
    assert [deltas[-1][1] for _, deltas in changes(fifo)] == [
        DeletedFinalStateUnknown("a", thing("a", "queued")),
        DeletedFinalStateUnknown("b", thing("b", "stored")),
    ]


def test_a_list_item_without_a_name_or_that_cannot_name_itself_is_a_nameless_one():
    """(A12, B2)"""
    fifo: DeltaFIFO[Thing] = DeltaFIFO(store(thing("a")))
    fifo.replace([thing("b"), thing(""), "a table", thing("ns/")])  # type: ignore[list-item]
    found = changes(fifo)
    assert found[0] == ("b", [(REPLACED, thing("b"))])
    assert [name[:2] for name, _ in found[1:]] == ["#1", "#2", "#3"]
    assert {kind for _, deltas in found[1:] for kind, _ in deltas} == {UNREADABLE}


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


def test_events_before_any_list_make_it_synced():
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
    steps = fifo.replacing(thing(f"t{n}") for n in range(40))
    next(steps)
    assert [popped.is_in_initial_list for popped in iter(fifo.pop, None)] == [True] * OBJECTS_PER_STEP
    assert not fifo.has_synced
    for _ in steps:
        pass
    assert not fifo.has_synced
    assert [popped.is_in_initial_list for popped in iter(fifo.pop, None)] == [True] * (40 - OBJECTS_PER_STEP)
    assert fifo.has_synced


def test_a_list_that_failed_half_way_does_not_count_as_the_first():
    def broken() -> Iterator[Thing]:
        yield thing("a")
        raise ValueError("bad")

    fifo = DeltaFIFO(store())
    with pytest.raises(ValueError, match="bad"):
        fifo.replace(broken())
    fifo.pop()
    assert not fifo.has_synced
    fifo.replace([thing("a"), thing("b")])
    assert not fifo.has_synced
    changes(fifo)
    assert fifo.has_synced


@in_virtual_time
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


@in_virtual_time
async def test_wakes_for_an_empty_first_list():
    fifo: DeltaFIFO[Thing] = DeltaFIFO()
    waiter = asyncio.create_task(fifo.wait())
    await settle()
    fifo.replace([])
    assert await waiter is True
    assert fifo.pop() is None


@in_virtual_time
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
    assert repr(fifo) == "<DeltaFIFO 1 key, synced>"
    fifo.close()
    assert "closed" in repr(fifo)
