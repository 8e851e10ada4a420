"""Nodes for maintenance: mark them as unschedulable, and evict their pods, as `kubectl cordon` and `kubectl drain` do.

    report = await drain(clientset, "node-1", ignore_daemon_sets=True, timeout=300)
    print(report)

All names of this package are importable from here and loaded on first use.

Reference: kubectl pkg/drain and pkg/cmd/drain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.drain.drain_error import DrainFailed, DrainRefused
    from kubeloop.drain.drain_report import DrainReport, DrainStep, PodOutcome, PodResult
    from kubeloop.drain.node_drain import drain
    from kubeloop.drain.node_scheduling import cordon, uncordon
    from kubeloop.drain.pod_filter import PodDecision, PodFilter

__all__ = [
    "DrainFailed",
    "DrainRefused",
    "DrainReport",
    "DrainStep",
    "PodDecision",
    "PodFilter",
    "PodOutcome",
    "PodResult",
    "cordon",
    "drain",
    "uncordon",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "node_scheduling": "cordon uncordon",
            "drain_error": "DrainFailed DrainRefused",
            "drain_report": "DrainReport DrainStep PodOutcome PodResult",
            "node_drain": "drain",
            "pod_filter": "PodDecision PodFilter",
        },
    )
