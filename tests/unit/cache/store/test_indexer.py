"""Indexer: the store and its indices. The scenarios are those of client-go's `store_test.go` and `index_test.go`."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from kubeloop import errors
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown, Delta, DeltaType
from kubeloop.cache.store.indexer import Indexer, namespace_index
from kubeloop.errors import CacheError, UnknownIndex
from tests.support.things import Thing, thing


def by_value(obj: Thing) -> list[str]:
    """Return every letter of the value as an index value."""
    return list(obj.value)


def names(objects: list[Thing]) -> list[str]:
    return sorted(obj.metadata.name for obj in objects)


def test_stores_updates_and_forgets_objects():
    indexer: Indexer[Thing] = Indexer()
    indexer.add(thing("ns/a", "1"))
    indexer.update(thing("ns/a", "2"))
    indexer.add(thing("b"))
    assert indexer.get_by_key("ns/a") == thing("ns/a", "2")
    assert indexer.list_keys() == ["ns/a", "b"]
    assert len(indexer) == 2
    indexer.delete(thing("ns/a", "whatever"))
    assert indexer.get_by_key("ns/a") is None
    assert "ns/a" not in indexer
    assert [*indexer] == [thing("b")]


def test_gives_the_stored_object_itself():
    obj = thing("a")
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.add(obj)
    assert indexer.get_by_key("a") is obj
    assert indexer.list()[0] is obj


def test_put_and_remove_return_what_was_there():
    indexer: Indexer[Thing] = Indexer()
    assert indexer.put("a", thing("a", "1")) is None
    assert indexer.put("a", thing("a", "2")) == thing("a", "1")
    assert indexer.remove("a") == thing("a", "2")
    assert indexer.remove("a") is None


def test_replace_forgets_all_else_and_indexes_what_is_new():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.add(thing("gone", "x"))
    indexer.replace([thing("a", "y"), thing("b", "y")])
    assert indexer.list_keys() == ["a", "b"]
    assert indexer.index_values("v") == ["y"]
    assert names(indexer.by_index("v", "y")) == ["a", "b"]


def test_one_object_is_found_under_each_of_its_values():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.add(thing("a", "xy"))
    indexer.add(thing("b", "yz"))
    indexer.add(thing("c", ""))
    assert names(indexer.by_index("v", "x")) == ["a"]
    assert names(indexer.by_index("v", "y")) == ["a", "b"]
    assert indexer.index_keys("v", "y") == ["a", "b"]
    assert sorted(indexer.index_values("v")) == ["x", "y", "z"]
    assert indexer.by_index("v", "none") == []


def test_index_finds_what_shares_a_value_each_object_once():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    for name, value in (("a", "xy"), ("b", "yz"), ("c", "q"), ("d", "xy")):
        indexer.add(thing(name, value))
    assert names(indexer.index("v", thing("asked", "xy"))) == ["a", "b", "d"]


def test_an_update_moves_the_object_in_the_index():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.add(thing("a", "xy"))
    indexer.update(thing("a", "yz"))
    assert indexer.by_index("v", "x") == []
    assert names(indexer.by_index("v", "y")) == ["a"]
    assert names(indexer.by_index("v", "z")) == ["a"]


def test_values_without_objects_are_removed():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.add(thing("a", "x"))
    indexer.update(thing("a", "y"))
    assert indexer.index_values("v") == ["y"]
    indexer.delete(thing("a"))
    assert indexer.index_values("v") == []


def test_an_index_function_may_repeat_a_value():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.add(thing("a", "xx"))
    assert names(indexer.by_index("v", "x")) == ["a"]
    indexer.delete(thing("a"))
    assert indexer.index_values("v") == []


def test_an_index_function_may_be_a_generator():
    def letters(obj: Thing) -> Iterator[str]:
        yield from obj.value

    indexer: Indexer[Thing] = Indexer({"v": letters})
    indexer.add(thing("a", "xy"))
    indexer.update(thing("a", "y"))
    assert indexer.index_values("v") == ["y"]


def test_an_unknown_index_names_those_that_exist():
    indexer: Indexer[Thing] = Indexer({"node": by_value, "app": by_value})
    for read in (
        lambda: indexer.by_index("nod", "x"),
        lambda: indexer.index("nod", thing("a")),
        lambda: indexer.index_keys("nod", "x"),
        lambda: indexer.index_values("nod"),
    ):
        with pytest.raises(UnknownIndex, match=r"'nod'.*exist: app, node"):
            read()


def test_an_unknown_index_says_when_there_is_none():
    with pytest.raises(UnknownIndex, match="exist: none"):
        Indexer[Thing]().by_index("node", "x")


def test_indices_added_later_index_what_is_there():
    indexer: Indexer[Thing] = Indexer()
    indexer.add(thing("ns/a"))
    indexer.add_indexers({"namespace": namespace_index})
    assert names(indexer.by_index("namespace", "ns")) == ["a"]
    assert sorted(indexer.indexers) == ["namespace"]


def test_a_name_that_is_taken_is_refused_and_nothing_is_added():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    with pytest.raises(ValueError, match=r"already: v$"):
        indexer.add_indexers({"v": by_value, "w": by_value})
    assert sorted(indexer.indexers) == ["v"]


def fails_on_bad(obj: Thing) -> list[str]:
    if obj.value == "bad":
        raise KeyError("missing")
    return [obj.value]


def test_a_failing_index_function_is_reported_with_index_and_key_and_the_object_is_stored():
    indexer: Indexer[Thing] = Indexer({"broken": fails_on_bad, "v": by_value})
    with pytest.raises(CacheError, match=r"'broken' failed on 'ns/a'.*KeyError"):
        indexer.add(thing("ns/a", "bad"))
    assert indexer.get_by_key("ns/a") == thing("ns/a", "bad")
    assert names(indexer.by_index("v", "b")) == ["a"]
    assert indexer.index_values("broken") == []


def test_an_index_recovers_when_the_next_version_is_good():
    indexer: Indexer[Thing] = Indexer({"broken": fails_on_bad})
    indexer.add(thing("a", "good"))
    with pytest.raises(CacheError):
        indexer.update(thing("a", "bad"))
    assert indexer.index_values("broken") == []
    indexer.update(thing("a", "fine"))
    assert indexer.index_values("broken") == ["fine"]
    with pytest.raises(CacheError):
        indexer.update(thing("a", "bad"))
    assert indexer.remove("a") is not None


def test_indices_that_fail_on_what_is_there_are_not_added():
    indexer: Indexer[Thing] = Indexer()
    indexer.add(thing("a", "bad"))
    with pytest.raises(CacheError, match="'broken' failed on 'a'"):
        indexer.add_indexers({"v": by_value, "broken": fails_on_bad})
    assert indexer.indexers == {}


def test_replace_reports_a_failing_index_function_after_storing_all():
    indexer: Indexer[Thing] = Indexer({"broken": fails_on_bad})
    with pytest.raises(CacheError, match="'a'"):
        indexer.replace([thing("a", "bad"), thing("b", "good")])
    assert indexer.list_keys() == ["a", "b"]
    assert indexer.index_values("broken") == ["good"]


def test_asking_with_an_object_that_the_function_fails_on_is_reported():
    with pytest.raises(CacheError, match="broken"):
        Indexer({"broken": fails_on_bad}).index("broken", thing("a", "bad"))


@pytest.mark.parametrize("wrong", ["one string", [None], None, 7])
def test_something_else_than_strings_from_an_index_function_is_reported(wrong: object):
    indexer: Indexer[Thing] = Indexer({"v": lambda _obj: wrong})  # type: ignore[arg-type,return-value]
    with pytest.raises(CacheError, match="'v' failed on 'a'"):
        indexer.add(thing("a"))
    assert indexer.index_values("v") == []


def test_returns_objects_in_the_order_of_their_addition():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    for name in ("c", "a", "b"):
        indexer.add(thing(name, "x"))
    assert [obj.metadata.name for obj in indexer.by_index("v", "x")] == ["c", "a", "b"]


def test_an_index_of_unique_values_gives_the_garbage_collector_nothing_to_visit():
    objects = {f"o{n}": thing(f"o{n}", str(n)) for n in range(300)}
    indexer: Indexer[Thing] = Indexer({"v": lambda obj: (obj.value,)})
    gc.collect()
    before = len(gc.get_objects())
    for name, obj in objects.items():
        indexer.put(name, obj)
    gc.collect()
    assert len(gc.get_objects()) - before < 20


def test_an_index_function_that_changes_its_result_never_restores_removed_objects():
    answer = ["x"]
    indexer: Indexer[Thing] = Indexer({"moody": lambda _obj: list(answer)})
    indexer.add(thing("a"))
    answer[:] = ["y"]
    indexer.delete(thing("a"))
    assert indexer.by_index("moody", "x") == []
    answer[:] = ["x"]
    assert indexer.index("moody", thing("b")) == []


def unreadable(name: str) -> errors.Unreadable:
    return errors.Unreadable("field value: expected int, got str", name=name)


def test_an_object_without_a_readable_state_is_there_and_getting_it_says_why():
    """(A1)"""
    indexer: Indexer[Thing] = Indexer({"value": lambda obj: [obj.value]})
    indexer.set_unreadable("a", unreadable("a"))
    assert "a" in indexer
    with pytest.raises(errors.Unreadable, match="expected int"):
        indexer.get_by_key("a")
    assert indexer.last_known("a") is None
    assert (len(indexer), indexer.list(), indexer.list_keys(), indexer.index_values("value")) == (0, [], [], [])


def test_an_object_that_became_unreadable_is_read_as_it_was():
    """(A1)"""
    indexer: Indexer[Thing] = Indexer()
    indexer.add(thing("a", "1"))
    indexer.set_unreadable("a", unreadable("a"))
    assert indexer.get_by_key("a") == indexer.last_known("a") == thing("a", "1")
    assert list(indexer.unreadable) == ["a"]
    assert indexer.clear_unreadable("a")
    assert not indexer.clear_unreadable("a")
    assert indexer.unreadable == {}


def test_what_is_known_of_unreadable_objects_is_read_only_and_forgotten_with_all_objects():
    """(A1)"""
    indexer: Indexer[Thing] = Indexer()
    indexer.set_unreadable("a", unreadable("a"))
    with pytest.raises(TypeError):
        indexer.unreadable["b"] = unreadable("b")  # type: ignore[index]
    indexer.replace([])
    assert "a" not in indexer


def test_the_error_of_an_unreadable_object_is_kept_without_the_frames_that_it_came_through():
    """(A1)"""
    indexer: Indexer[Thing] = Indexer()
    try:
        raise unreadable("a")
    except errors.Unreadable as error:
        indexer.set_unreadable("a", error)
    assert indexer.unreadable["a"].__traceback__ is None
    assert indexer.unreadable["a"].key == "a"


def test_knows_the_version_of_the_last_write_list_or_bookmark():
    """The scenario of client-go's `TestThreadSafeStoreRV`."""
    indexer: Indexer[Thing] = Indexer()
    seen = [indexer.resource_version]
    indexer.add(thing("a", version="3"))
    seen.append(indexer.resource_version)
    indexer.update(thing("a", version="5"))
    seen.append(indexer.resource_version)
    indexer.delete(thing("a", version="6"))
    seen.append(indexer.resource_version)
    indexer.bookmark("9")
    seen.append(indexer.resource_version)
    indexer.replace([thing("b", version="8")], "12")
    seen.append(indexer.resource_version)
    assert seen == ["", "3", "5", "6", "9", "12"]


def test_a_write_without_a_version_does_not_change_the_version():
    indexer: Indexer[Thing] = Indexer()
    indexer.add(thing("a", version="3"))
    indexer.add(thing("b"))
    indexer.remove("a")
    indexer.bookmark("")
    assert indexer.resource_version == "3"
    assert indexer.remove("b", "7") == thing("b")
    assert indexer.resource_version == "7"


def delta(kind: DeltaType, obj: Thing | DeletedFinalStateUnknown[Thing] | errors.Unreadable) -> Delta[Thing]:
    return Delta(kind, obj)


def test_a_transaction_applies_all_changes_in_their_order():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.replace([thing("a", "x"), thing("b", "x"), thing("c", "x"), thing("d", "x")])
    indexer.transaction(
        [
            delta(DeltaType.UPDATED, thing("a", "y", version="2")),
            delta(DeltaType.DELETED, thing("b", version="3")),
            delta(DeltaType.ADDED, thing("e", "y", version="4")),
            delta(DeltaType.REPLACED, thing("b", "z", version="5")),
            delta(DeltaType.DELETED, DeletedFinalStateUnknown("c", thing("c", "x", version="9"))),
            delta(DeltaType.DELETED, unreadable("d")),
            delta(DeltaType.SYNC, thing("a", "y", version="6")),
        ]
    )
    assert sorted(indexer.list_keys()) == ["a", "b", "e"]
    assert {value: indexer.index_keys("v", value) for value in "xyz"} == {"x": [], "y": ["a", "e"], "z": ["b"]}
    assert indexer.resource_version == "6"


@pytest.mark.parametrize(
    "wrong",
    [
        delta(DeltaType.ADDED, thing("")),
        delta(DeltaType.DELETED, unreadable("")),
        delta(DeltaType.UNREADABLE, unreadable("a")),
        delta(DeltaType.ADDED, DeletedFinalStateUnknown("a", thing("a"))),
        delta(DeltaType.BOOKMARK, thing("a")),
    ],
    ids=str,
)
def test_a_transaction_with_a_wrong_change_applies_none(wrong: Delta[Thing]):
    indexer: Indexer[Thing] = Indexer()
    with pytest.raises(ValueError, match="expected a change of an object with a name"):
        indexer.transaction([delta(DeltaType.ADDED, thing("good")), wrong])
    assert len(indexer) == 0


def test_a_transaction_applies_all_changes_although_an_index_function_fails():
    indexer: Indexer[Thing] = Indexer({"broken": fails_on_bad})
    with pytest.raises(CacheError, match="'broken' failed on 'a'"):
        indexer.transaction(
            [
                delta(DeltaType.ADDED, thing("a", "bad")),
                delta(DeltaType.ADDED, thing("b", "good")),
            ]
        )
    assert indexer.list_keys() == ["a", "b"]
    assert indexer.index_values("broken") == ["good"]


def test_replacing_in_steps_shows_the_old_objects_until_the_last_step():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.replace([thing("a", "x"), thing("gone", "x")], "1")
    indexer.set_unreadable("spoiled", unreadable("spoiled"))
    fresh = {f"t{number}": thing(f"t{number}", "y") for number in range(100)}
    steps = indexer.replacing(fresh, {"a": unreadable("a")}, "2")
    views = [
        (indexer.list_keys(), indexer.index_keys("v", "x"), [*indexer.unreadable], indexer.resource_version)
        for _ in steps
    ]
    assert len(views) >= 5
    assert {repr(view) for view in views} == {repr((["a", "gone"], ["a", "gone"], ["spoiled"], "1"))}
    assert indexer.list_keys() == [*fresh]
    assert indexer.index_keys("v", "x") == []
    assert indexer.index_keys("v", "y") == sorted(fresh)
    assert [*indexer.unreadable] == ["a"]
    assert indexer.resource_version == "2"


def test_replacing_that_is_not_done_to_the_end_changes_nothing():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.add(thing("a", "x"))
    steps = indexer.replacing({f"t{number}": thing(f"t{number}", "y") for number in range(100)})
    next(steps)
    steps.close()
    assert indexer.list_keys() == ["a"]
    assert indexer.index_values("v") == ["x"]


def test_an_index_that_is_added_while_objects_are_replaced_knows_the_new_ones():
    indexer: Indexer[Thing] = Indexer({"v": by_value})
    indexer.add(thing("a", "x"))
    steps = indexer.replacing({f"t{number}": thing(f"t{number}", "y") for number in range(100)})
    next(steps)
    indexer.add_indexers({"late": by_value})
    assert indexer.index_values("late") == ["x"]
    for _ in steps:
        pass
    assert indexer.index_values("late") == ["y"]
    assert len(indexer.by_index("late", "y")) == 100
