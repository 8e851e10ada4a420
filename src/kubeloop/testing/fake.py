"""Clients of an `APIServer` of their own, in one call: `fake.Clientset(*objects)`.

Reference: client-go kubernetes/fake, dynamic/fake. Those replace the clients; these are the real clients, and `api` is
the server, with its reactions and the record of actions. `EventRecorder` keeps events in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.clients import clientset, dynamic

from .apiserver.api_server import APIServer
from .fake_event_recorder import EventRecorder

if TYPE_CHECKING:
    from kubeloop.objects.model import Kind
    from kubeloop.unstructured import Unstructured

__all__ = ["Clientset", "DynamicClient", "EventRecorder"]


class Clientset(clientset.Clientset):
    """A `kubeloop.Clientset` of a new `APIServer`.

        client = fake.Clientset(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a", namespace="web")))
        client.api.on("update", "configmaps", nth=1).fail(errors.Conflict)
        assert (await client.core_v1.config_maps("web").get("a")).metadata.name == "a"
        client.api.actions.assert_no_writes()

    It has no connections, so it need not be closed. For a server with arguments, or with several clients, use
    `APIServer(...).clientset()`.

    Args:
        objects: Objects to store as they are; see `APIServer`.

    Attributes:
        api: The server.
    """

    api: APIServer

    def __init__(self, *objects: Kind | Unstructured | Mapping[str, Any]) -> None:
        self.api = APIServer(*objects)
        super().__init__(self.api.config(), transport=self.api.transport())


class DynamicClient(dynamic.DynamicClient):
    """A `kubeloop.DynamicClient` of a new `APIServer`, as `Clientset` is.

    Args:
        objects: Objects to store as they are; see `APIServer`.

    Attributes:
        api: The server.
    """

    api: APIServer

    def __init__(self, *objects: Kind | Unstructured | Mapping[str, Any]) -> None:
        self.api = APIServer(*objects)
        super().__init__(self.api.config(), transport=self.api.transport())
