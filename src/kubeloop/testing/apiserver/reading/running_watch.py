"""`WatchStream`: a running watch; `EndedStream`: a watch that only reports an error."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from kubeloop.errors import APIError
from kubeloop.testing.apiserver.encoding.event_frame import encode_bookmark, encode_error_event, encode_event
from kubeloop.testing.apiserver.reading.backlog import Backlog
from kubeloop.testing.apiserver.reading.event_delivery import delivery_of
from kubeloop.wire.response import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kubeloop.testing.apiserver.call import Context
    from kubeloop.testing.apiserver.encoding.output import Output
    from kubeloop.testing.apiserver.reading.bookmark_schedule import BookmarkSchedule
    from kubeloop.testing.apiserver.reading.selection import Selection
    from kubeloop.testing.apiserver.storage.stored import Change, Stored

__all__ = ["EndedStream", "WatchStream"]

_SLICE = 500


class WatchStream:
    """A running watch. It holds changes and makes the frames when they are taken, a few hundred at a time.

    The watch ends at its deadline, when it is closed, and when its reader is too slow (`Backlog`).

    Attributes:
        status: 200.
        headers: With the content type of the stream.
        on_ready: Called, if it is set, when there is something to take.
    """

    def __init__(
        self,
        context: Context,
        selection: Selection,
        output: Output,
        *,
        objects: Iterable[Stored] = (),
        changes: Iterable[Change] = (),
        revision: int,
        marks_the_end: bool = False,
        ends_at: float,
        bookmarks: BookmarkSchedule | None = None,
        now: float,
    ) -> None:
        """Create a watch and subscribe it to the watch cache.

        Args:
            context: What the watch may use.
            selection: What is watched.
            output: The format and the form of the objects.
            objects: What exists already, in order: each becomes an ADDED event.
            changes: What has changed since the revision at which the watch begins, oldest first.
            revision: Only changes after this revision are sent, and only bookmarks of later revisions.
            marks_the_end: Whether a bookmark with an annotation follows the objects.
            ends_at: The time at which the watch ends.
            bookmarks: When bookmarks are sent; None if the client does not want them.
            now: The time.
        """
        self.status = 200
        self.headers = Headers([("Content-Type", output.stream_content_type)])
        self.on_ready: Callable[[], None] | None = None
        self._context = context
        self._cache = context.cache.resource(selection.resource.stored_as)
        self._selection = selection
        self._output = output
        self._objects = deque(objects)
        self._backlog = Backlog()
        self._revision = revision
        self._end_mark = self._cache.revision if marks_the_end else 0
        self._ends_at = ends_at
        self._bookmarks = bookmarks
        self._taken_at = now
        self._is_finished = False
        for change in changes:
            self._accept(change, now)
        self._unsubscribe = self._cache.subscribe(self._receive)

    @property
    def deadline(self) -> float | None:
        """The time at which `take` must be called even if no event arrives."""
        if self._is_finished:
            return None
        if self._objects or self._end_mark or self._backlog or self._backlog.is_overrun:
            return self._taken_at
        bookmark = self._bookmarks.next_at if self._bookmarks is not None else None
        return self._ends_at if bookmark is None else min(bookmark, self._ends_at)

    @property
    def is_finished(self) -> bool:
        """Whether the watch has ended."""
        return self._is_finished

    def take(self, now: float) -> list[bytes]:
        """Return the next frames, in order. If more are ready, the deadline is not in the future."""
        frames: list[bytes] = []
        if not self._is_finished:
            self._taken_at = now
            try:
                self._add_frames(frames, now)
            except APIError as error:  # an object has no form in the format of the watch
                frames.append(encode_error_event(error, self._output))
                self.close()
        return frames

    def _add_frames(self, frames: list[bytes], now: float) -> None:
        while self._objects and len(frames) < _SLICE:
            stored = self._objects.popleft()
            if self._selection.matches(stored):
                frames.append(self._frame("ADDED", stored))
        if self._objects:
            return
        if self._end_mark:
            frames.append(self._bookmark(self._end_mark, ends_list=True))
            self._end_mark = 0
        for change in self._backlog.take(_SLICE):
            delivery = delivery_of(change, self._selection)
            if delivery is not None:
                frames.append(self._frame(delivery.type, delivery.stored))
        if self._backlog:
            return
        if self._backlog.is_overrun:
            self.close()
            return
        bookmarks = self._bookmarks
        if bookmarks is not None and bookmarks.next_at is not None and bookmarks.next_at <= now:
            bookmarks.advance(now)
            if self._cache.revision > self._revision:
                frames.append(self._bookmark(self._cache.revision))
        if now >= self._ends_at:
            self.close()

    def close(self) -> None:
        """End the watch; a second call does nothing."""
        if not self._is_finished:
            self._is_finished = True
            self._unsubscribe()
            self._objects.clear()
            self._backlog = Backlog()

    def _receive(self, change: Change) -> None:
        if self._accept(change, self._context.storage.now) and self.on_ready is not None:
            self.on_ready()

    def _accept(self, change: Change, now: float) -> bool:
        """Keep a change that may concern this watch."""
        if change.revision <= self._revision or not self._selection.covers(change.key):
            return False
        self._backlog.add(change, now)
        return True

    def _frame(self, type_: str, stored: Stored) -> bytes:
        return encode_event(type_, stored, self._selection.resource, self._next_output())

    def _bookmark(self, revision: int, *, ends_list: bool = False) -> bytes:
        return encode_bookmark(revision, self._selection.resource, self._next_output(), ends_list=ends_list)

    def _next_output(self) -> Output:
        """Return the output of the next frame: only the first Table of a watch describes its columns."""
        output = self._output
        if output.transform == "Table" and output.has_columns:
            self._output = replace(output, has_columns=False)
        return output


class EndedStream:
    """A watch that has ended before it began: one frame with an error, or none."""

    def __init__(self, frame: bytes, output: Output) -> None:
        """Create the stream of one frame."""
        self.status = 200
        self.headers = Headers([("Content-Type", output.stream_content_type)])
        self.on_ready: Callable[[], None] | None = None
        self.is_finished = False
        self._frame = frame

    @property
    def deadline(self) -> float | None:
        """The frame is ready at once."""
        return None if self.is_finished else 0.0

    def take(self, now: float) -> list[bytes]:  # noqa: ARG002  # the signature of an EventStream
        """Return the frame."""
        if self.is_finished:
            return []
        self.is_finished = True
        return [self._frame]

    def close(self) -> None:
        """End the watch."""
        self.is_finished = True
