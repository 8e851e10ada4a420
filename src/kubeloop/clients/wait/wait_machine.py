"""The decisions of a wait: lists and events in; out come what is met, what is missing, and what must be read next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kubeloop._kit.value import Value
from kubeloop.clients.wait.awaited_state import AwaitedCreation, LastState
from kubeloop.errors import NotFound, StatusDetails
from kubeloop.meta.keys import object_key, split_key
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent

if TYPE_CHECKING:
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.clients.wait.awaited_state import AwaitedState
    from kubeloop.errors import Unreadable

__all__ = ["Target", "WaitMachine", "WholeList"]

T = TypeVar("T")


class WholeList(Generic[T]):
    """All objects of a collection at one time.

    Attributes:
        objects: The objects, by key.
        unreadable: Why objects could not be read, by key.
    """

    __slots__ = ("objects", "unreadable")
    type = "LISTED"

    def __init__(self, objects: Iterable[T], unreadable: Mapping[str, Unreadable]) -> None:
        # Any: each object of Kubernetes has metadata; its class does not matter here.
        found: Iterable[Any] = objects
        self.objects: dict[str, T] = {object_key(each): each for each in found}
        self.unreadable = dict(unreadable)


class Target(Value, frozen=True):
    """An object that is waited for: its key, and the uid that a deletion is about; `""` for that of the first list."""

    key: str
    uid: str = ""


class _Waited(Generic[T]):
    """One object, as far as it is known."""

    __slots__ = ("error", "is_met", "key", "obj", "uid")

    def __init__(self, target: Target) -> None:
        self.key = target.key
        self.uid = target.uid
        self.obj: T | None = None
        self.error: Unreadable | None = None
        self.is_met = False


class WaitMachine(Generic[T]):
    """Decides when all objects have been in a state.

    An object that was in the state once counts, whatever becomes of it later. Each delivered version is checked.

    Report lists and events, and ask `is_done`, `must_widen` and `unmet()`.

    Args:
        state: The awaited state.
        targets: The objects; None for all objects of the first list.
        info: The names of the resource, for messages.
        may_be_absent: Whether an object may be created later, also for the second time. Otherwise an object that does
            not exist, or is deleted, ends the wait with an error.

    Attributes:
        must_widen: Whether events of the selection are not enough, because an object has left it.
        has_listed: Whether a list was reported.

    Reference: kubectl pkg/cmd/wait. Intended difference: an object that is deleted ends the wait at once; kubectl waits
        until the timeout.
    """

    def __init__(
        self,
        state: AwaitedState[T],
        targets: Sequence[Target] | None,
        info: ResourceInfo,
        *,
        may_be_absent: bool = False,
    ) -> None:
        self.state = state
        self.info = info
        self.must_widen = False
        self._may_be_absent = may_be_absent
        self._waited: dict[str, _Waited[T]] = {}
        self._met = 0  # counted, because the loop asks after each event
        self._is_known = targets is not None
        self.has_listed = False
        for target in targets or ():
            self._waited[target.key] = _Waited(target)

    @property
    def is_done(self) -> bool:
        """Whether all objects are known and have been in the state."""
        return self._is_known and self._met == len(self._waited)

    @property
    def only_name(self) -> str:
        """The name of the only object that is waited for; `""` if there are others, or none is known yet."""
        return split_key(next(iter(self._waited)))[1] if self._is_known and len(self._waited) == 1 else ""

    def listed(self, found: WholeList[T], *, is_selected: bool) -> None:
        """Record what exists.

        Args:
            found: The list.
            is_selected: Whether it has only objects that match the selectors of the wait.

        Raises:
            NotFound: An object does not exist, or was deleted, or nothing matches the selectors.
            Unreadable: The creation of an object is awaited, and it exists, but cannot be read.
            Exception: What the check of an object raises.
        """
        if not self._is_known:
            for key in (*found.objects, *found.unreadable):
                self._waited.setdefault(key, _Waited(Target(key)))
            self._choose()
        is_first, self.has_listed = not self.has_listed, True
        for waited in self._waited.values():
            if waited.is_met:
                continue
            if waited.key in found.objects:
                self._exists(waited, found.objects[waited.key])
            elif waited.key in found.unreadable:
                self._is_unreadable(waited, found.unreadable[waited.key])
            elif is_selected and not is_first:
                self.must_widen = True
            else:
                self._is_absent(waited)

    def changed(self, events: Iterable[WatchEvent[T] | UnreadableEvent], *, is_selected: bool) -> None:
        """Record events, in their order.

        Args:
            events: The events that arrived together.
            is_selected: Whether the watch reports only objects that match the selectors of the wait. An object that is
                DELETED in such a watch may exist.

        Raises:
            NotFound: An object was deleted.
            Unreadable: As for `listed`.
            Exception: What the check of an object raises.
        """
        for event in events:
            key = event.key if isinstance(event, UnreadableEvent) else _key_of(event.object)
            waited = self._waited.get(key)
            if waited is None and not self._is_known and event.type != "DELETED":
                waited = self._waited[key] = _Waited(Target(key))
            if waited is None or waited.is_met:
                continue
            if isinstance(event, UnreadableEvent):
                self._is_unreadable(waited, event.error)
            elif event.type == "DELETED":
                if is_selected:
                    self.must_widen = True
                else:
                    self._is_deleted(waited, event.object)
            elif event.type in ("ADDED", "MODIFIED"):
                self._exists(waited, event.object)
        if not self._is_known:
            self._is_known = bool(self._waited)

    @property
    def keys(self) -> list[str]:
        """The keys of the objects, as far as they are known."""
        return list(self._waited)

    def result_of(self, key: str) -> T | None:
        """Return an object in the state that satisfied; for a deletion its last state, None if it has not existed."""
        return self._waited[key].obj

    def unmet(self) -> list[tuple[str, T | None, LastState]]:
        """Return the key, the last object and the last state of each object that is not in the state.

        The key is `""` if no object matched the selectors.
        """
        if not self._is_known:
            never = "nothing matches the selectors" if self.has_listed else "the server has not responded"
            return [("", None, LastState(never))]
        return [
            (waited.key, waited.obj, self._last_state(waited)) for waited in self._waited.values() if not waited.is_met
        ]

    def uid_of(self, key: str) -> str:
        """Return the last known uid of an object, `""` if there is none."""
        waited = self._waited.get(key)
        return "" if waited is None else waited.uid

    def _choose(self) -> None:
        """Take what the first list has as the objects to wait for.

        Raises:
            NotFound: It is empty.
        """
        self._is_known = bool(self._waited) or self.state.is_deletion
        if not self._is_known and not self._may_be_absent:
            raise self._not_found("", "no object matches the selectors")

    def _exists(self, waited: _Waited[T], obj: T) -> None:
        uid = _uid_of(obj)
        if self._was_replaced(waited, uid):
            return
        waited.uid, waited.obj, waited.error = uid, obj, None
        if self.state.is_met(obj):
            self._meet(waited)

    def _meet(self, waited: _Waited[T]) -> None:
        """Record that an object, which was not in the state before, has been in it."""
        waited.is_met = True
        self._met += 1

    def _is_unreadable(self, waited: _Waited[T], error: Unreadable) -> None:
        if self._was_replaced(waited, error.uid):
            return
        if isinstance(self.state, AwaitedCreation):
            raise error  # it exists, and cannot be returned
        waited.uid, waited.error = error.uid or waited.uid, error

    def _was_replaced(self, waited: _Waited[T], uid: str) -> bool:
        """Return whether another object of the name exists, and the wait for the earlier object is over.

        Raises:
            NotFound: The earlier object is needed.
        """
        if not waited.uid or not uid or uid == waited.uid:
            return False
        if self.state.is_deletion:
            self._meet(waited)
            return True
        if not self._may_be_absent:
            raise self._not_found(waited.key, f"it was deleted and created again while waiting for {self.state}")
        return False

    def _is_deleted(self, waited: _Waited[T], last: T) -> None:
        if self.state.is_deletion and waited.uid and _uid_of(last) == waited.uid:
            waited.obj = last
        self._is_absent(waited)

    def _is_absent(self, waited: _Waited[T]) -> None:
        if self.state.is_deletion:
            self._meet(waited)
            return
        if not self._may_be_absent:
            was_seen = waited.obj is not None or waited.error is not None
            raise self._not_found(waited.key, f"it was deleted while waiting for {self.state}" if was_seen else "")
        waited.uid, waited.obj, waited.error = "", None, None

    def _last_state(self, waited: _Waited[T]) -> LastState:
        if waited.error is not None:
            return LastState(f"the object cannot be read: {waited.error}")
        if waited.obj is None:
            return LastState("the object does not exist" if self.has_listed else "the server has not responded")
        return self.state.last_state(waited.obj)

    def _not_found(self, key: str, why: str) -> NotFound:
        group, plural = self.info.group_version.group, self.info.plural
        resource = f"{plural}.{group}" if group else plural
        namespace, name = split_key(key) if key else ("", "")
        place = f" in namespace {namespace}" if namespace else ""
        message = f'{resource} "{name}" not found{place}' if key else f"no matching {resource} found"
        if why:
            message += f": {why}"
        return NotFound(
            StatusDetails(code=404, reason="NotFound", message=message, name=name, group=group, kind=plural)
        )

    def __repr__(self) -> str:
        missing = len(self._waited) - self._met
        known = f"{missing} of {len(self._waited)} missing" if self._is_known else "no objects known yet"
        return f"<WaitMachine for {self.state}: {known}>"


def _key_of(obj: Any) -> str:  # Any: each object of Kubernetes has metadata
    return object_key(obj)


def _uid_of(obj: Any) -> str:  # Any: as above
    return obj.metadata.uid or ""
