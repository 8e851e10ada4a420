"""ApplySetSteps: the steps that make a set of manifests an apply set, which is pruned.

Reference: KEP-3659; kubectl pkg/cmd/apply (ApplyOptions.Run, PrintAndPrunePostProcessor).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubeloop.clients.applyset.apply_set import ApplySet
from kubeloop.clients.applyset.applyset_format import PART_OF
from kubeloop.clients.applyset.prune_plan import AppliedMember
from kubeloop.clients.manifests.apply_order import CRD, rank_of
from kubeloop.clients.manifests.kind_resource import defined_resources
from kubeloop.clients.manifests.manifest_report import ManifestResult
from kubeloop.errors import ApplySetError
from kubeloop.objects.type_guards import is_dict

if TYPE_CHECKING:
    from kubeloop.clients.applyset.apply_set import KindMapper
    from kubeloop.clients.applyset.prune_result import PruneResult
    from kubeloop.clients.manifests.manifest_report import OnError
    from kubeloop.clients.manifests.planned_object import PlannedObject
    from kubeloop.rest.client import RESTClient
    from kubeloop.wire.options import FieldValidation

__all__ = ["ApplySetSteps"]


class ApplySetSteps:
    """The steps of one run, which `SetSteps` describes.

    Args:
        rest: Sends the requests.
        mapper: Finds the resources of kinds.
        reference: The parent, such as `configmaps/shop`.
        namespace: The namespace of the parent.
        force: Whether members of other sets are taken over.
        on_error: Whether the other objects are pruned when the deletion of one fails.
        field_validation: What the server does about unknown fields.
    """

    def __init__(
        self,
        rest: RESTClient,
        mapper: KindMapper,
        reference: str,
        *,
        namespace: str | None,
        force: bool,
        on_error: OnError,
        field_validation: FieldValidation | None,
    ) -> None:
        self._rest = rest
        self._mapper = mapper
        self._reference = reference
        self._namespace = namespace
        self._force = force
        self._on_error = on_error
        self._field_validation: FieldValidation | None = field_validation
        self._set: ApplySet | None = None
        self._objects: Sequence[PlannedObject] = ()

    async def before_apply(self, objects: Sequence[PlannedObject], *, dry_run: bool) -> Mapping[str, str]:
        """Write into the parent that it covers the objects, and return the label of members.

        Raises:
            ValueError: There is no object: pruning would delete the whole set. Or the reference is not valid.
            ApplySetError: The parent cannot be used, or the kinds of the set cannot be found.
            KubeloopError: A request failed.
        """
        if not objects:
            raise ValueError(
                f"expected the objects of the apply set {self._reference}, got none, which would prune all of it; use "
                "delete_manifests to delete objects"
            )
        self._set = await ApplySet.open(
            self._rest,
            self._reference,
            namespace=self._namespace,
            mapper=self._mapper,
            dry_run=dry_run,
            field_validation=self._field_validation,
        )
        defined = {
            kind.group_kind for obj in objects if obj.gvk.group_kind == CRD for kind in defined_resources(obj.data)
        }
        await self._set.widen(((obj.gvk.group_kind, obj.namespace) for obj in objects), arriving=defined)
        self._objects = objects
        return {PART_OF: self._set.id}

    def refusal(self, obj: PlannedObject, before: Mapping[str, Any] | None) -> ApplySetError | None:
        """Return why an object may not be applied: it is a member of another set.

        Args:
            obj: The object.
            before: The object on the server, or its metadata; None if it does not exist, or if that is not known.

        Reference: KEP-3659, which demands an error; kubectl moves the object.
        """
        metadata: Any = (before or {}).get("metadata")
        labels = metadata.get("labels") if is_dict(metadata) else None
        other = labels.get(PART_OF) if is_dict(labels) else None
        if other is None or self._force or self._set is None or other == self._set.id:
            return None
        return ApplySetError(
            f"{obj} is a member of another apply set, {other}: apply it with that set, or with force=True to move it"
        )

    async def after_apply(self, results: Sequence[ManifestResult], report: Callable[[ManifestResult], object]) -> None:
        """Prune the members that were not applied."""
        if self._set is None:
            raise RuntimeError("after_apply was called without before_apply")
        uids = {
            (each.api_version, each.kind, each.namespace, each.name): each.object.get_in("metadata", "uid", default="")
            for each in results
            if each.object is not None
        }
        applied = [
            AppliedMember(obj.gvk.group_kind, obj.resource.plural, obj.namespace, obj.name, uid)
            for obj in self._objects
            if (uid := uids.get((obj.gvk.api_version, obj.gvk.kind, obj.namespace, obj.name))) is not None
        ]
        await self._set.prune(
            applied,
            rank_of=rank_of,
            stop_on_error=self._on_error == "stop",
            report=lambda result: report(_result_of(result)),
        )

    def __repr__(self) -> str:
        return f"<ApplySetSteps of {self._reference}>"


def _result_of(pruned: PruneResult) -> ManifestResult:
    return ManifestResult(
        "pruned" if pruned.error is None else "failed",
        pruned.kind.api_version,
        pruned.kind.kind,
        pruned.namespace,
        pruned.name,
        error=pruned.error,
    )
