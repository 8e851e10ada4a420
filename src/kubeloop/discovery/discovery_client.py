"""DiscoveryClient: the version, the groups and the resources of a server.

Nothing is cached; `MemoryDiscovery` and `DiskDiscovery` do that. `discovery_format` parses the responses.

Reference: client-go discovery/discovery_client.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kubeloop._kit import waiting
from kubeloop._kit.value import Value
from kubeloop.discovery.confirmed_get import confirmed_get
from kubeloop.discovery.discovery_format import (
    AGGREGATED,
    DiscoveryDocument,
    GroupsAndResources,
    ResourceLists,
    core_group,
    is_aggregated,
    parsing_aggregated,
    readable_names,
)
from kubeloop.discovery.discovery_reads import DiscoveryReads
from kubeloop.errors import KubeloopError, NotFound
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind, GroupVersionResource, group_version_of
from kubeloop.models import apidiscovery_v2, meta_v1
from kubeloop.rest.server_client import ServerClient
from kubeloop.wire.request import group_version_path

if TYPE_CHECKING:
    from kubeloop.discovery.stored_document import DocumentStore
    from kubeloop.rest.result import Result

__all__ = ["DiscoveryClient", "GroupsAndResources", "ResourceLists", "ServerVersion"]

_TIMEOUT = 32.0
_ATTEMPTS = 2


class ServerVersion(Value, frozen=True):
    """The version of a server: `str()` returns `v1.37.0`."""

    major: str = ""
    minor: str = ""
    git_version: str = ""
    git_commit: str = ""
    git_tree_state: str = ""
    build_date: str = ""
    go_version: str = ""
    compiler: str = ""
    platform: str = ""

    def __str__(self) -> str:
        return self.git_version


class DiscoveryClient(ServerClient, DiscoveryReads):
    """Asks a server for its version, groups and resources. Arguments as of `ServerClient`.

    Each call asks the server again; a call takes at most 32 seconds unless the config has a timeout.
    """

    async def server_version(self) -> ServerVersion:
        """Return the version of the server."""
        into: type[dict[str, Any]] = dict
        data = await self._rest.get("/version", into=into, timeout=self._timeout)

        def text(name: str) -> str:
            value = data.get(name)
            return value if isinstance(value, str) else ""

        return ServerVersion(
            major=text("major"),
            minor=text("minor"),
            git_version=text("gitVersion"),
            git_commit=text("gitCommit"),
            git_tree_state=text("gitTreeState"),
            build_date=text("buildDate"),
            go_version=text("goVersion"),
            compiler=text("compiler"),
            platform=text("platform"),
        )

    async def server_groups(self) -> tuple[meta_v1.APIGroup, ...]:
        """Return the API groups, the core group first, each with its versions."""
        return tuple((await self._read_documents()).groups)

    async def server_resources_for_group_version(
        self, group_version: str | GroupVersion | GroupVersionKind | GroupVersionResource
    ) -> meta_v1.APIResourceList:
        """Return the resources and subresources of one group and version.

        Args:
            group_version: `"apps/v1"`, a `GroupVersion`, or a kind or resource of it.

        Raises:
            NotFound: The server does not serve it. (The list for `v1` is empty then: not every server has a core
                group.)
        """
        parsed = group_version_of(group_version)
        try:
            listed = await self._rest.get(
                group_version_path(parsed), into=meta_v1.APIResourceList, timeout=self._timeout
            )
        except NotFound:
            if parsed != GroupVersion("", "v1"):
                raise
            return meta_v1.APIResourceList(group_version="v1")
        # The name is a key, and part of a file name: it is the one that was asked for, whatever the server calls it.
        if listed.group_version != str(parsed):
            listed = meta_v1.APIResourceList(group_version=str(parsed), resources=listed.resources)
        return listed

    async def contents(self, store: DocumentStore | None = None) -> GroupsAndResources:
        """Return what can be read in one attempt; `failures` has the error of each group version that cannot.

        Args:
            store: Where responses with an ETag are kept, so that the server only confirms those that have not changed.

        Raises:
            APIError, TransportError, DecodeError: The groups cannot be read.
        """
        document = await self._read_documents(store)
        if document.resources is not None:
            return GroupsAndResources(document.groups, document.resources.values(), document.failures)
        names, refused = readable_names(document.groups)
        resources, failures = await self._fetch(names)
        return GroupsAndResources(document.groups, resources.values(), {**document.failures, **failures, **refused})

    async def _found(self) -> GroupsAndResources:
        found = await self.contents()
        for _ in range(_ATTEMPTS - 1):
            if not found.failures:
                break
            found = await self.contents()
        return found

    async def _read_documents(self, store: DocumentStore | None = None) -> DiscoveryDocument:
        """Read the documents of `/api` and `/apis`; the resources count only if both have them."""
        try:
            core = await self._document("/api", store)
        except NotFound:
            # A server of aggregated APIs alone has no core group.
            core = None
        named = await self._document("/apis", store)
        if core is None:
            return named
        resources = None
        if core.resources is not None and named.resources is not None:
            resources = {**core.resources, **named.resources}
        return DiscoveryDocument([*core.groups, *named.groups], resources, {**core.failures, **named.failures})

    async def _document(self, path: str, store: DocumentStore | None) -> DiscoveryDocument:
        accept = self._rest.serializers.accept(apidiscovery_v2.APIGroupDiscoveryList, AGGREGATED)
        serializers = self._rest.serializers

        def read(result: Result) -> apidiscovery_v2.APIGroupDiscoveryList | DiscoveryDocument:
            if is_aggregated(result.headers.get("content-type", ""), serializers):
                return result.read(apidiscovery_v2.APIGroupDiscoveryList)
            if path == "/api":
                return DiscoveryDocument(core_group(result.read(meta_v1.APIVersions)))
            return DiscoveryDocument(list(result.read(meta_v1.APIGroupList).groups))

        found = await confirmed_get(self._rest, path, accept, store, read=read, timeout=self._timeout)
        if isinstance(found, DiscoveryDocument):
            return found
        steps = parsing_aggregated(found)
        document = next(steps)
        for _ in steps:
            await waiting.let_others_run()
        return document

    async def _fetch(
        self, names: Iterable[GroupVersion]
    ) -> tuple[dict[GroupVersion, meta_v1.APIResourceList], dict[GroupVersion, Exception]]:
        """Read the documents of these group versions at the same time; return those that were read, and the errors."""

        async def fetch(name: GroupVersion) -> meta_v1.APIResourceList | KubeloopError:
            try:
                return await self.server_resources_for_group_version(name)
            except KubeloopError as error:
                return error

        names = list(names)
        outcomes = await waiting.gather(fetch(name) for name in names)
        found: dict[GroupVersion, meta_v1.APIResourceList] = {}
        failures: dict[GroupVersion, Exception] = {}
        for name, outcome in zip(names, outcomes, strict=True):
            if isinstance(outcome, KubeloopError):
                failures[name] = outcome
            else:
                found[name] = outcome
        return found, failures

    @property
    def _timeout(self) -> float:
        return self._rest.config.timeout or _TIMEOUT
