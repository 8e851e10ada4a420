"""Where a reflector gets its objects from: pages of a LIST and one watch request at a time.

Here live the protocols that the reflector works with, `ListWatch`, which puts two functions into that form, and
`rest_list_watch`, which takes the two from a `RESTClient`. When to list, from which version to watch, and what an error
means is decided in `reflector_rules`, not here: neither function retries or resumes by itself.

Reference: client-go `tools/cache/listwatch.go`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from kubeloop.cache.objects import CachedObject
from kubeloop.errors import DecodeError
from kubeloop.wire.options import ListOptions, SelectorOptions, list_params

if TYPE_CHECKING:
    from kubeloop.errors import Unreadable
    from kubeloop.meta.gvk import GroupVersion
    from kubeloop.rest.client import RESTClient
    from kubeloop.wire.watch_events import UnreadableEvent

__all__ = [
    "EventStream",
    "ListFunction",
    "ListPage",
    "ListWatch",
    "ListerWatcher",
    "WatchEventLike",
    "WatchFunction",
    "rest_list_watch",
]

T = TypeVar("T", bound=CachedObject)
T_co = TypeVar("T_co", bound=CachedObject, covariant=True)


class ListMetaLike(Protocol):
    """What of a list's metadata the reflector reads."""

    @property
    def resource_version(self) -> str: ...
    @property
    def continue_(self) -> str: ...


class ListPage(Protocol[T_co]):
    """One page of a list: a generated list model, an `UnstructuredList`, a double."""

    @property
    def metadata(self) -> ListMetaLike: ...
    @property
    def items(self) -> Sequence[T_co]: ...
    @property
    def unreadable(self) -> Mapping[str, Unreadable]: ...


class WatchEventLike(Protocol[T_co]):
    """One event: `type` is ADDED, MODIFIED, DELETED or BOOKMARK."""

    @property
    def type(self) -> str: ...
    @property
    def object(self) -> T_co: ...


class EventStream(Protocol[T_co]):
    """The events of one watch request; an `UnreadableEvent` stands for a change of an object that cannot be read."""

    async def batch(self) -> Sequence[WatchEventLike[T_co] | UnreadableEvent]:
        """Wait for events and return the next of those that have arrived; nothing once the server has ended the watch.

        Raises:
            APIError: the server sent an ERROR event, after all that came before it was returned.
            TransportError: the connection broke.
            DecodeError: what came is no event.
        """
        ...


class ListerWatcher(Protocol[T_co]):
    """The source of a reflector.

    Reference: client-go `tools/cache.ListerWatcherWithContext`.
    """

    async def list(
        self, *, resource_version: str = "", limit: int | None = None, continue_: str = ""
    ) -> ListPage[T_co]:
        """Ask for one page.

        Args:
            resource_version: `""` reads the newest, `"0"` whatever the server has at hand, else nothing older.
            limit: objects a page; None for all of them.
            continue_: the token of the page before.
        """
        ...

    def watch(self, *, resource_version: str, timeout_seconds: int) -> AbstractAsyncContextManager[EventStream[T_co]]:
        """Open one watch, with bookmarks, that the server ends after `timeout_seconds`."""
        ...


class ListFunction(Protocol[T_co]):
    """A function like `ListerWatcher.list`."""

    def __call__(self, *, resource_version: str, limit: int | None, continue_: str) -> Awaitable[ListPage[T_co]]: ...


WatchFunction = Callable[[str, int], AbstractAsyncContextManager[EventStream[T]]]
"""A function that opens a watch from a resourceVersion for so many seconds."""


class ListWatch(Generic[T]):
    """A source made of two functions.

    Args:
        list_function: asks for one page, with the keywords of `ListerWatcher.list`.
        watch_function: opens one watch; it is given the resourceVersion and the seconds after which it should end.

    Reference: client-go `tools/cache.ListWatch`.
    """

    def __init__(self, list_function: ListFunction[T], watch_function: WatchFunction[T]) -> None:
        self._list = list_function
        self._watch = watch_function

    def __repr__(self) -> str:
        return "<ListWatch>"

    async def list(self, *, resource_version: str = "", limit: int | None = None, continue_: str = "") -> ListPage[T]:
        """Ask for one page."""
        return await self._list(resource_version=resource_version, limit=limit, continue_=continue_)

    def watch(self, *, resource_version: str, timeout_seconds: int) -> AbstractAsyncContextManager[EventStream[T]]:
        """Open one watch."""
        return self._watch(resource_version, timeout_seconds)


def rest_list_watch(
    rest: RESTClient,
    resource: str,
    *,
    group_version: GroupVersion,
    model: type[T],
    list_model: type[Any],
    namespace: str = "",
    selectors: SelectorOptions | None = None,
) -> ListWatch[T]:
    """Build the source of a resource that a server has.

    Args:
        rest: sends the requests; the caller's.
        resource: the plural.
        group_version: where it is served.
        model: the class of its objects.
        list_model: the class of its lists.
        namespace: `""` for all of them.
        selectors: which objects; None for all. Its `timeout` is that of each LIST; a watch has its own, which the
            reflector draws.

    A response that is a list of another kind than the first one says nothing about the objects: it is a `DecodeError`,
    also where `list_model` takes lists of any kind.

    Raises:
        TypeError: `selectors` has an unknown option, or one of a wrong type.
        ValueError: an option has a wrong value.
    """
    # The options of a selector are among those of a list.
    given = cast("ListOptions", dict(selectors or {}))
    if unknown := given.keys() - SelectorOptions.__annotations__.keys():
        raise TypeError(f"selectors have no option {', '.join(sorted(unknown))}")
    list_params(given)
    timeout = given.get("timeout")
    chosen: ListOptions = {**given, "timeout": None}
    first: tuple[str, str] | None = None

    async def list_page(*, resource_version: str, limit: int | None, continue_: str) -> ListPage[T]:
        nonlocal first
        params = list_params(
            {**given, "resource_version": resource_version or None, "limit": limit, "continue_": continue_ or None}
        )
        page = await rest.get(
            resource,
            into=list_model,
            group_version=group_version,
            namespace=namespace,
            params=params,
            timeout=timeout,
        )
        said = (page.api_version, page.kind)
        if said != (first or said):
            raise DecodeError(f"expected {' '.join(first or ())} as before, got {' '.join(said)}")
        first = said
        # Any: which list class belongs to T is known to the model at run time only.
        return cast("ListPage[T]", page)

    def watch(resource_version: str, timeout_seconds: int) -> AbstractAsyncContextManager[EventStream[T]]:
        params = {
            **list_params(chosen),
            "resourceVersion": resource_version or None,
            "allowWatchBookmarks": True,
            "timeoutSeconds": timeout_seconds,
        }
        return rest.watch(resource, into=model, group_version=group_version, namespace=namespace, params=params)

    return ListWatch(list_page, watch)
