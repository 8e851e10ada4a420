"""`HealthChecks`: the named checks of a program, for its liveness and its readiness."""

from __future__ import annotations

from collections.abc import Collection

from kubeloop.health.check_group import Check, CheckGroup
from kubeloop.health.health_report import HealthReport

__all__ = ["HealthChecks"]


class HealthChecks:
    """Named checks of a program, and what they find now.

        checks = HealthChecks()
        checks.add_liveness("election", election.check_health)
        checks.add_readiness("informers", informers_synced(factory))
        report = await checks.readiness()
        print(report.is_healthy, report.failed)

    A check is a plain or async function that raises an exception if its part of the program is unhealthy; one that
    returns False has failed, too. Both kinds begin with the check `ping`, which always passes.

    - Liveness: a failure that only a restart repairs, because the kubelet restarts the container.
    - Readiness: the program cannot do its work now. It gets no traffic through Services, and is not restarted.

    Guarantees: a check that hangs or raises delays and breaks no other. Async checks run at the same time, and one that
    has not ended after `timeout` seconds is cancelled and has failed. The error of a check is logged once when the check
    begins to fail (WARNING, or INFO if a readiness check has never passed), and once when it passes again (INFO).

    Args:
        timeout: The seconds after which an async check has failed; less than the `timeoutSeconds` of the probe, whose
            default is 1.

    Concurrency: one event loop; any number of calls at the same time.

    Reference: apiserver pkg/server/healthz (HealthChecker, NamedCheck).
    """

    def __init__(self, *, timeout: float = 0.8) -> None:
        if not timeout > 0:
            raise ValueError(f"expected a timeout of more than 0 s, got {timeout!r}")
        self.liveness_group = CheckGroup("liveness", timeout, is_failing_at_start=False)
        self.readiness_group = CheckGroup("readiness", timeout, is_failing_at_start=True)

    def add_liveness(self, name: str, check: Check) -> None:
        """Add a check whose failure lets the kubelet restart the container.

        Args:
            name: The name in reports, in `exclude=` and in the path `/livez/NAME`: letters, digits, `-`, `.`, `_`, `~`.
            check: A plain or async function that raises an exception if the program is unhealthy.

        Raises:
            ValueError: The name is malformed, or there is a liveness check of this name.
            TypeError: The check is no function.
        """
        self.liveness_group.add(name, check)

    def add_readiness(self, name: str, check: Check) -> None:
        """Add a check whose failure means that the program cannot do its work now; see `add_liveness`."""
        self.readiness_group.add(name, check)

    async def liveness(self, *, exclude: Collection[str] = ()) -> HealthReport:
        """Call the liveness checks and return what they found.

        Args:
            exclude: The names of checks that are not called.
        """
        return await self.liveness_group.report(exclude)

    async def readiness(self, *, exclude: Collection[str] = ()) -> HealthReport:
        """Call the readiness checks and return what they found; see `liveness`."""
        return await self.readiness_group.report(exclude)

    def __repr__(self) -> str:
        liveness, readiness = (", ".join(group.names) for group in (self.liveness_group, self.readiness_group))
        return f"<HealthChecks, liveness: {liveness}; readiness: {readiness}>"
