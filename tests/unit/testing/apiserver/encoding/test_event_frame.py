"""Frames of watches, read back with the client's decoders."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.models import core_v1, meta_v1
from kubeloop.testing.apiserver.encoding.event_frame import encode_bookmark, encode_error_event, encode_event
from kubeloop.testing.apiserver.encoding.output import Output, negotiate
from kubeloop.testing.apiserver.encoding.request_body import decode_body
from kubeloop.wire import refusals
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF
from tests.support.stored_objects import PODS, stored_object

PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf"
BODY = b'{"metadata":{"name":"a","namespace":"d"},"spec":{"containers":[{"name":"c"}]}}'
POD = stored_object(PODS, decode_body(BODY, PODS).document)

both = pytest.mark.parametrize(
    ("serializer", "output"),
    [(JSON, Output()), (PROTOBUF, Output("protobuf", PROTOBUF_TYPE)), (JSON, Output(pretty=True))],
    ids=["json", "protobuf", "indented"],
)


def read(serializer: Any, frames: bytes, cls: Any = core_v1.Pod) -> list[Any]:
    decoder = serializer.event_decoder(cls)
    return [decoder.decode(frame) for frame in serializer.framing().feed(frames)]


@both
def test_frames_are_read_back_one_by_one(serializer: Any, output: Output) -> None:
    frames = encode_event("ADDED", POD, PODS, output) + encode_event("DELETED", POD, PODS, output)

    events = read(serializer, frames)

    assert [(event.type, event.object.metadata.name) for event in events] == [("ADDED", "a"), ("DELETED", "a")]
    assert events[0].object.metadata.resource_version == "5"


def test_a_frame_is_made_once_for_all_watches_of_a_form() -> None:
    first = encode_event("ADDED", POD, PODS, Output())
    assert encode_event("ADDED", POD, PODS, Output()) is first

    other = stored_object(PODS, decode_body(BODY.replace(b'"a"', b'"b"'), PODS).document)
    again = [
        encode_event("ADDED", other, PODS, Output()),
        encode_event("ADDED", POD, PODS, Output()),
        encode_event("MODIFIED", POD, PODS, Output()),
        encode_event("ADDED", POD, PODS, Output("protobuf", PROTOBUF_TYPE)),
        encode_event("ADDED", POD, PODS, Output()),
    ]
    assert again[1] is again[4] is first
    assert len({*again}) == 4


@both
def test_a_bookmark_has_a_resource_version_and_may_end_the_list(serializer: Any, output: Output) -> None:
    plain, last = read(serializer, encode_bookmark(7, PODS, output) + encode_bookmark(8, PODS, output, ends_list=True))

    assert (plain.type, plain.object.metadata.resource_version) == ("BOOKMARK", "7")
    assert plain.object.metadata.annotations == {}
    assert last.object.metadata.annotations == {"k8s.io/initial-events-end": "true"}


@both
def test_an_error_event_is_a_status(serializer: Any, output: Output) -> None:
    (event,) = read(serializer, encode_error_event(refusals.expired("too old resource version: 1 (5)"), output))

    assert event.type == "ERROR"
    assert (event.object.code, event.object.reason, event.object.message) == (
        410,
        "Expired",
        "too old resource version: 1 (5)",
    )


def test_a_frame_is_made_once_for_all_watches() -> None:
    one = negotiate({"Accept": PROTOBUF_TYPE}, {}, streaming=True)
    other = negotiate({"Accept": f"{PROTOBUF_TYPE};stream=watch"}, {}, streaming=True)

    assert encode_event("MODIFIED", POD, PODS, one) is encode_event("MODIFIED", POD, PODS, other)


def test_a_watch_of_metadata_has_nothing_but_metadata() -> None:
    output = Output(transform="PartialObjectMetadata", version="v1")

    frame = encode_event("ADDED", POD, PODS, output)

    (event,) = read(JSON, frame, meta_v1.PartialObjectMetadata)
    assert event.object.metadata.name == "a"
    assert b"containers" not in frame
