"""Deltas: the changes that the queues of informers hold, `DeltaFIFO` and `RealFIFO`.

Reference: client-go `tools/cache/delta_fifo.go`, `the_real_fifo.go`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.errors import Unreadable
from kubeloop.meta.keys import Object

__all__ = ["STATELESS", "DeletedFinalStateUnknown", "Delta", "DeltaType", "has_name", "unreadable_object", "version_of"]

T = TypeVar("T", bound=Object)
T_co = TypeVar("T_co", bound=Object, covariant=True)

logger = logging.getLogger(__name__)


class DeltaType(StrEnum):
    """What happened to an object."""

    ADDED = "Added"
    UPDATED = "Updated"
    DELETED = "Deleted"
    REPLACED = "Replaced"
    """The object was in a list: it may be new, changed or the same."""
    SYNC = "Sync"
    """Nothing happened: handlers are notified of the object again."""
    UNREADABLE = "Unreadable"
    """The object exists, and its present state cannot be read."""
    REPLACED_ALL = "ReplacedAll"
    """A list: its objects are all that exist."""
    SYNC_ALL = "SyncAll"
    """Nothing happened: handlers are notified of all objects again."""
    BOOKMARK = "Bookmark"
    """Nothing happened up to a version."""


@dataclass(frozen=True, slots=True)
class DeletedFinalStateUnknown(Generic[T_co]):
    """A deletion without the object's final state: the watch missed the deletion, or its body could not be read.

    Attributes:
        key: The key of the object.
        object: The last state that was seen, which may be older than the final state.

    Reference: client-go `tools/cache.DeletedFinalStateUnknown`. Intended difference: `object` is never missing.
    """

    key: str
    object: T_co


class Delta(NamedTuple, Generic[T]):
    """One change of one object.

    The object of a deletion may be a tombstone, or the error that the state could not be read with. The object of every
    UNREADABLE change is such an error.
    """

    type: DeltaType
    object: T | DeletedFinalStateUnknown[T] | Unreadable


STATELESS = (DeletedFinalStateUnknown, Unreadable)
"""The objects of deltas that have no state of an object."""


def version_of(obj: Object | DeletedFinalStateUnknown[Object] | Unreadable) -> str:
    """Return the resourceVersion of the object of a delta; `""` if it has none, or is a tombstone."""
    if isinstance(obj, Unreadable):
        return obj.resource_version
    if isinstance(obj, DeletedFinalStateUnknown):
        return ""  # The version of the deletion was missed.
    return getattr(obj.metadata, "resource_version", "")


def has_name(key: str) -> bool:
    """Return whether a key is that of an object with a name; `"namespace/"` is not."""
    return bool(key) and key[-1] != "/"


def unreadable_object(obj: Object, error: Exception) -> Unreadable:
    """Create the error of an object on which the transform or the key function failed."""
    if isinstance(error, Unreadable):
        return error
    found: dict[str, str] = {}
    try:
        metadata = obj.metadata
        for name in ("namespace", "name", "uid", "resource_version"):
            found[name] = str(getattr(metadata, name, ""))
    except Exception:
        found.clear()
    unreadable = Unreadable(f"the transform or key function failed on it: {error!r}", **found)
    logger.debug("cannot queue %s", safe_text(unreadable.key) or "an object without a name", exc_info=error)
    return unreadable
