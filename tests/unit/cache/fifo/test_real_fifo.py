"""RealFIFO: what is queued, in which order, and when the first list counts as processed.

The scenarios are those of client-go's `tools/cache/the_real_fifo_test.go`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from kubeloop import errors
from kubeloop.cache.fifo.delta import DeltaType
from kubeloop.cache.fifo.real_fifo import Bookmark, RealFIFO, ReplacedAll
from kubeloop.cache.time_slice import OBJECTS_PER_STEP
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.things import Thing, thing, unreadable

ADDED, UPDATED, DELETED, UNREADABLE = DeltaType.ADDED, DeltaType.UPDATED, DeltaType.DELETED, DeltaType.UNREADABLE


def drain(fifo: RealFIFO[Thing]) -> list[tuple[DeltaType, str, object]]:
    return [tuple(delta) for delta in iter(fifo.pop, None)]


def listed(fifo: RealFIFO[Thing]) -> ReplacedAll[Thing]:
    delta = fifo.pop()
    assert delta is not None
    assert delta.type is DeltaType.REPLACED_ALL
    assert isinstance(delta.object, ReplacedAll)
    return delta.object


def refuse_bad(obj: Thing) -> Thing:
    if obj.value == "bad":
        raise ValueError("refused")
    return obj.with_value(obj.value.upper())


def test_changes_keep_their_order_across_objects():
    """(D5)"""
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.add(thing("a", "1"))
    fifo.add(thing("ns/b", "1"))
    fifo.update(thing("ns/b", "2"))
    fifo.delete(thing("a", "1"))
    assert drain(fifo) == [
        (ADDED, "a", thing("a", "1")),
        (ADDED, "ns/b", thing("ns/b", "1")),
        (UPDATED, "ns/b", thing("ns/b", "2")),
        (DELETED, "a", thing("a", "1")),
    ]


def test_no_two_changes_are_combined():
    fifo: RealFIFO[Thing] = RealFIFO()
    for value in "123":
        fifo.update(thing("a", value))
    fifo.delete(thing("a", "3"))
    fifo.delete(thing("a", "3"))
    assert [kind for kind, _, _ in drain(fifo)] == [UPDATED, UPDATED, UPDATED, DELETED, DELETED]


def test_the_deletion_of_an_unknown_object_is_queued():
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.delete(thing("a"))
    assert drain(fifo) == [(DELETED, "a", thing("a"))]


def test_a_list_is_one_change_between_the_others():
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.add(thing("before"))
    fifo.replace([thing("b"), thing("a")], {}, "7")
    fifo.add(thing("after"))
    assert len(fifo) == 3
    assert [key for _, key, _ in drain(fifo)] == ["before", "", "after"]


def test_a_list_has_its_objects_by_key_in_their_order_and_its_version():
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.replace([thing("ns/b"), thing("a")], {}, "7")
    content = listed(fifo)
    assert list(content.objects.items()) == [("ns/b", thing("ns/b")), ("a", thing("a"))]
    assert (content.unreadable, content.resource_version, content.is_complete) == ({}, "7", True)


def test_an_object_that_a_list_holds_twice_is_in_its_last_state():
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.replace([thing("a", "1"), thing("a", "2")])
    assert listed(fifo).objects == {"a": thing("a", "2")}


def test_an_empty_list_is_queued_too():
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.replace([])
    assert listed(fifo).objects == {}


def test_a_resync_and_a_bookmark_are_changes_of_no_object():
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.add(thing("a"))
    fifo.resync()
    fifo.bookmark("9")
    assert drain(fifo)[1:] == [(DeltaType.SYNC_ALL, "", None), (DeltaType.BOOKMARK, "", Bookmark("9"))]


def test_transforms_what_is_queued():
    fifo: RealFIFO[Thing] = RealFIFO(transform=refuse_bad)
    fifo.add(thing("a", "x"))
    fifo.update(thing("a", "y"))
    fifo.delete(thing("a", "z"))
    fifo.replace([thing("b", "w")])
    values = [obj.value for _, _, obj in drain(fifo)[:3] if isinstance(obj, Thing)]
    assert values == ["X", "Y", "Z"]


def test_transforms_the_objects_of_a_list():
    fifo: RealFIFO[Thing] = RealFIFO(transform=refuse_bad)
    fifo.replace([thing("a", "x"), thing("ns/b", "bad", uid="u")])
    content = listed(fifo)
    assert content.objects == {"a": thing("a", "X")}
    assert [(key, error.uid) for key, error in content.unreadable.items()] == [("ns/b", "u")]
    assert content.is_complete


@pytest.mark.parametrize("queue", [RealFIFO.add, RealFIFO.update])
def test_an_object_that_the_transform_fails_on_is_queued_as_unreadable(queue: Callable[..., None]):
    """(A9)"""
    fifo: RealFIFO[Thing] = RealFIFO(transform=refuse_bad)
    queue(fifo, thing("ns/a", "bad", uid="u", version="7"))
    [(kind, key, error)] = drain(fifo)
    assert (kind, key) == (UNREADABLE, "ns/a")
    assert isinstance(error, errors.Unreadable)
    assert (error.namespace, error.name, error.uid, error.resource_version) == ("ns", "a", "u", "7")
    assert "ValueError('refused')" in str(error)


def test_a_deletion_that_the_transform_fails_on_is_queued_by_its_key():
    """(A9)"""
    fifo: RealFIFO[Thing] = RealFIFO(transform=refuse_bad)
    fifo.delete(thing("a", "bad"))
    [(kind, key, error)] = drain(fifo)
    assert (kind, key) == (DELETED, "a")
    assert isinstance(error, errors.Unreadable)


def test_nothing_is_queued_without_a_name():
    """(A12)"""
    fifo: RealFIFO[Thing] = RealFIFO()
    for queue in (fifo.add, fifo.update, fifo.delete):
        for name in ("", "ns/"):
            with pytest.raises(ValueError, match="without a name"):
                queue(thing(name))
    nameless = unreadable(thing("a", "??"))
    for queue_error in (fifo.update_unreadable, fifo.delete_unreadable):
        with pytest.raises(errors.Unreadable):
            queue_error(nameless)
    assert len(fifo) == 0


def test_unreadable_objects_are_queued_in_their_order():
    """(A2, A3)"""
    fifo: RealFIFO[Thing] = RealFIFO()
    error, last = unreadable(thing("a", "?2")), unreadable(thing("a", "?3"))
    fifo.add(thing("a", "1"))
    fifo.update_unreadable(error)
    fifo.delete_unreadable(last)
    assert drain(fifo) == [(ADDED, "a", thing("a", "1")), (UNREADABLE, "a", error), (DELETED, "a", last)]


def test_a_list_with_a_nameless_item_is_not_complete():
    """(A1)"""
    fifo: RealFIFO[Thing] = RealFIFO()
    named, nameless = unreadable(thing("a", "?")), unreadable(thing("x", "??"))
    fifo.replace([thing("b")], {"a": named, "#1": nameless})
    content = listed(fifo)
    assert content.unreadable == {"a": named, "#1": nameless}
    assert not content.is_complete


def test_a_list_item_without_a_name_or_that_cannot_name_itself_is_a_nameless_one():
    """(A12, B2)"""
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.replace([thing("b"), thing(""), "a table", thing("ns/")])  # type: ignore[list-item]
    content = listed(fifo)
    assert [*content.objects] == ["b"]
    assert [key[:2] for key in content.unreadable] == ["#1", "#2", "#3"]
    assert not content.is_complete


def test_replacing_queues_the_list_with_its_last_step():
    fifo: RealFIFO[Thing] = RealFIFO()
    steps = fifo.replacing([thing(f"t{number}") for number in range(3 * OBJECTS_PER_STEP)])
    for _ in range(3):
        next(steps)
        assert (len(fifo), fifo.has_synced) == (0, False)
    with pytest.raises(StopIteration) as done:
        next(steps)
    assert done.value.value is True
    assert len(listed(fifo).objects) == 3 * OBJECTS_PER_STEP


def test_a_slow_transform_has_a_step_per_object():
    fifo: RealFIFO[Thing] = RealFIFO(transform=refuse_bad)
    assert len([*fifo.replacing([thing("a"), thing("b"), thing("c")])]) == 3


def test_a_list_that_fails_half_way_queues_nothing():
    def broken() -> Iterator[Thing]:
        yield thing("a")
        raise ValueError("bad")

    fifo: RealFIFO[Thing] = RealFIFO()
    with pytest.raises(ValueError, match="bad"):
        fifo.replace(broken())
    assert (len(fifo), fifo.has_synced) == (0, False)


def test_peek_leaves_the_change_in_the_queue():
    fifo: RealFIFO[Thing] = RealFIFO()
    assert fifo.peek() is None
    fifo.replace([thing("a")])
    assert fifo.peek() is fifo.peek()
    assert not fifo.has_synced
    assert fifo.pop() is not None
    assert fifo.has_synced
    assert fifo.peek() is None


def test_has_not_synced_when_new():
    assert not RealFIFO[Thing]().has_synced


def test_has_synced_once_the_first_list_is_popped():
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.bookmark("3")
    fifo.replace([thing("a")])
    fifo.add(thing("b"))
    seen = [(delta.type, fifo.has_synced) for delta in iter(fifo.pop, None)]
    assert seen == [(DeltaType.BOOKMARK, False), (DeltaType.REPLACED_ALL, True), (ADDED, True)]


@pytest.mark.parametrize("queue", [RealFIFO.add, RealFIFO.update, RealFIFO.delete])
def test_events_before_any_list_make_it_synced_and_no_list_is_the_first(queue: Callable[..., None]):
    fifo: RealFIFO[Thing] = RealFIFO()
    queue(fifo, thing("a"))
    assert fifo.has_synced
    fifo.pop()
    fifo.replace([thing("a")])
    assert fifo.has_synced
    assert not listed(fifo).is_initial


def test_only_the_first_list_is_the_initial_one():
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.replace([thing("a")])
    fifo.replace([thing("a")])
    assert [listed(fifo).is_initial for _ in range(2)] == [True, False]
    assert fifo.has_synced


@in_virtual_time
async def test_waits_until_something_is_queued():
    fifo: RealFIFO[Thing] = RealFIFO()
    for queue in (lambda: fifo.add(thing("a")), fifo.resync, lambda: fifo.replace([])):
        waiter = asyncio.create_task(fifo.wait())
        await settle()
        assert not waiter.done()
        queue()
        assert await waiter is True
        fifo.pop()
        fifo.pop()
    waiter = asyncio.create_task(fifo.wait())
    await settle()
    fifo.close()
    assert await waiter is False


@in_virtual_time
async def test_what_is_queued_can_be_popped_after_closing():
    fifo: RealFIFO[Thing] = RealFIFO()
    fifo.add(thing("a"))
    fifo.close()
    assert fifo.is_closed
    assert await fifo.wait() is True
    assert fifo.pop() is not None
    assert await fifo.wait() is False


def test_says_its_state():
    fifo: RealFIFO[Thing] = RealFIFO()
    assert repr(fifo) == "<RealFIFO 0 changes, not synced>"
    fifo.add(thing("a"))
    assert repr(fifo) == "<RealFIFO 1 change, synced>"
    fifo.close()
    assert "closed" in repr(fifo)


# Several namespaces


def test_it_has_synced_when_the_first_list_of_each_namespace_was_popped():
    fifo: RealFIFO[Thing] = RealFIFO(namespaces=("a", "b"))
    fifo.replace([thing("a/x")], resource_version="5", namespace="a")
    fifo.add(thing("a/y"))
    assert listed(fifo) == ReplacedAll({"a/x": thing("a/x")}, {}, "5", True, "a")
    assert not fifo.has_synced
    fifo.pop()
    fifo.replace([thing("a/x")], namespace="a")
    fifo.replace([thing("b/x")], namespace="b")
    assert not listed(fifo).is_initial
    assert not fifo.has_synced
    assert listed(fifo).is_initial
    assert fifo.has_synced


def test_first_lists_are_popped_in_any_order_of_namespaces():
    fifo: RealFIFO[Thing] = RealFIFO(namespaces=("a", "b", "c"))
    for namespace in "cab":
        fifo.replace([], namespace=namespace)
    for namespace in "cab":
        assert not fifo.has_synced
        assert listed(fifo).namespace == namespace
    assert fifo.has_synced


def test_a_list_decides_about_the_objects_of_its_namespace_alone():
    fifo: RealFIFO[Thing] = RealFIFO(namespaces=("a", "ab"))
    fifo.replace(
        [],
        {"a/x": errors.Unreadable("no", namespace="a", name="x"), "#3": errors.Unreadable("nameless")},
        namespace="a",
    )
    found = listed(fifo)
    assert sorted(found.unreadable) == ["#3 in a", "a/x"]
    assert not found.is_complete
    assert [found.covers(key) for key in ("a/x", "a/z", "#3 in a", "ab/x", "#3 in ab", "x")] == [True] * 3 + [False] * 3
    assert ReplacedAll({}, {}, "", True).covers("any/thing")


def test_a_bookmark_of_one_namespace_says_so():
    fifo: RealFIFO[Thing] = RealFIFO(namespaces=("a", "b"))
    fifo.bookmark("9", "a")
    assert drain(fifo) == [(DeltaType.BOOKMARK, "", Bookmark("9", "a"))]
