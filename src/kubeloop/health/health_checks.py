"""`HealthChecks`: the named checks of a program, for its liveness and its readiness."""

from __future__ import annotations

from collections.abc import Collection

from kubeloop._kit.metric_family import MetricFamily
from kubeloop.health.check_call import Check
from kubeloop.health.check_group import CheckGroup
from kubeloop.health.check_series import CheckSeries
from kubeloop.health.health_report import HealthReport

__all__ = ["HealthChecks"]


class HealthChecks:
    """Named checks of a program, and what they find now.

        checks = HealthChecks()
        checks.add_liveness("election", election.check_health)
        checks.add_readiness("informers", informers_synced(factory))
        report = await checks.readiness()
        print(report.is_healthy, report.failed)

    A check is a plain or async function that raises an exception if its part of the program is unhealthy; a check that
    returns False has failed, too. Liveness and readiness both begin with the check `ping`, which always passes.

    - A liveness check fails if only a restart helps: the kubelet then restarts the container.
    - A readiness check fails while the program cannot do its work: the pod then gets no traffic through Services, and
      a rollout waits.

    Guarantees: a check that raises or hangs affects no other check. Async checks run at the same time. One that has not
    ended after `timeout` seconds is cancelled and has failed, even if it ignores its cancellation; then it is not
    called again until it ends. A plain check must not block the event loop. The error of a check is logged once when
    the check begins to fail, as a WARNING, or as an INFO line if a readiness check has never passed; so is its
    recovery, as an INFO line.

    Args:
        timeout: The seconds after which an async check has failed. Choose less than the `timeoutSeconds` of the probe,
            whose default is 1, and leave 0.1 s for the end of cancelled checks.

    Attributes:
        liveness_group: The liveness checks, for a server.
        readiness_group: The readiness checks, for a server.

    Raises:
        ValueError: The timeout is not positive.

    Concurrency: one event loop; any number of calls at the same time.

    Reference: apiserver pkg/server/healthz (HealthChecker, NamedCheck).
    """

    def __init__(self, *, timeout: float = 0.8) -> None:
        if not timeout > 0:
            raise ValueError(f"expected a timeout of more than 0 s, got {timeout!r}")
        self._series = CheckSeries()
        self.liveness_group = CheckGroup(
            "liveness", "livez", timeout=timeout, series=self._series, may_fail_at_start=False
        )
        self.readiness_group = CheckGroup(
            "readiness", "readyz", timeout=timeout, series=self._series, may_fail_at_start=True
        )

    def add_liveness(self, name: str, check: Check) -> None:
        """Add a check that fails if only a restart helps.

        Args:
            name: The name in reports, in `?exclude=` and in the path `/livez/NAME`: letters, digits, `-`, `.`, `_` and
                `~`, with a letter or digit at both ends. A `/` may separate parts: `informers/pods`.
            check: A plain or async function that raises an exception if its part of the program is unhealthy.

        Raises:
            ValueError: The name is malformed, or there is a liveness check of this name.
            TypeError: The check is not a function.
        """
        self.liveness_group.add(name, check)

    def add_readiness(self, name: str, check: Check) -> None:
        """Add a check that fails while the program cannot do its work; the rest as for `add_liveness`."""
        self.readiness_group.add(name, check)

    async def liveness(self, *, exclude: Collection[str] = ()) -> HealthReport:
        """Call the liveness checks, and return what they found.

        Args:
            exclude: The names of checks that are not called.
        """
        return await self.liveness_group.report(exclude)

    async def readiness(self, *, exclude: Collection[str] = ()) -> HealthReport:
        """Call the readiness checks, and return what they found; the rest as for `liveness`."""
        return await self.readiness_group.report(exclude)

    def collect(self) -> tuple[MetricFamily, ...]:
        """Return the metrics `kubernetes_healthcheck` and `kubernetes_healthchecks_total` of the calls so far."""
        return self._series.collect()

    def __repr__(self) -> str:
        liveness, readiness = (", ".join(group.names) for group in (self.liveness_group, self.readiness_group))
        return f"<HealthChecks, liveness: {liveness}; readiness: {readiness}>"
