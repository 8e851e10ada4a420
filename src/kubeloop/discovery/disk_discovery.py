"""DiskDiscovery: discovery that programs share by files, for some hours.

Reference: client-go discovery/cached/disk/cached_discovery.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from kubeloop._kit import waiting
from kubeloop.discovery.cache_files import CLOCK_DIFFERENCE
from kubeloop.discovery.cached_discovery import BaseDiscoveryCache
from kubeloop.discovery.discovery_format import GroupsAndResources, readable_names
from kubeloop.discovery.shared_read import ReadValue
from kubeloop.errors import DecodeError, KubeloopError
from kubeloop.meta.gvk import GroupVersion
from kubeloop.models import meta_v1
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.discovery.discovery_client import DiscoveryClient
    from kubeloop.discovery.disk_cache import DiskCache

__all__ = ["DiskDiscovery"]

L = TypeVar("L", meta_v1.APIGroupList, meta_v1.APIResourceList)

_GROUPS = "servergroups.json"
_RESOURCES = "serverresources.json"
_FEW = 3


class DiskDiscovery(BaseDiscoveryCache):
    """Discovery in files: a program that starts within six hours of another one needs no request.

    The first call reads the files, and the server only if they are missing, old or broken. After `invalidate()`, and
    for names that the files do not have, a `RESTMapper` asks the server, which only confirms what has not changed. What
    was found is written, unless a group version could not be read: later programs would take the rest for all. Any
    number of programs may use the same files.

    Args:
        client: Asks the server; it stays the caller's.
        cache: Where the files are, and for how long they are used.

    Concurrency: One event loop, any number of calls at once. Files are small; reading them does not wait for the disk.

    Reference: client-go `disk.NewCachedDiscoveryClientForConfig`. Intended differences: the modes of files and
    directories are 0600 and 0700 and not 0660 and 0750; what was read in part is not kept.
    """

    __slots__ = ("_cache", "_documents", "_expires", "_files")

    def __init__(self, client: DiscoveryClient, cache: DiskCache) -> None:
        super().__init__(client)
        config = client.rest.config
        self._cache = cache
        self._files = cache.files_of(config)
        self._documents = cache.documents_of(config)
        self._expires = 0.0

    async def contents(self, since: int = 0) -> GroupsAndResources:
        """Return what was found, also in part, and read it again when it is older than the cache permits.

        Args:
            since: A moment. If the contents were requested earlier, the server is asked. 0 accepts any contents.

        Raises:
            APIError, TransportError, DecodeError: The groups cannot be read.
        """
        # A clock that was set back must not keep the contents for ever.
        earliest = self._expires - self._cache.ttl - CLOCK_DIFFERENCE
        if self._contents.held is not None and not earliest <= self._cache.now() < self._expires:
            self._contents.forget()
        return await super().contents(since)

    async def _read(self, must_ask: bool, /) -> ReadValue[GroupsAndResources]:
        found = None if must_ask else await self._load()
        if found is not None:
            return ReadValue(found, is_live=False)
        found = await self._client.contents(self._documents)
        self._expires = self._cache.now() + self._cache.ttl
        if found.groups and not found.failures:
            await self._save(found)
        return ReadValue(found, is_live=True)

    async def _load(self) -> GroupsAndResources | None:
        """Return the contents of the files; None if the server must be asked."""
        groups = await self._read_file(_GROUPS, meta_v1.APIGroupList)
        if groups is None:
            return None
        self._expires = groups[1] + self._cache.ttl
        names, refused = readable_names(groups[0].groups)
        lists: list[meta_v1.APIResourceList] = []
        missing: list[GroupVersion] = []
        for name in names:
            listed = await self._read_file(f"{name}/{_RESOURCES}", meta_v1.APIResourceList)
            if listed is None or listed[0].group_version != str(name):
                missing.append(name)
            else:
                lists.append(listed[0])
                self._expires = min(self._expires, listed[1] + self._cache.ttl)
        if refused or len(missing) > _FEW:
            return None
        failures: dict[GroupVersion, Exception] = {}
        for name in missing:  # a group version without resources has no file
            try:
                live = await self._client.server_resources_for_group_version(name)
            except KubeloopError as error:
                failures[name] = error
            else:
                lists.append(live)
                await self._save_list(live)
        return GroupsAndResources(groups[0].groups, lists, failures)

    async def _read_file(self, name: str, kind: type[L]) -> tuple[L, float] | None:
        await waiting.let_others_run()
        for files in self._files:
            found = files.read(name, newer_than=self._cache.ttl)
            if found is None:
                continue
            try:
                return JSON.decode(found[0], kind), found[1]
            except DecodeError:
                continue  # cut short, or no file of ours
        return None

    async def _save(self, found: GroupsAndResources) -> None:
        for listed in found.resources:
            await self._save_list(listed)
        await self._write_file(_GROUPS, meta_v1.APIGroupList(groups=found.groups))

    async def _save_list(self, listed: meta_v1.APIResourceList) -> None:
        if listed.resources:
            await self._write_file(f"{listed.group_version}/{_RESOURCES}", listed)

    async def _write_file(self, name: str, value: meta_v1.APIGroupList | meta_v1.APIResourceList) -> None:
        await waiting.let_others_run()
        self._files[0].write(name, JSON.encode(value))
