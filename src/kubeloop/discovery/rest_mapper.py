"""RESTMapper: from the names of kinds and resources to the resources of a server, which it asks when it has to.

`resource_table` has the rules. Reference: client-go restmapper, DeferredDiscoveryRESTMapper.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from kubeloop.discovery.resource_argument import parse_resource_argument
from kubeloop.discovery.resource_table import ResourceTable
from kubeloop.errors import AmbiguousMatch, DiscoveryIncomplete, NoMatch
from kubeloop.meta.gvk import GroupVersionResource

if TYPE_CHECKING:
    from kubeloop.discovery.cached_discovery import CachedDiscovery
    from kubeloop.discovery.discovery_format import GroupsAndResources
    from kubeloop.discovery.resource_table import ResourceName
    from kubeloop.discovery.rest_mapping import RESTMapping
    from kubeloop.meta.gvk import GroupKind, GroupResource, GroupVersionKind

__all__ = ["RESTMapper"]

T = TypeVar("T")

logger = logging.getLogger(__name__)


class RESTMapper:
    """Finds the resource of a name or a kind: `await clientset.mapper.resolve("deploy")`.

    Nothing is requested before the first call. A name that the cache does not have is looked up again in what the
    server sends after the call began, so that a CRD is found that was created before; calls at the same time share this
    request. If the name could be in a group that discovery cannot read, the call fails with `DiscoveryIncomplete`, and
    not as if there were no such kind.

    Of a name in several groups or versions, the core group comes first, then the groups in the order of the server, and
    of each group the preferred version, as for kubectl.

    Args:
        discovery: The cache, such as `MemoryDiscovery(clientset.discovery)`.
        on_warning: Called with a text for each short name that other resources have too; None logs it, once per text.

    Concurrency: One event loop, any number of calls at once; each may be cancelled.

    Reference: client-go `restmapper.NewDeferredDiscoveryRESTMapper`, `NewShortcutExpander`,
    `NewDiscoveryCategoryExpander`. Intended difference: client-go asks again only if its cache is not `Fresh`, so a
    cache in memory never finds a CRD that was created after it was filled.
    """

    def __init__(self, discovery: CachedDiscovery, *, on_warning: Callable[[str], None] | None = None) -> None:
        self._discovery = discovery
        self._on_warning = on_warning
        self._warned: set[str] = set()
        self._table: tuple[GroupsAndResources, ResourceTable] | None = None

    @property
    def discovery(self) -> CachedDiscovery:
        """The cache that the mapper reads."""
        return self._discovery

    def invalidate(self) -> None:
        """Drop what is known, so that the next call asks the server, as when kinds were removed or changed."""
        self._discovery.invalidate()
        self._table = None

    def peek(self, name: GroupVersionKind | GroupVersionResource) -> RESTMapping | None:
        """Return the resource of a kind or resource if it is known; None if the server would have to be asked."""
        if self._table is None:
            return None
        try:
            return self._table[1].resolve(name)
        except (NoMatch, AmbiguousMatch, DiscoveryIncomplete):
            return None

    async def resolve(self, name: ResourceName) -> RESTMapping:
        """Return the resource of any name.

        Args:
            name: A text as for kubectl: a short name (`"deploy"`), plural, singular or kind, alone, with a group
                (`"deployments.apps"`), or with version and group (`"Deployment.v1.apps"`). Or a value, which is exact:
                an empty group is the core group, and an empty version the preferred one.

        Raises:
            NoMatch: The server has no such resource. A later call asks again.
            AmbiguousMatch: It has several in one group and version; names them.
            DiscoveryIncomplete: The name could be in a group version that discovery could not read; names it.
            TypeError, ValueError: It is no name.

        Reference: cli-runtime `resource.Builder` (mappingFor).
        """
        if isinstance(name, str):
            versioned, plain = parse_resource_argument(name)
            found = await self._find(lambda table: (table, table.resolve(name)))
            self._warn(found[0], versioned or plain.with_version(""), found[1])
            return found[1]
        return await self._find(lambda table: table.resolve(name))

    async def mapping(self, kind: GroupVersionKind | GroupKind, *versions: str) -> RESTMapping:
        """Return the resource of a kind.

        Args:
            kind: The kind; its version, if it has one, is the only one that is searched.
            versions: The versions to search, best first; none means all, the preferred version first.

        Raises:
            NoMatch, AmbiguousMatch, DiscoveryIncomplete: As for `resolve`.

        Reference: apimachinery `meta.RESTMapper` (RESTMapping).
        """
        return await self._find(lambda table: table.mapping(kind, *versions))

    async def mappings(self, kind: GroupVersionKind | GroupKind, *versions: str) -> tuple[RESTMapping, ...]:
        """Return every resource of a kind, in the order of the server's versions. Arguments and errors as `mapping`."""
        return tuple(await self._find(lambda table: table.mappings(kind, *versions)))

    async def resource_for(self, partial: GroupVersionResource) -> GroupVersionResource:
        """Return the resource that a partial one means, by the priority of groups and versions.

        Args:
            partial: An empty group or version means any; the group may be cut short; the resource may be a plural, a
                singular or a short name.

        Raises:
            NoMatch, AmbiguousMatch, DiscoveryIncomplete: As for `resolve`.
        """
        return await self._find(lambda table: table.resource_for(partial))

    async def resources_for(self, partial: GroupVersionResource) -> tuple[GroupVersionResource, ...]:
        """Return every resource that a partial one could mean, in the order of the server. As `resource_for`."""
        return tuple(await self._find(lambda table: table.resources_for(partial)))

    async def kind_for(self, partial: GroupVersionResource) -> GroupVersionKind:
        """Return the kind of the resource that a partial one means. As `resource_for`."""
        return await self._find(lambda table: table.kind_for(partial))

    async def kinds_for(self, partial: GroupVersionResource) -> tuple[GroupVersionKind, ...]:
        """Return the kind of every resource that a partial one could mean. As `resource_for`."""
        return tuple(await self._find(lambda table: table.kinds_for(partial)))

    async def singular(self, resource: str) -> str:
        """Return the name for one object of a resource: `"pod"` for `"pods"`. Errors as of `resource_for`."""
        return await self._find(lambda table: table.singular(resource))

    async def expand_category(self, category: str) -> tuple[GroupResource, ...] | None:
        """Return the resources of a category, such as `"all"`; None if no resource is in it, as far as can be read.

        Reference: client-go `restmapper.CategoryExpander`.
        """
        return self._table_of(await self._discovery.contents()).category(category)

    async def table(self) -> ResourceTable:
        """Return all resources that the cache has, for many questions without waiting in between."""
        return self._table_of(await self._discovery.contents())

    async def _find(self, question: Callable[[ResourceTable], T]) -> T:
        moment = self._discovery.moment()
        table = self._table_of(await self._discovery.contents())
        try:
            return question(table)
        except (NoMatch, AmbiguousMatch, DiscoveryIncomplete) as error:
            logger.debug("mapper at %s: %s; looking at what the server has now", self._discovery.host, error)
        newer = self._table_of(await self._discovery.contents(since=moment))
        return question(newer)

    def _table_of(self, found: GroupsAndResources) -> ResourceTable:
        if self._table is None or self._table[0] is not found:
            self._table = (found, ResourceTable(found, self._discovery.host))
        return self._table[1]

    def _warn(self, table: ResourceTable, partial: GroupVersionResource, chosen: RESTMapping) -> None:
        for other in table.short_name_choices(partial)[1:]:
            text = f"the short name {partial.resource!r} means {chosen.resource.group_resource}; {other} has it too"
            if self._on_warning is not None:
                self._on_warning(text)
            elif text not in self._warned:
                self._warned.add(text)
                logger.warning("mapper at %s: %s", self._discovery.host, text)

    def __repr__(self) -> str:
        known = "nothing read" if self._table is None else f"{len(self._table[1])} resources"
        return f"<RESTMapper at {self._discovery.host}: {known}>"
