"""A real Kubernetes control plane for tests on Linux and macOS: etcd, kube-apiserver and kube-controller-manager.

All three come from one Go program, whose sources are in `server/`. There is no kubelet, so pods stay pending.
`python -m kubeloop.testing.controlplane build` builds the program, and `run` runs a control plane until Ctrl-C. The
extra `kubeloop[testing]` is required.
"""

from __future__ import annotations

from .binaries import Binaries
from .plane import ControlPlane, ControlPlaneError

__all__ = ["Binaries", "ControlPlane", "ControlPlaneError"]
