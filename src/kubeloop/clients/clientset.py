"""Clientset: typed clients for every group and version, over one transport.

The accessors (`clientset.core_v1.pods("default")`) are generated, in `groups`; the module and the models of a group are
imported when the group is first used.

Reference: client-go kubernetes/clientset.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload

from kubeloop._kit.near_names import did_you_mean
from kubeloop.clients.base_resource_client import all_of
from kubeloop.clients.groups import Groups
from kubeloop.clients.resource_client import ModelClient
from kubeloop.clients.resource_lookup import resource_of
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.rest.server_client import ServerClient

if TYPE_CHECKING:
    from kubeloop.clients.discovered_endpoint import KnownResources
    from kubeloop.clients.dynamic import DynamicClient, DynamicResource
    from kubeloop.clients.metadata_client import MetadataClient
    from kubeloop.clients.tables.object_tables import Tables
    from kubeloop.discovery.discovery_client import DiscoveryClient
    from kubeloop.meta.namespaces import DefaultNamespace
    from kubeloop.objects.model import Kind, KindList
    from kubeloop.unstructured import Unstructured

__all__ = ["Clientset"]

K = TypeVar("K", bound="Kind")


class Clientset(ServerClient, Groups):
    """Typed clients of one server: `async with Clientset(config) as clientset: clientset.core_v1.pods("default")`.

    `rest`, `dynamic`, `metadata` and `discovery` share its transport, its rate limit and its warnings; closing the
    Clientset closes them. Arguments as of `ServerClient`.
    """

    _known: KnownResources | None = None

    @property
    def dynamic(self) -> DynamicClient:
        """A client for any resource, without models."""
        from kubeloop.clients.dynamic import DynamicClient

        return DynamicClient.from_rest(self._rest)

    @property
    def discovery(self) -> DiscoveryClient:
        """A client for the version, the groups and the resources of the server."""
        from kubeloop.discovery.discovery_client import DiscoveryClient

        return DiscoveryClient.from_rest(self._rest)

    @property
    def metadata(self) -> MetadataClient:
        """A client for the metadata of any resource, which reads and sends nothing else of an object."""
        from kubeloop.clients.metadata_client import MetadataClient

        return MetadataClient.from_rest(self._rest, known=self._known_resources())

    @overload
    def resource(
        self, model: type[K], /, namespace: str | DefaultNamespace | None = None
    ) -> ModelClient[K, KindList[K]]: ...
    @overload
    def resource(
        self,
        model: type[Unstructured],
        resource: GroupVersionKind | GroupVersionResource,
        /,
        namespace: str | DefaultNamespace | None = None,
    ) -> DynamicResource: ...
    # mypy does not see that the namespace of the first form may be the second argument by position.
    def resource(  # type: ignore[misc]
        self,
        model: type[Any],
        resource: GroupVersionKind | GroupVersionResource | str | DefaultNamespace | None = None,
        /,
        namespace: str | DefaultNamespace | None = None,
    ) -> Any:
        """Return the client of any kind, built-in or custom.

            clientset.resource(Certificate, "default")
            clientset.resource(Unstructured, GroupVersionKind("cert-manager.io", "v1", "Certificate"), "default")

        This is a plain call. What is missing of the plural, kind and scope of a resource without a class is looked up
        when the first verb is called, once for a Clientset; that verb raises NotFound if the server does not serve it.

        Args:
            model: The class of the objects: a model class, or `Unstructured`.
            resource: For `Unstructured`, the kind or the resource. A model class names its resource.
            namespace: One namespace, or `kubeloop.DEFAULT` for that of the config. None means all namespaces for reads,
                and the object's own namespace for writes.

        Raises:
            TypeError: The class is not a kind that has a resource, or `Unstructured` came without a kind or resource.
            ValueError: A name would break the path, or the kind has no namespaces. Where the scope has to be looked up,
                the first verb raises that.
        """
        if isinstance(resource, (GroupVersionKind, GroupVersionResource)):
            resource_of(model, resource)  # refuses a model class with a resource
            return self._discovered(resource, namespace)
        if namespace is not None and resource is not None:
            raise TypeError(f"resource({model.__name__}, ...) takes one namespace, got {resource!r} and {namespace!r}")
        resource_of(model)
        return ModelClient[Any, Any](self._rest, model, namespace if resource is None else resource)

    async def as_table(self, objects: object, *, timeout: float | None = None) -> Tables:
        """Read the rows that `kubectl get` prints for objects at hand: `print(await clientset.as_table(pods))`.

        One request is sent per resource and namespace: for a single object, that of the object.

        Args:
            objects: One object, a list of the API, a lister of an informer, or any iterable of objects, of any kinds.
            timeout: Seconds for each request. None means the timeout of the config.

        Returns:
            A table per kind, in the order of the objects. An object that the server does not have any more, or has with
            another uid, is in `missing`.

        Raises:
            TypeError: Something else than objects of Kubernetes was passed.

        Reference: kubectl get.
        """
        from kubeloop.clients.tables.object_tables import objects_of, tables_of

        return await tables_of(self._rest, self._known_resources(), objects_of(objects), timeout)

    def _discovered(
        self, resource: GroupVersionKind | GroupVersionResource, namespace: str | DefaultNamespace | None
    ) -> DynamicResource:
        from kubeloop.clients.discovered_endpoint import DiscoveredEndpoint
        from kubeloop.clients.dynamic import DynamicResource, spell_namespace

        known = self._known_resources()
        endpoint = DiscoveredEndpoint(self._rest, resource, namespace, known=known, spell=spell_namespace)
        return DynamicResource.at(endpoint)

    def _known_resources(self) -> KnownResources:
        if self._known is None:
            self._known = {}
        return self._known

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            known = all_of(type(self))
            raise AttributeError(f"{type(self).__name__} has no {name!r}{did_you_mean(name, known)}", name=name)
