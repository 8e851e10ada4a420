"""ResourceTable: finds resources, kinds and categories in what discovery found. Without input and output.

The rules are those of client-go's mappers together: of a name in several groups or versions, the core group comes
first, then the groups in the order of the server, and of each group the preferred version; a short name counts only if
no resource has this name; a group may be cut short (`storageclasses.storage`).

Reference: client-go restmapper (discovery.go, shortcut.go, category_expansion.go), apimachinery pkg/api/meta
(DefaultRESTMapper, MultiRESTMapper, PriorityRESTMapper), cli-runtime pkg/resource (Builder.mappingFor).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kubeloop.discovery.missing_match import missing_match
from kubeloop.discovery.resource_argument import parse_resource_argument
from kubeloop.discovery.rest_mapping import RESTMapping
from kubeloop.errors import AmbiguousMatch
from kubeloop.meta.gvk import GroupKind, GroupResource, GroupVersion, GroupVersionKind, GroupVersionResource

if TYPE_CHECKING:
    from kubeloop.discovery.discovery_format import GroupsAndResources
    from kubeloop.models import meta_v1

__all__ = ["ResourceName", "ResourceTable"]

ResourceName = str | GroupVersionKind | GroupVersionResource | GroupKind | GroupResource
"""What names a resource: a text as for kubectl, which is searched for, or a value, which is exact."""

_CORE = GroupVersion("", "v1")


class ResourceTable:
    """The resources of a server, by all of their names.

    There are two kinds of questions: a *partial* resource, a `GroupVersionResource` whose empty group or version means
    any, is searched for, as in client-go; a kind is exact in its group.

    Args:
        found: What discovery found.
        server: The address of the server, for messages.
    """

    def __init__(self, found: GroupsAndResources, server: str = "") -> None:
        self._server = server
        self.failures: Mapping[GroupVersion, Exception] = found.failures
        lists = {one.group_version: one for one in found.resources}
        self._rank: dict[GroupVersion, int] = {_CORE: 0}
        self._all: dict[GroupVersionResource, RESTMapping] = {}
        self._by_resource: dict[str, list[RESTMapping]] = {}
        self._told_names: dict[str, set[str]] = {}
        self._by_kind: dict[str, list[RESTMapping]] = {}
        self._categories: dict[str, dict[GroupResource, None]] = {}
        for group in found.groups:
            for version in _preferred_first(group):
                self._rank.setdefault(GroupVersion(group.name, version), len(self._rank))
            for each in group.versions:
                listed = lists.get(each.group_version)
                if listed is not None:
                    self._add(GroupVersion(group.name, each.version), listed.resources)

    def _add(self, group_version: GroupVersion, resources: Iterable[meta_v1.APIResource]) -> None:
        for resource in resources:
            for category in resource.categories:
                name = GroupResource(group_version.group, resource.name)
                self._categories.setdefault(category, {})[name] = None
            if "/" in resource.name or not resource.kind or not resource.name:
                continue
            name_and_version = group_version.with_resource(resource.name)
            if name_and_version in self._all:
                continue  # a server that repeats itself
            mapping = RESTMapping(
                group_version.with_kind(resource.kind),
                name_and_version,
                resource.namespaced,
                tuple(resource.verbs),
                resource.singular_name or resource.kind.lower(),
                tuple(resource.short_names),
                tuple(resource.categories),
            )
            self._all[name_and_version] = mapping
            for told in (resource.name, resource.singular_name):
                self._told_names.setdefault(told, set()).add(group_version.group)
            for known in {resource.name.lower(), mapping.singular.lower()}:
                self._by_resource.setdefault(known, []).append(mapping)
            self._by_kind.setdefault(resource.kind.lower(), []).append(mapping)

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return f"<ResourceTable of {len(self._all)} resources, {len(self.failures)} group versions missing>"

    def resolve(self, name: ResourceName) -> RESTMapping:
        """Return what kubectl means by a name, or what a value names exactly.

        A text may be a short name, a plural, a singular or a kind, alone, with a group, or with version and group. In a
        value, an empty group is the core group, and an empty version the preferred one.

        Raises:
            NoMatch: The server has no such resource.
            AmbiguousMatch: It has several in one group and version.
            DiscoveryIncomplete: It could be in a group version that discovery could not read.
        """
        if isinstance(name, (GroupVersionKind, GroupKind)):
            return self.mapping(name)
        if isinstance(name, (GroupVersionResource, GroupResource)):
            version = name.version if isinstance(name, GroupVersionResource) else ""
            return self._one(self._exact(name.group, version, name.resource), name, name.group, version)
        versioned, plain = parse_resource_argument(name)
        partial = plain.with_version("")
        for each in (versioned, partial):
            if each is not None and (found := self._matching(self.expanded(each))):
                return self._one(found, name)
        found = []
        if versioned is not None:
            found = self._kinds(versioned.group, versioned.resource, [versioned.version])
        return self._one(found or self._kinds(plain.group, plain.resource, [], any_group=not plain.group), name)

    def mapping(self, kind: GroupVersionKind | GroupKind, *versions: str) -> RESTMapping:
        """Return the resource of a kind.

        Args:
            kind: The kind; its version, if it has one, is the only one that is searched.
            versions: The versions to search, best first; none means all, the preferred version first.

        Raises:
            NoMatch, AmbiguousMatch, DiscoveryIncomplete: As for `resolve`.
        """
        wanted = _versions_of(kind, versions)
        found = self._kinds(kind.group, kind.kind, wanted)
        found.sort(key=lambda each: wanted.index(each.kind.version) if wanted else 0)
        if wanted and found:
            found = [each for each in found if each.kind.version == found[0].kind.version]
        return self._one(found, kind, kind.group, *wanted)

    def mappings(self, kind: GroupVersionKind | GroupKind, *versions: str) -> list[RESTMapping]:
        """Return every resource of a kind, in the order of the server's versions. Arguments and errors as `mapping`."""
        wanted = _versions_of(kind, versions)
        return self._kinds(kind.group, kind.kind, wanted) or self._none(kind, kind.group, wanted)

    def resource_for(self, partial: GroupVersionResource) -> GroupVersionResource:
        """Return the resource that a partial one means, by the priority of groups and versions.

        Raises:
            NoMatch, AmbiguousMatch, DiscoveryIncomplete: As for `resolve`.
        """
        return self._best(partial).resource

    def resources_for(self, partial: GroupVersionResource) -> list[GroupVersionResource]:
        """Return every resource that a partial one could mean, in the order of the server.

        Raises:
            NoMatch, DiscoveryIncomplete: As for `resolve`.
        """
        return [each.resource for each in self._every(partial)]

    def kind_for(self, partial: GroupVersionResource) -> GroupVersionKind:
        """Return the kind of the resource that a partial one means. Errors as of `resource_for`."""
        return self._best(partial).kind

    def kinds_for(self, partial: GroupVersionResource) -> list[GroupVersionKind]:
        """Return the kind of every resource that a partial one could mean. Errors as of `resources_for`."""
        return list(dict.fromkeys(each.kind for each in self._every(partial)))

    def singular(self, resource: str) -> str:
        """Return the name for one object of a resource: `"pod"` for `"pods"` or `"po"`. Errors as of `resource_for`."""
        return self._best(GroupVersionResource("", "", resource)).singular

    def category(self, name: str) -> tuple[GroupResource, ...] | None:
        """Return the resources of a category, such as `"all"`; None if no resource is in it."""
        found = self._categories.get(name)
        return None if found is None else tuple(found)

    def expanded(self, partial: GroupVersionResource) -> GroupVersionResource:
        """Return the resource that a short name means; any other name is returned as it is.

        A version is kept, where client-go drops it.
        """
        choices = self.short_name_choices(partial)
        if not choices:
            return partial
        return GroupVersionResource(choices[0].group, partial.version, choices[0].resource)

    def short_name_choices(self, partial: GroupVersionResource) -> list[GroupResource]:
        """Return the resources whose short name this is, the chosen one first; none if a resource has the very name."""
        name, group = partial.resource, partial.group
        told = self._told_names.get(name, set())
        if group in told or (told and not group):
            return []
        short = [each for each in self._all.values() if name in each.short_names]
        exact = [each for each in short if not group or each.kind.group == group]
        cut_short = [each for each in short if each.kind.group.startswith(group)][:1]
        found = exact or cut_short
        return list(dict.fromkeys(each.resource.group_resource for each in found))

    def _matching(self, partial: GroupVersionResource) -> list[RESTMapping]:
        """Return the resources with this plural or singular, in any case; an empty group or version means any."""
        group, version = partial.group, partial.version
        named = self._by_resource.get(partial.resource.lower(), [])
        found = [each for each in named if not version or each.kind.version == version]
        if not group:
            return found
        exact = [each for each in found if each.kind.group == group]
        return exact if exact or version else [each for each in found if each.kind.group.startswith(group)]

    def _exact(self, group: str, version: str, resource: str) -> list[RESTMapping]:
        return [
            each
            for each in self._by_resource.get(resource.lower(), ())
            if each.kind.group == group and (not version or each.kind.version == version)
        ]

    def _kinds(self, group: str, kind: str, versions: Sequence[str], *, any_group: bool = False) -> list[RESTMapping]:
        return [
            each
            for each in self._by_kind.get(kind.lower(), ())
            if (each.kind.kind == kind or kind.islower())
            and (any_group or each.kind.group == group)
            and (not versions or each.kind.version in versions)
        ]

    def _every(self, partial: GroupVersionResource) -> list[RESTMapping]:
        found = self._matching(self.expanded(partial))
        return found or self._none(partial, partial.group or None, [partial.version])

    def _best(self, partial: GroupVersionResource) -> RESTMapping:
        return self._one(self._matching(self.expanded(partial)), partial, partial.group or None, partial.version)

    def _one(
        self, found: Sequence[RESTMapping], name: ResourceName, group: str | None = None, *versions: str
    ) -> RESTMapping:
        """Return the mapping of the best group and version."""
        if not found:
            self._none(name, group, versions)
        best = min(self._rank[each.group_version] for each in found)
        chosen = [each for each in found if self._rank[each.group_version] == best]
        # The plural is the name of a resource, and the singular only another one for it.
        if len(chosen) > 1 and isinstance(name, (str, GroupResource, GroupVersionResource)):
            wanted = (name.partition(".")[0] if isinstance(name, str) else name.resource).lower()
            chosen = [each for each in chosen if each.resource.resource == wanted] or chosen
        if len(chosen) > 1:
            candidates = [str(each) for each in chosen]
            raise AmbiguousMatch(
                f"{str(name)!r} could be any of {', '.join(candidates)}: use one of these", candidates=candidates
            )
        return chosen[0]

    def _none(self, name: ResourceName, group: str | None, versions: Iterable[str]) -> list[RESTMapping]:
        """Raise the error for a name that means nothing here."""
        known = self._by_kind if isinstance(name, (GroupVersionKind, GroupKind)) else self._by_resource
        raise missing_match(
            name,
            group,
            versions,
            failures=self.failures,
            known=self._names(known),
            elsewhere=self._elsewhere(name),
            server=self._server,
        )

    def _elsewhere(self, name: ResourceName) -> list[str]:
        """Return the group versions that have a kind or resource of the same name."""
        if isinstance(name, str):
            return []
        if isinstance(name, (GroupVersionKind, GroupKind)):
            found = (each for each in self._all.values() if each.kind.kind == name.kind)
        else:
            found = (each for each in self._all.values() if each.resource.resource == name.resource)
        return list(dict.fromkeys(str(each.group_version) for each in found))

    def _names(self, known: Mapping[str, list[RESTMapping]]) -> list[str]:
        if known is self._by_kind:
            return [each[0].kind.kind for each in known.values()]
        return [*known, *(short for each in self._all.values() for short in each.short_names)]


def _versions_of(kind: GroupVersionKind | GroupKind, versions: Sequence[str]) -> list[str]:
    wanted = [version for version in versions if version]
    if isinstance(kind, GroupVersionKind) and kind.version and kind.version not in wanted:
        wanted.append(kind.version)
    return wanted


def _preferred_first(group: meta_v1.APIGroup) -> list[str]:
    versions = [each.version for each in group.versions]
    preferred = group.preferred_version.version
    return [preferred, *(each for each in versions if each != preferred)] if preferred in versions else versions
