"""A watch that ends after some events."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kubeloop.errors import ConnectionLost
from kubeloop.models import core_v1
from kubeloop.testing.apiserver.cut_events import CutEvents
from kubeloop.wire import refusals
from kubeloop.wire.response import Headers
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF


class Stream:
    """A watch with frames to take."""

    def __init__(self, *batches: list[bytes], content_type: str = "application/json") -> None:
        self.status = 200
        self.headers = Headers([("Content-Type", content_type)])
        self.on_ready: Callable[[], None] | None = None
        self.deadline: float | None = 30.0
        self.batches = list(batches)
        self.is_closed = False

    @property
    def is_finished(self) -> bool:
        return not self.batches

    def take(self, now: float) -> list[bytes]:
        return self.batches.pop(0)

    def close(self) -> None:
        self.is_closed = True


def test_the_connection_breaks_after_the_events() -> None:
    stream = Stream([b"1", b"2"], [b"3", b"4"])
    cut = CutEvents(stream, 3, None)
    assert (cut.status, cut.headers, cut.deadline, cut.is_finished) == (200, stream.headers, 30.0, False)
    assert [cut.take(0), cut.take(0)] == [[b"1", b"2"], [b"3"]]
    assert (cut.is_finished, cut.deadline, stream.is_closed) == (False, 0.0, False)
    with pytest.raises(ConnectionLost, match="closed by a reaction"):
        cut.take(0)
    assert cut.is_finished
    assert stream.is_closed
    assert cut.take(0) == []


def test_no_event_at_all_arrives_if_none_may() -> None:
    stream = Stream([b"1"])
    with pytest.raises(ConnectionLost):
        CutEvents(stream, 0, None).take(0)
    assert stream.batches == [[b"1"]]


def test_a_watch_that_ends_before_ends_as_it_does() -> None:
    cut = CutEvents(Stream([b"1"]), 3, None)
    assert cut.take(0) == [b"1"]
    assert cut.is_finished


@pytest.mark.parametrize(
    ("serializer", "content_type"),
    [(JSON, "application/json"), (PROTOBUF, "application/vnd.kubernetes.protobuf;stream=watch")],
)
def test_an_error_is_the_last_event_in_the_format_of_the_watch(serializer: object, content_type: str) -> None:
    stream = Stream([b"1", b"2"], content_type=content_type)
    cut = CutEvents(stream, 1, refusals.expired("too old resource version: 1 (5)"))
    first, error = cut.take(0)
    assert first == b"1"
    assert cut.is_finished
    assert stream.is_closed
    framing = serializer.framing()  # type: ignore[attr-defined]
    (frame,) = framing.feed(error)
    event = serializer.event_decoder(core_v1.Pod).decode(frame)  # type: ignore[attr-defined]
    assert (event.type, event.object.code, event.object.reason) == ("ERROR", 410, "Expired")


def test_who_waits_is_told_by_the_watch_itself() -> None:
    stream = Stream([b"1"])
    cut = CutEvents(stream, 1, None)
    told: list[int] = []
    assert stream.on_ready is not None
    stream.on_ready()
    cut.on_ready = lambda: told.append(1)
    stream.on_ready()
    assert told == [1]
