"""DrainSettings: what a caller of `drain` permits, in one value for the functions that decide."""

from __future__ import annotations

from kubeloop._kit.value import Value

__all__ = ["DrainSettings"]


class DrainSettings(Value, frozen=True):
    """What a caller of `drain` permits. The attributes are the arguments of `drain`.

    Attributes:
        uses_eviction: Whether pods are evicted; otherwise they are deleted.
    """

    ignore_daemon_sets: bool = False
    delete_empty_dir_data: bool = False
    force: bool = False
    grace_period_seconds: int | None = None
    skip_wait_for_delete_timeout: int | None = None
    dry_run: bool = False
    uses_eviction: bool = True

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: One is negative.
            TypeError: One is not a whole number.
        """
        for name in ("grace_period_seconds", "skip_wait_for_delete_timeout"):
            value: object = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"expected whole seconds or None as {name}, got {type(value).__name__}")
            if value < 0:
                raise ValueError(f"expected 0 or more seconds or None as {name}, got {value}")
