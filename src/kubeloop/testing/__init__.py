"""Tools for tests of programs that talk to Kubernetes. Nothing else in kubeloop imports this package.

`ControlPlane` is a real API server on the loopback interface; `kubeloop.testing.pytest_plugin` offers it as fixtures.
"""

from __future__ import annotations

from .controlplane import ControlPlane, ControlPlaneError

__all__ = ["ControlPlane", "ControlPlaneError"]
