"""Tools to test programs that use Kubernetes; no other part of kubeloop imports this package.

`ControlPlane` is a real API server on the loopback interface. `MutationDetector` finds code that changes objects of a
cache. `kubeloop.testing.pytest_plugin` offers both as fixtures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from .controlplane import ControlPlane, ControlPlaneError
    from .mutation_detector import CacheMutated, MutationDetector

__all__ = ["CacheMutated", "ControlPlane", "ControlPlaneError", "MutationDetector"]

if not TYPE_CHECKING:
    # The detector loads the cache, which a control plane does not need.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "controlplane": "ControlPlane ControlPlaneError",
            "mutation_detector": "CacheMutated MutationDetector",
        },
    )
