"""The verbs that change a part of an object: patch, edit, apply, and those of the status.

Each is a mixin for all resources; those that read and that write whole objects are in `read_verbs` and `write_verbs`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Unpack, overload

from kubeloop.clients.base_resource_client import BaseResourceClient
from kubeloop.clients.metadata_verbs import PatchMetadata
from kubeloop.clients.request_bodies import AnyPatch, write_object, write_patch
from kubeloop.wire.options import ApplyOptions, WriteOptions, write_params
from kubeloop.wire.patch import APPLY_PATCH, PatchType

if TYPE_CHECKING:
    from kubeloop.clients.edit import Edit
    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.objects.change import Change
    from kubeloop.objects.draft import Draft

__all__ = ["Apply", "DraftOf", "EditStatus", "Patch", "Status", "SupportsDraft"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
D = TypeVar("D")
D_co = TypeVar("D_co", covariant=True)

Json = Mapping[str, Any]
"""An object as JSON data, with the field names of the API."""


class SupportsDraft(Protocol[D_co]):
    """An immutable object that can be edited through a draft."""

    def draft(self) -> D_co:
        """Return a draft of the object."""
        ...


class DraftOf(Protocol[T]):
    """A draft of an object of type `T`."""

    def finish(self) -> Change[T]:
        """Return the change."""
        ...


class Patch(PatchMetadata[T_co]):
    """patch and edit, and the verbs of `PatchMetadata`."""

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
            name: The name of the object.
            patch: JSON data with the API's field names: a mapping, or the operations of a JSON patch. A model that the
                program built (`Deployment(spec=DeploymentSpec(replicas=3))`) or a draft is a merge patch of the fields
                that were set. The `Change` that `draft.finish()` returns is the smallest patch that loses nothing, for
                the version that was read.
            type: `"merge"`, `"json"`, or `"strategic"` (built-in kinds only). None means a merge patch for a mapping
                and a JSON patch for a list.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it.

        Raises:
            Conflict: The patch has a `metadata.resourceVersion`, as that of a `Change` has, and the object has changed
                since.
            Invalid: The result breaks a rule, or an operation of a JSON patch failed.
            ValueError: The model or draft, or one in the mapping, was read from a server, so that it is not known which
                of its fields to send. Use `edit`, or the change that `draft().finish()` returns.
        """
        body, content_type = write_patch(patch, type)
        endpoint = await self._endpoint.located()
        path = endpoint.path(name, verb="patch")
        request = endpoint.request("PATCH", path, write_params(options, "patch"), body, content_type)
        return await endpoint.rest.call(request, endpoint.model, options.get("timeout"))

    @overload
    def edit(
        self: Patch[SupportsDraft[D]],
        name: str,
        change: Callable[[D], object],
        *,
        attempts: int = ...,
        **options: Unpack[WriteOptions],
    ) -> Coroutine[Any, Any, T_co]: ...
    @overload
    def edit(self: Patch[SupportsDraft[D]], name: str, **options: Unpack[WriteOptions]) -> Edit[T_co, D]: ...
    def edit(
        self: Patch[Any],
        name: str,
        change: Callable[[Any], object] | None = None,
        *,
        attempts: int | None = None,
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Read an object, change a draft of it, and send the change: again if somebody else changed it meanwhile.

            deployment = await deployments.edit("web", set_image)

            async with deployments.edit("web") as draft:
                draft.spec.replicas = 3

        The patch is the smallest one that loses nothing, also of fields that the model does not know, and has the
        resourceVersion that was read. Nothing is sent if nothing changed.

        With a function, `await` returns the object after the edit. After a conflict the object is read again, and the
        function is called again with a new draft. An exception in the function sends nothing.

        As a block, every normal way out sends: the end, `return`, `break` and `continue`. An exception, or `discard()`
        of the object that `edit` returns, sends nothing. A block cannot run twice: after a conflict it raises Conflict.

        Args:
            name: The name of the object.
            change: Changes the draft that it is called with; may be a coroutine function. Its result is ignored.
            attempts: How many times the function is called before Conflict is raised; 20 by default.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Raises:
            Conflict: The object changed under each of the attempts, or while the block ran. Nothing was changed.
            NotFound: The object does not exist.
            ValueError: The status was changed too: use `edit_status` for that.

        Reference: client-go util/retry, RetryOnConflict.
        """
        return _edit(self._endpoint, name, change, attempts, options, refuses_status=self._status_is_separate)


class Apply(BaseResourceClient[T]):
    """apply."""

    __slots__ = ()

    async def apply(self, obj: T | Draft[Any] | Json, *, field_manager: str, **options: Unpack[ApplyOptions]) -> T:
        """Apply a configuration (server-side apply): create the object, or own these fields and set them.

        Fields that this manager applied before and does not apply now are removed, unless another manager owns them.

        Args:
            obj: Only the fields to own: JSON data with the API's field names; or a model that the program built or read
                from a document (`from_dict`, `from_yaml`), or a draft of such a model, of which exactly the fields that
                were set are sent, zeros too. Name and namespace are taken from it.
            field_manager: The name that owns the fields.
            **options: Keyword arguments, see `ApplyOptions`:
                force: bool
                dry_run: bool
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it.

        Raises:
            Conflict: Another manager owns a field with another value, and `force` is not set; `causes` names the
                fields.
            ValueError: The object, or a part of it, was read from the server: it is not known what was set in it.
        """
        return await _apply(self._endpoint, obj, field_manager, options, None)


class EditStatus(BaseResourceClient[T_co]):
    """patch_status and edit_status."""

    __slots__ = ()
    _status_is_separate = True

    async def patch_status(
        self,
        name: str,
        patch: AnyPatch,
        *,
        type: PatchType | None = None,
        **options: Unpack[WriteOptions],
    ) -> T_co:
        """Change some fields of the status with a patch of the whole object, `{"status": {...}}`.

        Args:
            name: The name of the object.
            patch: As for `patch`.
            type: As for `patch`.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it.

        Raises:
            Conflict: As of `patch`.
            Invalid: As of `patch`.
        """
        body, content_type = write_patch(patch, type)
        endpoint = await self._endpoint.located()
        path = endpoint.path(name, "status", verb="patch_status")
        request = endpoint.request("PATCH", path, write_params(options, "patch_status"), body, content_type)
        return await endpoint.rest.call(request, endpoint.model, options.get("timeout"))

    @overload
    def edit_status(
        self: EditStatus[SupportsDraft[D]],
        name: str,
        change: Callable[[D], object],
        *,
        attempts: int = ...,
        **options: Unpack[WriteOptions],
    ) -> Coroutine[Any, Any, T_co]: ...
    @overload
    def edit_status(
        self: EditStatus[SupportsDraft[D]], name: str, **options: Unpack[WriteOptions]
    ) -> Edit[T_co, D]: ...
    def edit_status(
        self: EditStatus[Any],
        name: str,
        change: Callable[[Any], object] | None = None,
        *,
        attempts: int | None = None,
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Read an object, change the status of a draft of it, and send the change. In all else as `edit`.

        Args:
            name: The name of the object.
            change: As for `edit`.
            attempts: As for `edit`.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Raises:
            Conflict: As of `edit`.
            NotFound: The object does not exist.
            ValueError: Anything but the status was changed: use `edit` for that.
        """
        return _edit(self._endpoint, name, change, attempts, options, of_status=True)


class Status(EditStatus[T]):
    """The status of an object, which the other writing verbs do not change."""

    __slots__ = ()

    async def update_status(self, obj: T | DraftOf[T] | Json, **options: Unpack[WriteOptions]) -> T:
        """Replace the status of an object with the status of this one; the rest of it is ignored.

        Args:
            obj: The object with its new status, a draft of it, or JSON data with the API's field names.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it.

        Raises:
            Conflict: The object has changed since it was read.
            NotFound: The object does not exist.
            Invalid: The status breaks a rule; `causes` names the fields.
        """
        endpoint = await self._endpoint.located()
        path = endpoint.path_for(endpoint.identity(obj), "status", verb="update_status")
        body = write_object(obj, endpoint.info, verb="update_status")
        request = endpoint.request("PUT", path, write_params(options, "update_status"), body)
        return await endpoint.rest.call(request, endpoint.model, options.get("timeout"))

    async def apply_status(
        self, obj: T | Draft[Any] | Json, *, field_manager: str, **options: Unpack[ApplyOptions]
    ) -> T:
        """Apply a configuration of the status. In all else as `apply`.

        Args:
            obj: As for `apply`.
            field_manager: As for `apply`.
            **options: Keyword arguments, see `ApplyOptions`:
                force: bool
                dry_run: bool
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it.

        Raises:
            Conflict: As of `apply`.
            ValueError: As of `apply`.
        """
        return await _apply(self._endpoint, obj, field_manager, options, "status")


async def _apply(
    source: Endpoint[T],
    obj: T | Draft[Any] | Json,
    field_manager: str,
    options: ApplyOptions,
    subresource: str | None,
) -> T:
    verb = f"apply_{subresource}" if subresource else "apply"
    if not field_manager:
        raise ValueError(f"{verb} needs a field_manager: the name that owns the fields")
    endpoint = await source.located()
    path = endpoint.path_for(endpoint.identity(obj), subresource, verb=verb)
    params = {"fieldManager": field_manager, **write_params(options, "apply")}
    body = write_object(obj, endpoint.info, verb=verb, is_configuration=True)
    request = endpoint.request("PATCH", path, params, body, APPLY_PATCH)
    return await endpoint.rest.call(request, endpoint.model, options.get("timeout"))


def _edit(
    source: Endpoint[Any],
    name: str,
    change: Callable[[Any], object] | None,
    attempts: int | None,
    options: WriteOptions,
    *,
    refuses_status: bool = False,
    of_status: bool = False,
) -> Any:
    from kubeloop.clients.edit import edit_or_run
    from kubeloop.clients.edit_target import EditTarget

    if of_status:
        target = EditTarget[Any](source, name, options, verb="edit_status", patches="status", only="status")
    else:
        never = ("status", "edit_status") if refuses_status else None
        target = EditTarget[Any](source, name, options, verb="edit", never=never)
    return edit_or_run(target, change, attempts)
