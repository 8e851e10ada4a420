"""MetadataClient: the metadata of objects of any kind, without the objects.

Reference: client-go metadata/metadata.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from kubeloop._kit import waiting
from kubeloop.clients.discovered_endpoint import DiscoveredEndpoint, KnownResources
from kubeloop.clients.metadata_endpoint import DiscoveredMetadataEndpoint, MetadataEndpoint
from kubeloop.clients.metadata_requests import forgetting_kinds
from kubeloop.clients.resource_lookup import resource_of
from kubeloop.clients.verbs import Delete, DeleteCollection, Get, List, Patch, Watch
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.models import meta_v1
from kubeloop.rest.server_client import ServerClient

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.meta.namespaces import DefaultNamespace
    from kubeloop.objects.model import Kind
    from kubeloop.rest.client import RESTClient

__all__ = ["MetadataClient", "MetadataResource"]


class MetadataResource(
    Get[meta_v1.PartialObjectMetadata],
    List[meta_v1.PartialObjectMetadata, meta_v1.PartialObjectMetadataList],
    Watch[meta_v1.PartialObjectMetadata],
    Patch[meta_v1.PartialObjectMetadata],
    Delete[meta_v1.PartialObjectMetadata],
    DeleteCollection,
):
    """The metadata of the objects of one resource: every verb that needs nothing else of an object.

    `edit` changes labels, annotations, finalizers and owner references.
    """

    __slots__ = ()

    def namespace(self, namespace: str | DefaultNamespace | None) -> MetadataResource:
        """Return the client for one namespace; None or `""` means all of them, `kubeloop.DEFAULT` that of the config.

        Raises:
            ValueError: The namespace would break the path, or the resource has no namespaces.
        """
        return MetadataResource.at(self._endpoint.in_namespace(namespace))

    async def _list_page(self, params: Mapping[str, Any], timeout: float | None) -> Any:
        page = await super()._list_page(params, timeout)
        for _ in forgetting_kinds(page.items):
            await waiting.let_others_run()
        return page


class MetadataClient(ServerClient):
    """A client for the metadata of any resource. Arguments as of `ServerClient`; `clientset.metadata` returns one.

        names = clientset.metadata.resource(core_v1.Secret, "default")
        async for each in names.iterate():
            print(each.metadata.name)

    A server that cannot send metadata alone sends whole objects, of which the metadata is read.

    Reference: client-go metadata.Interface.
    """

    _known: KnownResources | None = None

    @classmethod
    def from_rest(cls, rest: RESTClient, *, known: KnownResources | None = None) -> Self:
        """Create a client that sends through a RESTClient, which the caller closes.

        Args:
            rest: Sends the requests.
            known: The resources that discovery has found, which clients share.
        """
        self = super().from_rest(rest)
        self._known = known
        return self

    def resource(
        self,
        resource: type[Kind] | GroupVersionKind | GroupVersionResource,
        /,
        namespace: str | DefaultNamespace | None = None,
    ) -> MetadataResource:
        """Return the client for the metadata of a resource. This is a plain call.

        Args:
            resource: A model class, a kind, or a resource. What is missing of the plural and the scope of a kind or a
                resource is looked up when the first verb is called, once for a client.
            namespace: One namespace, or `kubeloop.DEFAULT` for that of the config. None means all namespaces.

        Raises:
            TypeError: It is none of these.
            ValueError: A name would break the path, or the kind has no namespaces.
        """
        endpoint: Endpoint[meta_v1.PartialObjectMetadata]
        if isinstance(resource, (GroupVersionKind, GroupVersionResource)):
            if self._known is None:
                self._known = KnownResources()
            found = DiscoveredEndpoint(self._rest, resource, namespace, known=self._known, spell=_spell)
            endpoint = DiscoveredMetadataEndpoint(found)
        elif not isinstance(resource, type):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                "metadata.resource() needs a model class, a GroupVersionResource or a GroupVersionKind, "
                f"got {type(resource).__name__}: clientset.mapper.resolve() finds the resource of a name"
            )
        else:
            info = resource_of(meta_v1.PartialObjectMetadata, resource)
            endpoint = MetadataEndpoint(self._rest, meta_v1.PartialObjectMetadata, namespace, info=info, spell=_spell)
        return MetadataResource.at(endpoint)


def _spell(info: ResourceInfo, namespace: str) -> str:
    """Return the call that makes a client with a namespace, for messages."""
    return f"metadata.resource({info.kind or info.plural}, {namespace})"
