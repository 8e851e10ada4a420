"""Whether the watch cache has reached a revision.

Reference: apiserver pkg/storage/cacher, waitUntilFreshLocked and ConditionalProgressRequester.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache

__all__ = ["PATIENCE", "has_reached"]

PATIENCE = 3.0
"""Seconds for which a read waits for the watch cache."""


def has_reached(cache: WatchCache, resource: str, revision: int) -> bool:
    """Return whether a resource is known up to a revision; 0 is any.

    A resource that has not changed for a while is behind the storage. Only a read that needs the revision asks for the
    progress, as in the real server.
    """
    return revision <= cache.resource(resource).revision or revision <= cache.progress(resource)
