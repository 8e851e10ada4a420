"""`CoreEventRecorder`: writes events of core `v1`, with the correlation that most programs on client-go have.

`event_correlator` decides what is written, and `event_sender` writes.

Reference: client-go tools/record (event.go, events_cache.go).
"""

from __future__ import annotations

import logging
from random import Random
from typing import TYPE_CHECKING

from kubeloop.models import core_v1
from kubeloop.record.base_event_recorder import BaseEventRecorder, wall_clock
from kubeloop.record.event_correlator import EventCorrelator
from kubeloop.record.event_form import CoreForm
from kubeloop.record.event_text import cleaned
from kubeloop.record.recorded_event import EventNames

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kubeloop.clients.clientset import Clientset
    from kubeloop.record.event_metrics import EventMetrics
    from kubeloop.record.occurrence import Occurrence

__all__ = ["CoreEventRecorder"]


class CoreEventRecorder(BaseEventRecorder[core_v1.Event]):
    """Records events of core `v1`, with the spam filter, the aggregation and the counts of client-go.

        async with kubeloop.Clientset(config) as clientset, CoreEventRecorder(clientset, "pod-counter") as recorder:
            recorder.event(pod, "Warning", "NoFreePort", "BookPort", "no port is free in 30000-32767")

    It is used as `EventRecorder` is, and gives the same guarantees. What is written differs:

    - Equal occurrences are one event, whose count is written each time.
    - From the tenth different note within ten minutes on, occurrences of one type and reason about one object are
      one event with the prefix `(combined from similar events): ` and the newest note.
    - About one object, 25 events of one type are written at once, and one more per five minutes. Others are only
      counted, and are in `dropped`.

    New programs use `EventRecorder`. This class is for programs whose users rely on the old form, such as the field
    `source`, and for those that may write events of the core group only.

    Args:
        clientset: Sends the requests.
        component: The name of the source component: `"pod-counter"`.
        host: The node that the component runs on, for components that run on each node.
        flush_timeout: The seconds for which the end of the block writes the events that wait.
        metrics: Receives the measurements, such as a `kubeloop.Metrics`.
        now: The wall clock, for the times in events.
        random: The source of the jitter, and of a part of the names of events.

    Raises:
        ValueError: The component is empty, or the timeout is negative.

    Concurrency: As of `EventRecorder`.

    Reference: client-go tools/record, NewBroadcaster and EventRecorder, with the default CorrelatorOptions. Intended
        differences are in the docstrings of `EventCorrelator`, `EventAggregator`, `outcome_of` and `EventNames`, and:
        the action and the related object are written too, where client-go's adapter drops them; they do not
        distinguish events. Combined events have the reporting component too, which client-go leaves out.
    """

    def __init__(
        self,
        clientset: Clientset,
        component: str,
        *,
        host: str = "",
        flush_timeout: float = 5.0,
        metrics: EventMetrics | None = None,
        now: Callable[[], datetime] = wall_clock,
        random: Random | None = None,
    ) -> None:
        if not component:
            raise ValueError("expected the name of a source component, got an empty text")
        random = random or Random()  # noqa: S311 (the randomness only spreads requests and names)
        form = CoreForm(clientset, cleaned(component), cleaned(host), random)
        super().__init__(form, component, flush_timeout, metrics, now)
        self._correlator = EventCorrelator(EventNames(random))

    def _observe(self, occurrence: Occurrence, now: float, time: datetime) -> None:
        event = self._correlator.correlate(occurrence, now, time)
        if event is None:
            self._sender.drop(occurrence, "spam", logging.DEBUG)
        else:
            self._sender.put(event)
