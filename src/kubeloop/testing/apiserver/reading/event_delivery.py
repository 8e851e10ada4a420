"""Which event a watch sends for a change.

Reference: apiserver pkg/storage/cacher, cacheWatcher.convertToWatchEvent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kubeloop.testing.apiserver.encoding.document import with_revision

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.reading.selection import Selection
    from kubeloop.testing.apiserver.storage.stored import Change, Stored

__all__ = ["Delivery", "delivery_of"]


class Delivery(NamedTuple):
    """An event: its type, `ADDED`, `MODIFIED` or `DELETED`, and the object."""

    type: str
    stored: Stored


def delivery_of(change: Change, selection: Selection) -> Delivery | None:
    """Return the event for a change, or None if the selection has nothing to do with it.

    An object that begins to match is ADDED. One that stops to match is DELETED: the event has its last state that
    matched, with the resourceVersion of the change.
    """
    if not selection.covers(change.key):
        return None
    value, previous = change.value, change.previous
    if selection.has_no_selector:
        is_selected, was_selected = value is not None, previous is not None
    else:
        is_selected = value is not None and selection.matches(value)
        was_selected = previous is not None and selection.matches(previous)
    if value is not None and is_selected:
        return Delivery("MODIFIED" if was_selected else "ADDED", value)
    if previous is None or not was_selected:
        return None
    return Delivery("DELETED", change.last or _leaving(previous, change.revision))


_LEFT = "the state with which it leaves a watch"


def _leaving(stored: Stored, revision: int) -> Stored:
    """Return an object with the revision of another change. It is kept, since many watches may need the same."""
    if stored.derived is None:
        stored.derived = {}
    kept = stored.derived.get(_LEFT)
    if kept is None or kept.revision != revision:
        kept = stored.derived[_LEFT] = with_revision(stored, revision)
    left: Stored = kept
    return left
