"""WatchStream: the events of one watch request, as they arrive.

It ends when the server ends it, which servers do every few minutes; `watch()` of the clients and the Reflector open the
next one.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from kubeloop.errors import APIError, ConnectionLost, DecodeError
from kubeloop.wire.plain_values import to_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeloop.rest.result import Result
    from kubeloop.transport.base import ByteStream
    from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent

__all__ = ["EVENTS_AT_ONCE", "WatchStream"]

T = TypeVar("T")

EVENTS_AT_ONCE = 4
"""The maximum number of events in a batch, and in the queue of an informer before it processes them. The memory of the
objects that they replace is then reused for the next ones while it is still in the processor's cache: with thirty
events per batch, creating an object took a quarter longer."""


class WatchStream(Generic[T]):
    """The events of one watch request, inside the `async with` that opened it.

    `async for event in stream` yields one at a time; `batch()` returns a few that have arrived. BOOKMARK events are
    among them if they were requested. A change of an object that cannot be read, a deletion too, is an
    `UnreadableEvent`: one broken object must not end the watch of the others. An ERROR event of any form is
    raised as an APIError, after the events before it, and so is a body that is a bare Status; its `code` is 0 if the
    server sent none.

    Concurrency: One reader. After a cancelled wait the stream may have ended: open another from the last
        resource version.
    """

    __slots__ = ("_chunks", "_decode_event", "_failure", "_frames", "_pending", "_result", "_waiting")

    def __init__(self, stream: ByteStream, into: type[T], result: Result) -> None:
        self._chunks = aiter(stream)
        serializer = result.serializer
        self._decode_event = serializer.event_decoder(into).decode
        self._frames = serializer.framing()
        self._waiting: deque[bytes] = deque()
        self._result = result
        self._pending: deque[WatchEvent[T] | UnreadableEvent] = deque()
        self._failure: Exception | None = None

    async def batch(self) -> Sequence[WatchEvent[T] | UnreadableEvent]:
        """Wait for events and return the next few of them; none once the server has ended the watch.

        Raises:
            APIError: The server sent an ERROR event: `Gone` when the version to start from is too old.
            ConnectionLost: The stream was cut.
            DecodeError: The server sent something that is not a watch event.
        """
        if self._pending:
            events = list(self._pending)
            self._pending.clear()
            return events
        waiting = self._waiting
        frames: Sequence[bytes]
        while self._failure is None:
            if waiting:
                frames = [waiting.popleft() for _ in range(min(len(waiting), EVENTS_AT_ONCE))]
            else:
                try:
                    chunk = await anext(self._chunks)
                except StopAsyncIteration:
                    frames = self._last_frames()
                    if not frames:
                        return []
                else:
                    frames = self._frames.feed(chunk)
                if len(frames) > EVENTS_AT_ONCE:
                    waiting.extend(frames)
                    continue
            if events := self._decode(frames):
                return events
        raise self._failure

    def __aiter__(self) -> WatchStream[T]:
        return self

    async def __anext__(self) -> WatchEvent[T] | UnreadableEvent:
        if not self._pending:
            self._pending.extend(await self.batch())
            if not self._pending:
                raise StopAsyncIteration
        return self._pending.popleft()

    def _decode(self, frames: Sequence[bytes]) -> list[WatchEvent[T] | UnreadableEvent]:
        decode = self._decode_event
        events: list[WatchEvent[T] | UnreadableEvent] = []
        for number, frame in enumerate(frames):
            try:
                event = decode(frame)
            except DecodeError as error:
                documents = self._frames.reframe([*frames[number:], *self._waiting])
                if documents is None:
                    self._failure = self._no_event(error)
                else:
                    self._waiting.clear()
                    self._waiting.extend(documents)
                break
            if event.type == "ERROR":
                self._failure = self._error(event.object)
                break
            # Only an ERROR's object is a Status.
            events.append(cast("WatchEvent[T] | UnreadableEvent", event))
        if self._failure is not None and not events:
            raise self._failure
        return events

    def _error(self, status: object) -> APIError:
        return self._result.failure(to_data(status))

    def _no_event(self, error: DecodeError) -> DecodeError:
        request = self._result.request
        shown = self._result.redaction().name(str(error))
        return DecodeError(f"{request.method} {request.path}: not a watch event: {shown}")

    def _last_frames(self) -> Sequence[bytes]:
        """Return the frames that the end of the stream completes; nothing once all are read.

        Raises:
            ConnectionLost: A frame was cut, which means that the connection was.
        """
        frames = self._frames.finish()
        if frames is None:
            request = self._result.request
            raise ConnectionLost(
                "the watch was cut in the middle of an event", method=request.method, path=request.path
            )
        return frames

    def __repr__(self) -> str:
        return f"<WatchStream {self._result.request.path}: {len(self._pending)} events waiting, {self._frames!r}>"
