"""`EventRecorder`: writes events of `events.k8s.io/v1`, with series.

`event_series` decides what is written, and `event_sender` writes.

Reference: client-go tools/events (event_broadcaster.go, event_recorder.go).
"""

from __future__ import annotations

import asyncio
import socket
from random import Random
from typing import TYPE_CHECKING, Self

from kubeloop._kit.tasks import cancel_and_wait
from kubeloop.meta.name_rules import label_key_faults
from kubeloop.models import events_v1
from kubeloop.record.base_event_recorder import BaseEventRecorder, wall_clock
from kubeloop.record.event_form import EventsV1Form
from kubeloop.record.event_series import FINISH_SECONDS, REFRESH_SECONDS, EventSeries
from kubeloop.record.event_text import INSTANCE_BYTES, cleaned, shortened
from kubeloop.record.recorded_event import EventNames

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import TracebackType

    from kubeloop.clients.clientset import Clientset
    from kubeloop.record.event_metrics import EventMetrics
    from kubeloop.record.occurrence import Occurrence
    from kubeloop.record.recorded_event import RecordedEvent

__all__ = ["EventRecorder"]


class EventRecorder(BaseEventRecorder[events_v1.Event]):
    """Records events of `events.k8s.io/v1`, which tell users what a program does with their objects.

        async with kubeloop.Clientset(config) as clientset, EventRecorder(clientset, "pod-counter") as recorder:
            recorder.event(pod, "Warning", "NoFreePort", "BookPort", "no port is free in 30000-32767")

    `event` returns at once, and no failure of the server raises there. A task of the recorder writes the events.

    - Occurrences that differ in nothing but the note are one event, with the note of the first. The second makes it a
      series, whose count is written then, every 30 minutes, once no occurrence was seen for six minutes, and at the
      end of the block.
    - At most 1,000 events wait to be written. More are dropped, counted and logged.
    - In an outage, an event is tried 12 times in about two minutes, before the next one is. An event that the server
      refuses is dropped and logged; quietly if its namespace is being deleted.
    - The end of the block writes what waits, also after an exception or a cancellation, for at most `flush_timeout`
      seconds. What is left is dropped, counted and logged.
    - With a clientset of `LeaderElection.fence`, a process that is not the leader drops its events quietly.

    Use one recorder per program and not one per object: a new one does not know which events were written before.

    Args:
        clientset: Sends the requests.
        controller: The name of the reporting controller, which is a label key: `"pod-counter"` or
            `"example.com/pod-counter"`.
        instance: The name of this process; None for the controller and the host name.
        flush_timeout: The seconds for which the end of the block writes the events that wait.
        metrics: Receives the measurements, such as a `kubeloop.Metrics`.
        now: The wall clock, for the times in events.
        random: The source of the jitter, and of a part of the names of events.

    Raises:
        ValueError: The controller is not a label key, or the timeout is negative.

    Concurrency: One event loop. From another thread: `loop.call_soon_threadsafe(recorder.event, ...)`.

    Reference: client-go tools/events, NewBroadcaster and EventRecorder. Intended differences are in the docstrings of
        `EventSeries`, `outcome_of` and `EventNames`, and: one loop writes all events, in their order; counts are
        written at the end; what is too long is shortened, where client-go loses the event.
    """

    def __init__(
        self,
        clientset: Clientset,
        controller: str,
        *,
        instance: str | None = None,
        flush_timeout: float = 5.0,
        metrics: EventMetrics | None = None,
        now: Callable[[], datetime] = wall_clock,
        random: Random | None = None,
    ) -> None:
        faults = label_key_faults(controller)
        if faults:
            raise ValueError(
                f"expected a label key as the name of a reporting controller, got {controller!r}: {'; '.join(faults)}"
            )
        random = random or Random()  # noqa: S311 (the randomness only spreads requests and names)
        instance = f"{controller}-{socket.gethostname()}" if instance is None else instance or controller
        form = EventsV1Form(clientset, controller, shortened(cleaned(instance), INSTANCE_BYTES), random)
        super().__init__(form, controller, flush_timeout, metrics, now)
        self._series = EventSeries(EventNames(random))
        self._passes: asyncio.Task[None] | None = None

    def _observe(self, occurrence: Occurrence, now: float, time: datetime) -> None:
        self._queue(self._series.observe(occurrence, now, time))

    def _queue(self, events: list[RecordedEvent]) -> None:
        for event in events:
            self._sender.put(event)

    async def __aenter__(self) -> Self:
        """Begin to write events, without waiting for the server.

        Raises:
            RuntimeError: The block was entered before, and not left.
        """
        await super().__aenter__()
        self._passes = asyncio.create_task(self._pass_over_series(), name=f"{self._title}: series")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the events that wait and the counts of series, for `flush_timeout` seconds at most."""
        passes, self._passes = self._passes, None
        assert passes is not None, "the block was entered"
        self._queue(self._series.unwritten())
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            await cancel_and_wait(passes)

    async def _pass_over_series(self) -> None:
        loop = asyncio.get_running_loop()
        finish_at = refresh_at = loop.time()
        while True:
            now = loop.time()
            if now >= refresh_at:
                refresh_at = now + REFRESH_SECONDS
                self._queue(self._series.refreshed())
            if now >= finish_at:
                finish_at = now + FINISH_SECONDS
                self._queue(self._series.finished(now))
            await asyncio.sleep(min(finish_at, refresh_at) - now)
