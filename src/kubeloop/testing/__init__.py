"""Tools for tests of programs that talk to Kubernetes. Nothing else in kubeloop imports this package.

`ControlPlane` is a real API server on the loopback interface; `MutationDetector` finds code that changes what a cache
holds; `kubeloop.testing.pytest_plugin` offers both as fixtures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .controlplane import ControlPlane, ControlPlaneError

if TYPE_CHECKING:
    from .mutation_detector import CacheMutated, MutationDetector

__all__ = ["CacheMutated", "ControlPlane", "ControlPlaneError", "MutationDetector"]


def __getattr__(name: str) -> object:
    """Import the detector, and the cache with it, when it is asked for: a control plane needs neither."""
    if name in ("CacheMutated", "MutationDetector"):
        from . import mutation_detector

        return getattr(mutation_detector, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
