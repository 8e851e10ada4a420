"""RealFIFO, Applier and StoreReplacement against a model that applies each change at once.

Between any two steps a reader sees the store before or after the change that is being applied, never a mixture. The
calls of a handler are exactly those of the model, in their order, and add up to the store. A handler that is added
between two steps gets the store as it is then, and adds up to it, too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown, DeltaType
from kubeloop.cache.fifo.real_fifo import Bookmark, QueuedDelta, RealFIFO, ReplacedAll
from kubeloop.cache.informer.applier import Applier
from kubeloop.cache.store.indexer import Indexer
from kubeloop.cache.time_slice import OBJECTS_PER_STEP
from kubeloop.errors import Unreadable
from kubeloop.meta.keys import object_key
from tests.support.things import Thing, thing, unreadable

NAMES = st.sampled_from("abcd")
UIDS = st.sampled_from(["", "u1", "u2"])
ITEMS = st.dictionaries(NAMES, st.tuples(st.sampled_from(["same", "new", "spoiled"]), UIDS), max_size=4)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.tuples(NAMES, UIDS)),
        st.tuples(st.just("delete"), NAMES),
        st.tuples(st.just("spoil"), st.tuples(NAMES, UIDS)),
        st.tuples(st.just("delete spoiled"), NAMES),
        st.tuples(st.just("list"), st.tuples(ITEMS, st.booleans(), st.integers(0, 2 * OBJECTS_PER_STEP))),
        st.tuples(st.just("bookmark"), st.none()),
        st.tuples(st.just("steps"), st.integers(1, 6)),
        st.tuples(st.just("new handler"), st.none()),
    ),
    max_size=30,
)
Call = tuple[Any, ...]


@pytest.fixture(autouse=True, scope="module")
def _no_log_lines() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


class Model:
    """The store, as if each change were applied at once."""

    def __init__(self) -> None:
        self.objects: dict[str, Thing] = {}
        self.unreadable: dict[str, Unreadable] = {}
        self.version = ""

    def view(self) -> tuple[Any, ...]:
        by_value: dict[str, list[str]] = {}
        for key, obj in self.objects.items():
            by_value.setdefault(obj.value, []).append(key)
        indexed = {value: sorted(keys) for value, keys in by_value.items()}
        return sorted(self.objects), dict(self.objects), indexed, dict(self.unreadable), self.version

    def apply(self, delta: QueuedDelta[Thing]) -> list[Call]:
        """Apply a change and return the calls that each handler must get."""
        kind, key, obj = delta
        if isinstance(obj, ReplacedAll):
            return self._list(obj)
        if isinstance(obj, Bookmark):
            self.version = obj.resource_version
            return []
        assert obj is not None
        version = obj.resource_version if isinstance(obj, Unreadable) else obj.metadata.resource_version
        self.version = version or self.version
        old = self.objects.get(key)
        if kind is DeltaType.DELETED:
            self.unreadable.pop(key, None)
            if self.objects.pop(key, None) is None:
                return []
            return [("delete", old if isinstance(obj, Unreadable) else obj)]
        if isinstance(obj, Unreadable):
            self.unreadable[key] = obj
            return self._replaced(key, obj)
        self.unreadable.pop(key, None)
        self.objects[key] = obj
        return [("add", obj) if old is None else ("update", old, obj)]

    def _replaced(self, key: str, error: Unreadable) -> list[Call]:
        old = self.objects.get(key)
        if old is None or not error.uid or old.metadata.uid in ("", error.uid):
            return []
        del self.objects[key]
        return [("delete", old)]

    def _list(self, listed: ReplacedAll[Thing]) -> list[Call]:
        self.version = listed.resource_version
        deletions, others = [], []
        for key in [*self.objects]:
            if key in listed.objects:
                continue
            if key in listed.unreadable:
                deletions += self._replaced(key, listed.unreadable[key])
            elif listed.is_complete:
                deletions.append(("delete", self.objects.pop(key)))
        for key, new in listed.objects.items():
            old = self.objects.get(key)
            if old is None:
                others.append(("add", new))
            elif (old.metadata.uid, old.metadata.resource_version) != (new.metadata.uid, new.metadata.resource_version):
                others.append(("update", old, new))
            else:
                continue
            self.objects[key] = new
        self.objects = {key: self.objects[key] for key in dict.fromkeys((*listed.objects, *self.objects))}
        known = {key: error for key, error in self.unreadable.items() if key not in listed.objects and error.key}
        self.unreadable = {**({} if listed.is_complete else known), **listed.unreadable}
        return deletions + others


class Handler:
    """Records its calls and adds them up; an impossible call is an error."""

    def __init__(self, objects: list[Thing]) -> None:
        self.calls: list[Call] = []
        self.state = {object_key(obj): obj for obj in objects}

    def added(self, obj: Thing, _is_in_initial_list: bool) -> None:
        assert object_key(obj) not in self.state
        self.state[object_key(obj)] = obj
        self.calls.append(("add", obj))

    def updated(self, old: Thing, new: Thing) -> None:
        assert self.state[object_key(new)] is old
        self.state[object_key(new)] = new
        self.calls.append(("update", old, new))

    def deleted(self, obj: Thing, tombstone: DeletedFinalStateUnknown[Thing] | None) -> None:
        last = self.state.pop(object_key(obj))
        if tombstone is not None:
            assert (tombstone.key, tombstone.object) == (object_key(obj), last)
        self.calls.append(("delete", obj))


class World:
    """A queue, its store and its handlers, fed by operations and processed step by step."""

    def __init__(self) -> None:
        self.store: Indexer[Thing] = Indexer({"value": lambda obj: (obj.value,)})
        self.applier = Applier("things", self.store)
        self.fifo: RealFIFO[Thing] = RealFIFO()
        self.model = Model()
        self.handlers: list[Handler] = []
        self.expected: list[Call] = []
        self.version = 0
        self.steps = self._process()
        self.add_handler()

    def add_handler(self) -> None:
        handler = Handler(self.store.list())
        self.handlers.append(handler)
        self.applier.registrations = (*self.applier.registrations, handler)  # type: ignore[assignment]

    def feed(self, operation: str, argument: Any) -> None:
        self.version += 1
        version, fifo = str(self.version), self.fifo
        match operation:
            case "put":
                name, uid = argument
                fifo.update(thing(name, f"v{version}", uid=uid, version=version))
            case "delete":
                fifo.delete(thing(argument, "last", version=version))
            case "spoil":
                name, uid = argument
                fifo.update_unreadable(unreadable(thing(name, "?", uid=uid, version=version)))
            case "delete spoiled":
                fifo.delete_unreadable(unreadable(thing(argument, "?", version=version)))
            case "list":
                self._feed_list(*argument, version)
            case "bookmark":
                fifo.bookmark(version)
            case "new handler":
                self.add_handler()
            case "steps":
                for _ in range(argument):
                    next(self.steps)

    def _feed_list(self, items: dict[str, tuple[str, str]], has_nameless: bool, others: int, version: str) -> None:
        listed, errors = [thing(f"other{number}", "o", version="1") for number in range(others)], {}
        for name, (state, uid) in items.items():
            if state == "spoiled":
                errors[name] = unreadable(thing(name, "?", uid=uid, version=version))
            elif state == "same" and (stored := self.store.last_known(name)) is not None:
                listed.append(stored.with_value(stored.value))
            else:
                listed.append(thing(name, f"v{version}", uid=uid, version=version))
        if has_nameless:
            errors["#0"] = unreadable(thing("x", "??"))
        self.fifo.replace(listed, errors, version)

    def finish(self) -> None:
        """Process all that is queued."""
        while next(self.steps) != "idle":
            pass

    def check_reader(self) -> None:
        store = self.store
        indexed = {value: store.index_keys("value", value) for value in store.index_values("value")}
        objects = {object_key(obj): obj for obj in store}
        found = dict(store.unreadable)
        seen = sorted(store.list_keys()), objects, indexed, found.keys(), store.resource_version
        keys, expected, by_value, errors, version = self.model.view()
        assert seen == (keys, expected, by_value, errors.keys(), version)
        assert {key: error.uid for key, error in found.items()} == {key: error.uid for key, error in errors.items()}

    def _process(self) -> Iterator[str]:
        """Apply changes as `PopLoop` does, one step per item, and check what readers see after each step."""
        while True:
            delta = self.fifo.peek()
            if delta is None:
                yield "idle"
            elif isinstance(delta.object, ReplacedAll):
                yield from self._replace(delta, delta.object)
            else:
                self.fifo.pop()
                self.expected += self.model.apply(delta)
                if isinstance(delta.object, Bookmark):
                    self.applier.bookmark(delta.object)
                else:
                    self.applier.apply(delta)
            self.check_reader()
            for handler in self.handlers:
                assert handler.state == self.model.objects

    def _replace(self, delta: QueuedDelta[Thing], listed: ReplacedAll[Thing]) -> Iterator[str]:
        replacement = self.applier.replacement(listed)
        # The store keeps the dict and adds to it.
        copy = ReplacedAll(dict(listed.objects), listed.unreadable, listed.resource_version, listed.is_initial)
        for _ in replacement.prepare():
            self.check_reader()
            yield "busy"
        self.fifo.pop()
        self.expected += self.model.apply(delta._replace(object=copy))
        for _ in replacement.notify(self.applier.registrations):
            self.check_reader()
            yield "busy"


@settings(max_examples=300, deadline=None)
@given(OPERATIONS)
def test_readers_and_handlers_see_each_change_as_a_whole_and_in_order(operations: list[tuple[str, Any]]):
    world = World()
    for operation, argument in operations:
        world.feed(operation, argument)
    world.finish()
    assert world.handlers[0].calls == world.expected
    assert all(handler.state == world.model.objects for handler in world.handlers)


@given(ITEMS, st.integers(1, 100))
def test_a_list_of_unchanged_objects_keeps_every_instance_and_calls_nobody(
    items: dict[str, tuple[str, str]], others: int
):
    world = World()
    named = [thing(name, "v", uid=uid, version="7") for name, (_, uid) in items.items()]
    first = [*named, *(thing(f"other{number}", "o", version="1") for number in range(others))]
    world.fifo.replace(first, {}, "8")
    world.fifo.replace([obj.with_value(obj.value) for obj in first], {}, "9")
    world.finish()
    assert {object_key(obj): id(obj) for obj in world.store} == {object_key(obj): id(obj) for obj in first}
    assert [call[0] for call in world.handlers[0].calls] == ["add"] * len(first)
    assert world.store.resource_version == "9"


@given(OPERATIONS, st.integers(0, 20))
def test_a_list_that_is_abandoned_before_readers_see_it_changes_nothing(operations: list[tuple[str, Any]], steps: int):
    world = World()
    for operation, argument in operations:
        world.feed(operation, argument)
    world.finish()
    calls = len(world.handlers[0].calls)
    fresh = {f"fresh{number}": thing(f"fresh{number}", "f", version="5") for number in range(200)}
    replacement = world.applier.replacement(ReplacedAll(fresh, {}, "77", False))
    preparation = replacement.prepare()
    for _ in range(steps):
        next(preparation)
    preparation.close()
    world.check_reader()
    assert len(world.handlers[0].calls) == calls
