"""`HealthReport` and `CheckResult`: what the checks of one probe found, as values."""

from __future__ import annotations

from kubeloop._kit.value import Value

__all__ = ["CheckResult", "HealthReport"]


class CheckResult(Value, frozen=True):
    """What one check found.

    Attributes:
        name: The name of the check.
        error: Why the check failed, masked and of limited length; `""` if it passed or was excluded.
        is_excluded: Whether the caller excluded the check, which was not called then.
    """

    name: str
    error: str = ""
    is_excluded: bool = False


class HealthReport(Value, frozen=True):
    """What the checks of one probe found, in the order in which the checks were added.

    Attributes:
        results: A result per check.
        unmatched: The names to exclude that no check has, sorted.
    """

    results: tuple[CheckResult, ...]
    unmatched: tuple[str, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Whether no check failed."""
        return not any(result.error for result in self.results)

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The results of the checks that failed."""
        return tuple(result for result in self.results if result.error)
