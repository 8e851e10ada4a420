"""The verbs that read: get, list, iterate and watch, each a mixin for all resources.

Reference: client-go gentype/type.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, overload

from kubeloop.clients.base_resource_client import BaseResourceClient
from kubeloop.clients.object_iterator import ObjectIterator, warn_of_unreadable
from kubeloop.clients.tables.table_verb import AsTable
from kubeloop.clients.wait_verb import Wait
from kubeloop.errors import NotFound, Unreadable
from kubeloop.wire.options import ListOptions, WatchOptions, list_params

if TYPE_CHECKING:
    from kubeloop.clients.prefetching_iterator import PrefetchingIterator
    from kubeloop.clients.resuming_watch import ResumingWatch

__all__ = ["Get", "List", "Watch", "says_that_object_is_absent"]

T_co = TypeVar("T_co", covariant=True)
L_co = TypeVar("L_co", covariant=True)


class Get(BaseResourceClient[T_co]):
    """get, get_or_none and exists."""

    __slots__ = ()

    async def get(self, name: str, *, resource_version: str | None = None, timeout: float | None = None) -> T_co:
        """Read one object.

        Args:
            name: The name of the object.
            resource_version: None reads the newest version; `"0"` reads any version from the server's cache, which
                costs the server less.
            timeout: Seconds for the whole call; None takes the timeout of the config.

        Raises:
            NotFound: There is no object of this name.
            ValueError: The client has no namespace, or the name would break the path.
        """
        endpoint = await self._endpoint.located()
        params = None if resource_version is None else {"resourceVersion": resource_version}
        request = endpoint.request("GET", endpoint.path(name, verb="get"), params)
        return await endpoint.rest.call(request, endpoint.model, timeout)

    async def get_or_none(
        self, name: str, *, resource_version: str | None = None, timeout: float | None = None
    ) -> T_co | None:
        """Read one object, or return None if there is no object of this name.

        Args:
            name: The name of the object.
            resource_version: See `get`.
            timeout: See `get`.

        Raises:
            NotFound: The server does not serve the resource: that says nothing about the object.
        """
        try:
            return await self.get(name, resource_version=resource_version, timeout=timeout)
        except NotFound as error:
            if says_that_object_is_absent(error, name):
                return None
            raise

    async def exists(self, name: str, *, resource_version: str | None = None, timeout: float | None = None) -> bool:
        """Return whether there is an object of this name, even one that its class cannot read.

        Args:
            name: The name of the object.
            resource_version: See `get`.
            timeout: See `get`.

        Raises:
            NotFound: The server does not serve the resource: that says nothing about the object.
        """
        try:
            return await self.get_or_none(name, resource_version=resource_version, timeout=timeout) is not None
        except Unreadable:
            return True


class List(AsTable[T_co], Generic[T_co, L_co]):
    """list, iterate and as_table."""

    __slots__ = ()

    async def list(self, **options: Unpack[ListOptions]) -> L_co:
        """Read a collection, or one page of it if `limit` is given.

        Args:
            **options: Keyword arguments, see `ListOptions`:
                label_selector: str | Mapping[str, str] | labels.Selector | None
                field_selector: str | Mapping[str, str] | fields.Selector | None
                shard_selector: str | None
                timeout: float | None
                resource_version: str | None
                resource_version_match: "NotOlderThan" | "Exact" | None
                limit: int | None
                continue_: str | None

        Returns:
            The list, with the `metadata.resource_version` to watch from, and `metadata.continue_` if more pages follow.
            Objects that their class cannot read are not among the `items`, but in `unreadable`: an object that is
            missing from both was deleted. One log line names them, too.
        """
        # Any: that a list has `unreadable` is known to the list class only.
        found: Any = await self._list_page(list_params(options), options.get("timeout"))
        warn_of_unreadable(self._endpoint.collection, found.unreadable)
        return found  # type: ignore[no-any-return]

    @overload
    def iterate(self, *, prefetch: None = None, **options: Unpack[ListOptions]) -> ObjectIterator[T_co]: ...
    @overload
    def iterate(self, *, prefetch: int, **options: Unpack[ListOptions]) -> PrefetchingIterator[T_co]: ...
    def iterate(self, *, prefetch: int | None = None, **options: Unpack[ListOptions]) -> Any:
        """Read a collection page by page and yield its objects: `async for pod in pods.iterate(): ...`.

        Each object is yielded once. If the server drops the snapshot between two pages, the rest comes from a new full
        list: its objects may be newer than those before, and no object that existed throughout is missing.

        Objects that their class cannot read are not yielded; they are in `unreadable` of the iterator, and one log
        line per page names them.

        Args:
            prefetch: How many pages are read ahead while the objects of one are used; None for none. It makes the
                iterator a block, which owns the task that reads:
                `async with pods.iterate(prefetch=2) as found: async for pod in found: ...`.
            **options: Keyword arguments, see `ListOptions`; `limit` is the size of a page (500 by default), `timeout`
                is for each page:
                label_selector: str | Mapping[str, str] | labels.Selector | None
                field_selector: str | Mapping[str, str] | fields.Selector | None
                shard_selector: str | None
                timeout: float | None
                resource_version: str | None
                resource_version_match: "NotOlderThan" | "Exact" | None
                limit: int | None
                continue_: str | None
        """
        if prefetch is None:
            return ObjectIterator[T_co](self._list_page, options, self._endpoint.collection)
        from kubeloop.clients.prefetching_iterator import PrefetchingIterator

        return PrefetchingIterator[T_co](self._list_page, options, self._endpoint.collection, prefetch)

    async def _list_page(self, params: Mapping[str, Any], timeout: float | None) -> Any:
        endpoint = await self._endpoint.located()
        request = endpoint.request("GET", endpoint.collection, params)
        return await endpoint.rest.call(request, endpoint.list_model, timeout, is_list=True)


class Watch(Wait[T_co]):
    """watch and wait."""

    __slots__ = ()

    def watch(self, **options: Unpack[WatchOptions]) -> ResumingWatch[T_co]:
        """Follow a collection: `async with pods.watch() as events: async for event in events: ...`.

        The watch continues until the block is left, `timeout` has passed, or it raises: a connection that breaks or
        that the server ends is opened again from the last version seen, with back-off.

        Without `resource_version` it begins with an ADDED event for each object that exists. With it, events after that
        version follow.

        Args:
            **options: Keyword arguments, see `WatchOptions`:
                label_selector: str | Mapping[str, str] | labels.Selector | None
                field_selector: str | Mapping[str, str] | fields.Selector | None
                shard_selector: str | None
                timeout: float | None
                resource_version: str | None
                bookmarks: bool

        Raises (from the block or the iteration):
            Gone: The server no longer has the version to go on from: list again, or use an informer.
            APIError: Opening failed, or opening again was refused for good (401, 403, 404, ...).
        """
        from kubeloop.clients.resuming_watch import ResumingWatch

        return ResumingWatch(self._endpoint, options)


def says_that_object_is_absent(error: NotFound, name: str) -> bool:
    """Return whether a 404 says that the object of this name does not exist.

    A server that does not serve the resource responds with 404, too; that response names no object.
    """
    return error.status.name == name
