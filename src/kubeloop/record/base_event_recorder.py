"""`BaseEventRecorder`: what the recorders of both APIs share: the block, the checks of arguments and the counts."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, Literal, Self, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.record.event_sender import EventSender
from kubeloop.record.occurrence import occurrence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from kubeloop.clients.object_reference import Referable
    from kubeloop.record.event_form import EventForm
    from kubeloop.record.event_metrics import EventMetrics
    from kubeloop.record.occurrence import Occurrence

__all__ = ["BaseEventRecorder", "wall_clock"]

logger = logging.getLogger(__name__)

E = TypeVar("E")


def wall_clock() -> datetime:
    """Return the time of the system clock."""
    return datetime.now(UTC)


class BaseEventRecorder(ABC, Generic[E]):
    """A recorder without the decision what an occurrence means.

    Args:
        form: How the API writes events.
        name: The reporting controller or source component.
        flush_timeout: See `EventRecorder`.
        metrics: See `EventRecorder`.
        now: See `EventRecorder`.
    """

    def __init__(
        self,
        form: EventForm[E],
        name: str,
        flush_timeout: float,
        metrics: EventMetrics | None,
        now: Callable[[], datetime],
    ) -> None:
        if not flush_timeout >= 0:
            raise ValueError(f"expected a flush_timeout of 0 or more seconds, got {flush_timeout!r}")
        self._name = name
        self._title = f"event recorder {safe_text(name)}"
        self._flush_timeout = flush_timeout
        self._now = now
        self._sender = EventSender(form, name, self._title, metrics)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._was_entered = self._was_late = False

    @property
    def written(self) -> int:
        """The number of times that an event was created or updated on the server."""
        return self._sender.written

    @property
    def dropped(self) -> int:
        """The number of events and updates that were not written and will not be, for whatever reason."""
        return self._sender.dropped

    @property
    def waiting(self) -> int:
        """The number of events that are not written yet."""
        return self._sender.waiting

    @property
    def last_error(self) -> Exception | None:
        """The error of the last request; None after a success, and before the first request."""
        return self._sender.last_error

    def event(
        self,
        obj: Referable,
        type: Literal["Normal", "Warning"],
        reason: str,
        action: str,
        note: str,
        *,
        related: Referable | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Record an event about an object; see `Recorder.event`. The call returns at once.

        A note of more than 1,024 bytes of UTF-8, and a reason or action of more than 128, are shortened. In all three,
        control characters are escaped and lone surrogates replaced. After the end of the block, events are dropped.

        Raises:
            RuntimeError: The block of the recorder was never entered.
            TypeError: See `Recorder.event`.
            ValueError: See `Recorder.event`.
        """
        occurrence = occurrence_of(obj, type, reason, action, note, related=related, annotations=annotations)
        if self._loop is None:
            if not self._was_entered:
                raise RuntimeError(f"{self!r} writes events inside of its block: async with recorder: ...")
            self._sender.drop(occurrence, "closed", logging.DEBUG if self._was_late else logging.WARNING)
            self._was_late = True
            return
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s: %s: %s", self._title, safe_text(occurrence.title), safe_text(occurrence.note))
        self._observe(occurrence, self._loop.time(), self._now())

    @abstractmethod
    def _observe(self, occurrence: Occurrence, now: float, time: datetime) -> None:
        """Queue what is to be written of an occurrence."""

    async def __aenter__(self) -> Self:
        """Begin to write events, without waiting for the server.

        Raises:
            RuntimeError: The block was entered before, and not left.
        """
        if self._loop is not None:
            raise RuntimeError(f"{self!r} was entered before")
        self._loop = asyncio.get_running_loop()
        self._was_entered, self._was_late = True, False
        self._sender.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the events that wait, for `flush_timeout` seconds at most."""
        self._loop = None
        await self._sender.close(self._flush_timeout)

    def __repr__(self) -> str:
        state = "" if self._loop is not None else " closed," if self._was_entered else " not entered,"
        return safe_text(
            f"<{self.__class__.__name__} {self._name}:{state} {self.waiting} waiting, {self.written} written, "
            f"{self.dropped} dropped>"
        )
