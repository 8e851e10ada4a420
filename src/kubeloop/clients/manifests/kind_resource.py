"""Which resource the kind of a manifest is, without a request where the class or a manifest of the set tells it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, Any

from kubeloop.clients.resource_info import ResourceInfo, resource_info
from kubeloop.clients.resource_lookup import info_of
from kubeloop.errors import AmbiguousMatch, DecodeError, DiscoveryIncomplete, KubeloopError, NoMatch
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind
from kubeloop.objects.type_guards import is_dict, is_items, is_mapping
from kubeloop.scheme import Scheme
from kubeloop.unstructured import UnstructuredList

if TYPE_CHECKING:
    from kubeloop.clients.manifests.planned_object import PlannedObject
    from kubeloop.discovery.rest_mapper import RESTMapper
    from kubeloop.discovery.rest_mapping import RESTMapping

__all__ = ["KindResources", "defined_resources"]

_BUILT_IN = Scheme()


class KindResources:
    """The resources of the kinds of one set of manifests.

    Args:
        mapper: The mapper of the client, which is used for kinds without a class. The first kind that it does not
            know makes it ask the server again, once for the set.
    """

    def __init__(self, mapper: RESTMapper) -> None:
        self._mapper = mapper
        self._has_refreshed = False
        self._failures: dict[GroupVersionKind, KubeloopError] = {}

    async def find(self, obj: PlannedObject) -> ResourceInfo:
        """Return the resource of an object. A failure counts for every object of the kind, without another request.

        Raises:
            NotFound: The server does not serve the kind.
            DecodeError: The kind has no resource, as a Status has none.
            KubeloopError: Discovery failed for the group of the kind.
        """
        model = obj.model or _BUILT_IN.lookup(obj.gvk.api_version, obj.gvk.kind)
        if model is not None:
            try:
                return resource_info(model)
            except TypeError:
                raise DecodeError(f"{obj}: expected a kind with a resource, got a kind that is not stored") from None
        failure = self._failures.get(obj.gvk)
        if failure is None:
            try:
                return info_of(await self._mapping(obj.gvk))
            except KubeloopError as error:
                failure = self._failures[obj.gvk] = error.with_traceback(None)
        failure = copy(failure)  # an error per object, with notes of its own
        failure.__notes__ = list(getattr(failure, "__notes__", ()))
        failure.add_note(f"it is the kind of {obj}")
        raise failure from None

    async def _mapping(self, kind: GroupVersionKind) -> RESTMapping:
        table = await self._mapper.table()
        with suppress(*(() if self._has_refreshed else (NoMatch, AmbiguousMatch, DiscoveryIncomplete))):
            return table.mapping(kind)
        self._has_refreshed = True
        return await self._mapper.mapping(kind)


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
