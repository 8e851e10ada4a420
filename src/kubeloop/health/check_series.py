"""`CheckSeries`: what checks found, as metrics with the names of component-base's metrics/prometheus/slis."""

from __future__ import annotations

from kubeloop._kit.metric_family import Counter, Gauge, MetricFamily

__all__ = ["CheckSeries"]


class CheckSeries:
    """The last result of each check, and how often each check passed and failed.

    Intended difference: the API server has these metrics at the path `/metrics/slis`.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], float] = {}
        self._gauge = Gauge(
            "kubernetes_healthcheck", "Whether the check passed when it was called last.", ("name", "type")
        )
        self._total = Counter(
            "kubernetes_healthchecks_total", "Calls of the check, by result.", ("name", "type", "status")
        )

    def record(self, name: str, endpoint: str, *, has_passed: bool) -> None:
        """Record the result of a check."""
        self._last[name, endpoint] = float(has_passed)
        self._total.increment(name, endpoint, "success" if has_passed else "error")

    def collect(self) -> tuple[MetricFamily, ...]:
        """Return the metrics with their samples at this time."""
        self._gauge.replace_all(self._last)
        return self._gauge.collect(), self._total.collect()

    def __repr__(self) -> str:
        return f"<CheckSeries of {len(self._last)} checks>"
