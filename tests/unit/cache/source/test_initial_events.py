"""The objects of a streaming list: what is left of its events when its end arrives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop import errors
from kubeloop.cache.source.initial_events import InitialEvents
from kubeloop.models import meta_v1
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent
from tests.support.things import Thing, thing, unreadable

Event = WatchEvent[Thing] | UnreadableEvent


def event(change: str, name: str, value: str = "") -> Event:
    """Build an event; a value that begins with `?` cannot be read, and with `??` not even the name."""
    obj = thing(name, value)
    if value.startswith("?"):
        return UnreadableEvent(error=unreadable(obj), change=change)  # type: ignore[arg-type]
    return WatchEvent(change, obj)  # type: ignore[arg-type]


def end(version: str = "9", value: str = "true") -> Event:
    annotations = {"k8s.io/initial-events-end": value}
    return WatchEvent("BOOKMARK", Thing(metadata=meta_v1.ObjectMeta(resource_version=version, annotations=annotations)))


def test_the_events_after_the_end_are_returned() -> None:
    initial = InitialEvents[Thing]("things")
    assert initial.take([event("ADDED", "a"), event("ADDED", "b")]) == ()
    assert initial.version is None
    later = [event("MODIFIED", "a", "2"), end()]
    assert initial.take([event("DELETED", "b"), end("7"), *later]) == later
    assert initial.version == "7"
    assert list(initial.objects) == ["a"]
    assert repr(initial) == "<InitialEvents of things: 1 objects, at version 7>"


@pytest.mark.parametrize("value", ["false", ""])
def test_another_bookmark_is_refused(value: str) -> None:
    initial = InitialEvents[Thing]("things")
    with pytest.raises(errors.DecodeError, match="got another bookmark"):
        initial.take([end(value=value)])
    assert repr(initial) == "<InitialEvents of things: 0 objects, not complete>"


def test_each_object_without_a_name_is_kept_under_a_number() -> None:
    initial = InitialEvents[Thing]("things")
    initial.take([event("ADDED", "a", "??"), event("DELETED", "b", "??")])
    assert list(initial.unreadable) == ["#1", "#2"]
    assert all(error.key == "" for error in initial.unreadable.values())


CHANGES = st.tuples(
    st.sampled_from(["ADDED", "MODIFIED", "DELETED"]), st.sampled_from("abc"), st.sampled_from(["1", "2", "?"])
)


@given(changes=st.lists(CHANGES), sizes=st.lists(st.integers(1, 4)), late=st.lists(CHANGES, max_size=2))
def test_the_list_is_what_the_last_event_of_each_object_says(
    changes: list[tuple[str, str, str]], sizes: list[int], late: list[tuple[str, str, str]]
) -> None:
    last = {name: (change, value) for change, name, value in changes}
    exist = {name: value for name, (change, value) in last.items() if change != "DELETED"}
    events = [*(event(*change) for change in changes), end(), *(event(*change) for change in late)]
    initial = InitialEvents[Thing]("things")
    left: list[Event] = events
    later: list[Event] = []
    while left:
        size = sizes.pop() if sizes else 3
        batch, left = left[:size], left[size:]
        if initial.version is None:
            later.extend(initial.take(batch))
        else:
            later.extend(batch)
    assert later == events[len(changes) + 1 :]
    assert {name: obj.value for name, obj in initial.objects.items()} == {
        name: value for name, value in exist.items() if value != "?"
    }
    assert set(initial.unreadable) == {name for name, value in exist.items() if value == "?"}
