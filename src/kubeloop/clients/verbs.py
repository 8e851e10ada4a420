"""The verbs: one generic mixin each, written once for all resources and all ways of naming them.

A resource's client composes the verbs that the resource has (`resource.ResourceClient` is all of them), so that a type
checker knows the rest to be missing. The options of each verb are documented in `kubeloop.wire.options`.

Every verb may raise what `RESTClient` raises: `APIError`, `TransportError`, `DecodeError`; and `ValueError` or
`TypeError`, before anything is sent, for what cannot be meant.

The verbs that change a part of an object are in `patching`, and can be had from here too.

Reference: client-go gentype/type.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack

from kubeloop.clients.object_iterator import ObjectIterator, warn_of_unreadable
from kubeloop.clients.patch_verbs import Apply, Patch, Status, SupportsDraft
from kubeloop.clients.request_bodies import write_object
from kubeloop.clients.resource_endpoint import Endpoint
from kubeloop.wire.options import (
    DeleteOptions,
    ListOptions,
    SelectorOptions,
    WatchOptions,
    WriteOptions,
    delete_body,
    list_params,
    write_params,
)

if TYPE_CHECKING:
    from kubeloop.clients.resuming_watch import ResumingWatch
    from kubeloop.models import meta_v1

__all__ = [
    "Apply",
    "Create",
    "CreateReturningStatus",
    "Delete",
    "DeleteCollection",
    "Get",
    "List",
    "Patch",
    "Status",
    "SupportsDraft",
    "Update",
    "Watch",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
L_co = TypeVar("L_co", covariant=True)

Json = Mapping[str, Any]
"""An object as JSON data, with wire names."""


class Get(Endpoint[T_co]):
    """get."""

    __slots__ = ()

    async def get(self, name: str, *, resource_version: str | None = None, timeout: float | None = None) -> T_co:
        """Read one object.

        Args:
            name: Its name.
            resource_version: None reads the newest, `"0"` whatever the server's cache holds, which is cheaper for it.
            timeout: Seconds for the whole call; None takes the config's.

        Raises:
            NotFound: There is none of this name.
        """
        params = None if resource_version is None else {"resourceVersion": resource_version}
        return await self._rest.call(self._request("GET", self._path(name, verb="get"), params), self._model, timeout)


class List(Endpoint[T_co], Generic[T_co, L_co]):
    """list and iterate."""

    __slots__ = ()

    async def list(self, **options: Unpack[ListOptions]) -> L_co:
        """Read a collection, or one page of it when `limit` is given.

        Args:
            options: See `ListOptions`.

        Returns:
            The list, with the `metadata.resource_version` to watch from, and `metadata.continue_` if more pages follow.
            Objects that their class cannot read are not among its `items`: look at its `unreadable` before you take
            for deleted what is missing. They are told in one line of the log, too.
        """
        params = list_params(options)
        # Any: that a list has `unreadable` is known to the list class only.
        found: Any = await self._list_page(params, options.get("timeout"))
        warn_of_unreadable(self._collection, found.unreadable)
        return found  # type: ignore[no-any-return]

    def iterate(self, **options: Unpack[ListOptions]) -> ObjectIterator[T_co]:
        """Read a collection page by page and yield its objects; `limit` (500) is the size of a page.

        An object comes once. If the server forgets the snapshot between two pages, the rest comes from a new full list:
        then objects may be newer than those before, and none that exists throughout is missing.

        Objects that their class cannot read are left out and stand in the iterator's `unreadable`; each page with such
        objects is told in one line of the log.

        Args:
            options: See `ListOptions`; `timeout` is for each page.
        """
        return ObjectIterator(self._list_page, options, self._collection)

    async def _list_page(self, params: Mapping[str, Any], timeout: float | None) -> Any:
        request = self._request("GET", self._collection, params)
        return await self._rest.call(request, self._list_model, timeout, is_list=True)


class Watch(Endpoint[T_co]):
    """watch."""

    __slots__ = ()

    def watch(self, **options: Unpack[WatchOptions]) -> ResumingWatch[T_co]:
        """Follow a collection: `async with pods.watch() as events: async for event in events: ...`.

        It goes on until you leave it, `timeout` passes, or it raises: a connection that breaks or that the server
        ends is opened again from the last version seen, with back-off.

        Without `resource_version` it begins with an ADDED for each object there is. With one, events after that
        version follow.

        Args:
            options: See `WatchOptions`.

        Raises (from the block or the iteration):
            Gone: The server no longer has the version to go on from: list again, or use an informer.
            APIError: Opening failed, or opening again was refused for good (401, 403, 404, ...).
        """
        from kubeloop.clients.resuming_watch import ResumingWatch

        return ResumingWatch(self, options)


class Create(Endpoint[T]):
    """create."""

    __slots__ = ()

    async def create(self, obj: T | Json, **options: Unpack[WriteOptions]) -> T:
        """Create an object, with `metadata.name` or, for a name that the server makes up, `metadata.generate_name`.

        Args:
            obj: The object, or JSON data with wire names.
            options: See `WriteOptions`.

        Returns:
            The object as the server stored it.

        Raises:
            AlreadyExists: The name is taken.
            Invalid: It breaks a rule; `causes` names the fields.
            ValueError: No namespace, or another one than this client's.
        """
        path = self._collection_for(self._identity(obj), verb="create")
        request = self._request("POST", path, write_params(options, "create"), write_object(obj, self._info))
        return await self._rest.call(request, self._model, options.get("timeout"))


class CreateReturningStatus(Endpoint[T]):
    """create, of a kind that is never stored: the server does what the object asks for, and says so."""

    __slots__ = ()

    async def create(self, obj: T | Json, **options: Unpack[WriteOptions]) -> meta_v1.Status:
        """Send an object. Arguments and errors as of `Create.create`.

        Returns:
            The server's Status.
        """
        from kubeloop.models import meta_v1

        path = self._collection_for(self._identity(obj), verb="create")
        request = self._request("POST", path, write_params(options, "create"), write_object(obj, self._info))
        return await self._rest.call(request, meta_v1.Status, options.get("timeout"))


class Update(Endpoint[T]):
    """update."""

    __slots__ = ()

    async def update(self, obj: T | Json, **options: Unpack[WriteOptions]) -> T:
        """Replace an object with this one, as far as it is not status.

        With a `metadata.resource_version` the server refuses if the object has changed since; without one it
        overwrites whatever is there. Fields that the model does not know are lost: `edit` keeps them.

        Args:
            obj: The whole object, or JSON data with wire names. Name and namespace are taken from it.
            options: See `WriteOptions`.

        Raises:
            Conflict: It changed since it was read.
            NotFound: It does not exist.
        """
        path = self._path_for(self._identity(obj), verb="update")
        request = self._request("PUT", path, write_params(options, "update"), write_object(obj, self._info))
        return await self._rest.call(request, self._model, options.get("timeout"))


class Delete(Endpoint[T_co]):
    """delete."""

    __slots__ = ()

    async def delete(self, name: str, **options: Unpack[DeleteOptions]) -> T_co | meta_v1.Status | None:
        """Delete an object.

        Args:
            name: Its name.
            options: See `DeleteOptions`.

        Returns:
            What the server answers: the object, as it was or as it still is while finalizers or a grace period hold it,
            or a Status. None if the response is neither, or cannot be read: the HTTP status alone says that the request
            was carried out.

        Raises:
            NotFound: There is none of this name.
            Conflict: It is not the one that `uid` or `resource_version` ask for.
        """
        body = delete_body(options)
        request = self._request("DELETE", self._path(name, verb="delete"), None, body)
        deleted: T_co | meta_v1.Status | None = await self._rest.call(request, self._model, options.get("timeout"))
        return deleted


class DeletionOptions(SelectorOptions, DeleteOptions, total=False):
    """The options of delete_collection: those of delete, and which objects."""


class DeleteCollection(Endpoint[Any]):
    """delete_collection."""

    __slots__ = ()

    async def delete_collection(self, **options: Unpack[DeletionOptions]) -> None:
        """Delete the objects of a namespace (or of the cluster) that the selectors choose; all of them without any.

        Args:
            options: See `SelectorOptions` and `DeleteOptions`.

        Whatever the server answers, the HTTP status says that the request was carried out.

        Raises:
            APIError: The body is a Status that reports a failure.
            ValueError: The resource is namespaced and this client is for all namespaces.
        """
        if self._namespace is None and self._info.namespaced:
            raise ValueError(f"delete_collection of {self._info.plural} needs a namespace: {self._how_to_name_one()}")
        chosen: ListOptions = {}
        rest: DeleteOptions = {}
        for name, value in options.items():
            into: Any = chosen if name in SelectorOptions.__annotations__ else rest
            into[name] = value
        body = delete_body(rest)
        request = self._request("DELETE", self._collection, list_params(chosen), body)
        result = await self._rest.send(request, timeout=options.get("timeout"), is_list=True)
        result.raise_failure()
