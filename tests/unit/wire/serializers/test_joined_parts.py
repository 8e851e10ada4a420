"""Objects, lists and events that are joined from encoded parts, read back with the client's decoders."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.models import core_v1, meta_v1
from kubeloop.wire.protobuf.write_message import write_message
from kubeloop.wire.serializers import json_parts, protobuf_parts
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_maps = st.lists(
    st.builds(
        lambda name, data: core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=f"n{name}"), data=data),
        _texts,
        st.dictionaries(_texts, _texts, max_size=2),
    ),
    max_size=3,
)
_formats = st.sampled_from(["json", "protobuf"])
METADATA = {"resourceVersion": "7", "continue": "t", "remainingItemCount": 2}


def parts_of(objects: list[core_v1.ConfigMap], format_: str) -> tuple[Any, Any, list[bytes]]:
    if format_ == "protobuf":
        return protobuf_parts, PROTOBUF, [write_message(each) for each in objects]
    plain = [JSON.plain_data(JSON.encode(each)) for each in objects]
    for each in plain:
        del each["kind"], each["apiVersion"]
    return json_parts, JSON, [json.dumps(each).encode() for each in plain]


@given(_maps, _formats)
def test_joined_parts_are_objects_lists_and_events(objects: list[core_v1.ConfigMap], format_: str) -> None:
    join, serializer, parts = parts_of(objects, format_)

    listing = serializer.decode(join.join_list(parts, "v1", "ConfigMapList", METADATA), core_v1.ConfigMapList)
    assert list(listing.items) == objects
    assert listing.metadata == meta_v1.ListMeta(resource_version="7", continue_="t", remaining_item_count=2)

    bodies = [join.join_object(part, "v1", "ConfigMap") for part in parts]
    assert [serializer.decode(body, core_v1.ConfigMap) for body in bodies] == objects

    frames = serializer.framing().feed(b"".join(join.join_event("MODIFIED", body) for body in bodies))
    decoder = serializer.event_decoder(core_v1.ConfigMap)
    assert [(event.type, event.object) for event in map(decoder.decode, frames)] == [
        ("MODIFIED", each) for each in objects
    ]


@given(_maps)
def test_joined_parts_are_what_the_serializer_writes(objects: list[core_v1.ConfigMap]) -> None:
    join, serializer, parts = parts_of(objects, "protobuf")

    assert [join.join_object(part, "v1", "ConfigMap") for part in parts] == [*map(serializer.encode, objects)]
    assert [join.join_event("ADDED", serializer.encode(each)) for each in objects] == [
        serializer.encode_event("ADDED", each) for each in objects
    ]
