"""Protobuf bodies and events: what is read, what is refused, and that hostile bytes raise nothing but DecodeError."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest

from kubeloop.errors import BodyTooLarge, DecodeError, EncodeError, Unreadable
from kubeloop.models import apiextensions_v1, apps_v1, core_v1, meta_v1
from kubeloop.unstructured import Unstructured
from kubeloop.wire.protobuf.envelope import MAGIC, sealed
from kubeloop.wire.protobuf.wire_format import varint
from kubeloop.wire.serializers.length_frames import LengthFrames
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF
from kubeloop.wire.serializers.registry import Serializers
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent
from tests.support.growth import growth

POD = core_v1.Pod(
    metadata=meta_v1.ObjectMeta(name="web-0", namespace="shop", uid="u1", resource_version="7", labels={"app": "web"}),
    spec=core_v1.PodSpec(
        containers=[core_v1.Container(name="web", image="nginx", ports=[core_v1.ContainerPort(container_port=80)])],
        termination_grace_period_seconds=0,
    ),
)


def part(number: int, payload: bytes) -> bytes:
    """Return a field with a length."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def pod(message: bytes) -> bytes:
    return sealed("v1", "Pod", message)


# --- objects ----------------------------------------------------------------------------------------------------------


def test_an_object_is_read_as_it_was_written() -> None:
    assert PROTOBUF.decode(PROTOBUF.encode(POD), core_v1.Pod) == POD


def test_a_zero_behind_a_pointer_is_kept_and_an_absent_one_is_none() -> None:
    read = PROTOBUF.decode(PROTOBUF.encode(POD), core_v1.Pod)
    assert (read.spec.termination_grace_period_seconds, read.spec.active_deadline_seconds) == (0, None)


def test_negative_integers_are_read_as_they_were_written() -> None:
    made = apps_v1.Deployment(spec=apps_v1.DeploymentSpec(replicas=-5))
    assert PROTOBUF.decode(PROTOBUF.encode(made), apps_v1.Deployment).spec.replicas == -5


def test_a_body_of_another_kind_is_refused() -> None:
    with pytest.raises(DecodeError, match=r"expected v1 Pod, got v1 Secret"):
        PROTOBUF.decode(sealed("v1", "Secret", b""), core_v1.Pod)


def test_unknown_fields_are_skipped_groups_too() -> None:
    unknown = b"\xf8\x7f\x05" + part(4000, b"x") + b"\xfb\x7f" + part(9, b"y") + b"\xfc\x7f"
    assert PROTOBUF.decode(pod(part(1, part(1, b"a")) + unknown), core_v1.Pod).metadata.name == "a"


def test_the_parts_of_a_message_that_comes_twice_are_merged() -> None:
    message = part(1, part(1, b"a")) + part(1, part(3, b"b")) + part(1, part(1, b"c"))
    metadata = PROTOBUF.decode(pod(message), core_v1.Pod).metadata
    assert (metadata.name, metadata.namespace) == ("c", "b")


def test_packed_numbers_are_read_like_unpacked_ones() -> None:
    packed, unpacked = part(4, b"\x01\x80\x01"), b"\x20\x01\x20\x80\x01"
    read = [PROTOBUF.decode(pod(part(2, part(14, each))), core_v1.Pod) for each in (packed, unpacked)]
    assert [each.spec.security_context.supplemental_groups for each in read] == [(1, 128), (1, 128)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "schema",
    [
        {"items": {"type": "string"}},
        {"items": [{"type": "string"}, {"type": "integer"}]},
        {"additionalProperties": True},
        {"additionalProperties": False},
        {"additionalProperties": {"type": "string"}},
        {"dependencies": {"a": ["b", "c"], "d": {"type": "string"}}},
        {"properties": {"a": {"properties": {"b": {"default": {"c": [1, None, "x"]}, "enum": [1, "y"]}}}}},
        {"maximum": 1.5, "maxLength": 0},
    ],
)
def test_the_unions_of_schemas_are_read_as_they_were_written(schema: dict[str, Any]) -> None:
    version = {"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", **schema}}}
    made = apiextensions_v1.CustomResourceDefinition.from_dict({"spec": {"versions": [version]}})
    read = PROTOBUF.decode(PROTOBUF.encode(made), apiextensions_v1.CustomResourceDefinition)
    assert read.spec.versions[0].schema == made.spec.versions[0].schema


def test_times_are_whole_seconds_and_micro_times_are_not() -> None:
    moment = datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)
    made = core_v1.Event(first_timestamp=moment, event_time=moment)
    read = PROTOBUF.decode(PROTOBUF.encode(made), core_v1.Event)
    assert (read.first_timestamp, read.event_time) == (moment.replace(microsecond=0), moment)


def test_an_object_with_an_unknown_field_of_a_document_is_refused_with_the_field() -> None:
    document = apps_v1.Deployment.from_dict({"spec": {"replica": 3}})
    with pytest.raises(EncodeError, match=r"spec.*unknown field replica"):
        PROTOBUF.encode(document)


@pytest.mark.parametrize("replicas", [(1 << 32) + 1, 1 << 31, -(1 << 31) - 1, 1 << 70])
def test_an_integer_that_go_may_cut_off_is_written_as_json(replicas: int) -> None:
    """Go reads an int32 of protobuf by its last bits: 4294967297 replicas as 1. In JSON it refuses the number."""
    made = apps_v1.Deployment(spec=apps_v1.DeploymentSpec(replicas=replicas))
    with pytest.raises(EncodeError, match=r"spec.replicas: expected an integer of at most 32 bits"):
        PROTOBUF.encode(made)
    body, content_type = Serializers(PROTOBUF).encode(made)
    assert content_type == "application/json"
    assert b'"replicas":%d' % replicas in body


@pytest.mark.parametrize("port", [(1 << 32) + 80, -(1 << 31) - 1])
def test_a_port_that_go_may_cut_off_is_refused(port: int) -> None:
    made = core_v1.Service(spec=core_v1.ServiceSpec(ports=[core_v1.ServicePort(port=80, target_port=port)]))
    with pytest.raises(EncodeError, match=r"spec.ports.targetPort: expected an integer of at most 32 bits"):
        PROTOBUF.encode(made)


@pytest.mark.parametrize("replicas", [(1 << 31) - 1, -(1 << 31)])
def test_integers_of_32_bits_are_written(replicas: int) -> None:
    made = apps_v1.Deployment(spec=apps_v1.DeploymentSpec(replicas=replicas))
    assert PROTOBUF.decode(PROTOBUF.encode(made), apps_v1.Deployment).spec.replicas == replicas


def test_only_built_in_kinds_are_supported() -> None:
    supported: list[type[Any] | None] = [core_v1.Pod, core_v1.PodList, meta_v1.Status, meta_v1.DeleteOptions]
    assert all(map(PROTOBUF.supports, supported))
    others: list[type[Any] | None] = [None, dict, Unstructured, meta_v1.Table, core_v1.PodSpec]
    assert not any(map(PROTOBUF.supports, others))


def test_a_client_asks_for_protobuf_and_takes_json() -> None:
    serializers = Serializers(PROTOBUF)
    assert serializers.accept(core_v1.Pod) == "application/vnd.kubernetes.protobuf,application/json"
    assert serializers.accept(Unstructured) == "application/json"
    assert serializers.for_content_type("application/vnd.kubernetes.protobuf;stream=watch") is PROTOBUF


# --- lists ------------------------------------------------------------------------------------------------------------


def test_an_item_that_cannot_be_read_does_not_fail_the_list() -> None:
    good, bad = part(1, part(1, b"good")), part(1, part(1, b"bad") + part(3, b"ns")) + part(2, b"\x08")
    data = sealed("v1", "PodList", part(1, part(2, b"5")) + part(2, good) + part(2, bad))
    listing = PROTOBUF.decode(data, core_v1.PodList)
    assert ([each.metadata.name for each in listing], list(listing.unreadable)) == (["good"], ["ns/bad"])


def test_a_list_is_read_in_steps() -> None:
    data = PROTOBUF.encode(core_v1.PodList(items=[POD] * 20))
    found: list[core_v1.PodList] = []

    def reading() -> Generator[None, None, None]:
        reader = PROTOBUF.list_reader(core_v1.PodList)
        reader.feed(data[:50])
        reader.feed(data[50:])
        assert reader.body == data
        found.append((yield from reader.finishing()))

    assert (len(list(reading())), len(found[0])) == (3, 20)


def test_a_body_that_does_not_prove_to_be_a_list_is_refused() -> None:
    for data in (sealed("v1", "PodList", b""), sealed("", "", part(1, part(2, b"5")))):
        with pytest.raises(DecodeError, match="expected"):
            PROTOBUF.decode(data, core_v1.PodList)


# --- what cannot be read ----------------------------------------------------------------------------------------------


def test_an_object_that_cannot_be_read_says_its_name() -> None:
    message = part(1, part(1, b"web-0") + part(3, b"shop") + part(5, b"u1")) + part(2, b"\x0a\x7f")
    with pytest.raises(
        Unreadable, match=r"Pod shop/web-0: spec.volumes: expected a length within the message, got 127 bytes"
    ) as caught:
        PROTOBUF.decode(pod(message), core_v1.Pod)
    assert (caught.value.key, caught.value.uid) == ("shop/web-0", "u1")


def test_the_identity_is_read_before_the_place_that_is_broken() -> None:
    data = pod(part(1, part(1, b"a") + part(3, b"b")) + b"\xff")
    assert PROTOBUF.identity(data) == {"api_version": "v1", "kind": "Pod", "namespace": "b", "name": "a"}


def test_a_namespace_that_cannot_be_read_hides_the_name() -> None:
    assert "name" not in PROTOBUF.identity(pod(part(1, part(1, b"a") + part(3, b"\xff"))))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\x0a", "metadata: "),
        (b"\x0a\x7f", "expected a length within the message, got 127 bytes"),
        (b"\x0a" + b"\xff" * 9 + b"\x01", "expected a length within the message"),
        (b"\x0a" + b"\xff" * 10 + b"\x01", "expected an integer of at most 64 bits"),
        (b"\xff" * 11, "expected an integer of at most 64 bits"),
        (b"\x08\x01", "expected the wire type of the field, got 0"),
        (b"\x0b\x0c", "expected the wire type of the field, got 3"),
        (b"\x0c", "expected the wire type of the field, got 4"),
        (b"\xfc\x7f", "a group ends that has not begun"),
        (b"\xfb\x7f", "the message ends within a group"),
        (b"\xfb\x7f\x84\x7f", "a group ends that has not begun"),
        (b"\xfb\x7f" * 20_000, "groups within each other"),
        (b"\xfe\x7f", "expected a wire type from 0 to 5, got 6"),
        (b"\x00\x01", "expected a field number from 1 to 536870911, got 0"),
        (b"\xf9\x7f\x01", "the message ends within a value"),
        (part(1, part(1, b"\xff\xfe")), "metadata.name: expected a text in UTF-8"),
        (part(1, part(8, b"\x08" + b"\xff" * 8 + b"\x7f")), "years 1 to 9999"),
        (part(2, part(34, b"\x08")), r"spec.ephemeralContainers: expected the wire type of the field, got 0"),
    ],
)
def test_hostile_bytes_are_refused_with_the_reason(message: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        PROTOBUF.decode(pod(message), core_v1.Pod)


@pytest.mark.parametrize("data", [b"", b"k8s", MAGIC + b"\x0a", b'{"kind":"Pod"}', MAGIC + b"\x12\x7f"])
def test_a_body_that_is_not_protobuf_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match=r"protobuf|the message ends|length"):
        PROTOBUF.decode(data, core_v1.Pod)
    assert PROTOBUF.status(data) is None
    assert PROTOBUF.identity(data) == {}


def test_an_error_holds_no_value_of_the_body() -> None:
    data = sealed("v1", "Secret", part(2, part(1, b"key") + part(2, b"hunter2")) + part(3, b"hunter2\xff"))
    with pytest.raises(DecodeError) as caught:
        PROTOBUF.decode(data, core_v1.Secret)
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in f"{error!r}{error}{vars(error)}"
        assert not isinstance(error, UnicodeDecodeError)
        error = error.__context__


def test_schemas_nested_deeper_than_the_interpreter_allows_are_refused() -> None:
    schema = b""
    for _ in range(3000):
        schema = part(28, schema)
    version = part(1, b"v1") + part(4, part(1, schema))
    data = sealed("apiextensions.k8s.io/v1", "CustomResourceDefinition", part(2, part(7, version)))
    with pytest.raises(DecodeError, match="nested too deeply"):
        PROTOBUF.decode(data, apiextensions_v1.CustomResourceDefinition)


def test_every_cut_and_every_changed_byte_raises_a_decode_error_or_reads() -> None:
    data = PROTOBUF.encode(POD)
    chance = random.Random(11)
    bodies = [data[:size] for size in range(len(data))]
    for _ in range(3000):
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        bodies.append(bytes(changed))
    refused = 0
    for body in bodies:
        PROTOBUF.status(body)
        PROTOBUF.identity(body)
        try:
            PROTOBUF.decode(body, core_v1.Pod)
        except DecodeError:
            refused += 1
    assert refused > len(data)


def test_many_messages_of_one_field_take_linear_time() -> None:
    twice = part(1, part(1, b"a")) * 100_000
    assert PROTOBUF.decode(pod(twice), core_v1.Pod).metadata.name == "a"


def test_nested_messages_that_each_come_twice_take_linear_time() -> None:
    schema = part(5, b"string")
    for _ in range(60):  # each level that is read twice doubles the time
        schema = part(28, schema) + part(28, b"")
    version = part(1, b"v1") + part(4, part(1, schema))
    data = sealed("apiextensions.k8s.io/v1", "CustomResourceDefinition", part(2, part(7, version)))
    read: Any = PROTOBUF.decode(data, apiextensions_v1.CustomResourceDefinition).spec.versions[0].schema
    depth, schema_read = 0, read.open_api_v3_schema
    while schema_read.not_ is not None:
        depth, schema_read = depth + 1, schema_read.not_
    assert (depth, schema_read.type) == (60, "string")


def test_nested_unions_are_turned_into_data_once() -> None:
    def nested(depth: int) -> bytes:
        schema = part(4, b"x" * 1_000_000) + part(5, b"string")
        for _ in range(depth):
            schema = part(30, b"\x08\x01" + part(2, schema))  # additionalProperties, as a schema
        version = part(1, b"v1") + part(4, part(1, schema))
        return sealed("apiextensions.k8s.io/v1", "CustomResourceDefinition", part(2, part(7, version)))

    def read(data: bytes) -> Any:
        crd: Any = PROTOBUF.decode(data, apiextensions_v1.CustomResourceDefinition)
        return crd.spec.versions[0].schema.open_api_v3_schema.additional_properties

    value, depth = read(nested(50)), 1
    while "additionalProperties" in value:
        value, depth = value["additionalProperties"], depth + 1
    assert (depth, value["type"], len(value["description"])) == (50, "string", 1_000_000)
    assert growth(nested, read, 6) < 4


def test_the_parts_of_nested_and_of_flattened_messages_are_merged_across_other_fields() -> None:
    volume = part(1, b"v") + part(2, part(6, part(1, b"s"))) + part(2, part(6, b"\x18\x05"))  # source.secret in Go
    spec = part(14, b"\x10\x05") + part(10, b"node") + part(14, b"\x10\x06\x30\x07") + part(1, volume)
    message = part(2, spec) + part(1, part(1, b"a")) + part(2, part(14, b"\x28\x08"))
    read = PROTOBUF.decode(pod(message), core_v1.Pod)
    context: Any = read.spec.security_context
    secret: Any = read.spec.volumes[0].secret
    assert (read.metadata.name, read.spec.node_name) == ("a", "node")
    assert (context.run_as_user, context.run_as_group, context.fs_group) == (6, 7, 8)
    assert (secret.secret_name, secret.default_mode) == ("s", 5)


# --- Status -----------------------------------------------------------------------------------------------------------


def test_a_status_is_read_for_errors() -> None:
    made = meta_v1.Status(status="Failure", message="no", reason="NotFound", code=404)
    members = {"status": "Failure", "message": "no", "reason": "NotFound", "code": 404}
    assert PROTOBUF.status(PROTOBUF.encode(made)) == {"apiVersion": "v1", "kind": "Status", **members}
    assert PROTOBUF.status(PROTOBUF.encode(POD)) is None


def test_members_of_a_status_that_cannot_be_read_are_left_out() -> None:
    found = PROTOBUF.status(sealed("v1", "Status", part(3, b"\xff") + part(4, b"Gone") + b"\xff"))
    assert found == {"apiVersion": "v1", "kind": "Status", "reason": "Gone"}


@pytest.mark.parametrize(("causes", "read"), [(10_000, 100), (300_000, 1)])
def test_a_status_with_many_causes_takes_little_memory(causes: int, read: int) -> None:
    data = sealed("v1", "Status", part(5, part(4, b"") * causes))
    tracemalloc.start()
    found = PROTOBUF.status(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert len(found["details"]["causes"]) == read
    assert peak < 3 * len(data)


def test_plain_data_has_the_field_names_of_the_api() -> None:
    assert PROTOBUF.plain_data(PROTOBUF.encode(POD))["spec"]["containers"][0]["ports"] == [{"containerPort": 80}]


# --- events -----------------------------------------------------------------------------------------------------------


def decode(frame: bytes) -> WatchEvent[Any] | UnreadableEvent:
    return PROTOBUF.event_decoder(core_v1.Pod).decode(frame)


def test_events_are_read_from_pieces_of_every_size() -> None:
    stream = PROTOBUF.encode_event("ADDED", POD) + PROTOBUF.encode_event("DELETED", POD)
    for size in range(1, 40):
        framing = PROTOBUF.framing()
        frames = [each for at in range(0, len(stream), size) for each in framing.feed(stream[at : at + size])]
        assert [decode(each).type for each in frames] == ["ADDED", "DELETED"]
        assert framing.finish() == []


def test_a_stream_that_ends_within_a_frame_is_reported() -> None:
    framing = PROTOBUF.framing()
    framing.feed(PROTOBUF.encode_event("ADDED", POD)[:-1])
    assert framing.finish() is None


def test_a_frame_over_the_limit_is_refused_when_its_length_arrives() -> None:
    with pytest.raises(BodyTooLarge, match="4294967295"):
        LengthFrames().feed(b"\xff\xff\xff\xff")


def test_an_error_event_has_its_status() -> None:
    made = meta_v1.Status(status="Failure", reason="Expired", code=410, message="too old")
    assert decode(PROTOBUF.encode_event("ERROR", made)[4:]) == WatchEvent("ERROR", made)  # type: ignore[call-arg]


def test_a_change_of_an_object_that_cannot_be_read_is_an_unreadable_event() -> None:
    broken = pod(part(1, part(1, b"a") + part(6, b"9")) + part(2, b"\x08"))
    found = decode(part(1, b"MODIFIED") + part(2, part(1, broken)))
    assert isinstance(found, UnreadableEvent)
    assert (found.key, found.resource_version, found.change) == ("a", "9", "MODIFIED")


def test_a_frame_that_is_no_event_is_refused() -> None:
    for frame in (b"", b"\x0a\x7f", part(2, b"")):
        with pytest.raises(DecodeError):
            decode(frame)
