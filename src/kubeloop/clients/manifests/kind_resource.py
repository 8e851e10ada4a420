"""Which resource the kind of a manifest is, without a request where the class or a manifest of the set tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.clients.resource_info import ResourceInfo, resource_info
from kubeloop.clients.resource_lookup import look_up
from kubeloop.errors import DecodeError, KubeloopError
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind
from kubeloop.objects.type_guards import is_dict, is_items, is_mapping
from kubeloop.scheme import Scheme
from kubeloop.unstructured import UnstructuredList

if TYPE_CHECKING:
    from kubeloop.clients.discovered_endpoint import KnownResources
    from kubeloop.clients.manifests.planned_object import PlannedObject
    from kubeloop.rest.client import RESTClient

__all__ = ["KindResources", "defined_resources"]

_BUILT_IN = Scheme()


class KindResources:
    """The resources of the kinds of one set of manifests.

    Args:
        rest: Sends the requests of discovery.
        known: The resources that earlier calls have found; what is found is added.
    """

    def __init__(self, rest: RESTClient, known: KnownResources) -> None:
        self._rest = rest
        self._known = known
        self._failures: dict[GroupVersionKind, KubeloopError] = {}

    async def find(self, obj: PlannedObject) -> ResourceInfo:
        """Return the resource of an object. A failure counts for every object of the kind, without another request.

        Raises:
            NotFound: The server does not serve the kind.
            DecodeError: The kind has no resource, as a Status has none.
            KubeloopError: Discovery failed.
        """
        model = obj.model or _BUILT_IN.lookup(obj.gvk.api_version, obj.gvk.kind)
        if model is not None:
            try:
                return resource_info(model)
            except TypeError:
                raise DecodeError(f"{obj}: expected a kind with a resource, got a kind that is not stored") from None
        gvk = obj.gvk
        info = self._known.get(gvk)
        if info is not None:
            return info
        failure = self._failures.get(gvk)
        if failure is not None:
            raise failure
        try:
            info = await look_up(self._rest, ResourceInfo(gvk.group_version, "", gvk.kind, None, UnstructuredList))
        except KubeloopError as error:
            self._failures[gvk] = error
            raise
        except ValueError as error:  # a group that would break the path
            raise DecodeError(f"{obj}: {error}") from None
        self._known[gvk] = info
        return info


def defined_resources(definition: Mapping[str, Any]) -> dict[GroupVersionKind, ResourceInfo]:
    """Return the resources that a CustomResourceDefinition defines; empty for one that is not valid."""
    spec: Any = definition.get("spec")
    if not is_mapping(spec) or not is_mapping(spec.get("names")) or not is_items(spec.get("versions")):
        return {}
    texts = [spec.get("group"), spec["names"].get("plural"), spec["names"].get("kind")]
    group, plural, kind = (text if isinstance(text, str) else "" for text in texts)
    if not (group and plural and kind):
        return {}
    names = [each.get("name") for each in spec["versions"] if is_dict(each) and each.get("served")]
    versions = [name for name in names if isinstance(name, str) and name]
    namespaced = spec.get("scope") == "Namespaced"
    return {
        GroupVersionKind(group, version, kind): ResourceInfo(
            GroupVersion(group, version), plural, kind, namespaced, UnstructuredList
        )
        for version in versions
    }
