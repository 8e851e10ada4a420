"""A real Kubernetes control plane for tests: etcd, kube-apiserver and, when asked for, kube-controller-manager.

    async with ControlPlane() as plane:
        config = kubeloop.load_config(plane.kubeconfig)

What lives here: finding or building the server programs (`binaries`, `build`), their keys (`certificates`), their
processes (`component`, `reaper`) and the whole (`plane`). The server programs come from one Go program whose sources
lie in `server/`, inside the package, so that an installed wheel can build it. There is no kubelet: pods are objects
that stay pending, which is what tests of controllers want.

`python -m kubeloop.testing.controlplane build` prepares the binary ahead of time, `run` starts a control plane until
Ctrl-C. Needs the extra `kubeloop[testing]`; Linux and macOS.
"""

from __future__ import annotations

from .binaries import Binaries
from .plane import ControlPlane, ControlPlaneError

__all__ = ["Binaries", "ControlPlane", "ControlPlaneError"]
