"""`EventSender`: the bounded queue of events that are to be written, and the loop that writes them one by one.

`write_failure` decides what a failure means.

Reference: client-go tools/record/event.go, tools/events/event_broadcaster.go (recordToSink, attemptRecording).
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop._kit.durations import in_seconds
from kubeloop._kit.metrics_guard import MetricsGuard
from kubeloop._kit.tasks import cancel_and_wait
from kubeloop._kit.text import counted, reason_of, safe_text
from kubeloop.errors import NotFound
from kubeloop.record.event_series import SERIES_LIMIT
from kubeloop.record.write_failure import outcome_of

if TYPE_CHECKING:
    from kubeloop.record.event_form import EventForm
    from kubeloop.record.event_metrics import EventMetrics
    from kubeloop.record.occurrence import Occurrence
    from kubeloop.record.recorded_event import RecordedEvent

__all__ = ["EventSender"]

logger = logging.getLogger(__name__)

E = TypeVar("E")

_NEW_LIMIT = 1000
# A pass over all series may write each of them.
_COUNT_LIMIT = SERIES_LIMIT
_TRIES = 12
_REQUEST_TIMEOUT = 30.0
_PAUSE_AT_THE_END = 1.0


class _Write:
    """An event that is to be written, and whether it is to be created or patched."""

    __slots__ = ("creates", "event")

    def __init__(self, event: RecordedEvent, creates: bool) -> None:
        self.event = event
        self.creates = creates


class EventSender(Generic[E]):
    """Writes the events of one recorder, in the order in which they came.

    - At most 1,000 new events wait, and 4,096 new counts of earlier ones. What waits already is updated in place.
    - An event is tried 12 times, about every 10 seconds; meanwhile the other events wait.
    - A patch of an event that no longer exists creates the event again.

    Args:
        form: How the API writes events.
        name: The name of the recorder in metrics.
        title: The name of the recorder in log lines.
        metrics: Receives the measurements; None for none.

    Attributes:
        written: The number of events that were created or updated.
        dropped: The number of events and updates that were not written and will not be.
        last_error: The error of the last request; None after a success.
    """

    def __init__(self, form: EventForm[E], name: str, title: str, metrics: EventMetrics | None) -> None:
        self._form = form
        self._name = name
        self._title = title
        self._metrics = metrics
        self._tell = MetricsGuard(title)
        self._queue: dict[tuple[str, str], _Write] = {}
        self._new = 0  # how many of the queue are to be created
        self._current: _Write | None = None
        self._more = asyncio.Event()
        self._closing = asyncio.Event()
        self._is_full = False
        self._task: asyncio.Task[None] | None = None
        self.written = 0
        self.dropped = 0
        self.last_error: Exception | None = None

    @property
    def waiting(self) -> int:
        """The number of events that are not written yet."""
        return len(self._queue) + (self._current is not None)

    def start(self) -> None:
        """Start the task that writes."""
        # An asyncio.Event belongs to the first loop that waits for it, and the next block may have another one.
        self._more, self._closing = asyncio.Event(), asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self._title)

    def put(self, event: RecordedEvent) -> None:
        """Queue an event to be written; drop it if the queue is full.

        Args:
            event: An event that occurred for the first time is created, others are patched.
        """
        key = event.namespace, event.name
        waiting = self._queue.get(key)
        if waiting is not None:
            waiting.event = event
        elif self._has_room(creates := event.count == 1):
            self._queue[key] = _Write(event, creates)
            self._new += creates
            self._more.set()
        else:
            self.drop(event.occurrence, "queue_full", logging.DEBUG if self._is_full else logging.WARNING)
            self._is_full = True

    def _has_room(self, creates: bool) -> bool:
        return self._new < _NEW_LIMIT if creates else len(self._queue) - self._new < _COUNT_LIMIT

    def drop(self, occurrence: Occurrence, reason: str, level: int, error: Exception | None = None) -> None:
        """Count an event that is not written, and log it."""
        self.dropped += 1
        if self._metrics is not None:
            self._tell(self._metrics.event_dropped, self._name, reason)
        logger.log(
            level,
            "%s: the event %s was dropped (%s)%s",
            self._title,
            safe_text(occurrence.title),
            reason.replace("_", " "),
            "" if error is None else f": {reason_of(error)}",
        )

    async def close(self, flush_timeout: float) -> None:
        """Write what waits for some seconds at most, end the task, and drop the rest.

        A write that waits for its next attempt is repeated at once, and then every second. A cancellation of this call
        ends the flush.
        """
        task = self._task
        assert task is not None, "the sender was started"
        self._closing.set()
        self._more.set()
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        try:
            await asyncio.wait([task], timeout=flush_timeout)
        finally:
            seconds = loop.time() - begun_at
            self._task = None
            try:
                await cancel_and_wait(task)
            finally:
                self._drop_rest(seconds)

    def _drop_rest(self, seconds: float) -> None:
        left = [*([] if self._current is None else [self._current]), *self._queue.values()]
        self._current = None
        self._queue.clear()
        self._new = 0
        for write in left:
            self.drop(write.event.occurrence, "closed", logging.DEBUG)
        if left:
            cause = "" if self.last_error is None else f"; the last error: {reason_of(self.last_error)}"
            logger.warning(
                "%s: %s could not be written within %s and %s dropped%s",
                self._title,
                counted(len(left), "event"),
                in_seconds(seconds),
                "was" if len(left) == 1 else "were",
                cause,
            )

    async def _run(self) -> None:
        while True:
            while self._queue:
                self._current = write = self._queue.pop(next(iter(self._queue)))
                self._new -= write.creates
                await self._write(write)
                self._current = None
            self._is_full = False
            if self._closing.is_set():
                return
            self._more.clear()
            await self._more.wait()

    async def _write(self, write: _Write) -> None:
        """Write an event, with all attempts that are necessary."""
        for attempt in range(1, _TRIES + 1):
            error = await self._attempt(write)
            if error is None or (
                (outcome := outcome_of(error, was_patched=not write.creates, may_exist=attempt > 1)) == "written"
            ):
                self._count_written()
                return
            is_news = type(error) is not type(self.last_error)
            self.last_error = error
            level = logging.WARNING if is_news else logging.DEBUG
            if outcome != "retry":
                is_quiet = outcome in ("terminating", "not_leader")
                self.drop(write.event.occurrence, outcome, logging.DEBUG if is_quiet else level, error)
                return
            if attempt < _TRIES:
                await self._pause(write, error, attempt, level)
        self.drop(write.event.occurrence, "unreachable", logging.WARNING, self.last_error)

    async def _attempt(self, write: _Write) -> Exception | None:
        """Try to write an event once, and return why that failed."""
        event, form = write.event, self._form
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT):
                client = form.client(event.namespace)
                if not write.creates:
                    with suppress(NotFound):
                        await client.patch(event.name, form.patch_of(event), type="strategic")
                        return None
                await client.create(form.object_of(event))
        except Exception as error:
            return error
        return None

    def _count_written(self) -> None:
        self.last_error = None
        self.written += 1
        if self._metrics is not None:
            self._tell(self._metrics.event_written, self._name)

    async def _pause(self, write: _Write, error: Exception, failures: int, level: int) -> None:
        is_closing = self._closing.is_set()
        pause = _PAUSE_AT_THE_END if is_closing else self._form.pause(failures)
        logger.log(
            level,
            "%s: the event %s could not be written: %s; retrying in %.1f s",
            self._title,
            safe_text(write.event.occurrence.title),
            reason_of(error),
            pause,
        )
        if is_closing:
            await asyncio.sleep(pause)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closing.wait()

    def __repr__(self) -> str:
        return f"<EventSender {self._title}: {self.waiting} waiting>"
