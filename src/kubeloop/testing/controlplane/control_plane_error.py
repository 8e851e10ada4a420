"""The one error of the control plane."""

from __future__ import annotations

__all__ = ["ControlPlaneError"]


class ControlPlaneError(Exception):
    """A control plane that could not be found, built or started; the message ends with what to do or the log's tail."""
