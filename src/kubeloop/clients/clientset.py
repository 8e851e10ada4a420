"""Clientset: typed clients for every group and version, over one transport.

The accessors (`clientset.core_v1.pods("default")`) are generated, in `groups`; the module and the models of a group are
imported when the group is first used.

Reference: client-go kubernetes/clientset.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload

from kubeloop._kit.near_names import did_you_mean
from kubeloop.clients.base_resource_client import all_of
from kubeloop.clients.clientset_waits import ClientsetWaits
from kubeloop.clients.groups import Groups
from kubeloop.clients.manifest_verbs import ManifestVerbs
from kubeloop.clients.resource_client import ModelClient
from kubeloop.clients.resource_lookup import resource_of
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.rest.retry import DEFAULT_MAX_RETRIES

if TYPE_CHECKING:
    from random import Random

    from kubeloop.clients.access_review import Permission
    from kubeloop.clients.discovered_endpoint import KnownResources
    from kubeloop.clients.dynamic import DynamicClient, DynamicResource
    from kubeloop.clients.metadata_client import MetadataClient
    from kubeloop.clients.object_reference import Referable
    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.clients.tables.object_tables import Tables
    from kubeloop.config.config import Config
    from kubeloop.discovery.discovery_client import DiscoveryClient
    from kubeloop.discovery.disk_cache import DiskCache
    from kubeloop.discovery.openapi_client import OpenAPIClient
    from kubeloop.discovery.resource_table import ResourceName
    from kubeloop.discovery.rest_mapper import RESTMapper
    from kubeloop.discovery.rest_mapping import RESTMapping
    from kubeloop.meta.gvk import GroupResource
    from kubeloop.meta.namespaces import DefaultNamespace
    from kubeloop.models import authorization_v1, core_v1
    from kubeloop.objects.model import Kind, KindList
    from kubeloop.transport.base import Transport
    from kubeloop.unstructured import Unstructured

__all__ = ["Clientset"]

K = TypeVar("K", bound="Kind")


class Clientset(ManifestVerbs, ClientsetWaits, Groups):
    """Typed clients of one server: `async with Clientset(config) as clientset: clientset.core_v1.pods("default")`.

    `rest`, `dynamic`, `metadata` and `discovery` share its transport, its rate limit and its warnings; closing the
    Clientset closes them.

    Args:
        config: Which server to connect to, and as whom.
        transport: Carries the bytes instead of a transport opened from the config; the caller closes it.
        max_retries: How many times one call may be retried.
        random: The source of the jitter of back-off; a generator with a seed makes it repeatable.
        discovery_cache: Files in which `mapper` finds what the server serves, and keeps it for later programs; None
            keeps it in memory only.

    Concurrency: One event loop, any number of calls at once; each may be cancelled.
    """

    _known: KnownResources | None = None
    _mapper: RESTMapper | None = None
    _openapi: OpenAPIClient | None = None
    _discovery_cache: DiskCache | None = None

    def __init__(
        self,
        config: Config,
        *,
        transport: Transport | None = None,
        max_retries: int = DEFAULT_MAX_RETRIES,
        random: Random | None = None,
        discovery_cache: DiskCache | None = None,
    ) -> None:
        super().__init__(config, transport=transport, max_retries=max_retries, random=random)
        self._discovery_cache = discovery_cache

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
    def mapper(self) -> RESTMapper:
        """The mapper from names to resources, one for the Clientset. It asks the server when it is first called."""
        if self._mapper is None:
            from kubeloop.discovery.rest_mapper import RESTMapper

            if self._discovery_cache is None:
                from kubeloop.discovery.memory_discovery import MemoryDiscovery

                self._mapper = RESTMapper(MemoryDiscovery(self.discovery))
            else:
                from kubeloop.discovery.disk_discovery import DiskDiscovery

                self._mapper = RESTMapper(DiskDiscovery(self.discovery, self._discovery_cache))
        return self._mapper

    @property
    def openapi(self) -> OpenAPIClient:
        """The client for the OpenAPI v3 schemas of the server, one for the Clientset, which keeps what it has read."""
        if self._openapi is None:
            from kubeloop.discovery.openapi_client import OpenAPIClient

            cache = self._discovery_cache
            store = None if cache is None else cache.documents_of(self._rest.config)
            self._openapi = OpenAPIClient.with_store(self._rest, store)
        return self._openapi

    async def resolve(
        self, name: ResourceName | RESTMapping, /, namespace: str | DefaultNamespace | None = None
    ) -> DynamicResource:
        """Return the client of any resource by the name that kubectl takes: `await clientset.resolve("deploy")`.

        Args:
            name: A short name, plural, singular or kind, alone, with a group (`"deployments.apps"`), or with version
                and group (`"Deployment.v1.apps"`); or a GroupVersionKind, a GroupVersionResource, or what `mapper`
                returned.
            namespace: One namespace, or `kubeloop.DEFAULT` for that of the config. None means all namespaces for reads,
                and the object's own namespace for writes.

        Returns:
            The client of `Unstructured` objects, which knows the scope of the resource.

        Raises:
            NoMatch: The server has no such resource.
            AmbiguousMatch: It has several in one group and version; names them.
            DiscoveryIncomplete: The name could be in a group that discovery could not read.
            ValueError: A namespace was given, and the resource has none.
        """
        from kubeloop.clients.dynamic import DynamicResource, spell_namespace
        from kubeloop.clients.resource_endpoint import ResourceEndpoint
        from kubeloop.clients.resource_lookup import info_of
        from kubeloop.discovery.rest_mapping import RESTMapping
        from kubeloop.unstructured import Unstructured

        mapping = name if isinstance(name, RESTMapping) else await self.mapper.resolve(name)
        endpoint = ResourceEndpoint(self._rest, Unstructured, namespace, info=info_of(mapping), spell=spell_namespace)
        return DynamicResource.at(endpoint)

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
            from kubeloop.clients.discovered_endpoint import KnownResources

            self._known = KnownResources(self._recall)
        return self._known

    def _recall(self, name: GroupVersionKind | GroupVersionResource) -> ResourceInfo | None:
        from kubeloop.clients.resource_lookup import info_of

        mapping = None if self._mapper is None else self._mapper.peek(name)
        return None if mapping is None else info_of(mapping)

    def _endpoint_of(self, obj: Kind | Unstructured) -> Endpoint[Any]:
        """Return the collection of an object's kind, in all namespaces."""
        from kubeloop.unstructured import Unstructured

        if isinstance(obj, Unstructured):
            group, _, version = obj.api_version.rpartition("/")
            return self._discovered(GroupVersionKind(group, version, obj.kind), None).endpoint
        return self.resource(type(obj)).endpoint

    async def events_of(self, obj: Referable, *, timeout: float | None = None) -> list[core_v1.Event]:
        """Return the events about an object, the oldest first, as `kubectl describe` shows them.

            for event in await clientset.events_of(pod):
                print(event.type, event.reason, event.message)

        An event that is repeated counts from its last occurrence. To follow new events, watch with
        `kubeloop.record.events_about(obj)` as the field selector.

        Args:
            obj: An object of any kind, typed or not, or an `ObjectReference`. What it does not have, such as a uid,
                does not select: events about an earlier object of the same name are then returned too.
            timeout: Seconds for each request; None takes the timeout of the config.

        Raises:
            TypeError: It is not an object.
            ValueError: The object has no kind.

        Reference: kubectl describe/describe.go (searchEvents). As there, events by which the kubelet names a node or a
            static pod are included.
        """
        from kubeloop.clients.object_events import events_of, references_in_events

        return await events_of(self._rest, references_in_events(obj), timeout=timeout)

    async def can_i(
        self,
        verb: str,
        resource: str | type[Kind] | GroupResource | GroupVersionResource,
        *,
        namespace: str | DefaultNamespace | None = None,
        name: str = "",
        subresource: str = "",
        timeout: float | None = None,
    ) -> Permission:
        """Ask the server whether the user of this Clientset may do something.

            if not await clientset.can_i("create", "pods", namespace="shop", subresource="eviction"):
                ...
            print(await clientset.can_i("list", apps_v1.Deployment))    # list deployments.apps in all namespaces: no

        Args:
            verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, another one such as
                `impersonate` or `approve`, or `*` for all of them. For a path, a method in lower case.
            resource: A class; a name as kubectl takes it (`"pods"`, `"deploy"`, `"jobs.batch"`), for which discovery is
                asked once; a `GroupResource`, for which it is not, for instance of a resource that no server serves; a
                path of the server (`"/metrics"`); or `"*"` for all resources.
            namespace: One namespace, or `kubeloop.DEFAULT` for that of the config. None means all namespaces.
            name: The name of one object; `""` for all objects.
            subresource: The subresource, such as `"log"`; `""` for the object itself.
            timeout: Seconds for each request; None takes the timeout of the config.

        Returns:
            The permission, which is true if the action is allowed. It says nothing about the future, and a request may
            still be refused, for instance by admission.

        Raises:
            NoMatch: The server has no resource of this name.
            ValueError: A namespace was given, and the resource has none; or the name contains a `/`.

        Reference: kubectl auth can-i; SelfSubjectAccessReview. Intended difference: an unknown resource is an error,
            where kubectl warns and says no.
        """
        from kubeloop.clients.access_review import can_i

        return await can_i(
            self, verb, resource, namespace=namespace, name=name, subresource=subresource, timeout=timeout
        )

    async def permissions(
        self, namespace: str | DefaultNamespace, *, timeout: float | None = None
    ) -> authorization_v1.SubjectRulesReviewStatus:
        """Return what the user of this Clientset may do in a namespace: `kubectl auth can-i --list`.

        Args:
            namespace: The namespace, or `kubeloop.DEFAULT` for that of the config.
            timeout: Seconds for the call; None takes the timeout of the config.

        Returns:
            The rules for resources and for paths. They may be `incomplete`: `evaluation_error` then says why. Use
            `can_i` to decide about an action.

        Reference: SelfSubjectRulesReview.
        """
        from kubeloop.meta.namespaces import DefaultNamespace
        from kubeloop.models import authorization_v1

        where = self._rest.config.namespace if isinstance(namespace, DefaultNamespace) else namespace
        spec = authorization_v1.SelfSubjectRulesReviewSpec(namespace=where)
        review = authorization_v1.SelfSubjectRulesReview(spec=spec)
        return (await self.authorization_v1.self_subject_rules_reviews().create(review, timeout=timeout)).status

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            known = all_of(type(self))
            raise AttributeError(f"{type(self).__name__} has no {name!r}{did_you_mean(name, known)}", name=name)
