"""DeltaFIFO against a model: the state that the server reported, and the order of its reports."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown, DeltaType
from kubeloop.cache.fifo.delta_fifo import DeltaFIFO
from kubeloop.cache.store.indexer import Indexer
from kubeloop.errors import Unreadable
from tests.support.things import Thing, thing, unreadable

NAMES = st.sampled_from("abcd")
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), NAMES),
        st.tuples(st.just("delete"), NAMES),
        st.tuples(st.just("spoil"), NAMES),
        st.tuples(st.just("delete spoiled"), NAMES),
        st.tuples(st.just("replace"), st.frozensets(NAMES)),
        st.tuples(
            st.just("replace with spoiled"), st.tuples(st.frozensets(NAMES), st.frozensets(NAMES), st.booleans())
        ),
        st.tuples(st.just("pop"), st.integers(1, 3)),
    ),
    max_size=40,
)


class World:
    """A queue with its store, fed by operations, and the state that they add up to."""

    def __init__(self) -> None:
        self.store: Indexer[Thing] = Indexer()
        self.fifo = DeltaFIFO(self.store, unreadable=self.store.unreadable)
        self.told: dict[str, Thing] = {}
        self.spoiled: set[str] = set()
        self.pending: list[str] = []
        self.version = 0

    def apply(self, operation: str, argument: Any) -> None:
        self.version += 1
        if operation == "put":
            obj = thing(argument, str(self.version))
            (self.fifo.update if argument in self.told else self.fifo.add)(obj)
            self.told[argument] = obj
            self.spoiled.discard(argument)
            self._queued(argument)
        elif operation == "spoil":
            self.fifo.update_unreadable(unreadable(thing(argument, "?")))
            self.spoiled.add(argument)
            self._queued(argument)
        elif operation in ("delete", "delete spoiled"):
            known = argument in self.fifo._items or argument in self.store
            if operation == "delete":
                self.fifo.delete(thing(argument, "last"))
            else:
                self.fifo.delete_unreadable(unreadable(thing(argument, "?last")))
            self.told.pop(argument, None)
            self.spoiled.discard(argument)
            if known:
                self._queued(argument)
        elif operation == "replace":
            self._replace(argument, frozenset(), has_nameless=False)
        elif operation == "replace with spoiled":
            good, spoiled, has_nameless = argument
            self._replace(good - spoiled, spoiled, has_nameless=has_nameless)
        else:
            for _ in range(argument):
                self.pop()

    def _replace(self, good: frozenset[str], spoiled: frozenset[str], *, has_nameless: bool) -> None:
        listed = {name: thing(name, str(self.version)) for name in sorted(good)}
        errors = {name: unreadable(thing(name, "?")) for name in sorted(spoiled)}
        if has_nameless:
            errors["#0"] = unreadable(thing("x", "??"))
        known = [*self.fifo._items, *self.store.list_keys(), *self.store.unreadable]
        missing = [
            name
            for name in known
            if name not in listed and name not in errors and (not has_nameless or name.startswith("#"))
        ]
        self.fifo.replace(listed.values(), errors)
        kept = {name: obj for name, obj in self.told.items() if has_nameless or name in errors}
        self.told = {**kept, **listed}
        self.spoiled = {*errors, *(self.spoiled if has_nameless else ())} - listed.keys()
        for name in [*listed, *errors, *missing]:
            self._queued(name)

    def _queued(self, name: str) -> None:
        if name not in self.pending:
            self.pending.append(name)

    def pop(self) -> bool:
        popped = self.fifo.pop()
        assert (popped is None) == (not self.pending)
        if popped is None:
            return False
        assert popped.key == self.pending.pop(0)
        assert popped.deltas
        kinds = [delta.type for delta in popped.deltas]
        assert (DeltaType.DELETED, DeltaType.DELETED) not in itertools.pairwise(kinds)
        for kind, obj in popped.deltas:
            if kind is DeltaType.UNREADABLE:
                assert isinstance(obj, Unreadable)
                self.store.set_unreadable(popped.key, obj)
            elif kind is DeltaType.DELETED:
                assert popped.key in self.store, "a deletion of an object that was never added"
                self.store.clear_unreadable(popped.key)
                last = self.store.remove(popped.key)
                if isinstance(obj, DeletedFinalStateUnknown):
                    assert last is not None
                elif isinstance(obj, Unreadable):
                    assert obj.key == popped.key or popped.key.startswith("#")
            else:
                assert isinstance(obj, Thing)
                self.store.clear_unreadable(popped.key)
                self.store.put(popped.key, obj)
        return True


@given(OPERATIONS)
def test_what_is_popped_adds_up_to_what_was_queued(operations: list[tuple[str, Any]]):
    world = World()
    for operation, argument in operations:
        world.apply(operation, argument)
    while world.pop():
        pass
    assert {name: world.store.get_by_key(name) for name in world.store.list_keys()} == world.told
    assert world.store.unreadable.keys() == world.spoiled


@given(OPERATIONS)
def test_syncs_exactly_when_all_of_the_first_list_is_popped(operations: list[tuple[str, Any]]):
    world = World()
    left: set[str] | None = None
    for operation, argument in operations:
        before = set(world.pending)
        if left is None and operation != "pop":
            world.apply(operation, argument)
            left = set(world.pending) if operation.startswith("replace") else set()
        else:
            world.apply(operation, argument)
            if left:
                left -= before - set(world.pending)
        assert world.fifo.has_synced == (left is not None and not left)


@given(st.lists(st.sampled_from([f"t{number}" for number in range(30)]), max_size=90), st.data())
def test_a_list_that_is_queued_in_steps_is_the_same_as_one_queued_at_once(names: list[str], data: st.DataObject):
    world = World()
    world.store.replace([thing("t0", "old"), thing("gone", "old")])
    world.pending = []
    for _ in world.fifo.replacing([thing(name, "new") for name in names]):
        for _ in range(data.draw(st.integers(0, 20))):
            popped = world.fifo.pop()
            if popped is not None:
                assert popped.is_in_initial_list
                world.store.put(popped.key, thing(popped.key, "new"))
    while (popped := world.fifo.pop()) is not None:
        assert popped.is_in_initial_list
        if popped.deltas[-1].type is DeltaType.DELETED:
            world.store.remove(popped.key)
        else:
            world.store.put(popped.key, thing(popped.key, "new"))
    assert world.fifo.has_synced
    assert sorted(world.store.list_keys()) == sorted(set(names))
