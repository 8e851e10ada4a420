"""A real Kubernetes control plane for tests on Linux and macOS: etcd, kube-apiserver and kube-controller-manager.

All three come from one Go program, whose sources are in `server/`, and so does kubectl (`Kubectl`). There is no
kubelet, so pods stay pending. `python -m kubeloop.testing.controlplane build` builds the program, and `run` runs a
control plane until Ctrl-C. The extra `kubeloop[testing]` is required.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from .binaries import Binaries
    from .control_plane_error import ControlPlaneError
    from .kubectl import Kubectl
    from .plane import ControlPlane

__all__ = ["Binaries", "ControlPlane", "ControlPlaneError", "Kubectl"]

if not TYPE_CHECKING:
    # `plane` imports `cryptography`, which the parts that another server shares do not need.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "binaries": "Binaries",
            "control_plane_error": "ControlPlaneError",
            "kubectl": "Kubectl",
            "plane": "ControlPlane",
        },
    )
