"""The scenarios of client-go's expiration_cache_test.go, and a naive model."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.cache import TTLStore
from kubeloop.testing.virtual_time import in_virtual_time


class Thing(NamedTuple):
    name: str
    value: int = 0


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


def create(ttl=30.0):
    clock = Clock()
    return TTLStore[Thing](lambda thing: thing.name, ttl, now=clock), clock


def contents(store):
    assert len(store) == len(store.list()) == len(store.list_keys())
    assert list(store) == store.list()
    return store.list()


def test_an_object_is_gone_after_its_lifetime_and_not_at_its_end():
    store, clock = create()
    store.add(Thing("foo"))
    clock.time = 30.0
    assert store.get_by_key("foo") == Thing("foo")
    assert "foo" in store
    clock.time = 30.001
    assert store.get_by_key("foo") is None
    assert "foo" not in store
    assert contents(store) == []


@pytest.mark.parametrize("read", [lambda store: store.list(), lambda store: store.list_keys(), len, list])
def test_every_read_removes_what_has_expired(read):
    store, clock = create()
    store.add(Thing("foo"))
    clock.time = 20.0
    store.add(Thing("bar"))
    clock.time = 40.0
    assert read(store) in ([Thing("bar")], ["bar"], 1)
    assert repr(store) == "<TTLStore 1 object, expiry after 30 s>"


def test_an_addition_removes_what_has_expired():
    store, clock = create()
    for number in range(1000):
        clock.time += 1
        store.add(Thing(f"thing-{number}"))
    assert repr(store) == "<TTLStore 31 objects, expiry after 30 s>"


@pytest.mark.parametrize("write", ["add", "update"])
def test_an_object_that_is_stored_again_has_a_new_lifetime(write):
    store, clock = create()
    store.add(Thing("foo", 1))
    clock.time = 20.0
    store.add(Thing("bar"))
    getattr(store, write)(Thing("foo", 2))
    clock.time = 45.0
    assert contents(store) == [Thing("bar"), Thing("foo", 2)]


def test_an_expired_object_can_be_added_again():
    store, clock = create()
    store.add(Thing("foo", 1))
    clock.time = 31.0
    assert store.get_by_key("foo") is None
    store.add(Thing("foo", 2))
    assert store.get_by_key("foo") == Thing("foo", 2)


def test_deletes_by_the_key_of_the_object():
    store, _ = create()
    store.add(Thing("foo", 1))
    store.delete(Thing("foo", 2))
    store.delete(Thing("never stored"))
    assert contents(store) == []


def test_replaces_all_objects_with_one_new_lifetime():
    store, clock = create()
    store.add(Thing("old"))
    clock.time = 29.0
    store.replace([Thing("a"), Thing("b"), Thing("a", 2)])
    clock.time = 59.0
    assert contents(store) == [Thing("a", 2), Thing("b")]
    clock.time = 59.001
    assert contents(store) == []


def test_a_failing_key_function_changes_nothing():
    store, _ = create()
    store.add(Thing("foo"))
    for write in (store.add, store.delete, lambda thing: store.replace([thing])):
        with pytest.raises(AttributeError):
            write("no thing")
    assert contents(store) == [Thing("foo")]


def test_without_a_lifetime_nothing_expires():
    store, clock = create(None)
    store.add(Thing("foo"))
    clock.time = 1e12
    assert contents(store) == [Thing("foo")]
    assert repr(store) == "<TTLStore 1 object, no expiry>"


@pytest.mark.parametrize("ttl", [0.0, -1.0, float("nan")])
def test_refuses_a_lifetime_that_is_none(ttl):
    with pytest.raises(ValueError, match="expected a lifetime above 0 s or None"):
        create(ttl)


@in_virtual_time
async def test_uses_the_clock_of_the_running_loop():
    store = TTLStore[Thing](lambda thing: thing.name, 5.0)
    store.add(Thing("foo"))
    await asyncio.sleep(5)
    assert "foo" in store
    await asyncio.sleep(0.001)
    assert "foo" not in store


names = st.sampled_from("abcd")


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "update", "delete", "replace"]), st.lists(names, min_size=1, max_size=3),
                  st.sampled_from([0.0, 1.0, 10.0, 20.0])),
        max_size=30,
    )
)  # fmt: skip
def test_agrees_with_a_naive_model(operations):
    store, clock = create()
    model: dict[str, tuple[float, Thing]] = {}
    for number, (operation, keys, pause) in enumerate(operations):
        things = [Thing(key, number) for key in keys]
        if operation == "replace":
            store.replace(things)
            model = {thing.name: (clock.time, thing) for thing in things}
        else:
            getattr(store, operation)(things[0])
            model.pop(things[0].name, None)
            if operation != "delete":
                model[things[0].name] = clock.time, things[0]
        clock.time += pause
        alive = [thing for since, thing in model.values() if clock.time - since <= 30.0]
        assert contents(store) == alive
        assert all(store.get_by_key(thing.name) is thing for thing in alive)
