"""Clientset: typed clients for every group and version, over one transport.

The accessors (`clientset.core_v1.pods("default")`) are generated, in `groups/`; each group's module and models are
imported when the group is first asked for.

Reference: client-go kubernetes/clientset.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from kubeloop.clients.groups import Groups
from kubeloop.clients.resource_client import ModelClient
from kubeloop.clients.server_client import ServerClient

if TYPE_CHECKING:
    from kubeloop.clients.discovery import DiscoveryClient
    from kubeloop.clients.dynamic import DynamicClient
    from kubeloop.objects.model import Kind, KindList

__all__ = ["Clientset"]

K = TypeVar("K", bound="Kind")


class Clientset(ServerClient, Groups):
    """Typed clients of one server: `async with Clientset(config) as clientset: clientset.core_v1.pods("default")`.

    `rest`, `dynamic` and `discovery` share its transport, its rate limit and its warnings; nothing more to close.
    Arguments as of `ServerClient`.
    """

    @property
    def dynamic(self) -> DynamicClient:
        """A client for any resource, without models."""
        from kubeloop.clients.dynamic import DynamicClient

        return DynamicClient.from_rest(self._rest)

    @property
    def discovery(self) -> DiscoveryClient:
        """What the server has to offer."""
        from kubeloop.clients.discovery import DiscoveryClient

        return DiscoveryClient.from_rest(self._rest)

    def of(self, model: type[K], namespace: str | None = None) -> ModelClient[K, KindList[K]]:
        """Make a client for any kind, built-in or custom, from its class alone.

        Args:
            model: The class of its objects; its class variables say where they are served.
            namespace: Where; None is all namespaces for reads, and the object's own for writes.

        Raises:
            TypeError: The class is no kind that has a resource.
            ValueError: A namespace for a kind that is not namespaced.
        """
        return ModelClient(self._rest, model, namespace)
