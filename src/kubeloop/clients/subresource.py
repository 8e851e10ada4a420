"""Subresources: `deployments.scale("web")` is an object with exactly the verbs that the subresource has.

The verbs of the status (`update_status`) and of the log of a pod belong to the client of the resource.

Reference: client-go kubernetes/typed/*/*_expansion.go and the methods generated from `+genclient:method`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, Unpack, cast, overload

from kubeloop._kit.near_names import did_you_mean
from kubeloop.clients.base_resource_client import all_of
from kubeloop.clients.object_identity import identity_of
from kubeloop.clients.request_bodies import AnyPatch, configuration_data, write_patch
from kubeloop.objects.model import Kind, Model
from kubeloop.wire.options import ApplyOptions, WriteOptions, write_params
from kubeloop.wire.patch import APPLY_PATCH, PatchType
from kubeloop.wire.plain_values import to_data

if TYPE_CHECKING:
    from kubeloop.clients.edit import Edit
    from kubeloop.clients.patch_verbs import SupportsDraft
    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.wire.request import Params

__all__ = ["ApplySub", "CreateSub", "GetSub", "PatchSub", "Subresource", "UpdateSub"]

D = TypeVar("D")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Req_contra = TypeVar("Req_contra", contravariant=True)

Json = Mapping[str, Any]


class Subresource(Generic[R_co]):
    """One subresource of one object.

    Args:
        endpoint: The endpoint of the resource; its namespace counts.
        name: The name of the object.
        subresource: The name of the subresource: `scale`, `eviction`, ...
        model: The class of the response.

    Raises:
        ValueError: The endpoint has no namespace but needs one, or a name would break the path.
    """

    __slots__ = ("_endpoint", "_model", "_name", "_subresource")

    def __init__(self, endpoint: Endpoint[Any], name: str, subresource: str, model: type[R_co]) -> None:
        self._endpoint = endpoint
        self._name = name
        self._subresource = subresource
        self._model = model
        endpoint.check(name, subresource, verb=subresource)

    async def _send(
        self,
        method: str,
        params: Params | None,
        timeout: float | None,
        body: object = None,
        content_type: str | None = None,
    ) -> R_co:
        endpoint = await self._endpoint.located()
        path = endpoint.path(self._name, self._subresource, verb=self._subresource)
        request = endpoint.request(method, path, params, body, content_type)
        return await endpoint.rest.call(request, self._model, timeout)

    async def _send_object(
        self,
        method: str,
        params: Params | None,
        timeout: float | None,
        obj: object,
        content_type: str | None = None,
    ) -> R_co:
        """Send an object with its name and namespace: servers compare them with the path.

        Raises:
            ValueError: The object has another name or namespace.
        """
        what = self._subresource
        endpoint = await self._endpoint.located()
        identity = identity_of(obj, what)
        namespace = endpoint.namespace or ""
        if identity.name not in {"", self._name}:
            raise ValueError(f"{what} of {self._name!r}: the object's metadata.name is {identity.name!r}")
        if namespace and identity.namespace not in {"", namespace}:
            raise ValueError(f"{what} in {namespace!r}: the object's metadata.namespace is {identity.namespace!r}")
        body = obj
        if not identity.name or (namespace and not identity.namespace):
            data = dict(cast("Json", to_data(obj)))
            metadata: dict[str, Any] = {**(data.get("metadata") or {}), "name": self._name}
            body = data | {"metadata": {**metadata, "namespace": namespace} if namespace else metadata}
            if isinstance(obj, Model) and endpoint.rest.serializers.writes(type(obj)):
                body = type(obj).from_dict(body)
        return await self._send(method, params, timeout, body, content_type)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            known = all_of(type(self))
            what = f"{type(self).__name__} has no {name!r}{did_you_mean(name, known)}"
            # With the name and no object, Python adds no suggestion of its own.
            raise AttributeError(f"{what} (available: {', '.join(known)})", name=name)

    def __repr__(self) -> str:
        verbs = ", ".join(all_of(type(self)))
        return f"<{type(self).__name__} {self._subresource} of {self._name} of {self._endpoint}: {verbs}>"


def _with_kind(obj: object, model: type[Any]) -> object:  # Any: the class of the response may be any
    """Return a mapping with the `apiVersion` and `kind` of the subresource, where they are missing."""
    if not issubclass(model, Kind):
        return obj
    head = {"apiVersion": model.api_version, "kind": model.kind}
    return {**head, **cast("Json", obj)} if isinstance(obj, Mapping) else obj


class GetSub(Subresource[R_co]):
    """get."""

    __slots__ = ()

    async def get(self, *, resource_version: str | None = None, timeout: float | None = None) -> R_co:
        """Read the subresource. Arguments as of the `get` of a resource."""
        return await self._send("GET", {"resourceVersion": resource_version}, timeout)


class UpdateSub(Subresource[R]):
    """update."""

    __slots__ = ()

    async def update(self, obj: R | Json, **options: Unpack[WriteOptions]) -> R:
        """Replace the subresource, as the `update` of a resource does; name and namespace are filled in.

        Args:
            obj: The whole subresource, or JSON data with the API's field names.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None
        """
        params = write_params(options, "update")
        return await self._send_object("PUT", params, options.get("timeout"), _with_kind(obj, self._model))


class PatchSub(Subresource[R_co]):
    """patch and edit."""

    __slots__ = ()

    async def patch(self, patch: AnyPatch, *, type: PatchType | None = None, **options: Unpack[WriteOptions]) -> R_co:
        """Change some fields, as the `patch` of a resource does.

        Args:
            patch: As for the `patch` of a resource.
            type: As for the `patch` of a resource.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None
        """
        body, content_type = write_patch(patch, type)
        return await self._send("PATCH", write_params(options, "patch"), options.get("timeout"), body, content_type)

    @overload
    def edit(
        self: PatchSub[SupportsDraft[D]],
        change: Callable[[D], object],
        *,
        attempts: int = ...,
        **options: Unpack[WriteOptions],
    ) -> Coroutine[Any, Any, R_co]: ...
    @overload
    def edit(self: PatchSub[SupportsDraft[D]], **options: Unpack[WriteOptions]) -> Edit[R_co, D]: ...
    def edit(
        self: PatchSub[Any],
        change: Callable[[Any], object] | None = None,
        *,
        attempts: int | None = None,
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Read the subresource, change a draft of it, and send the change, as the `edit` of a resource does.

            def double(scale: autoscaling_v1.Scale.Draft) -> None:
                scale.spec.replicas *= 2

            await deployments.scale("web").edit(double)

            async with deployments.scale("web").edit() as scale:
                scale.spec.replicas = 3

        Args:
            change: As for the `edit` of a resource.
            attempts: As for the `edit` of a resource.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Raises:
            Conflict: The object changed under each of the attempts, or while the block ran. Nothing was changed.
            NotFound: The object does not exist, or has no such subresource.
        """
        from kubeloop.clients.edit import edit_or_run
        from kubeloop.clients.edit_target import EditTarget

        target = EditTarget[Any](
            self._endpoint,
            self._name,
            options,
            verb=f"{self._subresource}.edit",
            reads=self._subresource,
            patches=self._subresource,
            model=self._model,
        )
        return edit_or_run(target, change, attempts)


class ApplySub(Subresource[R]):
    """apply."""

    __slots__ = ()

    async def apply(self, obj: R | Json, *, field_manager: str, **options: Unpack[ApplyOptions]) -> R:
        """Apply a configuration, as the `apply` of a resource does; name and namespace are filled in.

        Args:
            obj: As for the `apply` of a resource.
            field_manager: The name that owns the fields.
            **options: Keyword arguments, see `ApplyOptions`:
                force: bool
                dry_run: bool
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None
        """
        if not field_manager:
            raise ValueError("apply needs a field_manager: the name that owns the fields")
        params = {"fieldManager": field_manager, **write_params(options, "apply")}
        data = _with_kind(configuration_data(obj), self._model)
        return await self._send_object("PATCH", params, options.get("timeout"), data, APPLY_PATCH)


class CreateSub(Subresource[R_co], Generic[Req_contra, R_co]):
    """create."""

    __slots__ = ()

    async def create(self, body: Req_contra | Json, **options: Unpack[WriteOptions]) -> R_co:
        """Send an object, and return the response of the server.

        Args:
            body: The object, or JSON data with the API's field names. Name and namespace are filled in.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None
        """
        return await self._send_object("POST", write_params(options, "create"), options.get("timeout"), body)
