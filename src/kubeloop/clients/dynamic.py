"""DynamicClient: any resource by group, version and plural, without models: JSON data in, `Unstructured` out.

Reference: client-go dynamic/simple.go.
"""

from __future__ import annotations

from typing import Any

from kubeloop.clients.resource_client import ResourceClient
from kubeloop.clients.resource_endpoint import Endpoint, ResourceInfo
from kubeloop.clients.server_client import ServerClient
from kubeloop.clients.subresource import ApplySub, CreateSub, GetSub, PatchSub, UpdateSub
from kubeloop.clients.verbs import Status
from kubeloop.meta.gvk import GroupVersion
from kubeloop.rest.client import RESTClient
from kubeloop.unstructured import Unstructured, UnstructuredList

__all__ = ["DynamicClient", "DynamicResource", "DynamicSubresource"]


class DynamicClient(ServerClient):
    """A client for resources that have no model here. Arguments as of `ServerClient`."""

    def resource(self, group_version: str | GroupVersion, plural: str) -> DynamicResource:
        """Name a resource: `dynamic.resource("apps/v1", "deployments")`.

        Args:
            group_version: `"v1"`, `"apps/v1"`.
            plural: What the server calls it, in lower case.

        Returns:
            All its objects, of the cluster or of all namespaces; `.namespace("default")` leads to those of one.

        Raises:
            ValueError: A name that would break the path.
        """
        parsed = GroupVersion.parse(group_version) if isinstance(group_version, str) else group_version
        return DynamicResource(self._rest, ResourceInfo(parsed, plural, "", None, UnstructuredList))


class DynamicResource(ResourceClient[Unstructured, UnstructuredList], Status[Unstructured]):
    """Every verb, whether the resource has it or not: the server says so.

    Which scope a resource has is not known here: without `namespace(...)` it is taken as one of the cluster, whatever
    namespace is in an object that is written, so that a cluster-scoped object with a stray namespace reaches its place.

    Reference: client-go dynamic/simple.go, dynamicResourceClient, which builds its paths in the same way.
    """

    __slots__ = ()
    # Not known here: a kind without a status subresource keeps its status like any field.
    _has_status = False

    def __init__(self, rest: RESTClient, info: ResourceInfo, namespace: str | None = None) -> None:
        super().__init__(rest, Unstructured, namespace, info=info)

    def namespace(self, namespace: str | None) -> DynamicResource:
        """Choose one namespace; None or `""` is all of them."""
        return DynamicResource(self._rest, self._info, namespace)

    def subresource(self, name: str, subresource: str) -> DynamicSubresource:
        """Name a subresource of one object: `subresource("web", "scale")`."""
        return DynamicSubresource(self, name, subresource)


class DynamicSubresource(
    GetSub[Unstructured],
    UpdateSub[Unstructured],
    PatchSub[Unstructured],
    ApplySub[Unstructured],
    CreateSub[Unstructured, Unstructured],
):
    """Every verb of a subresource; a server that answers with a Status gives it as `Unstructured`."""

    __slots__ = ()

    def __init__(self, client: Endpoint[Any], name: str, subresource: str) -> None:
        super().__init__(client, name, subresource, Unstructured)
