"""The events that a handler got, added up; the rules for them; and the checksum of a set of objects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.cache.handlers.informer_event import Added, Deleted, InformerEvent, Updated
from kubeloop.meta.keys import object_key

__all__ = ["Replay", "States", "checksum", "states_of"]

States = dict[str, tuple[str, str]]
"""The uid and the resourceVersion of each object, by key."""


def states_of(objects: Iterable[Any]) -> States:
    """Return the states of objects."""
    return {object_key(obj): (obj.metadata.uid, obj.metadata.resource_version) for obj in objects}


def checksum(states: States) -> str:
    """Return a text that is the same for equal states only."""
    lines = (f"{key} {uid} {version}\n" for key, (uid, version) in sorted(states.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class Replay:
    """Adds up the events of one handler.

    Args:
        name: The informer and the handler.
        faults: Gets a line per event that breaks a rule.

    Attributes:
        deleted: The uids of the objects that were reported as deleted; cleared by others, from time to time.
        states: The objects that exist according to the events.
        events: The number of events.
    """

    __slots__ = ("_faults", "_name", "deleted", "events", "states")

    def __init__(self, name: str, faults: list[str]) -> None:
        self.states: States = {}
        self.deleted: set[str] = set()
        self.events = 0
        self._name = name
        self._faults = faults

    def put(self, event: InformerEvent[Any]) -> None:
        """Add an event, from the iteration over the events of an informer."""
        match event:
            case Added(obj):
                self.add(obj)
            case Updated(old, new):
                self.update(old, new)
            case Deleted(obj):
                self.delete(obj)

    def add(self, obj: Any, is_in_initial_list: bool = False) -> None:
        """Add an object, which must be new."""
        key, state = self._begin(obj)
        if key in self.states:
            self._faults.append(f"{self._name}: second add of {key}, {self.states[key]} and {state}")
        if state[0] in self.deleted:
            self._faults.append(f"{self._name}: add of {key} {state} after its deletion")
        self.states[key] = state

    def update(self, old: Any, new: Any) -> None:
        """Change an object, which must continue from the last state and not go back."""
        key, state = self._begin(new)
        before = (old.metadata.uid, old.metadata.resource_version)
        if self.states.get(key) != before:
            self._faults.append(f"{self._name}: update of {key} from {before}, expected {self.states.get(key)}")
        if before[0] != state[0]:
            self.deleted.add(before[0])
        elif int(state[1]) < int(before[1]):
            self._faults.append(f"{self._name}: update of {key} back from {before[1]} to {state[1]}")
        self.states[key] = state

    def delete(self, obj: Any) -> None:
        """Delete an object, which must exist; it may be a tombstone."""
        key, state = self._begin(obj.object if isinstance(obj, DeletedFinalStateUnknown) else obj)
        before = self.states.pop(key, None)
        if before is None or before[0] != state[0]:
            self._faults.append(f"{self._name}: deletion of {key} {state}, expected {before}")
        self.deleted.add(state[0])

    def _begin(self, obj: Any) -> tuple[str, tuple[str, str]]:
        self.events += 1
        return object_key(obj), (obj.metadata.uid, obj.metadata.resource_version)
