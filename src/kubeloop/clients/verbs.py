"""The verbs: one generic mixin each, written once for all resources and all ways of naming them.

A resource's client composes the verbs that the resource has (`resource.ResourceClient` is all of them), so that a type
checker knows the rest to be missing. The options of each verb are documented in `kubeloop.wire.options`.

Every verb may raise what `RESTClient` raises: `APIError`, `TransportError`, `DecodeError`; and `ValueError` or
`TypeError`, before anything is sent, for what cannot be meant.

Reference: client-go gentype/type.go.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, Unpack, overload

from kubeloop.clients.endpoint import Endpoint
from kubeloop.clients.writing import write_object
from kubeloop.rest.body import read_deleted, write_body
from kubeloop.wire.options import (
    ApplyOptions,
    DeleteOptions,
    ListOptions,
    SelectorOptions,
    WatchOptions,
    WriteOptions,
    delete_body,
    list_params,
    write_params,
)
from kubeloop.wire.patch import APPLY_PATCH, PatchType, patch_content_type

if TYPE_CHECKING:
    from kubeloop.clients.edit import Edit
    from kubeloop.clients.watch import ResumingWatch
    from kubeloop.models import meta_v1

__all__ = [
    "Apply",
    "Create",
    "Delete",
    "DeleteCollection",
    "Get",
    "ListVerb",
    "Patch",
    "Status",
    "SupportsDraft",
    "Update",
    "Watch",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
L_co = TypeVar("L_co", covariant=True)
D = TypeVar("D")
D_co = TypeVar("D_co", covariant=True)

Json = Mapping[str, Any]
"""An object as JSON data, with wire names."""


class SupportsDraft(Protocol[D_co]):
    """What can be edited: an immutable object that gives a draft of itself."""

    def draft(self) -> D_co:
        """Return a draft: the object, to be changed."""
        ...


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


class ListVerb(Endpoint[T_co], Generic[T_co, L_co]):
    """list and iterate."""

    __slots__ = ()

    async def list(self, **options: Unpack[ListOptions]) -> L_co:
        """Read a collection, or one page of it when `limit` is given.

        Args:
            options: See `ListOptions`.

        Returns:
            The list, with the `metadata.resource_version` to watch from, and `metadata.continue_` if more pages follow.
        """
        params = list_params(options)
        request = self._request("GET", self._collection, params)
        return await self._rest.call(request, self._list_model, options.get("timeout"), is_list=True)

    def iterate(self, **options: Unpack[ListOptions]) -> AsyncIterator[T_co]:
        """Read a collection page by page and yield its objects; `limit` (500) is the size of a page.

        An object comes once. If the server forgets the snapshot between two pages, the rest comes from a new full list:
        then objects may be newer than those before, and none that exists throughout is missing.

        Args:
            options: See `ListOptions`; `timeout` is for each page.
        """
        from kubeloop.clients.paging import iterate

        return iterate(self._list_page, options)

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
            Expired: The server no longer has the version to go on from: list again, or use an informer.
            APIError: Opening failed, or opening again was refused for good (401, 403, 404, ...).
        """
        from kubeloop.clients.watch import ResumingWatch

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


class Patch(Endpoint[T_co]):
    """patch and edit."""

    __slots__ = ()

    async def patch(
        self,
        name: str,
        patch: Json | Sequence[Json],
        *,
        type: PatchType | None = None,
        **options: Unpack[WriteOptions],
    ) -> T_co:
        """Change some fields of an object.

        Args:
            name: Its name.
            patch: JSON data with wire names: a mapping, or the operations of a JSON patch.
            type: `"merge"`, `"json"`, or `"strategic"` (built-in kinds only). None takes a mapping for a merge patch
                and a list for a JSON patch.
            options: See `WriteOptions`.

        Raises:
            Conflict: The patch has a `metadata.resourceVersion`, and the object has changed since.
            Invalid: The result breaks a rule, or an operation of a JSON patch failed.
        """
        content_type = patch_content_type(patch, type)
        path = self._path(name, verb="patch")
        params = write_params(options, "patch")
        request = self._request("PATCH", path, params, write_body(patch), content_type)
        return await self._rest.call(request, self._model, options.get("timeout"))

    @overload
    def edit(
        self: Patch[SupportsDraft[D]], name: str, *, attempts: int = ..., **options: Unpack[WriteOptions]
    ) -> Edit[T_co, D]: ...
    @overload
    def edit(
        self: Patch[SupportsDraft[D]],
        name: str,
        change: Callable[[D], object],
        *,
        attempts: int = ...,
        **options: Unpack[WriteOptions],
    ) -> Awaitable[T_co]: ...
    def edit(
        self: Patch[Any],
        name: str,
        change: Callable[[Any], object] | None = None,
        *,
        attempts: int | None = None,
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Read an object, change a draft of it, and send what changed; again if somebody else was faster.

            async for deployment in deployments.edit("web"):
                deployment.spec.replicas = 3

            deployment = await deployments.edit("web", set_image)

        Each turn is an attempt on a fresh read. What is sent is the smallest patch that loses nothing, also of fields
        that the model does not know, together with the resourceVersion that was read. Nothing is sent if nothing
        changed, or if you leave by `break` or an exception.

        Args:
            name: Its name.
            change: Changes the draft it is given; may be a coroutine function. With it, `await` gives the object.
            attempts: How many before Conflict is raised.
            options: See `WriteOptions`.

        Raises:
            Conflict: It changed under each of the attempts.
            NotFound: It does not exist.
            ValueError: The status was changed too: that is `edit_status`'s.

        Reference: client-go util/retry, RetryOnConflict.
        """
        return _edit(self, name, change, attempts, options, None)


class Apply(Endpoint[T]):
    """apply."""

    __slots__ = ()

    async def apply(self, obj: T | Json, *, field_manager: str, **options: Unpack[ApplyOptions]) -> T:
        """Apply a configuration (server-side apply): create the object, or own these fields and set them.

        Fields that this manager applied before and no longer does are removed, unless another manager owns them too.

        Args:
            obj: Only the fields to own: JSON data with wire names, which can say explicit zeros, or a model. Name and
                namespace are taken from it.
            field_manager: In whose name.
            options: See `ApplyOptions`.

        Raises:
            Conflict: Another manager owns a field with another value, and `force` is not set; `causes` names them.
            ValueError: The object has managedFields: it was read from the server, and is no configuration.
        """
        return await _apply(self, obj, field_manager, options, None)


class Delete(Endpoint[T_co]):
    """delete."""

    __slots__ = ()

    async def delete(self, name: str, **options: Unpack[DeleteOptions]) -> T_co | meta_v1.Status:
        """Delete an object.

        Args:
            name: Its name.
            options: See `DeleteOptions`.

        Returns:
            What the server answers: the object, as it was or as it still is while finalizers or a grace period hold it,
            or a Status.

        Raises:
            NotFound: There is none of this name.
            Conflict: It is not the one that `uid` or `resource_version` ask for.
        """
        body = write_body(delete_body(options))
        request = self._request("DELETE", self._path(name, verb="delete"), None, body)
        response = await self._rest.exchange.send(request, timeout=options.get("timeout"))
        deleted: T_co | meta_v1.Status = read_deleted(response, self._model, request)
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

        Raises:
            ValueError: The resource is namespaced and this client is for all namespaces.
        """
        if self._namespace is None and self._info.namespaced:
            raise ValueError(f"delete_collection of {self._info.plural} needs a namespace: {self._how_to_name_one()}")
        chosen: ListOptions = {}
        rest: DeleteOptions = {}
        for name, value in options.items():
            into: Any = chosen if name in SelectorOptions.__annotations__ else rest
            into[name] = value
        body = write_body(delete_body(rest))
        request = self._request("DELETE", self._collection, list_params(chosen), body)
        await self._rest.exchange.send(request, timeout=options.get("timeout"), is_list=True)


class Status(Endpoint[T]):
    """The status of an object, which the other writing verbs leave alone."""

    __slots__ = ()
    _has_status = True

    async def update_status(self, obj: T | Json, **options: Unpack[WriteOptions]) -> T:
        """Replace the status with this object's. As `update`, but all except the status is left alone."""
        path = self._path_for(self._identity(obj), "status", verb="update_status")
        request = self._request("PUT", path, write_params(options, "update_status"), write_object(obj, self._info))
        return await self._rest.call(request, self._model, options.get("timeout"))

    async def patch_status(
        self,
        name: str,
        patch: Json | Sequence[Json],
        *,
        type: PatchType | None = None,
        **options: Unpack[WriteOptions],
    ) -> T:
        """Change some fields of the status: a patch of the whole object (`{"status": {...}}`). As `patch`."""
        content_type = patch_content_type(patch, type)
        path = self._path(name, "status", verb="patch_status")
        params = write_params(options, "patch_status")
        request = self._request("PATCH", path, params, write_body(patch), content_type)
        return await self._rest.call(request, self._model, options.get("timeout"))

    async def apply_status(self, obj: T | Json, *, field_manager: str, **options: Unpack[ApplyOptions]) -> T:
        """Apply a configuration of the status. As `apply`."""
        return await _apply(self, obj, field_manager, options, "status")

    @overload
    def edit_status(
        self: Status[Any], name: str, *, attempts: int = ..., **options: Unpack[WriteOptions]
    ) -> Edit[T, Any]: ...
    @overload
    def edit_status(
        self: Status[Any],
        name: str,
        change: Callable[[Any], object],
        *,
        attempts: int = ...,
        **options: Unpack[WriteOptions],
    ) -> Awaitable[T]: ...
    def edit_status(
        self: Status[Any],
        name: str,
        change: Callable[[Any], object] | None = None,
        *,
        attempts: int | None = None,
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Change the status of an object. As `edit`; a change of anything but the status is a ValueError."""
        return _edit(self, name, change, attempts, options, "status")


async def _apply(
    endpoint: Endpoint[T], obj: T | Json, field_manager: str, options: ApplyOptions, subresource: str | None
) -> T:
    if not field_manager:
        raise ValueError("apply needs a field_manager: the name that owns the fields")
    verb = f"apply_{subresource}" if subresource else "apply"
    path = endpoint._path_for(endpoint._identity(obj), subresource, verb=verb)
    params = {"fieldManager": field_manager, **write_params(options, "apply")}
    body = write_object(obj, endpoint._info, is_configuration=True)
    request = endpoint._request("PATCH", path, params, body, APPLY_PATCH)
    return await endpoint._rest.call(request, endpoint._model, options.get("timeout"))


def _edit(
    endpoint: Endpoint[Any],
    name: str,
    change: Callable[[Any], object] | None,
    attempts: int | None,
    options: WriteOptions,
    subresource: str | None,
) -> Any:
    from kubeloop.clients.edit import DEFAULT_ATTEMPTS, Edit

    edit = Edit(endpoint, name, options, attempts=attempts or DEFAULT_ATTEMPTS, subresource=subresource)
    return edit if change is None else edit.run(change)
