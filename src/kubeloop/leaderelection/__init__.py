"""Leader election: of several replicas of a program, one at a time works, and its late writes are refused.

All names of this package are importable from here and loaded on first use.

Reference: client-go `tools/leaderelection`, `tools/leaderelection/resourcelock`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.leaderelection.leader_election import LeaderElection
    from kubeloop.leaderelection.leader_metrics import LeaderMetrics
    from kubeloop.leaderelection.lease_candidate import LeaseCandidate
    from kubeloop.leaderelection.lease_lock import default_identity

__all__ = ["LeaderElection", "LeaderMetrics", "LeaseCandidate", "default_identity"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "leader_election": "LeaderElection",
            "leader_metrics": "LeaderMetrics",
            "lease_candidate": "LeaseCandidate",
            "lease_lock": "default_identity",
        },
    )
