"""DynamicClient: any resource by group, version and plural, without models: JSON data in, `Unstructured` out.

Reference: client-go dynamic/simple.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from kubeloop.clients.resource_client import ResourceClient
from kubeloop.clients.resource_endpoint import ResourceEndpoint
from kubeloop.clients.resource_info import ResourceInfo
from kubeloop.clients.scale_verb import ScaleAny
from kubeloop.clients.subresource import ApplySub, CreateSub, GetSub, PatchSub, UpdateSub
from kubeloop.clients.verbs import Status
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind, GroupVersionResource, group_version_of
from kubeloop.rest.server_client import ServerClient
from kubeloop.unstructured import Unstructured, UnstructuredList

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.meta.namespaces import DefaultNamespace

__all__ = ["DynamicClient", "DynamicResource", "DynamicSubresource", "spell_namespace"]


def spell_namespace(_: ResourceInfo, namespace: str) -> str:
    """Return the call that makes a DynamicResource with a namespace, for messages."""
    return f".namespace({namespace})"


class DynamicClient(ServerClient):
    """A client for resources that have no model. Arguments as of `ServerClient`."""

    @overload
    def resource(self, resource: GroupVersionResource, /) -> DynamicResource: ...
    @overload
    def resource(self, group_version: str | GroupVersion, plural: str) -> DynamicResource: ...
    def resource(
        self, group_version: str | GroupVersion | GroupVersionResource, plural: str | None = None
    ) -> DynamicResource:
        """Return the client of a resource: `dynamic.resource("apps/v1", "deployments")`. Nothing is looked up.

        Args:
            group_version: The group and version, `"v1"` or `"apps/v1"`; or a `GroupVersionResource` alone.
            plural: The name of the resource in the path, in lower case.

        Returns:
            The client for all objects of the cluster or of all namespaces; `.namespace("default")` returns that of one
            namespace.

        Raises:
            TypeError: A `GroupVersionKind`: `clientset.resource` finds its resource.
            ValueError: A name would break the path, or the plural has upper-case letters as a kind has.
        """
        if isinstance(group_version, GroupVersionKind):
            raise TypeError("expected a GroupVersionResource, got a GroupVersionKind: use clientset.resource(...)")
        if isinstance(group_version, GroupVersionResource):
            if plural is not None:
                raise TypeError("a GroupVersionResource has the plural already: leave out the second argument")
            plural = group_version.resource
        elif plural is None:
            raise TypeError('resource() needs a plural: resource("apps/v1", "deployments")')
        if plural != plural.lower():
            raise ValueError(
                f"expected the plural of a resource in lower case, got {plural!r}. If it is a kind, use "
                "clientset.resource(Unstructured, GroupVersionKind(...)), which asks the server for its resource"
            )
        info = ResourceInfo(group_version_of(group_version), plural, "", None, UnstructuredList)
        return DynamicResource.at(ResourceEndpoint(self._rest, Unstructured, info=info, spell=spell_namespace))


class DynamicResource(ResourceClient[Unstructured, UnstructuredList], Status[Unstructured], ScaleAny):
    """The client of one resource without a model: it has every verb, and the server refuses those that it lacks.

    A `DynamicClient` does not know the scope of a resource: without `namespace(...)` the resource is taken as one
    without namespaces, whatever namespace an object that is written names, so that such an object reaches its place. A
    client that `clientset.resource(...)` returned knows the scope, and does as typed clients do.

    Reference: client-go dynamic/simple.go, dynamicResourceClient, which builds its paths in the same way.
    """

    __slots__ = ()
    # It is not known: a kind without a status subresource keeps its status like any other field.
    _status_is_separate = False

    def namespace(self, namespace: str | DefaultNamespace | None) -> DynamicResource:
        """Return the client for one namespace; None or `""` means all of them, `kubeloop.DEFAULT` that of the config.

        Raises:
            ValueError: The namespace would break the path.
        """
        return DynamicResource.at(self._endpoint.in_namespace(namespace))

    def subresource(self, name: str, subresource: str) -> DynamicSubresource:
        """Return the client of a subresource of one object: `subresource("web", "scale")`.

        Raises:
            ValueError: A name would break the path.
        """
        return DynamicSubresource(self._endpoint, name, subresource)


class DynamicSubresource(
    GetSub[Unstructured],
    UpdateSub[Unstructured],
    PatchSub[Unstructured],
    ApplySub[Unstructured],
    CreateSub[Unstructured, Unstructured],
):
    """Every verb of a subresource; a Status that a server returns is an `Unstructured`."""

    __slots__ = ()

    def __init__(self, endpoint: Endpoint[Any], name: str, subresource: str) -> None:
        super().__init__(endpoint, name, subresource, Unstructured)
