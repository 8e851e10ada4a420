"""`ControlPlaneError`: the only error of the control plane."""

from __future__ import annotations

__all__ = ["ControlPlaneError"]


class ControlPlaneError(Exception):
    """A control plane could not be found, built or started. The message ends with the next step or a log's end."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
