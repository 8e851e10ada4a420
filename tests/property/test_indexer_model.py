"""Indexer against a dict that is searched linearly."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.cache.fifo.delta import Delta, DeltaType
from kubeloop.cache.store.indexer import Indexer
from kubeloop.errors import CacheError
from tests.support.things import Thing, thing

DELETED, UPDATED = DeltaType.DELETED, DeltaType.UPDATED
NAMES = st.sampled_from(["a", "ns/a", "ns/b", "other/a"])
VALUES = st.text("xyz!", max_size=4)
OBJECTS = st.builds(thing, NAMES, VALUES)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), OBJECTS),
        st.tuples(st.just("delete"), OBJECTS),
        st.tuples(st.just("replace"), st.lists(OBJECTS, max_size=4)),
        st.tuples(st.just("transaction"), st.lists(st.tuples(st.booleans(), OBJECTS), max_size=4)),
        st.tuples(st.just("add index"), st.sampled_from(["late", "later"])),
    ),
    max_size=30,
)


def letters(obj: Thing) -> list[str]:
    return list(obj.value)


def fragile(obj: Thing) -> list[str]:
    """Return what `letters` returns, but raise on some objects, which are then missing in the index."""
    if "!" in obj.value:
        raise ValueError("no")
    return list(obj.value)


def key_of(obj: Thing) -> str:
    return f"{obj.metadata.namespace}/{obj.metadata.name}" if obj.metadata.namespace else obj.metadata.name


def apply(indexer: Indexer[Thing], model: dict[str, Thing], operation: str, argument: object) -> None:
    if operation == "put":
        assert isinstance(argument, Thing)
        model[key_of(argument)] = argument
        indexer.add(argument)
    elif operation == "delete":
        assert isinstance(argument, Thing)
        model.pop(key_of(argument), None)
        indexer.delete(argument)
    elif operation == "replace":
        assert isinstance(argument, list)
        model.clear()
        model.update({key_of(obj): obj for obj in argument})
        indexer.replace(argument)
    elif operation == "transaction":
        assert isinstance(argument, list)
        for is_deletion, obj in argument:
            if is_deletion:
                model.pop(key_of(obj), None)
            else:
                model[key_of(obj)] = obj
        indexer.transaction(Delta(DELETED if is_deletion else UPDATED, obj) for is_deletion, obj in argument)
    elif argument not in indexer.indexers:
        indexer.add_indexers({str(argument): letters})


@given(OPERATIONS)
def test_returns_what_a_search_through_all_objects_would(operations: list[tuple[str, object]]):
    indexer: Indexer[Thing] = Indexer({"letters": letters, "fragile": fragile})
    model: dict[str, Thing] = {}
    for operation, argument in operations:
        # Other tests check the exceptions; this one checks the contents afterwards.
        with contextlib.suppress(CacheError):
            apply(indexer, model, operation, argument)
        assert {key: indexer.get_by_key(key) for key in indexer.list_keys()} == model
        for name in indexer.indexers:
            found = {
                value: sorted(key for key, obj in model.items() if value in obj.value and not breaks(name, obj))
                for value in "xyz!"
            }
            assert sorted(indexer.index_values(name)) == sorted(value for value, keys in found.items() if keys)
            for value, keys in found.items():
                assert indexer.index_keys(name, value) == keys
                assert sorted(map(key_of, indexer.by_index(name, value))) == keys


def breaks(name: str, obj: Thing) -> bool:
    return name == "fragile" and "!" in obj.value
