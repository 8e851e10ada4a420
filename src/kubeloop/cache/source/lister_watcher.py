"""The source of a reflector: `ListerWatcher`, and `ListWatch` of two functions. Those of a server are in `rest_source`.

Reference: client-go `tools/cache/listwatch.go`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from kubeloop.cache.cached_object import CachedObject

if TYPE_CHECKING:
    from kubeloop.errors import Unreadable
    from kubeloop.wire.watch_events import UnreadableEvent

__all__ = [
    "EventStream",
    "ListFunction",
    "ListMetaLike",
    "ListPage",
    "ListWatch",
    "ListerWatcher",
    "WatchEventLike",
    "WatchFunction",
]

T = TypeVar("T", bound=CachedObject)
T_co = TypeVar("T_co", bound=CachedObject, covariant=True)


class ListMetaLike(Protocol):
    """The metadata of a list that the reflector reads."""

    @property
    def resource_version(self) -> str:
        """The version of the list, from which a watch continues."""
        ...

    @property
    def continue_(self) -> str:
        """The token of the next page; `""` on the last page."""
        ...


class ListPage(Protocol[T_co]):
    """One page of a list: the list of a model, an `UnstructuredList`, or a test double."""

    @property
    def metadata(self) -> ListMetaLike:
        """The metadata of the list."""
        ...

    @property
    def items(self) -> Sequence[T_co]:
        """The objects of the page that could be read."""
        ...

    @property
    def unreadable(self) -> Mapping[str, Unreadable]:
        """Why the other objects of the page could not be read, by key."""
        ...


class WatchEventLike(Protocol[T_co]):
    """One event of a watch."""

    @property
    def type(self) -> str:
        """`ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`."""
        ...

    @property
    def object(self) -> T_co:
        """The object after the change, or before its deletion; the object of a bookmark has only a version."""
        ...


class EventStream(Protocol[T_co]):
    """The events of one watch request; an `UnreadableEvent` stands for a change of an object that cannot be read."""

    async def batch(self) -> Sequence[WatchEventLike[T_co] | UnreadableEvent]:
        """Wait for events and return some of those that have arrived; none after the server has ended the watch.

        Raises:
            APIError: The server sent an ERROR event; all events before it have been returned.
            TransportError: The connection broke.
            DecodeError: The server sent something that is not an event.
        """
        ...


class ListerWatcher(Protocol[T_co]):
    """The source of a reflector.

    Reference: client-go `tools/cache.ListerWatcherWithContext`.
    """

    async def list(
        self, *, resource_version: str = "", limit: int | None = None, continue_: str = ""
    ) -> ListPage[T_co]:
        """Read one page.

        Args:
            resource_version: `""` reads the newest state, `"0"` any state that the server has in its cache, and another
                version a state that is not older.
            limit: The number of objects per page; None reads all of them.
            continue_: The token of the page before.
        """
        ...

    def watch(self, *, resource_version: str, timeout_seconds: int) -> AbstractAsyncContextManager[EventStream[T_co]]:
        """Open one watch, with bookmarks, that the server ends after `timeout_seconds`."""
        ...


class ListFunction(Protocol[T_co]):
    """A function like `ListerWatcher.list`."""

    def __call__(self, *, resource_version: str, limit: int | None, continue_: str) -> Awaitable[ListPage[T_co]]:
        """Read one page."""
        ...


WatchFunction = Callable[[str, int], AbstractAsyncContextManager[EventStream[T]]]
"""A function that opens a watch, given the resourceVersion and the seconds after which the server ends it."""


class ListWatch(Generic[T]):
    """A source of functions.

    Args:
        list_function: Reads one page, with the keywords of `ListerWatcher.list`.
        watch_function: Opens one watch, given the resourceVersion and the seconds after which the server ends it.
        watch_list: Opens a watch that begins with the objects of a list, with the same arguments; None if the source
            cannot do that.
        exact_list: Reads one page of what the server held at exactly one version, for consistency checks; the
            metadata of the objects are enough. None if the source cannot do that.

    Attributes:
        watch_list: The function. A reflector looks for it on each source, and reads lists in pages if there is none.

    Reference: client-go `tools/cache.ListWatch`, `tools/cache.ToListWatcherWithWatchListSemantics`.
    """

    def __init__(
        self,
        list_function: ListFunction[T],
        watch_function: WatchFunction[T],
        watch_list: WatchFunction[T] | None = None,
        *,
        exact_list: ListFunction[CachedObject] | None = None,
    ) -> None:
        self._list = list_function
        self._watch = watch_function
        self.watch_list = watch_list
        self.exact_list = exact_list

    def __repr__(self) -> str:
        return "<ListWatch>"

    async def list(self, *, resource_version: str = "", limit: int | None = None, continue_: str = "") -> ListPage[T]:
        """Read one page; see `ListerWatcher.list`."""
        return await self._list(resource_version=resource_version, limit=limit, continue_=continue_)

    def watch(self, *, resource_version: str, timeout_seconds: int) -> AbstractAsyncContextManager[EventStream[T]]:
        """Open one watch; see `ListerWatcher.watch`."""
        return self._watch(resource_version, timeout_seconds)
