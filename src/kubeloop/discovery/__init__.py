"""What a server serves: its version, its groups, and the resources of each group.

All names of this package are importable from here and loaded on first use.

Reference: client-go `discovery`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.discovery.discovery_client import DiscoveryClient, ServerVersion
    from kubeloop.discovery.discovery_format import GroupsAndResources, ResourceLists

__all__ = ["DiscoveryClient", "GroupsAndResources", "ResourceLists", "ServerVersion"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "discovery_client": "DiscoveryClient ServerVersion",
            "discovery_format": "GroupsAndResources ResourceLists",
        },
    )
