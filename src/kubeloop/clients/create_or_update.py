"""The verb create_or_update: read an object, change it in a function, and create it or send the smallest patch.

Reference: controller-runtime controllerutil.CreateOrPatch, CreateOrUpdate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, Unpack

from kubeloop.clients.base_resource_client import BaseResourceClient
from kubeloop.wire.options import WriteOptions, write_params

if TYPE_CHECKING:
    from kubeloop.clients.patch_verbs import SupportsDraft
    from kubeloop.clients.resource_endpoint import ResourceEndpoint

__all__ = ["CreateOrUpdate", "OperationResult", "WriteResult"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
D = TypeVar("D")

OperationResult: TypeAlias = Literal["created", "updated", "unchanged"]


class WriteResult(NamedTuple, Generic[T]):
    """The result of `create_or_update`: `web, operation = await deployments.create_or_update("web", change)`.

    Attributes:
        obj: The object as the server stored it.
        operation: `"created"`, `"updated"`, or `"unchanged"` if nothing was sent or the server stored nothing new.
    """

    obj: T
    operation: OperationResult


class CreateOrUpdate(BaseResourceClient[T_co]):
    """create_or_update."""

    __slots__ = ()

    async def create_or_update(
        self: CreateOrUpdate[SupportsDraft[D]],
        name: str,
        change: Callable[[D], object],
        *,
        attempts: int | None = None,
        **options: Unpack[WriteOptions],
    ) -> WriteResult[T_co]:
        """Read an object, call a function with a draft of it, and create the object or send the smallest patch.

            def desired(draft: core_v1.ConfigMap.Draft) -> None:
                draft.data["color"] = "green"

            paint, operation = await config_maps.create_or_update("paint", desired)

        If there is no object of this name, the draft has the name and the namespace and nothing else, and the object is
        created. Otherwise it is a draft of the object, and what the function changes is sent as by `edit`: in the
        smallest patch, which the server refuses if the object has changed since. Nothing is sent if nothing changed.

        Races are repeated from the read, with a new draft: the object was created meanwhile, has changed, or was
        deleted. So the function may run several times, and should only change its draft.

        The difference from `apply`: here a function decides with the present state at hand, which costs a read. What it
        does not touch stays, no field has an owner, and what it set once and leaves out later stays too. `apply` sends
        a configuration without reading; it removes fields that this manager no longer sends, and reports a conflict
        with other managers field by field.

        Args:
            name: The name of the object.
            change: Changes the draft that it is called with; may be a coroutine function. Its result is ignored. It
                must not change the name, the namespace or the uid.
            attempts: How many times the function is called before the error of a lost race is raised; 20 by default.
            **options: Keyword arguments, see `WriteOptions`:
                dry_run: bool
                field_manager: str | None
                field_validation: "Ignore" | "Warn" | "Strict" | None
                timeout: float | None

        Returns:
            The object as the server stored it, and what was done. Of a dry run, what would have been done.

        Raises:
            Conflict: The object changed under each of the attempts. Nothing was changed.
            AlreadyExists: The object was created and deleted again under each of the attempts.
            NotFound: The namespace does not exist, or the server does not serve the resource.
            Invalid: The object breaks a rule; `causes` names the fields.
            TransportError: The connection failed. A write may have arrived: another call finds out, and changes
                nothing if it has.
            TypeError: The function yields, so that its body does not run.
            ValueError: The function changed the name, the namespace, the uid or, where it is a subresource, the status,
                which the server would ignore: use `edit_status` for that.

        Reference: controller-runtime controllerutil.CreateOrPatch. Intended differences: the function cannot start from
            fields of a passed object, which Go overwrites if the object exists; races are repeated; and the status is
            refused, not patched by a second request.
        """
        from kubeloop.clients.edit import checked_attempts
        from kubeloop.clients.edit_target import EditTarget, LostRace, call_change, repeat_after_lost_races
        from kubeloop.clients.read_verbs import says_that_object_is_absent
        from kubeloop.errors import AlreadyExists, Conflict, NotFound

        never = ("status", "edit_status") if self._status_is_separate else None
        target = EditTarget[Any](self._endpoint, name, options, verb="create_or_update", never=never)

        async def once() -> WriteResult[T_co]:
            endpoint = await self._endpoint.located()
            try:
                before = await target.read()
            except NotFound as error:
                if not says_that_object_is_absent(error, name):
                    raise
                before = None
            draft = _new_draft(endpoint, name) if before is None else before.draft()
            await call_change(change, draft)
            found = draft.finish()
            _check_identity(found.after, before, endpoint, name)
            try:
                if before is None:
                    target.check_fields(found.changed_fields())
                    return WriteResult(await _create(endpoint, found.after, options), "created")
                after = await target.send(found)
            except (AlreadyExists, Conflict) as error:
                raise LostRace(error) from error
            except NotFound as error:
                if before is None or not says_that_object_is_absent(error, name):
                    raise
                raise LostRace(error) from error
            is_same = after is before or (
                not options.get("dry_run") and after.metadata.resource_version == before.metadata.resource_version
            )
            return WriteResult(after, "unchanged" if is_same else "updated")

        return await repeat_after_lost_races(once, target, checked_attempts(change, attempts))


def _new_draft(endpoint: ResourceEndpoint[Any], name: str) -> Any:
    """Return the draft of an object that does not exist."""
    from kubeloop.unstructured import Unstructured

    metadata = {"name": name, **({"namespace": endpoint.namespace} if endpoint.namespace else {})}
    if issubclass(endpoint.model, Unstructured):
        head = {"apiVersion": str(endpoint.info.group_version), "kind": endpoint.info.kind}
        return Unstructured({key: value for key, value in head.items() if value} | {"metadata": metadata}).draft()
    draft = endpoint.model.Draft()
    for field, value in metadata.items():
        setattr(draft.metadata, field, value)
    return draft


def _check_identity(obj: Any, before: Any, endpoint: ResourceEndpoint[Any], name: str) -> None:
    """Refuse an object of another name, namespace or uid.

    Raises:
        ValueError: The function has changed one of them.
    """
    identity = endpoint.identity(obj)
    uid = "" if before is None else before.metadata.uid
    # The server keeps the uid where there is none, as in metadata that the function has replaced.
    found_uid = obj.metadata.uid or uid
    for what, expected, found in (
        ("name", name, identity.name),
        ("namespace", endpoint.namespace, identity.namespace),
        ("uid", uid, found_uid),
    ):
        if (expected or what == "uid") and found != expected:
            raise ValueError(
                f"create_or_update: expected the {what} {expected!r}, got {found!r}: the function must not change it"
            )


async def _create(endpoint: ResourceEndpoint[Any], obj: object, options: WriteOptions) -> Any:
    from kubeloop.clients.request_bodies import write_object

    path = endpoint.collection_for(endpoint.identity(obj), verb="create_or_update")
    body = write_object(obj, endpoint.info, verb="create_or_update")
    request = endpoint.request("POST", path, write_params(options, "create_or_update"), body)
    return await endpoint.rest.call(request, endpoint.model, options.get("timeout"))
