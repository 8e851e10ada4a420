"""`not_stopping`: a check that fails as soon as the program ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kubeloop.errors import Unhealthy

__all__ = ["CanBeSet", "not_stopping"]


class CanBeSet(Protocol):
    """What the check needs of the `stop` of `until_signalled`, or of an `asyncio.Event`."""

    def is_set(self) -> bool:
        """Return whether the program is to end."""
        ...


def not_stopping(stop: CanBeSet) -> Callable[[], None]:
    """Return a readiness check that fails as soon as the program is to end, so that it gets no new traffic.

        async with kubeloop.until_signalled() as stop:
            checks.add_readiness("shutdown", not_stopping(stop))

    Args:
        stop: The `stop` of `kubeloop.until_signalled`, or an `asyncio.Event`.

    Reference: apiserver healthz.NewShutdownHealthz.
    """

    def check() -> None:
        if stop.is_set():
            raise Unhealthy("the process is shutting down")

    return check
