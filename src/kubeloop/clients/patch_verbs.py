"""The verbs that change a part of an object: patch, edit, apply, and those of the status.

The other verbs, and what holds for all of them, are in `verbs`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Unpack, overload

from kubeloop.clients.request_bodies import AnyPatch, write_object, write_patch
from kubeloop.clients.resource_endpoint import Endpoint
from kubeloop.wire.options import ApplyOptions, WriteOptions, write_params
from kubeloop.wire.patch import APPLY_PATCH, PatchType

if TYPE_CHECKING:
    from kubeloop.clients.edit import Edit
    from kubeloop.objects.draft import Draft

__all__ = ["Apply", "Patch", "Status", "SupportsDraft"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
D = TypeVar("D")
D_co = TypeVar("D_co", covariant=True)

Json = Mapping[str, Any]
"""An object as JSON data, with wire names."""


class SupportsDraft(Protocol[D_co]):
    """What can be edited: an immutable object that gives a draft of itself."""

    def draft(self) -> D_co:
        """Return a draft: the object, to be changed."""
        ...


class Patch(Endpoint[T_co]):
    """patch and edit."""

    __slots__ = ()

    async def patch(
        self,
        name: str,
        patch: AnyPatch,
        *,
        type: PatchType | None = None,
        **options: Unpack[WriteOptions],
    ) -> T_co:
        """Change some fields of an object.

        Args:
            name: Its name.
            patch: JSON data with wire names: a mapping, or the operations of a JSON patch. A model that you build
                (`Deployment(spec=DeploymentSpec(replicas=3))`) or a draft is a merge patch of the fields that were set.
            type: `"merge"`, `"json"`, or `"strategic"` (built-in kinds only). None takes a mapping for a merge patch
                and a list for a JSON patch.
            options: See `WriteOptions`.

        Raises:
            Conflict: The patch has a `metadata.resourceVersion`, and the object has changed since.
            Invalid: The result breaks a rule, or an operation of a JSON patch failed.
            ValueError: The model or draft, or one in the mapping, was read from a server: which of its fields to send
                is not known. Use `edit`, or the patches of `draft().finish()`.
        """
        body, content_type = write_patch(patch, type)
        path = self._path(name, verb="patch")
        params = write_params(options, "patch")
        request = self._request("PATCH", path, params, body, content_type)
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
    ) -> Coroutine[Any, Any, T_co]: ...
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

    async def apply(self, obj: T | Draft[Any] | Json, *, field_manager: str, **options: Unpack[ApplyOptions]) -> T:
        """Apply a configuration (server-side apply): create the object, or own these fields and set them.

        Fields that this manager applied before and no longer does are removed, unless another manager owns them too.

        Args:
            obj: Only the fields to own: JSON data with wire names; a model that you build or read from a document
                (`from_dict`, `from_yaml`), or a draft of one, of which exactly the fields that were given are sent,
                zeros too. Name and namespace are taken from it.
            field_manager: In whose name.
            options: See `ApplyOptions`.

        Raises:
            Conflict: Another manager owns a field with another value, and `force` is not set; `causes` names them.
            ValueError: The object, or a part of it, was read from the server: what was set in it is not known.
        """
        return await _apply(self, obj, field_manager, options, None)


class EditStatus(Endpoint[T_co]):
    """patch_status and edit_status."""

    __slots__ = ()
    _has_status = True

    async def patch_status(
        self,
        name: str,
        patch: AnyPatch,
        *,
        type: PatchType | None = None,
        **options: Unpack[WriteOptions],
    ) -> T_co:
        """Change some fields of the status: a patch of the whole object (`{"status": {...}}`). As `patch`."""
        body, content_type = write_patch(patch, type)
        path = self._path(name, "status", verb="patch_status")
        params = write_params(options, "patch_status")
        request = self._request("PATCH", path, params, body, content_type)
        return await self._rest.call(request, self._model, options.get("timeout"))

    @overload
    def edit_status(
        self: EditStatus[SupportsDraft[D]], name: str, *, attempts: int = ..., **options: Unpack[WriteOptions]
    ) -> Edit[T_co, D]: ...
    @overload
    def edit_status(
        self: EditStatus[SupportsDraft[D]],
        name: str,
        change: Callable[[D], object],
        *,
        attempts: int = ...,
        **options: Unpack[WriteOptions],
    ) -> Coroutine[Any, Any, T_co]: ...
    def edit_status(
        self: EditStatus[Any],
        name: str,
        change: Callable[[Any], object] | None = None,
        *,
        attempts: int | None = None,
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Change the status of an object. As `edit`; a change of anything but the status is a ValueError."""
        return _edit(self, name, change, attempts, options, "status")


class Status(EditStatus[T]):
    """The status of an object, which the other writing verbs leave alone."""

    __slots__ = ()

    async def update_status(self, obj: T | Json, **options: Unpack[WriteOptions]) -> T:
        """Replace the status with this object's. As `update`, but all except the status is left alone."""
        path = self._path_for(self._identity(obj), "status", verb="update_status")
        request = self._request("PUT", path, write_params(options, "update_status"), write_object(obj, self._info))
        return await self._rest.call(request, self._model, options.get("timeout"))

    async def apply_status(
        self, obj: T | Draft[Any] | Json, *, field_manager: str, **options: Unpack[ApplyOptions]
    ) -> T:
        """Apply a configuration of the status. As `apply`."""
        return await _apply(self, obj, field_manager, options, "status")


async def _apply(
    endpoint: Endpoint[T],
    obj: T | Draft[Any] | Json,
    field_manager: str,
    options: ApplyOptions,
    subresource: str | None,
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

    tries = DEFAULT_ATTEMPTS if attempts is None else attempts
    edit: Edit[Any, Any] = Edit(endpoint, name, options, attempts=tries, subresource=subresource)
    return edit if change is None else edit.run(change)
