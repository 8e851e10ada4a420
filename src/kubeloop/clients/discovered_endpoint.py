"""DiscoveredEndpoint: an endpoint of which only the kind or the resource is known until discovery was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubeloop.clients.resource_endpoint import ResourceEndpoint
from kubeloop.clients.resource_info import ResourceInfo
from kubeloop.clients.resource_lookup import look_up, resource_of
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.unstructured import Unstructured
from kubeloop.wire.request import group_version_path, segment

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import SpellClient
    from kubeloop.meta.namespaces import DefaultNamespace
    from kubeloop.rest.client import RESTClient

__all__ = ["DiscoveredEndpoint", "KnownResources"]

_Name = GroupVersionKind | GroupVersionResource


class KnownResources:
    """The resources that discovery has found, which the endpoints of one client share. A failure is not kept.

    Args:
        recall: Returns what a mapper knows without a request, None if it does not know the name; None for no mapper.
    """

    __slots__ = ("_found", "_recall")

    def __init__(self, recall: Callable[[_Name], ResourceInfo | None] | None = None) -> None:
        self._found: dict[_Name, ResourceInfo] = {}
        self._recall = recall

    async def find(self, rest: RESTClient, name: _Name) -> ResourceInfo:
        """Return the resource of a name, and ask discovery if it is not known.

        Raises:
            NotFound: The server does not serve the kind or the resource.
        """
        found = self._found.get(name)
        if found is None:
            recalled = None if self._recall is None else self._recall(name)
            found = self._found[name] = recalled or await look_up(rest, resource_of(Unstructured, name))
        return found

    def __repr__(self) -> str:
        return f"<KnownResources: {', '.join(map(str, self._found)) or 'none'}>"


class DiscoveredEndpoint:
    """A kind or a resource whose plural, kind and scope discovery finds when the first verb is called.

    Args:
        rest: Sends the requests.
        name: The kind or the resource.
        namespace: One namespace, `DEFAULT`, or None for all of them.
        known: What has been found before; what is found is added.
        spell: Writes the call that makes a client with a namespace, for messages.

    Raises:
        ValueError: A name that would break the path.

    Reference: apimachinery meta.RESTMapper, for the two questions RESTMapping and KindFor.
    """

    __slots__ = ("_info", "_known", "_name", "_namespace", "_spell", "model", "rest")

    def __init__(
        self,
        rest: RESTClient,
        name: GroupVersionKind | GroupVersionResource,
        namespace: str | DefaultNamespace | None,
        *,
        known: KnownResources,
        spell: SpellClient,
    ) -> None:
        self._info = resource_of(Unstructured, name)
        group_version_path(name.group_version)
        if isinstance(name, GroupVersionResource):
            segment(name.resource, "resource")
        elif not name.kind:
            raise ValueError(f"expected a kind, got {str(name)!r}: its kind is empty")
        if isinstance(namespace, str) and namespace:
            segment(namespace, "namespace")
        self.rest = rest
        self.model = Unstructured
        self._name = name
        self._namespace = namespace
        self._known = known
        self._spell = spell

    @property
    def collection(self) -> str:
        """The name of the kind or resource."""
        return str(self._name)

    async def located(self) -> ResourceEndpoint[Unstructured]:
        """Return the endpoint with its paths, and ask discovery unless that was done before.

        Raises:
            NotFound: The server does not serve the kind or the resource.
            ValueError: A namespace was given, and the resource has none.
        """
        info = await self._known.find(self.rest, self._name)
        return ResourceEndpoint(self.rest, Unstructured, self._namespace, info=info, spell=self._spell)

    def check(self, name: str, subresource: str | None = None, *, verb: str) -> None:
        """Check nothing: without the scope of the resource, the path is not known."""

    def in_namespace(self, namespace: str | DefaultNamespace | None) -> DiscoveredEndpoint:
        """Return the same resource in another namespace, or in all of them."""
        return DiscoveredEndpoint(self.rest, self._name, namespace, known=self._known, spell=self._spell)

    def __str__(self) -> str:
        where = f" in {self._namespace}" if self._namespace else ""
        return f"{self._name}{where}"

    def __repr__(self) -> str:
        return f"<DiscoveredEndpoint {self}>"
