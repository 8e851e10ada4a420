"""Tools for tests of programs that use Kubernetes. No other part of kubeloop imports this package.

`APIServer` is an API server in Python, in the same event loop or on a port; `fake.Clientset` is a client with such a
server, and `ServerProcess` a server in its own process. `ControlPlane` is the real API server. `FakeTransport` takes
responses from a function; `FaultyTransport` adds faults. `virtual_time` runs tests without waiting. `MutationDetector`
finds changed objects of a cache. `kubeloop.testing.pytest_plugin` has fixtures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.wire.streamed_response import StreamedResponse

    from . import fake, virtual_time
    from .action import Action
    from .action_list import ActionList
    from .apiserver import APIServer, Storage, open_storage
    from .controlplane import ControlPlane, ControlPlaneError, Kubectl
    from .fake_transport import FakeTransport, event_line, json_response
    from .faults import FaultRule, FaultyTransport
    from .mutation_detector import CacheMutated, MutationDetector
    from .reactions import Reaction
    from .server_process import ServerProcess

__all__ = [
    "APIServer",
    "Action",
    "ActionList",
    "CacheMutated",
    "ControlPlane",
    "ControlPlaneError",
    "FakeTransport",
    "FaultRule",
    "FaultyTransport",
    "Kubectl",
    "MutationDetector",
    "Reaction",
    "ServerProcess",
    "Storage",
    "StreamedResponse",
    "event_line",
    "fake",
    "json_response",
    "open_storage",
    "virtual_time",
]

if not TYPE_CHECKING:
    # The detector imports the cache, which a control plane does not need.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "": "fake virtual_time",
            "action": "Action",
            "action_list": "ActionList",
            "apiserver": "APIServer Storage open_storage",
            "controlplane": "ControlPlane ControlPlaneError Kubectl",
            "fake_transport": "FakeTransport StreamedResponse event_line json_response",
            "faults": "FaultRule FaultyTransport",
            "mutation_detector": "CacheMutated MutationDetector",
            "reactions": "Reaction",
            "server_process": "ServerProcess",
        },
    )
