"""Events in the core group and in `events.k8s.io`, which are one resource with two shapes.

Reference: kubernetes pkg/apis/events/v1/conversion.go.
"""

from __future__ import annotations

from typing import Any

__all__ = ["from_core", "to_core"]

_FROM_CORE = {
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "involvedObject": "regarding",
    "lastTimestamp": "deprecatedLastTimestamp",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
}
_TO_CORE = {new: old for old, new in _FROM_CORE.items()}


def from_core(data: dict[str, Any]) -> dict[str, Any]:
    """Return a core Event as one of `events.k8s.io/v1`."""
    event = {_FROM_CORE.get(name, name): value for name, value in data.items()}
    for name in ("reportingController", "reportingInstance"):
        if event.get(name) == "":
            del event[name]  # written by the core version only
    return event


def to_core(data: dict[str, Any]) -> dict[str, Any]:
    """Return an Event of `events.k8s.io/v1` as a core Event."""
    event = {_TO_CORE.get(name, name): value for name, value in data.items()}
    event.setdefault("reportingComponent", "")
    event.setdefault("reportingInstance", "")
    event.setdefault("involvedObject", {})
    return event
