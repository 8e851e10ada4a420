"""The two forms of discovery, parsed into one: groups, and a resource list per group version. Without I/O.

Aggregated discovery (v2) has everything in two documents; the older form has one document per group version.

Reference: client-go discovery/aggregated_discovery.go, discovery/discovery_client.go (ServerPreferredResources).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

from kubeloop.errors import DecodeError, KubeloopError
from kubeloop.meta.gvk import GroupVersion
from kubeloop.models import apidiscovery_v2, meta_v1
from kubeloop.wire.request import group_version_path
from kubeloop.wire.serializers.registry import JSON_ONLY, Serializers, parse_media_type

__all__ = [
    "AGGREGATED",
    "NAMELESS",
    "DiscoveryDocument",
    "GroupsAndResources",
    "ResourceLists",
    "core_group",
    "from_aggregated",
    "is_aggregated",
    "parsing_aggregated",
    "preferred",
    "readable_names",
    "without_failure",
]

# Old servers look at the order of the parameters.
AGGREGATED = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""The parameters of a media type by which a server is asked for aggregated discovery."""
_AGGREGATED = parse_media_type(f";{AGGREGATED}")[1]


NAMELESS = "#"
"""How the keys of groups begin whose names cannot be read: they could be any group."""


class _Pair(NamedTuple):
    groups: tuple[meta_v1.APIGroup, ...]
    resources: tuple[meta_v1.APIResourceList, ...]


class GroupsAndResources(_Pair):
    """The groups and resources of a server: `groups, resources = ...`.

    Attributes:
        failures: The error of each group version that is missing from `resources`, as when an aggregated server is
            down; empty unless `allow_partial` was set.
    """

    failures: Mapping[GroupVersion, Exception]

    def __new__(
        cls,
        groups: Iterable[meta_v1.APIGroup],
        resources: Iterable[meta_v1.APIResourceList],
        failures: Mapping[GroupVersion, Exception],
    ) -> Self:
        """Create the tuple."""
        self = super().__new__(cls, tuple(groups), tuple(resources))
        self.failures = failures
        return self


class ResourceLists(tuple[meta_v1.APIResourceList, ...]):
    """Resource lists, one per group version; `failures` has the error of each that is missing."""

    failures: Mapping[GroupVersion, Exception]

    def __new__(cls, lists: Iterable[meta_v1.APIResourceList], failures: Mapping[GroupVersion, Exception]) -> Self:
        """Create the tuple."""
        self = super().__new__(cls, tuple(lists))
        self.failures = failures
        return self


class DiscoveryDocument:
    """One discovery document: the groups, and the resources if the document has them.

    Attributes:
        resources: None if the document has only the groups.
    """

    __slots__ = ("failures", "groups", "resources")

    def __init__(
        self,
        groups: list[meta_v1.APIGroup] | None = None,
        resources: dict[GroupVersion, meta_v1.APIResourceList] | None = None,
        failures: dict[GroupVersion, Exception] | None = None,
    ) -> None:
        self.groups: list[meta_v1.APIGroup] = [] if groups is None else groups
        self.resources = resources
        self.failures: dict[GroupVersion, Exception] = {} if failures is None else failures

    def __repr__(self) -> str:
        return f"<DiscoveryDocument of {len(self.groups)} groups, {len(self.failures)} failures>"


def is_aggregated(content_type: str, serializers: Serializers = JSON_ONLY) -> bool:
    """Return whether a `Content-Type` is that of aggregated discovery, whatever the order of its parameters."""
    media_type, parameters = parse_media_type(content_type)
    return serializers.reads(media_type) and _AGGREGATED.items() <= parameters.items()


def from_aggregated(document: apidiscovery_v2.APIGroupDiscoveryList) -> DiscoveryDocument:
    """Parse an aggregated document at once. A group version that is stale is a failure, not data."""
    *_, result = parsing_aggregated(document)
    return result


def parsing_aggregated(document: apidiscovery_v2.APIGroupDiscoveryList) -> Iterator[DiscoveryDocument]:
    """Parse an aggregated document in short steps: yield the same result after each group, the last time whole."""
    resources: dict[GroupVersion, meta_v1.APIResourceList] = {}
    result = DiscoveryDocument(resources=resources)
    for key, error in document.unreadable.items():
        name = error.name or key  # of a group without a name, the key is its place in the document
        result.failures[GroupVersion(name, "")] = DecodeError(f"discovery of {name!r}: {error}")
    yield result
    for item in document.items:
        versions: list[meta_v1.GroupVersionForDiscovery] = []
        for version in item.versions:
            group_version = GroupVersion(item.metadata.name, version.version)
            try:
                group_version_path(group_version)
            except ValueError as error:
                result.failures[group_version] = DecodeError(f"discovery of {item.metadata.name!r}: {error}")
                continue
            if version.freshness == "Stale":
                result.failures[group_version] = KubeloopError(
                    f"discovery of {group_version} is stale: its aggregated server does not respond"
                )
                continue
            versions.append(meta_v1.GroupVersionForDiscovery(group_version=str(group_version), version=version.version))
            resources[group_version] = meta_v1.APIResourceList(
                group_version=str(group_version), resources=list(_resources(version.resources))
            )
        preferred_version = versions[0] if versions else meta_v1.GroupVersionForDiscovery()
        result.groups.append(
            meta_v1.APIGroup(name=item.metadata.name, versions=versions, preferred_version=preferred_version)
        )
        yield result


def _resources(items: Sequence[apidiscovery_v2.APIResourceDiscovery]) -> Iterable[meta_v1.APIResource]:
    for item in items:
        kind = item.response_kind
        namespaced = item.scope == "Namespaced"
        if kind is not None and kind.kind:
            yield meta_v1.APIResource(
                name=item.resource,
                singular_name=item.singular_resource,
                namespaced=namespaced,
                group=kind.group,
                version=kind.version,
                kind=kind.kind,
                verbs=item.verbs,
                short_names=item.short_names,
                categories=item.categories,
            )
        for sub in item.subresources:
            kind = sub.response_kind
            if kind is not None and kind.kind:
                yield meta_v1.APIResource(
                    name=f"{item.resource}/{sub.subresource}",
                    singular_name=item.singular_resource,
                    namespaced=namespaced,
                    group=kind.group,
                    version=kind.version,
                    kind=kind.kind,
                    verbs=sub.verbs,
                )


def readable_names(groups: Iterable[meta_v1.APIGroup]) -> tuple[list[GroupVersion], dict[GroupVersion, Exception]]:
    """Return the group versions that groups name, and the errors of those whose names would break the path."""
    names: list[GroupVersion] = []
    failures: dict[GroupVersion, Exception] = {}
    for group in groups:
        for one in group.versions:
            try:
                name = GroupVersion.parse(one.group_version)
                group_version_path(name)
            except ValueError as error:
                failures[GroupVersion(group.name, one.version)] = DecodeError(f"discovery of {group.name!r}: {error}")
            else:
                names.append(name)
    return names, failures


def core_group(versions: meta_v1.APIVersions) -> list[meta_v1.APIGroup]:
    """Return the core group as `/api` has it in the older form; an empty list if it names no version."""
    known = [meta_v1.GroupVersionForDiscovery(group_version=name, version=name) for name in versions.versions]
    return [meta_v1.APIGroup(versions=known, preferred_version=known[0])] if known else []


def preferred(found: GroupsAndResources) -> list[meta_v1.APIResourceList]:
    """Return each resource in the version that its group prefers, or else in the first one, without subresources."""
    lists = {one.group_version: one for one in found.resources}
    chosen: dict[tuple[str, str], tuple[str, meta_v1.APIResource]] = {}
    order: list[str] = []
    for group in found.groups:
        for version in group.versions:
            resource_list = lists.get(version.group_version)
            if resource_list is None:
                continue
            order.append(version.group_version)
            is_preferred = version.version == group.preferred_version.version
            for resource in resource_list.resources:
                key = (group.name, resource.name)
                if "/" not in resource.name and (is_preferred or key not in chosen):
                    chosen[key] = (version.group_version, resource)
    kept: dict[str, list[meta_v1.APIResource]] = {name: [] for name in order}
    for group_version, resource in chosen.values():
        kept[group_version].append(resource)
    return [meta_v1.APIResourceList(group_version=name, resources=items) for name, items in kept.items() if items]


def without_failure(
    found: GroupsAndResources, group_version: GroupVersion, listed: meta_v1.APIResourceList
) -> GroupsAndResources:
    """Return what was found with one more list of resources, in the place of its failure."""
    failures = {name: error for name, error in found.failures.items() if name != group_version}
    others = [each for each in found.resources if each.group_version != listed.group_version]
    return GroupsAndResources(found.groups, [*others, listed], failures)
