"""Endpoints whose requests ask for the metadata of objects instead of the objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.clients.discovered_endpoint import DiscoveredEndpoint
from kubeloop.clients.metadata_requests import metadata_headers
from kubeloop.clients.resource_endpoint import ResourceEndpoint
from kubeloop.models import meta_v1

if TYPE_CHECKING:
    from kubeloop.meta.namespaces import DefaultNamespace
    from kubeloop.wire.request import Params, Request

__all__ = ["DiscoveredMetadataEndpoint", "MetadataEndpoint"]


class MetadataEndpoint(ResourceEndpoint[meta_v1.PartialObjectMetadata]):
    """A resource in one namespace or in all, of which only metadata is read. Arguments as of `ResourceEndpoint`."""

    __slots__ = ()

    def in_namespace(self, namespace: str | DefaultNamespace | None) -> MetadataEndpoint:
        """Return the same resource in another namespace, or in all of them."""
        return MetadataEndpoint(self.rest, self.model, namespace, info=self.info, spell=self.spell)

    def request(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: object = None,
        content_type: str | None = None,
    ) -> Request:
        """Build a request whose response is metadata. Arguments as of `RESTClient.new_request`."""
        request = super().request(method, path, params, body, content_type)
        is_list = method in ("GET", "DELETE") and path == self.collection and not (params or {}).get("watch")
        into = meta_v1.PartialObjectMetadataList if is_list else meta_v1.PartialObjectMetadata
        return request.with_header("Accept", metadata_headers(self.rest, into)["Accept"])

    def delete_options(self, data: Mapping[str, Any] | None) -> object:
        """Return the body of a delete. It is always JSON, because the servers of custom resources read nothing else."""
        return data


class DiscoveredMetadataEndpoint:
    """A kind or resource of which only metadata is read, and whose plural and scope discovery finds.

    Args:
        found: The kind or resource.
    """

    __slots__ = ("_found", "model", "rest")

    def __init__(self, found: DiscoveredEndpoint) -> None:
        self._found = found
        self.model = meta_v1.PartialObjectMetadata
        self.rest = found.rest

    @property
    def collection(self) -> str:
        """The name of the kind or resource."""
        return self._found.collection

    async def located(self) -> MetadataEndpoint:
        """Return the endpoint with its paths. Errors as of `DiscoveredEndpoint.located`."""
        found = await self._found.located()
        info = found.info.replace(list_model=meta_v1.PartialObjectMetadataList)
        return MetadataEndpoint(found.rest, self.model, found.namespace, info=info, spell=found.spell)

    def check(self, name: str, subresource: str | None = None, *, verb: str) -> None:
        """Check nothing: without the scope of the resource, the path is not known."""

    def in_namespace(self, namespace: str | DefaultNamespace | None) -> DiscoveredMetadataEndpoint:
        """Return the same resource in another namespace, or in all of them."""
        return DiscoveredMetadataEndpoint(self._found.in_namespace(namespace))

    def __str__(self) -> str:
        return str(self._found)

    def __repr__(self) -> str:
        return f"<DiscoveredMetadataEndpoint {self}>"
