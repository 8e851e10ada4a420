"""A Clientset and an informer over a scripted transport, and the pods of the scripts."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Self

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.meta.gvk import GroupVersionResource
from kubeloop.testing.virtual_time import settle
from kubeloop.unstructured import Unstructured
from tests.support.scripted_transport import ScriptedTransport, event, query

__all__ = ["PODS", "RunningInformer", "added", "clientset", "pod"]

PODS = GroupVersionResource("", "v1", "pods")


def pod(name: str, version: int | str, **metadata: Any) -> dict[str, Any]:
    """Build the JSON of a pod in the namespace `x`; without a `uid`, its uid is `uid-` and its name."""
    known = {"name": name, "namespace": "x", "resourceVersion": str(version), "uid": f"uid-{name}"}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {**known, **metadata}}


def added(*versions: int) -> bytes:
    """Write the ADDED frames of a pod for each version: `p6` at version 6."""
    return b"".join(event("ADDED", pod(f"p{version}", version)) for version in versions)


def clientset(*script: Any) -> tuple[Clientset, ScriptedTransport]:
    """Build a Clientset over a script, and the transport that plays the script."""
    transport = ScriptedTransport(*script)
    return Clientset(Config(host="https://server"), transport=transport, random=random.Random(7)), transport


class RunningInformer:
    """A running informer of pods, typed or dynamic, over a script, for as long as the block runs. It reads pages."""

    def __init__(
        self, *script: Any, is_typed: bool = True, make: Callable[[SharedInformerFactory], Any] | None = None
    ) -> None:
        clients, self.transport = clientset(*script)
        self.factory = SharedInformerFactory(clients, watch_list=False, random=random.Random(7))
        # Any: typed and dynamic objects have the same structure and two types.
        self.pods: Any
        if make is not None:
            self.pods = make(self.factory)
        else:
            self.pods = self.factory.core_v1.pods() if is_typed else self.factory.informer(Unstructured, PODS)
        self.told: list[str] = []
        self.pods.add_event_handler(
            on_add=lambda obj: self.told.append(f"add {self.name_of(obj)}"),
            on_update=lambda _old, new: self.told.append(f"update {self.name_of(new)}"),
            on_delete=lambda obj: self.told.append(f"delete {self.name_of(obj)}"),
        )

    def name_of(self, obj: Any) -> str:
        """Return how an object is called in `told` and `store`."""
        return str(obj.metadata.name)

    def scope_of(self, request: Any) -> str:  # for informers of several scopes
        """Return what `asked` shows of the scope of a request, with a space behind it."""
        return ""

    async def __aenter__(self) -> Self:
        await self.factory.__aenter__()
        await settle()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.factory.shutdown()
        assert self.transport.open_streams == 0

    @property
    def store(self) -> dict[str, str]:
        """The resourceVersions in the store, by name."""
        return {self.name_of(obj): obj.metadata.resource_version for obj in self.pods.lister.list()}

    @property
    def asked(self) -> list[str]:
        """The requests, each as list or watch, with its resource version."""
        found = []
        for request in self.transport.requests:
            parameters = query(request)
            verb = "watch" if "watch" in parameters else "list"
            found.append(f"{verb} {self.scope_of(request)}{parameters.get('resourceVersion', 'newest')}")
        return found
