"""The events of an informer as values: `Added`, `Updated` and `Deleted`; and how events of one object are merged.

`InformerEvents` yields them, and the backlog of an async handler consists of them.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from kubeloop._kit.value import Value
from kubeloop.cache.cached_object import CachedObject

__all__ = ["Added", "Deleted", "InformerEvent", "Updated", "merged"]

T = TypeVar("T")
ObjectT = TypeVar("ObjectT", bound=CachedObject)


class Added(Value, Generic[T], frozen=True, gc=False):
    """An object that is new to this reader.

    Attributes:
        object: The object.
        is_in_initial_list: Whether the object existed when the informer, or this reader, began.
    """

    object: T
    is_in_initial_list: bool = False


class Updated(Value, Generic[T], frozen=True, gc=False):
    """A change of an object.

    Attributes:
        old: The object of the event before.
        new: The object now; in a resync the same as `old`. After a list their uids may differ, because the object was
            deleted and created again.
    """

    old: T
    new: T

    @property
    def object(self) -> T:
        """The object now, so that every event has this attribute."""
        return self.new


class Deleted(Value, Generic[T], frozen=True, gc=False):
    """The deletion of an object.

    Attributes:
        object: The last known state of the object.
        is_final_state_unknown: Whether the watch missed the deletion, so that the object may have changed before it.
    """

    object: T
    is_final_state_unknown: bool = False


InformerEvent = Added[T] | Updated[T] | Deleted[T]
"""An event of an informer. There are no other classes, so a `match` with three cases is complete."""


def merged(
    before: tuple[InformerEvent[ObjectT], ...], event: InformerEvent[ObjectT]
) -> tuple[InformerEvent[ObjectT], ...]:
    """Return the fewest events that lead to the same state as the events of one object and the next one.

    Args:
        before: The events that wait: none, one, or a deletion and an add.
        event: The next event of the same object.

    Returns:
        None, one, or a deletion and an add. An update begins with the first old state, an add stays part of the initial
        list, and a deletion is that of the object that the reader knows: an update may have replaced it by another
        object of the same name, of which the reader has not heard.
    """
    if not before:
        return (event,)
    *earlier, last = before
    if isinstance(event, Added):
        together: tuple[InformerEvent[ObjectT], ...] = (last, event)
    elif isinstance(last, Added):
        # An object of which the reader has not heard yet.
        together = () if isinstance(event, Deleted) else (Added(event.new, last.is_in_initial_list),)
    elif isinstance(event, Updated) and isinstance(last, Updated):
        together = (Updated(last.old, event.new),)
    elif isinstance(last, Updated) and last.old.metadata.uid != event.object.metadata.uid:
        together = (Deleted(last.old, is_final_state_unknown=True),)
    else:
        together = (event,)
    return (*earlier, *together)
