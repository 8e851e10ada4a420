"""MemoryDiscovery: discovery that is read once and kept in memory.

Reference: client-go discovery/cached/memory/memcache.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.discovery.cached_discovery import BaseDiscoveryCache
from kubeloop.discovery.shared_read import ReadValue
from kubeloop.discovery.stored_document import MemoryDocuments

if TYPE_CHECKING:
    from kubeloop.discovery.discovery_client import DiscoveryClient
    from kubeloop.discovery.discovery_format import GroupsAndResources

__all__ = ["MemoryDiscovery"]


class MemoryDiscovery(BaseDiscoveryCache):
    """Discovery that is read when it is first needed, and kept: `MemoryDiscovery(clientset.discovery)`.

    The contents never expire: `invalidate()` makes the next call ask the server, and a `RESTMapper` asks it about names
    that the contents do not have. A server with aggregated discovery then only confirms what has not changed.

    Args:
        client: Asks the server; it stays the caller's.

    Concurrency: One event loop, any number of calls at once, which share each request.

    Reference: client-go `memory.NewMemCacheClient`. Intended difference: what was read in part is repeated as a whole.
    """

    __slots__ = ("_documents",)

    def __init__(self, client: DiscoveryClient) -> None:
        super().__init__(client)
        self._documents = MemoryDocuments()

    async def _read(self, _: bool, /) -> ReadValue[GroupsAndResources]:
        return ReadValue(await self._client.contents(self._documents), is_live=True)
