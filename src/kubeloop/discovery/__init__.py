"""What a server serves: its version, its groups, the resources of each group, and the names of resources.

All names of this package are importable from here and loaded on first use.

Reference: client-go `discovery`, `restmapper`, `openapi`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.discovery.api_resources import APIResourceRow, APIResources
    from kubeloop.discovery.cached_discovery import CachedDiscovery
    from kubeloop.discovery.discovery_client import DiscoveryClient, ServerVersion
    from kubeloop.discovery.discovery_format import GroupsAndResources, ResourceLists
    from kubeloop.discovery.disk_cache import DiskCache
    from kubeloop.discovery.disk_discovery import DiskDiscovery
    from kubeloop.discovery.memory_discovery import MemoryDiscovery
    from kubeloop.discovery.openapi_client import OpenAPIClient
    from kubeloop.discovery.resource_table import ResourceName, ResourceTable
    from kubeloop.discovery.rest_mapper import RESTMapper
    from kubeloop.discovery.rest_mapping import RESTMapping

__all__ = [
    "APIResourceRow",
    "APIResources",
    "CachedDiscovery",
    "DiscoveryClient",
    "DiskCache",
    "DiskDiscovery",
    "GroupsAndResources",
    "MemoryDiscovery",
    "OpenAPIClient",
    "RESTMapper",
    "RESTMapping",
    "ResourceLists",
    "ResourceName",
    "ResourceTable",
    "ServerVersion",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "api_resources": "APIResourceRow APIResources",
            "cached_discovery": "CachedDiscovery",
            "discovery_client": "DiscoveryClient ServerVersion",
            "discovery_format": "GroupsAndResources ResourceLists",
            "disk_cache": "DiskCache",
            "disk_discovery": "DiskDiscovery",
            "memory_discovery": "MemoryDiscovery",
            "openapi_client": "OpenAPIClient",
            "resource_table": "ResourceName ResourceTable",
            "rest_mapper": "RESTMapper",
            "rest_mapping": "RESTMapping",
        },
    )
