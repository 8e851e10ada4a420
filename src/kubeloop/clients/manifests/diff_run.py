"""Compare the objects of a set of manifests with the cluster, as `kubectl diff --server-side` does.

Reference: kubectl pkg/cmd/diff (DiffOptions.Run).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.clients.manifests.apply_order import rank_of
from kubeloop.clients.manifests.kind_resource import KindResources
from kubeloop.clients.manifests.manifest_diff import DiffReport, ObjectDiff, compare
from kubeloop.clients.manifests.manifest_report import conflicts_of, result_of
from kubeloop.clients.manifests.object_apply import ObjectApply
from kubeloop.clients.manifests.planned_object import JSON_OBJECT, PlannedObject, add_labels, find_places, plan
from kubeloop.errors import KubeloopError, NotFound

if TYPE_CHECKING:
    from kubeloop.discovery.rest_mapper import RESTMapper
    from kubeloop.rest.client import RESTClient

__all__ = ["diff"]


async def diff(
    rest: RESTClient,
    mapper: RESTMapper,
    objects: Iterable[Any],
    *,
    field_manager: str,
    force: bool,
    namespace: str | None,
    shows_secrets: bool,
    labels: Mapping[str, str],
) -> DiffReport:
    """Compare each object with what its apply would make of it.

    Arguments as of `Clientset.diff_manifests`; `labels` are those that an apply set adds to its objects.
    """
    apply = ObjectApply(rest, field_manager=field_manager, force=force, dry_run=True, field_validation=None)
    ordered = sorted(plan(objects), key=lambda obj: rank_of(obj.gvk.group_kind))
    await find_places(ordered, KindResources(mapper), rest, namespace)
    for obj in ordered:
        if obj.error is None:
            obj.error = add_labels(obj, labels)
    return DiffReport([await _diff_one(rest, apply, obj, shows_secrets=shows_secrets) for obj in ordered])


async def _diff_one(rest: RESTClient, apply: ObjectApply, obj: PlannedObject, *, shows_secrets: bool) -> ObjectDiff:
    if obj.error is not None:
        return ObjectDiff(result_of(obj, "failed", error=obj.error))
    live: dict[str, Any] | None
    try:
        request = rest.new_request("GET", obj.path, is_confidential=obj.resource.is_confidential)
        try:
            live = await rest.call(request.with_header("Accept", rest.serializers.accept(JSON_OBJECT)), JSON_OBJECT)
        except NotFound:
            live = None
        merged = await apply.send(obj)
    except (KubeloopError, ValueError) as error:
        conflicts = conflicts_of(error)
        return ObjectDiff(result_of(obj, "conflict" if conflicts else "failed", error=error, conflicts=conflicts))
    result = result_of(obj, "unchanged", warnings=merged.warnings)
    return compare(result, live, merged.data, shows_secrets=shows_secrets)
