"""`EventMetrics`: the protocol that receives the measurements of event recorders."""

from __future__ import annotations

from typing import Protocol

__all__ = ["EventMetrics"]


class EventMetrics(Protocol):
    """Receives the measurements of event recorders. The calls are synchronous and must be quick.

    `recorder` is the name of the reporting controller or source component. `kubeloop.Metrics` implements this protocol.
    An exception loses a measurement and no event; the first is logged.
    """

    def event_written(self, recorder: str, /) -> None:
        """Record that an event was created or updated."""

    def event_dropped(self, recorder: str, reason: str, /) -> None:
        """Record that an event, or an update of its count, was dropped.

        Args:
            recorder: The name of the recorder.
            reason: `"queue_full"`, `"spam"`, `"refused"` (by the server), `"terminating"` (the namespace),
                `"unreachable"` (after 12 attempts), `"not_leader"` (by a fenced client) or `"closed"`.
        """
