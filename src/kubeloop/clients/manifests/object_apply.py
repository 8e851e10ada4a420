"""Apply one object as `kubectl apply --server-side` does, and move it away from client-side apply if necessary.

Reference: kubectl pkg/cmd/apply (applyOneObject, saveLastApplyAnnotationIfNecessary, migrateToSSAIfNecessary).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop._kit.value import Value
from kubeloop.clients.manifests.managed_fields_upgrade import LAST_APPLIED, migration_patch, owners
from kubeloop.clients.manifests.planned_object import JSON_OBJECT
from kubeloop.errors import Conflict, KubeloopError
from kubeloop.objects.type_guards import is_dict
from kubeloop.unstructured import Unstructured
from kubeloop.wire.patch import APPLY_PATCH, JSON_PATCH
from kubeloop.wire.request import target

if TYPE_CHECKING:
    from kubeloop.clients.manifests.planned_object import PlannedObject
    from kubeloop.rest.client import RESTClient
    from kubeloop.rest.result import Result
    from kubeloop.wire.options import FieldValidation
    from kubeloop.wire.request import ParamValue

__all__ = ["AppliedObject", "ObjectApply"]

logger = logging.getLogger(__name__)

_KUBECTL = "kubectl"
_KUBECTL_LAST_APPLIED = "kubectl-last-applied"
_MIGRATION_ATTEMPTS = 5


class AppliedObject(Value, frozen=True):
    """The response to an apply.

    Attributes:
        data: The JSON value of the object as the server stored it.
        was_created: Whether the object is new.
        warnings: What the server warned of, and what went wrong after the object was applied.
    """

    unshown = frozenset({"data"})

    data: Mapping[str, Any]
    was_created: bool
    warnings: tuple[str, ...]

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata of the object."""
        return _metadata(self.data)

    @property
    def object(self) -> Unstructured:
        """The object; it shares its data."""
        return Unstructured.owning(dict(self.data))


class ObjectApply:
    """Applies objects with the same options.

    Args:
        rest: Sends the requests.
        field_manager: The name that owns the fields.
        force: Whether fields of other managers are taken over.
        dry_run: Whether the server changes nothing.
        field_validation: What the server does with unknown and repeated fields; None for its default.
    """

    def __init__(
        self,
        rest: RESTClient,
        *,
        field_manager: str,
        force: bool,
        dry_run: bool,
        field_validation: FieldValidation | None,
    ) -> None:
        self._rest = rest
        self._manager = field_manager
        common: dict[str, ParamValue] = {"dryRun": "All" if dry_run else None, "fieldValidation": field_validation}
        self._options = {name: value for name, value in common.items() if value is not None}
        takes_over = {"force": True} if force else {}
        self._apply_query = target("", {"fieldManager": field_manager, **takes_over, **self._options})

    async def send(self, obj: PlannedObject) -> AppliedObject:
        """Apply an object with one request.

        Raises:
            Conflict: Other managers own fields.
            KubeloopError: As of `RESTClient.send`.
            ValueError: A name would break the path.
        """
        return _read(await self._patch(obj, self._apply_query, obj.data, APPLY_PATCH))

    async def migrate(self, obj: PlannedObject, applied: AppliedObject) -> AppliedObject:
        """Move an object that was just applied from client-side to server-side apply; other objects cost nothing.

        A failure is a warning, because the object is applied. The next apply tries again.
        """
        try:
            applied = await self._keep_annotation(obj, applied)
        except KubeloopError as error:
            return _warned(applied, f"the annotation {LAST_APPLIED} could not be kept for client-side apply: {error}")
        managers = owners(applied.metadata.get("managedFields"), "Update")
        if not managers:
            return applied
        try:
            moved = await self._move_fields(obj, applied, managers)
        except (KubeloopError, ValueError) as error:
            return _warned(applied, f"the fields could not be moved from client-side apply: {error}")
        if moved is None:
            return applied
        try:
            # Fields that the manifest no longer has belong to this manager now: applying again removes them.
            again = await self.send(obj)
        except KubeloopError as error:
            return _warned(moved, f"the object could not be applied again after its fields were moved: {error}")
        return again.replace(was_created=applied.was_created, warnings=applied.warnings)

    async def _keep_annotation(self, obj: PlannedObject, applied: AppliedObject) -> AppliedObject:
        """Apply the annotation of client-side apply with a manager of its own, as kubectl does for its own manager."""
        metadata = applied.metadata
        text = _object(metadata.get("annotations")).get(LAST_APPLIED)
        if self._manager != _KUBECTL or text is None or owners(metadata.get("managedFields"), "Apply"):
            return applied
        place = {name: metadata[name] for name in ("name", "namespace") if metadata.get(name)}
        body = {
            "apiVersion": obj.gvk.api_version,
            "kind": obj.gvk.kind,
            "metadata": {**place, "annotations": {LAST_APPLIED: text}},
        }
        query = target("", {**self._options, "fieldManager": _KUBECTL_LAST_APPLIED})
        kept = _read(await self._patch(obj, query, body, APPLY_PATCH))
        return applied.replace(data=kept.data)

    async def _move_fields(
        self, obj: PlannedObject, applied: AppliedObject, managers: list[str]
    ) -> AppliedObject | None:
        """Move the fields of managers of client-side apply to this manager; return None if there are none.

        Raises:
            Conflict: The object changed before each of the attempts.
        """
        metadata = applied.metadata
        query = target("", {**self._options, "fieldManager": self._manager})
        for attempt in range(1, _MIGRATION_ATTEMPTS + 1):
            patch = migration_patch(metadata, managers, self._manager)
            if patch is None:
                return None
            try:
                moved = _read(await self._patch(obj, query, patch, JSON_PATCH))
            except Conflict as error:
                if attempt == _MIGRATION_ATTEMPTS:
                    raise
                logger.debug("manifests: %s changed while its fields were moved (%s); reading it again", obj, error)
                request = self._rest.new_request("GET", obj.path, is_confidential=obj.resource.is_confidential)
                found = await self._rest.call(request, JSON_OBJECT)
                metadata = _metadata(found)
            else:
                return applied.replace(data=moved.data)
        return None

    async def _patch(self, obj: PlannedObject, query: str, body: object, content_type: str) -> Result:
        confidential = obj.resource.is_confidential
        request = self._rest.new_request(
            "PATCH", obj.path + query, body, content_type=content_type, is_confidential=confidential
        )
        del body  # which can be a Secret: reports of errors show local variables
        if "Accept" not in request.headers:  # the client prefers another format than JSON
            request = request.with_header("Accept", self._rest.serializers.accept(JSON_OBJECT))
        return await self._rest.send(request)


def _metadata(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata of a response, whatever the server sent."""
    return _object(data.get("metadata"))


def _object(value: Any) -> Mapping[str, Any]:
    return value if is_dict(value) else {}


def _read(result: Result) -> AppliedObject:
    data = result.read(JSON_OBJECT)
    return AppliedObject(data, result.was_created, tuple(warning.text for warning in result.warnings))


def _warned(applied: AppliedObject, warning: str) -> AppliedObject:
    return applied.replace(warnings=(*applied.warnings, warning))
