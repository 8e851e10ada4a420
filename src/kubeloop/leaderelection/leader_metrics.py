"""`LeaderMetrics`: the protocol that receives the measurements of a `LeaderElection`."""

from __future__ import annotations

from typing import Protocol

__all__ = ["LeaderMetrics"]


class LeaderMetrics(Protocol):
    """Receives the measurements of elections. The calls are synchronous and must be quick.

    `election` is the name of the Lease. `kubeloop.Metrics` implements this protocol. An exception loses a measurement
    and no leadership; the first is logged.

    Reference: client-go tools/leaderelection/metrics.go, LeaderMetric.
    """

    def leader_changed(self, election: str, is_leader: bool, /) -> None:
        """Record whether this process is the leader. Called at the start with False."""

    def leader_slow_path(self, election: str, /) -> None:
        """Record that the leader had to read the Lease before it renewed it."""
