"""Where a reflector gets its objects from: pages of a LIST and one watch request at a time.

Here live the protocols that the reflector works with, `ListWatch`, which puts two functions into that form, and
`rest_list_watch`, which takes the two from a `RESTClient`. When to list, from which version to watch, and what an error
means is decided in `kubeloop.listwatch`, not here: neither function retries or resumes by itself.

Reference: client-go `tools/cache/listwatch.go`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, Unpack, cast

from kubeloop.cache.objects import CachedObject
from kubeloop.clients.resource_lookup import look_up, resource_of
from kubeloop.errors import DecodeError
from kubeloop.wire.options import ListOptions, SelectorOptions, list_params

if TYPE_CHECKING:
    from kubeloop.errors import Unreadable
    from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
    from kubeloop.rest.client import RESTClient
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
    model: type[T],
    resource: GroupVersionResource | GroupVersionKind | None = None,
    /,
    *,
    namespace: str = "",
    **selectors: Unpack[SelectorOptions],
) -> ListWatch[T]:
    """Create the source of the objects that a server has: `rest_list_watch(clientset.rest, Pod, namespace="default")`.

    With a GroupVersionKind the server is asked for the resource at the first list or watch; then the scope of the
    resource decides whether the namespace counts.

    A response that is a list of another kind than the first one says nothing about the objects: it is a `DecodeError`,
    also for `Unstructured`, whose lists may be of any kind.

    Args:
        rest: sends the requests; it stays the caller's.
        model: the class of the objects: a model class, or `Unstructured`.
        resource: the resource or the kind of `Unstructured` objects; None for a model class.
        namespace: the namespace; `""` is all namespaces.
        selectors: which objects; all of them if none is given. `timeout` is that of each list, in seconds; the length
            of a watch is chosen by the reflector.

    Raises:
        TypeError: the class has no resource or no list class, `Unstructured` came without a resource, or an option is
            unknown or of the wrong type.
        ValueError: an option has a wrong value.

    Reference: client-go `tools/cache.NewListWatchFromClient`, `NewFilteredListWatchFromClient`.
    """
    return _RESTSource(rest, model, resource, namespace, selectors).list_watch()


class _RESTSource(Generic[T]):
    """Lists and watches one resource through a RESTClient."""

    def __init__(
        self,
        rest: RESTClient,
        model: type[T],
        resource: GroupVersionResource | GroupVersionKind | None,
        namespace: str,
        selectors: SelectorOptions,
    ) -> None:
        info = resource_of(model, resource)
        if info.list_model is None:
            raise TypeError(f"{model.__name__} has no list class: {info.plural} cannot be listed")
        if unknown := selectors.keys() - SelectorOptions.__annotations__.keys():
            raise TypeError(f"unknown selector options: {', '.join(sorted(unknown))}")
        # The options of a selector are among those of a list.
        self._options = cast("ListOptions", dict(selectors))
        self._watch_params = list_params({**self._options, "timeout": None})
        list_params(self._options)
        self._rest, self._model, self._info = rest, model, info
        self._namespace = namespace
        self._kind_of_list: tuple[str, str] | None = None

    def list_watch(self) -> ListWatch[T]:
        return ListWatch(self._list, self._watch if self._info.plural else self._look_up_and_watch)

    async def _list(self, *, resource_version: str, limit: int | None, continue_: str) -> ListPage[T]:
        await self._look_up()
        params = list_params(
            {
                **self._options,
                "resource_version": resource_version or None,
                "limit": limit,
                "continue_": continue_ or None,
            }
        )
        # Any: which list class belongs to T is known to the model at run time only.
        page: Any = await self._rest.get(
            self._info.plural,
            into=cast("type[Any]", self._info.list_model),
            group_version=self._info.group_version,
            namespace=self._namespace,
            params=params,
            timeout=self._options.get("timeout"),
        )
        kind = (page.api_version, page.kind)
        if kind != (self._kind_of_list or kind):
            raise DecodeError(f"expected {' '.join(self._kind_of_list or ())} as before, got {' '.join(kind)}")
        self._kind_of_list = kind
        return cast("ListPage[T]", page)

    def _watch(self, resource_version: str, timeout_seconds: int) -> AbstractAsyncContextManager[EventStream[T]]:
        params = {
            **self._watch_params,
            "resourceVersion": resource_version or None,
            "allowWatchBookmarks": True,
            "timeoutSeconds": timeout_seconds,
        }
        return self._rest.watch(
            self._info.plural,
            into=self._model,
            group_version=self._info.group_version,
            namespace=self._namespace,
            params=params,
        )

    @asynccontextmanager
    async def _look_up_and_watch(self, resource_version: str, timeout_seconds: int) -> AsyncGenerator[EventStream[T]]:
        await self._look_up()
        async with self._watch(resource_version, timeout_seconds) as stream:
            yield stream

    async def _look_up(self) -> None:
        if not self._info.plural:
            self._info = await look_up(self._rest, self._info)
            if not self._info.namespaced:
                self._namespace = ""
