"""CachedDiscovery: what a mapper needs of a cache, and what the caches have in common.

Reference: client-go `discovery.CachedDiscoveryInterface`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kubeloop.discovery.discovery_format import GroupsAndResources, without_failure
from kubeloop.discovery.discovery_reads import DiscoveryReads
from kubeloop.discovery.missing_match import incomplete
from kubeloop.discovery.shared_read import SharedRead
from kubeloop.discovery.transient_error import is_transient
from kubeloop.errors import KubeloopError, NoMatch, StatusDetails
from kubeloop.meta.gvk import GroupVersion, group_version_of

if TYPE_CHECKING:
    from kubeloop.discovery.discovery_client import DiscoveryClient, ServerVersion
    from kubeloop.discovery.shared_read import ReadValue
    from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
    from kubeloop.models import meta_v1

__all__ = ["BaseDiscoveryCache", "CachedDiscovery"]


class CachedDiscovery(Protocol):
    """What a mapper needs of a cache of discovery."""

    @property
    def host(self) -> str:
        """The address of the server, for messages."""
        ...

    def moment(self) -> int:
        """Return the present moment, for `contents`."""
        ...

    async def contents(self, since: int = 0) -> GroupsAndResources:
        """Return what was found; with a moment, what the server sent or confirmed in response to a later request."""
        ...

    def invalidate(self) -> None:
        """Drop the contents, so that the next call asks the server."""
        ...


class BaseDiscoveryCache(DiscoveryReads):
    """A cache of what discovery found, with the methods of `DiscoveryClient`.

    Args:
        client: Asks the server; it stays the caller's.
    """

    __slots__ = ("_client", "_contents")

    def __init__(self, client: DiscoveryClient) -> None:
        self._client = client
        self._contents: SharedRead[GroupsAndResources] = SharedRead(self._read)

    async def _read(self, _: bool, /) -> ReadValue[GroupsAndResources]:
        raise NotImplementedError

    @property
    def host(self) -> str:
        """The address of the server."""
        return self._client.rest.config.host

    @property
    def is_fresh(self) -> bool:
        """Whether the cache has contents that the server sent or confirmed to this cache since `invalidate`."""
        return self._contents.is_live

    def invalidate(self) -> None:
        """Drop the contents, so that the next call asks the server, which only confirms what has not changed."""
        self._contents.drop()

    def moment(self) -> int:
        """Return the present moment, for `contents`: `contents(moment)` knows of what had happened by then."""
        return self._contents.moment()

    async def contents(self, since: int = 0) -> GroupsAndResources:
        """Return what was found, also in part: `failures` has the error of each group version that is missing.

        What failed for a reason that may have passed, such as a 503, is requested again. Calls share each request.

        Args:
            since: A moment. If the contents were requested earlier, the server is asked. 0 accepts any contents.

        Raises:
            APIError, TransportError, DecodeError: The groups cannot be read.
        """
        return await self._contents.get(since)

    async def _found(self) -> GroupsAndResources:
        found = await self.contents()
        if any(is_transient(error) for error in found.failures.values()):
            found = await self._contents.get(self.moment())
        return found

    async def server_version(self) -> ServerVersion:
        """Return the version of the server, which is not cached."""
        return await self._client.server_version()

    async def server_resources_for_group_version(
        self, group_version: str | GroupVersion | GroupVersionKind | GroupVersionResource
    ) -> meta_v1.APIResourceList:
        """Return the resources and subresources of one group and version.

        Args:
            group_version: `"apps/v1"`, a `GroupVersion`, or a kind or resource of it.

        Raises:
            NoMatch: The server did not have it when the cache was filled.
            DiscoveryIncomplete: It could not be read. A failure that may have passed is requested again.
        """
        wanted = group_version_of(group_version)
        found = await self.contents()
        for each in found.resources:
            if each.group_version == str(wanted):
                return each
        error = found.failures.get(wanted)
        if error is None:
            message = f"the server at {self.host} does not serve {wanted}"
            raise NoMatch(StatusDetails(code=404, reason="NotFound", message=message, group=wanted.group))
        if is_transient(error):
            try:
                listed = await self._client.server_resources_for_group_version(wanted)
            except KubeloopError as repeated:
                raise incomplete({str(wanted): repeated}, "It is requested again by the next call") from repeated
            if (held := self._contents.held) is not None:
                self._contents.replace(without_failure(held, wanted, listed))
            return listed
        raise incomplete({str(wanted): error}, "It is requested again after invalidate()")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.host}: {self._contents!r}>"
