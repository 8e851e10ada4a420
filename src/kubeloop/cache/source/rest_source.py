"""`rest_list_watch` and `rest_list_watches`: the sources of reflectors that read through a RESTClient.

A source sends one request per call. When to list, where to resume and what an error means is decided in
`kubeloop.listwatch`.
Reference: client-go `tools/cache/listwatch.go`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, cast

from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.source.list_kind import ListKind
from kubeloop.cache.source.lister_watcher import EventStream, ListPage, ListWatch, WatchEventLike, WatchFunction
from kubeloop.cache.time_slice import in_slices
from kubeloop.clients.metadata_requests import forgetting_kinds, is_metadata, metadata_headers
from kubeloop.clients.resource_info import namespace_for
from kubeloop.clients.resource_lookup import info_of, look_up, resource_of, served_kinds
from kubeloop.errors import APIError, DecodeError, TransportError
from kubeloop.meta.namespaces import ALL_NAMESPACES
from kubeloop.unstructured import Unstructured, UnstructuredList
from kubeloop.wire.options import ListOptions, SelectorOptions, list_params
from kubeloop.wire.watch_events import UnreadableEvent

if TYPE_CHECKING:
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.discovery.rest_mapper import RESTMapper
    from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
    from kubeloop.meta.namespaces import DefaultNamespace
    from kubeloop.rest.client import RESTClient
    from kubeloop.wire.request import ParamValue

__all__ = ["rest_list_watch", "rest_list_watches"]

T = TypeVar("T", bound=CachedObject)


def rest_list_watch(
    rest: RESTClient,
    model: type[T],
    resource: GroupVersionResource | GroupVersionKind | type[CachedObject] | str | None = None,
    /,
    *,
    namespace: str | DefaultNamespace = ALL_NAMESPACES,
    watch_list: bool = True,
    mapper: RESTMapper | None = None,
    **selectors: Unpack[SelectorOptions],
) -> ListWatch[T]:
    """Create the source of the objects that a server has: `rest_list_watch(clientset.rest, Pod, namespace="default")`.

    With a GroupVersionKind or a name, the server is asked for the resource at the first list or watch; then the scope
    of the resource decides whether the namespace counts.

    For `PartialObjectMetadata` the server sends only the metadata of the objects. A server that cannot do that sends
    whole objects, of which the metadata are read.

    A response of another kind says nothing about the objects, and raises `DecodeError`. For `Unstructured` the plural
    shows the kind, and discovery is asked about a kind that the plural does not explain. Metadata do not name the kind
    of their objects.

    Args:
        rest: The client that sends the requests; it stays the caller's.
        model: The class of the objects: a model class, `Unstructured`, or `PartialObjectMetadata`.
        resource: The resource or the kind of `Unstructured` objects, or a name as for kubectl; of metadata also the
            model class; None for a model class.
        namespace: The namespace; `ALL_NAMESPACES` for all of them, `DEFAULT` for the one of the config.
        watch_list: Whether a reflector may read a list as the beginning of a watch, which costs the server less memory.
            It reads pages all the same where the server does not support that.
        mapper: Finds the resource of a name; None for one of its own.
        selectors: The selectors; all objects if none is given. `timeout` is the timeout of each list in seconds; the
            reflector chooses the length of a watch.

    Returns:
        The source, for a `SharedInformer` or a `Reflector`.

    Raises:
        TypeError: The class has no resource or no list class, `Unstructured` came without a resource, or an option is
            unknown or of the wrong type.
        ValueError: An option has a wrong value, or a namespace was named and the resource has none.

    Reference: client-go `tools/cache.NewListWatchFromClient`, `NewFilteredListWatchFromClient`, `metadata.Client`.
    """
    source = _RESTSource(rest, model, _Resource(rest, model, resource, mapper), namespace, selectors)
    return source.list_watch(streams_lists=watch_list)


_INITIAL_EVENTS: Mapping[str, ParamValue] = {
    "sendInitialEvents": True,
    "resourceVersionMatch": "NotOlderThan",
}


def rest_list_watches(
    rest: RESTClient,
    model: type[T],
    resource: GroupVersionResource | GroupVersionKind | type[CachedObject] | str | None = None,
    /,
    *,
    namespaces: Collection[str],
    watch_list: bool = True,
    mapper: RESTMapper | None = None,
    **selectors: Unpack[SelectorOptions],
) -> dict[str, ListWatch[T]]:
    """Create the source of each of several namespaces, for a `SharedInformer`.

    Everything else is as for `rest_list_watch`. The resource of a GroupVersionKind is looked up once for all sources.
    If its objects belong to no namespace, every source fails with `ValueError`: all would list the same objects.

    Args:
        rest: As for `rest_list_watch`.
        model: As for `rest_list_watch`.
        resource: As for `rest_list_watch`.
        namespaces: The namespaces.
        watch_list: As for `rest_list_watch`.
        mapper: As for `rest_list_watch`.
        selectors: As for `rest_list_watch`.

    Returns:
        The sources by namespace.

    Raises:
        TypeError, ValueError: As for `rest_list_watch`.
    """
    found = _Resource(rest, model, resource, mapper)
    return {
        namespace: _RESTSource(rest, model, found, namespace, selectors, needs_namespace=True).list_watch(
            streams_lists=watch_list
        )
        for namespace in namespaces
    }


class _Resource:
    """A resource, which several sources look up once."""

    def __init__(
        self,
        rest: RESTClient,
        model: type[Any],
        resource: GroupVersionResource | GroupVersionKind | type[CachedObject] | str | None,
        mapper: RESTMapper | None,
    ) -> None:
        self.info = resource_of(model, resource)
        self._name = resource if isinstance(resource, str) else None
        self._mapper = mapper
        self._list_kind = ListKind(self.info)
        self._rest = rest
        self._lock = asyncio.Lock()

    async def look_up(self) -> None:
        """Ask the server for the plural, if it is not known."""
        async with self._lock:
            if not self.info.plural:
                self.info = await (look_up(self._rest, self.info) if self._name is None else self._resolve(self._name))
                self._list_kind = ListKind(self.info)

    async def _resolve(self, name: str) -> ResourceInfo:
        if self._mapper is None:
            from kubeloop.discovery.discovery_client import DiscoveryClient
            from kubeloop.discovery.memory_discovery import MemoryDiscovery
            from kubeloop.discovery.rest_mapper import RESTMapper

            self._mapper = RESTMapper(MemoryDiscovery(DiscoveryClient.from_rest(self._rest)))
        return info_of(await self._mapper.resolve(name)).replace(list_model=self.info.list_model)

    async def check(self, check: Callable[[ListKind], None]) -> None:
        """Check the kind of a response, and ask discovery before a kind is refused.

        Raises:
            DecodeError: The response is of another kind, or discovery could not be asked.
        """
        try:
            check(self._list_kind)
        except DecodeError as doubt:
            try:
                kinds = await served_kinds(self._rest, self.info.group_version)
            except (APIError, DecodeError, TransportError) as error:
                raise DecodeError(f"{doubt}; discovery could not be asked: {error}") from error
            self._list_kind.discovered(kinds)
            check(self._list_kind)


class _RESTSource(Generic[T]):
    """Lists and watches one resource through a RESTClient."""

    def __init__(
        self,
        rest: RESTClient,
        model: type[T],
        resource: _Resource,
        namespace: str | DefaultNamespace,
        selectors: SelectorOptions,
        *,
        needs_namespace: bool = False,
    ) -> None:
        info = resource.info
        if info.list_model is None:
            raise TypeError(f"{model.__name__} has no list class: {info.plural} cannot be listed")
        if unknown := selectors.keys() - SelectorOptions.__annotations__.keys():
            raise TypeError(f"unknown selector options: {', '.join(sorted(unknown))}")
        # The options of a selector are among those of a list.
        self._options = cast("ListOptions", dict(selectors))
        self._watch_params = list_params({**self._options, "timeout": None})
        list_params(self._options)
        self._rest, self._model, self._resource, self._info = rest, model, resource, info
        self._needs_namespace = needs_namespace
        self._is_metadata = is_metadata(model)
        self._namespace = namespace_for(rest, info, namespace)

    def list_watch(self, *, streams_lists: bool) -> ListWatch[T]:
        watch: WatchFunction[T] = self._watch
        watch_list: WatchFunction[T] = self._watch_list
        if not self._info.plural:
            watch, watch_list = self._looking_up(watch), self._looking_up(watch_list)
        return ListWatch(self._list, watch, watch_list if streams_lists else None, exact_list=self._list_exactly)

    async def _list(self, *, resource_version: str, limit: int | None, continue_: str) -> ListPage[T]:
        await self._look_up()
        list_model = cast("type[Any]", self._info.list_model)
        page = await self._read_page(
            list_model,
            metadata_headers(self._rest, list_model) if self._is_metadata else None,
            {"resource_version": resource_version or None, "limit": limit, "continue_": continue_ or None},
        )
        return cast("ListPage[T]", page)

    async def _list_exactly(
        self, *, resource_version: str, limit: int | None, continue_: str
    ) -> ListPage[CachedObject]:
        from kubeloop.models import meta_v1

        await self._look_up()
        list_model = meta_v1.PartialObjectMetadataList
        paging: ListOptions = {"limit": limit, "resource_version": resource_version, "resource_version_match": "Exact"}
        if continue_:
            paging = {"limit": limit, "continue_": continue_}  # which contains the version
        page = await self._read_page(list_model, metadata_headers(self._rest, list_model), paging)
        return cast("ListPage[CachedObject]", page)

    async def _read_page(self, list_model: type[Any], headers: Mapping[str, str] | None, paging: ListOptions) -> Any:
        # Any: which list class belongs to T is known to the model at run time only.
        page: Any = await self._rest.get(
            self._info.plural,
            into=list_model,
            group_version=self._info.group_version,
            namespace=self._namespace,
            params=list_params({**self._options, **paging}),
            headers=headers,
            timeout=self._options.get("timeout"),
        )
        if isinstance(page, UnstructuredList):
            item = (page.items[0].api_version, page.items[0].kind) if page.items else None
            await self._resource.check(lambda kind: kind.check_list(page.api_version, page.kind, item))
        elif headers is not None:
            if page.__kind__ != list_model.kind:  # whole objects
                item = (page.items[0].__api_version__, page.items[0].__kind__) if page.items else None
                await self._resource.check(lambda kind: kind.check_list(page.__api_version__, page.__kind__, item))
            await in_slices(forgetting_kinds(page.items))
        return page

    def _watch(self, resource_version: str, timeout_seconds: int) -> AbstractAsyncContextManager[EventStream[T]]:
        return self._open_watch(resource_version, timeout_seconds, {})

    def _watch_list(self, resource_version: str, timeout_seconds: int) -> AbstractAsyncContextManager[EventStream[T]]:
        return self._open_watch(resource_version, timeout_seconds, _INITIAL_EVENTS)

    def _open_watch(
        self, resource_version: str, timeout_seconds: int, more: Mapping[str, ParamValue]
    ) -> AbstractAsyncContextManager[EventStream[T]]:
        params = {
            **self._watch_params,
            **more,
            "resourceVersion": resource_version or None,
            "allowWatchBookmarks": True,
            "timeoutSeconds": timeout_seconds,
        }
        opened = self._rest.watch(
            self._info.plural,
            into=self._model,
            group_version=self._info.group_version,
            namespace=self._namespace,
            params=params,
            headers=metadata_headers(self._rest, self._model) if self._is_metadata else None,
        )
        return _checking(opened, self._resource) if issubclass(self._model, Unstructured) else opened

    def _looking_up(self, watch: WatchFunction[T]) -> WatchFunction[T]:
        @asynccontextmanager
        async def look_up_and_watch(resource_version: str, timeout_seconds: int) -> AsyncGenerator[EventStream[T]]:
            await self._look_up()
            async with watch(resource_version, timeout_seconds) as stream:
                yield stream

        return look_up_and_watch

    async def _look_up(self) -> None:
        if self._info.plural:
            return
        await self._resource.look_up()
        info = self._resource.info
        if not info.namespaced:
            if self._needs_namespace:
                raise ValueError(f"{info.plural} are not namespaced: leave out the namespaces")
            self._namespace = ""
        self._info = info


@asynccontextmanager
async def _checking(
    opened: AbstractAsyncContextManager[EventStream[T]], resource: _Resource
) -> AsyncGenerator[EventStream[T]]:
    """Open a watch, and check the kind of its first object."""
    async with opened as stream:
        yield _CheckedStream(stream, resource)


class _CheckedStream(Generic[T]):
    def __init__(self, stream: EventStream[T], resource: _Resource) -> None:
        self._stream = stream
        self._resource = resource

    async def batch(self) -> Sequence[WatchEventLike[T] | UnreadableEvent]:
        events = await self._stream.batch()
        first: Any = next((event.object for event in events if not isinstance(event, UnreadableEvent)), None)
        if first is not None:
            await self._resource.check(lambda kind: kind.check_object(first.api_version, first.kind))
            self.batch = self._stream.batch  # type: ignore[method-assign]
        return events
