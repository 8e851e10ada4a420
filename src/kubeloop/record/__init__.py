"""Events: what a program tells users about an object, as `kubectl describe` and `kubectl events` show it.

`EventRecorder` writes `events.k8s.io/v1`, `CoreEventRecorder` writes core `v1` as most programs on client-go do. All
names of this package are importable from here and loaded on first use.

Reference: client-go `tools/events`, `tools/record`, `tools/reference`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.clients.event_selector import events_about
    from kubeloop.clients.object_reference import reference_to
    from kubeloop.record.core_event_recorder import CoreEventRecorder
    from kubeloop.record.event_metrics import EventMetrics
    from kubeloop.record.event_recorder import EventRecorder
    from kubeloop.record.occurrence import Occurrence
    from kubeloop.record.recorder import Recorder

__all__ = [
    "CoreEventRecorder",
    "EventMetrics",
    "EventRecorder",
    "Occurrence",
    "Recorder",
    "events_about",
    "reference_to",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "core_event_recorder": "CoreEventRecorder",
            "event_metrics": "EventMetrics",
            "event_recorder": "EventRecorder",
            "kubeloop.clients.event_selector": "events_about",
            "kubeloop.clients.object_reference": "reference_to",
            "occurrence": "Occurrence",
            "recorder": "Recorder",
        },
    )
