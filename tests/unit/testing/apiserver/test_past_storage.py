"""A storage as it was."""

from __future__ import annotations

from collections.abc import Callable

from kubeloop.testing.apiserver.past_storage import past_storage
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.stored import Key


def key(name: str, resource: str = "pods") -> Key:
    return Key(resource, "x", name)


def data(text: str) -> Callable[[int], bytes]:
    return lambda revision: f'{{"value":"{text}","revision":{revision}}}'.encode()


def test_the_past_has_the_objects_and_the_revision_of_its_time_and_stays_as_it_was() -> None:
    storage = Storage()
    storage.put(key("a"), data("1"), expected=None)
    storage.put(key("only", "services"), data("1"), expected=None)
    then = storage.revision
    storage.put(key("a"), data("2"), expected=None)
    storage.put(key("b"), data("1"), expected=None)
    storage.delete(key("only", "services"), None, expected=None)
    past = past_storage(storage, 3)
    assert past.revision == then
    found = past.get(key("a"))
    assert found is not None
    assert b'"value":"1"' in found.data
    assert past.get(key("b")) is None
    assert [stored.key.name for stored in past.range("services").items] == ["only"]
    storage.put(key("a"), data("3"), expected=None)
    assert past.get(key("a")) is found


def test_the_past_begins_with_the_oldest_revision_of_the_history() -> None:
    storage = Storage()
    for number in range(5):
        storage.put(key("a"), data(str(number)), expected=None)
    assert past_storage(storage, 100).revision == 1
    assert past_storage(storage, 100).get(key("a")) is None
    storage.compact(4)
    past = past_storage(storage, 100)
    assert (past.revision, past.compacted_revision) == (4, 4)
    found = past.get(key("a"))
    assert found is not None
    assert b'"value":"2"' in found.data
