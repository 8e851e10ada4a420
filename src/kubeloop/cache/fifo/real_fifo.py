"""`RealFIFO`: the queue between the reflector, which learns of changes, and the pop loop, which applies them.

Only `wait()` needs an event loop. `DeltaFIFO` groups changes by object instead.
Reference: client-go `tools/cache/the_real_fifo.go`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from kubeloop.cache.fifo.change_queue import ChangeQueue
from kubeloop.cache.fifo.delta import DeltaType, has_name
from kubeloop.errors import Unreadable
from kubeloop.meta.keys import Object, object_key

__all__ = ["Bookmark", "QueuedDelta", "RealFIFO", "ReplacedAll"]

T = TypeVar("T", bound=Object)


@dataclass(frozen=True, slots=True)
class ReplacedAll(Generic[T]):
    """A list.

    Attributes:
        objects: The objects by key, in the order of the list. The consumer owns the dict.
        unreadable: The errors of the objects that cannot be read, by key; the key of one without a name begins with
            `#`, and that of its error is empty.
        resource_version: The version of the list; `""` if the server sent none.
        is_initial: Whether this is the first list, and nothing was queued before it.
        namespace: The namespace that was listed; `""` if the list names the objects of all namespaces.

    Reference: client-go `tools/cache.ReplacedAllInfo`.
    """

    objects: dict[str, T]
    unreadable: dict[str, Unreadable]
    resource_version: str
    is_initial: bool
    namespace: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether the list names all of its objects, so that objects that it lacks were deleted."""
        return all(error.key for error in self.unreadable.values())

    def covers(self, key: str) -> bool:
        """Return whether the list decides about the object with this key, or about this item without a name."""
        namespace = self.namespace
        if not namespace:
            return True
        return key.endswith(f" in {namespace}") if key.startswith("#") else key.startswith(f"{namespace}/")


class Bookmark(NamedTuple):
    """The version up to which every change has been queued.

    Attributes:
        resource_version: The version.
        namespace: The namespace that it holds for; `""` if it holds for all of them.
    """

    resource_version: str
    namespace: str = ""


class QueuedDelta(NamedTuple, Generic[T]):
    """One entry of a queue: a change of one object, or a list, a resync or a bookmark.

    Attributes:
        type: The kind of the change.
        key: The key of the object; `""` if the change is not of one object.
        object: The object of ADDED and UPDATED; of DELETED the last state, or the error that it cannot be read with;
            the error of UNREADABLE; the list of REPLACED_ALL; the `Bookmark`; None of SYNC_ALL.
    """

    type: DeltaType
    key: str
    object: T | Unreadable | ReplacedAll[T] | Bookmark | None


class RealFIFO(ChangeQueue[T]):
    """A queue of changes in the order in which they were queued, across all objects.

    There is one producer, a reflector, or one per namespace, and one consumer, which looks at the first change with
    `peek`, applies it and then removes it with `pop`. Every change is delivered; none are combined. A list is one
    change, and the consumer compares it with its store. The deletion of an unknown object is delivered, too.

    Args:
        key_func: Returns the key of an object.
        transform: Changes each object before it is queued. It may get an object that it has changed already.
        namespaces: The namespaces that are listed one by one, each by a producer of its own; none of them means that
            one producer lists all objects.

    Concurrency: loop only.

    Reference: client-go `tools/cache.RealFIFO` with `AtomicEvents` and `EmitDeltaTypeBookmark`, the default of v0.37.
    Intended differences: there a change is lost if the transform fails, even a deletion, and a list fails as a whole.
    Batches do not exist, because nothing is locked between two changes.
    """

    _unit = "change"

    def __init__(
        self,
        *,
        key_func: Callable[[T], str] = object_key,
        transform: Callable[[T], T] | None = None,
        namespaces: Collection[str] = (),
    ) -> None:
        super().__init__(key_func, transform)
        self._items: deque[QueuedDelta[T]] = deque()
        # The namespaces whose first list has not been queued, and the first lists that have not been popped.
        self._unlisted = set(namespaces)
        self._initial: list[QueuedDelta[T]] = []

    def __len__(self) -> int:
        """Return the number of changes that are queued; a list is one change."""
        return len(self._items)

    @property
    def has_synced(self) -> bool:
        """Whether the first list of each namespace was popped, or of all, or other changes were queued before any."""
        return self._populated and not self._initial and not self._unlisted

    # The producer

    def bookmark(self, resource_version: str, namespace: str = "") -> None:
        """Queue that every change up to a version has been queued, in one namespace or in all."""
        self._append_whole(QueuedDelta(DeltaType.BOOKMARK, "", Bookmark(resource_version, namespace)))

    def resync(self) -> None:
        """Queue that handlers are to be notified of all objects again.

        Reference: client-go `RealFIFO.Resync`.
        """
        self._append_whole(QueuedDelta(DeltaType.SYNC_ALL, "", None))

    def replace(
        self,
        objects: Iterable[T],
        unreadable: Mapping[str, Unreadable] = MappingProxyType({}),
        resource_version: str = "",
        namespace: str = "",
    ) -> None:
        """Queue a list, as one change.

        Args:
            objects: The objects of the list.
            unreadable: The other objects of the list, which cannot be read, by key. If not even the name of one of them
                can be read, so that the key of its error is empty, the list proves no deletion.
            resource_version: The version of the list.
            namespace: The namespace that was listed; `""` for all.
        """
        for _ in self.replacing(objects, unreadable, resource_version, namespace):
            pass

    def replacing(
        self,
        objects: Iterable[T],
        unreadable: Mapping[str, Unreadable] = MappingProxyType({}),
        resource_version: str = "",
        namespace: str = "",
    ) -> Generator[None, None, bool]:
        """Queue a list as `replace` does, in short steps between which other tasks can run.

        The last step queues the list; nothing is queued if the steps are not done to the end.

        Yields:
            None, after each step.

        Returns:
            Whether the list names all of its objects, so that the objects that it lacks were deleted.
        """
        read: dict[str, T] = {}
        failed = yield from self._reading(objects, read.__setitem__)
        failed = {**unreadable, **failed}
        if namespace:
            # Each list counts its items without a name for itself.
            failed = {key if error.key else f"{key} in {namespace}": error for key, error in failed.items()}
        is_initial = namespace in self._unlisted if namespace else not self._populated
        listed = ReplacedAll(read, failed, resource_version, is_initial, namespace)
        delta: QueuedDelta[T] = QueuedDelta(DeltaType.REPLACED_ALL, "", listed)
        if is_initial:
            self._initial.append(delta)
            self._unlisted.discard(namespace)
        self._populated = True
        self._append_whole(delta)
        return listed.is_complete

    # The consumer

    def peek(self) -> QueuedDelta[T] | None:
        """Return the change that waits longest, which stays in the queue; None if the queue is empty."""
        if self._items:
            return self._items[0]
        if not self._closed:
            self._ready.clear()
        return None

    def pop(self) -> QueuedDelta[T] | None:
        """Remove and return the change that waits longest; None if the queue is empty."""
        if not self._items:
            return self.peek()
        delta = self._items.popleft()
        if self._initial and delta is self._initial[0]:
            del self._initial[0]
        return delta

    def _append(self, kind: DeltaType, key: str, state: T | Unreadable) -> None:
        if not has_name(key):
            raise ValueError("an object without a name cannot be stored")
        if not self._items:
            self._ready.set()
        self._items.append(QueuedDelta(kind, key, state))

    def _append_whole(self, delta: QueuedDelta[T]) -> None:
        self._ready.set()
        self._items.append(delta)
