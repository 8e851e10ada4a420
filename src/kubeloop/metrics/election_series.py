"""`ElectionSeries`: what is counted for leader elections.

Reference: k8s.io/component-base v0.37, metrics/prometheus/clientgo/leaderelection.
"""

from __future__ import annotations

from kubeloop._kit.metric_family import Counter, Gauge, MetricFamily

__all__ = ["ElectionSeries"]


class ElectionSeries:
    """The series of leader elections; implements the protocol `LeaderMetrics`."""

    def __init__(self) -> None:
        by_name = ("name",)
        self._leaders: dict[tuple[str, ...], float] = {}
        self._leader = Gauge(
            "leader_election_master_status", "Whether this process is the leader: 1 for yes, 0 for no.", by_name
        )
        self._slow_paths = Counter(
            "leader_election_slowpath_total", "Renewals before which the leader had to read the lease.", by_name
        )

    def election_families(self) -> tuple[MetricFamily, ...]:
        """Return the metrics with their samples at this time."""
        self._leader.replace_all(self._leaders)
        return self._leader.collect(), self._slow_paths.collect()

    # The protocol `LeaderMetrics`.

    def leader_changed(self, election: str, is_leader: bool, /) -> None:
        """Record whether this process is the leader."""
        self._leaders[election,] = float(is_leader)

    def leader_slow_path(self, election: str, /) -> None:
        """Record that the leader had to read the Lease before it renewed it."""
        self._slow_paths.increment(election)
