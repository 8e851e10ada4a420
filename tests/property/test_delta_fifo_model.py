"""DeltaFIFO against what it stands for: the state that the server told of, and the order in which it did."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.cache.delta_fifo import DeletedFinalStateUnknown, DeltaFIFO, DeltaType
from kubeloop.cache.indexer import Indexer
from tests.support.fake_lister_watcher import Thing, thing

NAMES = st.sampled_from("abcd")
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), NAMES),
        st.tuples(st.just("delete"), NAMES),
        st.tuples(st.just("replace"), st.frozensets(NAMES)),
        st.tuples(st.just("pop"), st.integers(1, 3)),
    ),
    max_size=40,
)


class World:
    """A queue with its store, fed by operations, and the state that they add up to."""

    def __init__(self) -> None:
        self.store: Indexer[Thing] = Indexer()
        self.fifo = DeltaFIFO(self.store)
        self.told: dict[str, Thing] = {}
        self.pending: list[str] = []
        self.version = 0

    def apply(self, operation: str, argument: object) -> None:
        self.version += 1
        if operation == "put":
            assert isinstance(argument, str)
            obj = thing(argument, str(self.version))
            (self.fifo.update if argument in self.told else self.fifo.add)(obj)
            self.told[argument] = obj
            self._queued(argument)
        elif operation == "delete":
            assert isinstance(argument, str)
            known = argument in self.fifo._items or argument in self.store
            self.fifo.delete(thing(argument, "last"))
            self.told.pop(argument, None)
            if known:
                self._queued(argument)
        elif operation == "replace":
            assert isinstance(argument, frozenset)
            listed = {name: thing(name, str(self.version)) for name in sorted(argument)}
            missing = [name for name in [*self.fifo._items, *self.store.list_keys()] if name not in listed]
            self.fifo.replace(listed.values())
            self.told = dict(listed)
            for name in [*listed, *missing]:
                self._queued(name)
        else:
            assert isinstance(argument, int)
            for _ in range(argument):
                self.pop()

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
            if kind is DeltaType.DELETED:
                assert popped.key in self.store, "a deletion of what nobody was told of"
                self.store.remove(popped.key)
            else:
                assert not isinstance(obj, DeletedFinalStateUnknown)
                self.store.put(popped.key, obj)
        return True


@given(OPERATIONS)
def test_what_is_popped_adds_up_to_what_was_queued(operations: list[tuple[str, object]]):
    world = World()
    for operation, argument in operations:
        world.apply(operation, argument)
    while world.pop():
        pass
    assert {name: world.store.get_by_key(name) for name in world.store.list_keys()} == world.told


@given(OPERATIONS)
def test_syncs_exactly_when_all_of_the_first_list_is_popped(operations: list[tuple[str, object]]):
    world = World()
    left: set[str] | None = None
    for operation, argument in operations:
        before = set(world.pending)
        if left is None and operation != "pop":
            world.apply(operation, argument)
            left = set(world.pending) if operation == "replace" else set()
        else:
            world.apply(operation, argument)
            if left:
                left -= before - set(world.pending)
        assert world.fifo.has_synced == (left is not None and not left)


@given(st.lists(st.sampled_from([f"t{number}" for number in range(30)]), max_size=60), st.data())
def test_a_list_that_is_queued_in_steps_is_the_same_as_one_queued_at_once(names: list[str], data: st.DataObject):
    from kubeloop.cache import delta_fifo

    world, slice_size = World(), delta_fifo.REPLACE_SLICE
    world.store.replace([thing("t0", "old"), thing("gone", "old")])
    world.pending = []
    delta_fifo.REPLACE_SLICE = data.draw(st.integers(1, 7))
    try:
        for _ in world.fifo.replacing([thing(name, "new") for name in names]):
            for _ in range(data.draw(st.integers(0, 4))):
                popped = world.fifo.pop()
                if popped is not None:
                    assert popped.is_in_initial_list
                    world.store.put(popped.key, thing(popped.key, "new"))
    finally:
        delta_fifo.REPLACE_SLICE = slice_size
    while (popped := world.fifo.pop()) is not None:
        assert popped.is_in_initial_list
        if popped.deltas[-1].type is DeltaType.DELETED:
            world.store.remove(popped.key)
        else:
            world.store.put(popped.key, thing(popped.key, "new"))
    assert world.fifo.has_synced
    assert sorted(world.store.list_keys()) == sorted(set(names))
