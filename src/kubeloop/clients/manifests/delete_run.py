"""Delete the objects of a set of manifests, in the reverse of the order in which they are applied.

Reference: kubectl pkg/cmd/delete (DeleteOptions.DeleteResult). Intended differences: objects are ordered by kind;
custom objects no longer exist when anything else is deleted, because their controllers may have to finalize them; and
an object that the server deleted at once is not waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kubeloop._kit import waiting
from kubeloop._kit.value import Value
from kubeloop.clients.manifests.apply_order import CUSTOM_RANK, DEFINITION_RANK, rank_of
from kubeloop.clients.manifests.deletion_wait import wait_until_gone
from kubeloop.clients.manifests.kind_resource import KindResources
from kubeloop.clients.manifests.manifest_report import ApplyReport, ManifestResult, OnError, Progress, result_of
from kubeloop.clients.manifests.planned_object import JSON_OBJECT, PlannedObject, find_places, plan
from kubeloop.errors import KubeloopError, NotFound
from kubeloop.objects.type_guards import is_dict
from kubeloop.wire.options import DeleteOptions, delete_body

if TYPE_CHECKING:
    from kubeloop.discovery.rest_mapper import RESTMapper
    from kubeloop.rest.client import RESTClient

__all__ = ["DeleteRun", "DeleteSettings"]


class DeleteSettings(Value, frozen=True):
    """The options of `Clientset.delete_manifests`."""

    options: DeleteOptions
    namespace: str | None = None
    ignore_not_found: bool = False
    wait: bool = True
    timeout: float = 300.0
    on_error: OnError = "continue"
    progress: Progress | None = None


class DeleteRun:
    """One run of `delete_manifests`.

    Args:
        rest: Sends the requests.
        mapper: Finds the resources of kinds that have no class.
        settings: The options.
    """

    def __init__(self, rest: RESTClient, mapper: RESTMapper, settings: DeleteSettings) -> None:
        self._rest = rest
        self._settings = settings
        self._resources = KindResources(mapper)
        self._body = delete_body(settings.options)
        self._results: list[ManifestResult] = []
        self._has_stopped = False

    async def run(self, objects: Iterable[Any]) -> ApplyReport:
        """Delete the objects and return what happened to each."""
        planned = plan(objects, sends_body=False)
        ordered = sorted(planned, key=lambda obj: rank_of(obj.gvk.group_kind))[::-1]
        await find_places(ordered, self._resources, self._rest, self._settings.namespace)
        if self._settings.on_error == "stop":
            self._has_stopped = any(obj.error is not None and not self._is_absent(obj.error) for obj in ordered)
        deadline = waiting.now() + self._settings.timeout
        for _, stage in groupby(ordered, _stage):
            await self._delete_stage(list(stage), deadline)
        return ApplyReport(self._results)

    async def _delete_stage(self, objects: Sequence[PlannedObject], deadline: float) -> None:
        """Delete objects, wait until they no longer exist, and report each after that."""
        results: list[ManifestResult] = []
        pending: dict[str, dict[str, str]] = {}
        first: dict[str, PlannedObject] = {}
        for obj in objects:
            result, uid = await self._delete(obj)
            results.append(result)
            self._has_stopped |= result.has_failed and self._settings.on_error == "stop"
            if uid and self._settings.wait and not self._settings.options.get("dry_run"):
                pending.setdefault(obj.collection, {})[obj.name] = uid
                first.setdefault(obj.collection, obj)
        waits = [
            wait_until_gone(self._rest, first[path].resource, first[path].namespace, uids, deadline)
            for path, uids in pending.items()
        ]
        # All at the same time, so that one that does not end takes no time from the others.
        late = dict(zip(pending, await waiting.gather(waits), strict=True))
        for obj, result in zip(objects, results, strict=True):
            error = late[obj.collection].get(obj.name) if obj.error is None and obj.collection in late else None
            final = result if error is None or result.has_failed else result.replace(outcome="failed", error=error)
            self._has_stopped |= final.has_failed and self._settings.on_error == "stop"
            self._results.append(final)
            if self._settings.progress is not None:
                self._settings.progress(final)

    async def _delete(self, obj: PlannedObject) -> tuple[ManifestResult, str]:
        """Delete an object; return what happened, and its uid if it may still exist."""
        if obj.error is not None:
            return self._failed(obj, obj.error), ""
        if self._has_stopped:
            return result_of(obj, "skipped", reason="another object failed, and on_error is 'stop'"), ""
        request = self._rest.new_request(
            "DELETE", obj.path, self._body, is_confidential=obj.resource.is_confidential
        ).with_header("Accept", self._rest.serializers.accept(JSON_OBJECT))
        try:
            response = await self._rest.call(request, JSON_OBJECT)
        except (KubeloopError, ValueError) as error:
            return self._failed(obj, error), ""
        if not response or response.get("kind") == "Status":  # the server deleted the object at once
            return result_of(obj, "deleted"), ""
        metadata = response.get("metadata")
        uid = metadata.get("uid") if is_dict(metadata) else None
        return result_of(obj, "deleted"), uid if isinstance(uid, str) else ""

    def _failed(self, obj: PlannedObject, error: Exception) -> ManifestResult:
        return result_of(obj, "absent") if self._is_absent(error) else result_of(obj, "failed", error=error)

    def _is_absent(self, error: Exception) -> bool:
        return self._settings.ignore_not_found and isinstance(error, NotFound)


def _stage(obj: PlannedObject) -> int:
    """Return which objects are waited for together: custom objects, all others, then definitions and namespaces."""
    rank = rank_of(obj.gvk.group_kind)
    return 0 if rank >= CUSTOM_RANK else 2 if rank <= DEFINITION_RANK else 1
