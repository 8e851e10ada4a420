"""`CutEvents`: a watch that ends after some events, because a reaction says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubeloop.errors import ConnectionLost
from kubeloop.models import meta_v1
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF
from kubeloop.wire.serializers.registry import Serializers
from kubeloop.wire.status_bodies import status_document

if TYPE_CHECKING:
    from kubeloop.errors import APIError
    from kubeloop.testing.apiserver.call import EventStream

__all__ = ["CutEvents"]


class CutEvents:
    """An `EventStream` that delivers some events of another one, and then ends.

    Args:
        stream: The watch.
        after: The number of events.
        error: Reported by an ERROR event at the end; None to break the connection, by an error of `take`.
    """

    def __init__(self, stream: EventStream, after: int, error: APIError | None) -> None:
        self.status = stream.status
        self.headers = stream.headers
        self._stream = stream
        self._left = after
        self._error = error
        self._is_over = False
        self.on_ready: Callable[[], None] | None = None
        stream.on_ready = self._pass_on

    @property
    def deadline(self) -> float | None:
        """The time at which `take` must be called even if no event arrives."""
        return self._stream.deadline if self._left else 0.0

    @property
    def is_finished(self) -> bool:
        """Whether the watch has ended."""
        return self._is_over or (self._left > 0 and self._stream.is_finished)

    def take(self, now: float) -> list[bytes]:
        """Return the frames that are ready, in order.

        Raises:
            ConnectionLost: The events have been delivered.
        """
        if self._is_over:
            return []
        frames = self._stream.take(now)[: self._left] if self._left else []
        self._left -= len(frames)
        if not self._left and self._error is not None:
            self.close()
            return [*frames, self._error_frame(self._error)]
        if not self._left and not frames:
            self.close()
            raise ConnectionLost("the connection was closed by a reaction")
        return frames

    def close(self) -> None:
        """End the watch; a second call does nothing."""
        self._is_over = True
        self._stream.close()

    def _pass_on(self) -> None:
        if self.on_ready is not None:
            self.on_ready()

    def _error_frame(self, error: APIError) -> bytes:
        serializer = Serializers(PROTOBUF).for_response(self.headers)
        return serializer.encode_event("ERROR", meta_v1.Status.from_dict(status_document(error)))
