"""Bytes to objects and back: by kind, by class, as events."""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from kubeloop import Scheme, Unstructured, UnstructuredList
from kubeloop.errors import DecodeError, EncodeError, Unreadable
from kubeloop.models import apiextensions_v1, apps_v1, core_v1, meta_v1
from kubeloop.objects.model import Kind
from kubeloop.unstructured import UnstructuredDraft
from kubeloop.wire import documents, plain_values, watch_events
from kubeloop.wire.serializers import json_events, json_objects
from tests.support.depth import TOO_DEEP, nested

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ns"}, "spec": {"nodeName": "node-1"}}


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(POD),
        json.dumps(POD).encode(),
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: ns\nspec: {nodeName: node-1}\n",
        b"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ns}, spec: {nodeName: node-1}}",
        "\n\t " + json.dumps(POD, indent=2),
    ],
)
def test_decode_gives_the_class_that_the_body_names(data: str | bytes) -> None:
    pod = documents.decode(data)
    assert isinstance(pod, core_v1.Pod)
    assert pod.to_dict() == POD


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinitionList"),
        ("apiextensions.k8s.io/v1beta1", "ConversionReview"),
        ("apiregistration.k8s.io/v1beta1", "APIService"),
    ],
)
def test_versions_that_kubernetes_dropped_are_typed(api_version: str, kind: str) -> None:
    """(H6)"""
    found = documents.decode(json.dumps({"apiVersion": api_version, "kind": kind}))
    assert isinstance(found, Kind)
    assert (found.api_version, found.kind, type(found).__name__) == (api_version, kind, kind)


def test_decode_gives_unstructured_for_unknown_kinds() -> None:
    item = documents.decode('{"apiVersion":"example.com/v1","kind":"Certificate","spec":{"a":null}}')
    assert isinstance(item, Unstructured)
    assert item.to_dict()["spec"] == {"a": None}


def test_decode_takes_a_scheme() -> None:
    from tests.unit.wire.custom_kind import Certificate

    item = documents.decode(b'{"apiVersion":"example.com/v1","kind":"Certificate"}', Scheme(Certificate))
    assert isinstance(item, Certificate)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{}", "got an object without kind"),
        ("[]", "expected an object with apiVersion and kind, got list"),
        ("- a", "expected an object"),
        ("5", "expected an object"),
        ("", "expected an object"),
        ('{"kind": 5}', "expected a text as kind, got int"),
        ("apiVersion: v1\nkind: Y", "expected a text as kind, got bool; in YAML, put it in quotes"),
        ('{"kind": "Pod", "apiVersion": null}', "expected a text as apiVersion, got NoneType"),
        ('{"apiVersion":"v1","kind":"Pod","spec":{"priority":"x"}}', "Pod: spec.priority: expected int"),
        ("kind: [", "line"),
        (b"\xff\xfe\x00{", ""),
        ('{"kind":"Pod","apiVersion":"v1"', ""),
    ],
)
def test_decode_fails_with_one_error_that_says_what(data: str | bytes, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        documents.decode(data)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"kind":"Pod","apiVersion":"v1","spec":{"no', "object: not readable as JSON: .* \\(byte 43\\)"),
        ('{"kind":"Pod","apiVersion":"v1",,}', "object: not readable as JSON: .* \\(byte 32\\)"),
        ('\n [{"kind":"Pod"', "object: not readable as JSON: .* \\(byte 16\\)"),
    ],
)
def test_broken_json_is_reported_as_json_with_its_place(text: str, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        documents.decode(text)


def test_one_bad_item_does_not_fail_a_list_of_any_kind() -> None:
    items = [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}, "spec": {"nodeName": 5}}]
    pods = documents.decode(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": items}))
    assert isinstance(pods, core_v1.PodList)
    assert [pod.metadata.name for pod in pods.items] == ["a"]
    assert str(pods.unreadable["b"]) == "item 1 of PodList: Pod b: spec.nodeName: expected str, got int"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda bad: {"kind": "Y", "a": bad}, "a"),
        (lambda bad: {"spec": {"list": [None, {"b": bad}]}}, "spec.list[1].b"),
        (lambda bad: apiextensions_v1.JSONSchemaProps(not_=apiextensions_v1.JSONSchemaProps(maximum=bad)), "maximum"),
        (lambda bad: apps_v1.ControllerRevision(data={"x": [bad]}), "data.x[0]"),
        (lambda bad: core_v1.Pod.Draft(core_v1.Pod()).to_dict() | {"spec": {"x": bad}}, "spec.x"),
        (lambda bad: _edited(bad), "spec.x"),
    ],
)
def test_numbers_that_json_cannot_say_are_refused_with_their_path(
    number: float, make: Callable[[float], object], path: str
) -> None:
    with pytest.raises(EncodeError, match=rf"{re.escape(path)}: -?(nan|inf) has no JSON form"):
        documents.encode(make(number))


def _edited(bad: float) -> UnstructuredDraft:
    draft = Unstructured({"spec": {}}).draft()
    draft["spec"]["x"] = bad
    return draft


def test_a_number_that_json_cannot_say_makes_no_unstructured() -> None:
    with pytest.raises(EncodeError, match=r"spec\.x: nan has no JSON form"):
        Unstructured({"spec": {"x": math.nan}})
    with pytest.raises(EncodeError, match=r"spec\.x: nan has no JSON form"):
        _edited(math.nan).finish()


def test_nulls_and_text_that_looks_like_no_number_are_written() -> None:
    value = {"a": None, "b": [1.5, -0.0, 1e308, "\u02ff\x7f", "nan", 0xCB7FF8 << 40], "c": "null"}
    assert json.loads(documents.encode(value)) == value


def test_encode_writes_kind_first_and_once() -> None:
    pod = documents.decode(json.dumps(POD))
    assert documents.encode(pod).startswith(b'{"apiVersion":"v1","kind":"Pod",')
    assert documents.encode(core_v1.Pod()) == b'{"apiVersion":"v1","kind":"Pod"}'
    sts = apps_v1.StatefulSet.from_dict(
        {"spec": {"volumeClaimTemplates": [{"kind": "PersistentVolumeClaim", "apiVersion": "v1"}]}}
    )
    assert documents.encode(sts.spec.volume_claim_templates[0]) == b'{"apiVersion":"v1","kind":"PersistentVolumeClaim"}'


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (core_v1.Pod.Draft(core_v1.Pod()), {"apiVersion": "v1", "kind": "Pod"}),
        (Unstructured({"kind": "X"}), {"kind": "X"}),
        (Unstructured({"kind": "X"}).draft(), {"kind": "X"}),
        ({"spec": {"pod": core_v1.Container(name="c")}}, {"spec": {"pod": {"name": "c"}}}),
        ([1, None, "a"], [1, None, "a"]),
    ],
)
def test_encode_takes_whatever_has_a_json_value(value: Any, data: Any) -> None:
    assert json.loads(documents.encode(value)) == data
    assert plain_values.to_data(value) == data


def test_what_has_no_json_form_is_an_encode_error() -> None:
    with pytest.raises(EncodeError):
        documents.encode({"a": object()})


@pytest.mark.parametrize("cls", [Unstructured, UnstructuredList, dict])
def test_untyped_readers_refuse_what_is_no_object(cls: type[Any]) -> None:
    with pytest.raises(DecodeError, match=f"{cls.__name__}: expected (an )?object, got (list|array)"):
        json_objects.decode_into(b"[]", cls)
    with pytest.raises(DecodeError, match=f"{cls.__name__}: not readable"):
        json_objects.decode_into(b"{", cls)


def test_untyped_readers_give_their_types() -> None:
    assert json_objects.decode_into(b'{"a":1}', dict) == {"a": 1}
    assert json_objects.decode_into(b'{"kind":"X"}', Unstructured).kind == "X"
    assert len(json_objects.decode_into(b'{"kind":"XList","items":[{}]}', UnstructuredList).items) == 1


def test_bad_items_of_an_untyped_list_are_reported_and_left_out() -> None:
    """(A4)"""
    listing = json_objects.decode_list(b'{"kind":"XList","items":[{"a":1},5]}', UnstructuredList)
    assert [item.to_dict() for item in listing.items] == [{"kind": "X", "a": 1}]
    assert [(key, str(error)) for key, error in listing.unreadable.items()] == [
        ("#1", "item 1 of UnstructuredList: Unstructured: expected an object, got int")
    ]


BAD_METADATA: list[Any] = [
    {"labels": {"a": 7}},
    {"labels": 7},
    {"annotations": ["a"]},
    {"creationTimestamp": "yesterday"},
    {"generation": "1"},
    {"ownerReferences": [{"uid": 5}]},
    {"uid": 5},
]


@pytest.mark.parametrize("bad", BAD_METADATA)
def test_metadata_of_untyped_objects_that_cannot_be_read_are_found_when_a_list_arrives(bad: dict[str, Any]) -> None:
    """(B2)"""
    good = {"metadata": {"name": "a", "namespace": "ns", "labels": {"a": "b"}}}
    wrong = {"metadata": {"name": "bad", "namespace": "ns", "resourceVersion": "5", **bad}}
    body = json.dumps({"kind": "XList", "apiVersion": "x/v1", "items": [good, wrong, good]}).encode()
    listing = json_objects.decode_list(body, UnstructuredList)
    assert [item.metadata.labels for item in listing.items] == [{"a": "b"}] * 2
    assert list(listing.unreadable) == ["ns/bad"]
    assert listing.unreadable["ns/bad"].resource_version == "5"
    assert isinstance(listing.unreadable["ns/bad"], Unreadable)


@pytest.mark.parametrize("metadata", [None, {}, {"labels": None}, {"creationTimestamp": None, "finalizers": None}])
def test_nulls_in_metadata_of_untyped_objects_cost_no_item(metadata: Any) -> None:
    """(B2)"""
    body = json.dumps({"kind": "XList", "items": [{"metadata": metadata}, {"metadata": {"name": "a"}}, {}]}).encode()
    listing = json_objects.decode_list(body, UnstructuredList)
    assert dict(listing.unreadable) == {}
    assert [item.metadata.name for item in listing.items] == ["", "a", ""]
    assert listing.items[0].get("metadata") == metadata


def test_wrong_metadata_of_one_untyped_object_are_reported_with_its_key() -> None:
    """(B2)"""
    obj = json_objects.decode_into(b'{"metadata":{"name":"a","namespace":"ns","labels":{"a":7}}}', Unstructured)
    assert obj.get_in("metadata", "labels") == {"a": 7}
    with pytest.raises(Unreadable) as caught:
        _ = obj.metadata
    assert caught.value.key == "ns/a"


@pytest.mark.parametrize("item", [{"kind": ""}, {"kind": "", "apiVersion": ""}, {"kind": None}, {}, {"apiVersion": ""}])
def test_items_that_do_not_say_their_kind_have_that_of_the_list(item: dict[str, Any]) -> None:
    """(E7)"""
    body = {"kind": "PodList", "apiVersion": "v1", "items": [{**item, "metadata": {"name": "a"}}]}
    for listing in (json_objects.decode_list(json.dumps(body).encode(), UnstructuredList), UnstructuredList(body)):
        assert (listing.items[0].kind, listing.items[0].api_version) == ("Pod", "v1")
        assert list(listing.items[0].to_dict())[:2] == ["apiVersion", "kind"]


def test_items_that_say_their_kind_keep_it() -> None:
    """(E7)"""
    body = {"kind": "List", "apiVersion": "v1", "items": [{"kind": "Pod", "apiVersion": "v1"}, {"a": 1}]}
    listing = json_objects.decode_list(json.dumps(body).encode(), UnstructuredList)
    assert [item.to_dict() for item in listing.items] == body["items"]


# --- watch events


def line(kind: str, value: Any) -> bytes:
    return json.dumps({"type": kind, "object": value}).encode()


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "DELETED"])
def test_an_event_has_its_type_and_typed_object(kind: str) -> None:
    event = json_events.JSONEventDecoder(core_v1.Pod).decode(line(kind, POD))
    assert event.type == kind
    assert event.object == core_v1.Pod.from_dict(POD)


def test_a_bookmark_with_its_everyday_nulls_is_read_in_one_step() -> None:
    value = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": "9", "creationTimestamp": None},
        "spec": {"containers": None},
        "status": {},
    }
    event = json_events.JSONEventDecoder(core_v1.Pod).decode(line("BOOKMARK", value))
    assert event.object.metadata.resource_version == "9"  # type: ignore[union-attr]


@pytest.mark.parametrize("cls", [core_v1.Pod, core_v1.ConfigMap, Unstructured])
def test_an_error_event_has_a_status(cls: type[Any]) -> None:
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "too old",
        "reason": "Expired",
        "code": 410,
    }
    event = json_events.JSONEventDecoder(cls).decode(line("ERROR", status))
    assert event.type == "ERROR"
    assert isinstance(event.object, meta_v1.Status)
    assert (event.object.code, event.object.reason) == (410, "Expired")


def test_unstructured_events_hold_unstructured_objects() -> None:
    event = json_events.JSONEventDecoder(Unstructured).decode(
        line("ADDED", {"kind": "X", "metadata": {"name": "x"}, "spec": {"a": None}})
    )
    assert isinstance(event.object, Unstructured)
    assert event.object.get("spec") == {"a": None}


def test_an_unexpected_null_in_an_event_is_read() -> None:
    event = json_events.JSONEventDecoder(core_v1.Pod).decode(line("ADDED", {**POD, "spec": {"nodeName": None}}))
    assert event.object.spec.node_name == ""  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("value", "message", "key"),
    [
        ({**POD, "kind": "ConfigMap"}, "expected v1 Pod, got v1 ConfigMap", ""),
        ({**POD, "spec": {"priority": "x"}}, "Pod ns/a: spec.priority: expected int", "ns/a"),
        ({**POD, "metadata": {**POD["metadata"], "labels": {"a": 7}}}, "metadata.labels['a']: expected str", "ns/a"),
        ({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": []}, "got meta.k8s.io/v1 Table", ""),
        ({"kind": "Pod", "apiVersion": "v1", "metadata": {}}, "an object without a name", ""),
        ({}, "an object without a name", ""),
        (None, "Pod: expected object, got null", ""),
        ([], "Pod: expected object, got array", ""),
        ("x", "Pod: expected object, got str", ""),
    ],
)
@pytest.mark.parametrize("change", ["ADDED", "MODIFIED", "DELETED"])
def test_a_change_of_an_unreadable_object_is_reported_with_its_key(
    value: Any, message: str, key: str, change: str
) -> None:
    """(A12)"""
    event = json_events.JSONEventDecoder(core_v1.Pod).decode(line(change, value))
    assert isinstance(event, watch_events.UnreadableEvent)
    assert (event.type, event.change, event.key) == ("UNREADABLE", change, key)
    assert message in str(event.error)
    with pytest.raises(Unreadable):
        _ = event.object


@pytest.mark.parametrize(
    "value",
    [
        *(
            {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "ns", **bad}}
            for bad in BAD_METADATA
        ),
        {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "7"}, "rows": []},
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 500},
        {},
        None,
        5,
    ],
)
def test_changes_of_untyped_objects_that_cannot_be_read_are_reported_too(value: Any) -> None:
    """(B2), (A12)"""
    event = json_events.JSONEventDecoder(Unstructured).decode(line("MODIFIED", value))
    assert isinstance(event, watch_events.UnreadableEvent)
    named = isinstance(value, dict) and "name" in value.get("metadata", {})
    assert (event.change, event.key) == ("MODIFIED", "ns/a" if named else "")


@pytest.mark.parametrize("cls", [apps_v1.ControllerRevision, Unstructured])
@pytest.mark.parametrize("change", ["ADDED", "DELETED"])
@pytest.mark.parametrize(
    "data", [pytest.param(nested(TOO_DEEP), id="too deep"), b'"\xff"', b'"\\ud800"', b'"\\udc00 "']
)
def test_an_event_that_the_decoder_refuses_is_reported_with_its_key(cls: type[Any], change: str, data: bytes) -> None:
    """(B1)"""
    value = b'{"metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"5"},"data":%s}' % data
    event = json_events.JSONEventDecoder(cls).decode(b'{"type":"%s","object":%s}' % (change.encode(), value))
    assert isinstance(event, watch_events.UnreadableEvent)
    assert (event.change, event.key, event.error.uid, event.resource_version) == (change, "ns/a", "u", "5")


def test_a_bookmark_of_any_form_has_its_version() -> None:
    """(A12)"""
    decoder = json_events.JSONEventDecoder(core_v1.Pod)
    for metadata, version in (
        ({"resourceVersion": "9", "labels": {"a": 7}}, "9"),
        ({"resourceVersion": 9}, ""),
        ({"resourceVersion": "9"}, "9"),
    ):
        event: Any = decoder.decode(line("BOOKMARK", {"kind": "Pod", "apiVersion": "v1", "metadata": metadata}))
        assert (event.type, event.object.metadata.resource_version) == ("BOOKMARK", version)
    other: Any = decoder.decode(line("BOOKMARK", {"kind": "Table", "metadata": {"resourceVersion": "9"}}))
    assert other.object.metadata.resource_version == ""


@pytest.mark.parametrize(
    ("value", "code", "reason", "message"),
    [
        ({"kind": "Status", "apiVersion": "v1", "code": "410", "reason": "Expired"}, 410, "Expired", ""),
        ({"kind": "Status", "apiVersion": "v1", "code": 410, "details": []}, 410, "", ""),
        ({"kind": "Status", "apiVersion": "meta.k8s.io/v1", "code": 429, "message": "m"}, 429, "", "m"),
        ({"kind": "Problem", "apiVersion": "x/v1", "code": 410, "reason": "Gone"}, 410, "Gone", ""),
        ({"kind": "Status", "code": True, "reason": 5, "message": "m"}, 0, "", "m"),
        ({"kind": "Status", "code": 10**400, "message": "m"}, 0, "", "m"),
        ({"kind": "Pod", "metadata": {"name": "a"}}, 0, "", "the server sent an ERROR event without a Status"),
        ({}, 0, "", "the server sent an ERROR event without a Status"),
        (None, 0, "", "the server sent an ERROR event without a Status"),
        ("too old", 0, "", "the server sent an ERROR event without a Status"),
    ],
)
@pytest.mark.parametrize("cls", [core_v1.Pod, Unstructured])
def test_an_error_event_of_any_shape_has_a_status(
    value: Any, code: int, reason: str, message: str, cls: type[Any]
) -> None:
    """(D2)"""
    event = json_events.JSONEventDecoder(cls).decode(line("ERROR", value))
    assert event.type == "ERROR"
    status: Any = event.object
    assert isinstance(status, meta_v1.Status)
    assert (status.status, status.code, status.reason, status.message) == ("Failure", code, reason, message)


@pytest.mark.parametrize("indent", [None, 2])
def test_a_bare_status_is_an_error_event(indent: int | None) -> None:
    """(D1)"""
    said = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 410}
    event = json_events.JSONEventDecoder(core_v1.Pod).decode(json.dumps(said, indent=indent).encode())
    assert event.type == "ERROR"
    assert isinstance(event.object, meta_v1.Status)
    assert event.object.code == 410


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"type":"ADDED"}', "watch event: it has no object"),
        (b'{"object":{}}', "watch event: it has no type"),
        (b'{"kind":"Pod","apiVersion":"v1"}', "watch event: it has no type"),
        (b"{}", "watch event: it has no type"),
        (b'{"type":"ADDED","object":{"kind"', "watch event: not readable as JSON"),
        (b'{"type":"ADDED","object":{}}{"type":"ADDED","object":{}}', "watch event: not readable as JSON"),
        (b"<html>", "it looks like HTML"),
        (b"[]", "watch event: expected object, got array"),
        (b'{"type":5,"object":{}}', "watch event: "),
    ],
)
def test_a_frame_that_is_no_event_is_one_error_that_says_what(data: bytes, message: str) -> None:
    for cls in (core_v1.Pod, Unstructured):
        with pytest.raises(DecodeError) as caught:
            json_events.JSONEventDecoder(cls).decode(data)
        assert not isinstance(caught.value, Unreadable)
        assert message.lower() in str(caught.value).lower()


def test_events_are_values() -> None:
    event = watch_events.WatchEvent(type="ADDED", object=core_v1.Pod())
    assert event == watch_events.WatchEvent(type="ADDED", object=core_v1.Pod())
    with pytest.raises(AttributeError):
        event.type = "DELETED"  # type: ignore[misc]


def test_json_in_and_out() -> None:
    assert json_objects.decode_any(json_objects.encode({"a": [1, None]})) == {"a": [1, None]}
    with pytest.raises(DecodeError):
        json_objects.decode_any(b"{")


# --- plain values that JSON cannot express


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (datetime(2026, 1, 1), "with a time zone, got a naive one"),  # noqa: DTZ001
        (Decimal("1.5"), "expected a JSON value, got Decimal"),
        (date(2026, 1, 1), "got date"),
        (timedelta(seconds=1), "got timedelta"),
        (uuid.UUID(int=1), "got UUID"),
        (object(), "got object"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    "door",
    [
        lambda bad: documents.encode({"spec": {"x": [bad]}}),
        lambda bad: plain_values.to_data({"spec": {"x": [bad]}}),
        lambda bad: Unstructured({"spec": {"x": [bad]}}),
        lambda bad: Unstructured({}).draft().__ior__({"spec": {"x": [bad]}}).finish(),
        lambda bad: core_v1.Pod.from_dict({"spec": {"x": [bad]}}),
        lambda bad: setattr(apps_v1.ControllerRevision.Draft(), "data", {"spec": {"x": [bad]}}),
        lambda bad: apps_v1.ControllerRevision(data={"spec": {"x": [bad]}}),
    ],
    ids=["encode", "to_data", "Unstructured", "UnstructuredDraft", "from_dict", "draft", "constructor"],
)
def test_values_that_json_does_not_have_are_refused_with_their_path(door: Any, bad: Any, what: str) -> None:
    """(E3) None of them is sent in a form that msgspec happens to have."""
    with pytest.raises((EncodeError, DecodeError, TypeError), match=re.escape("spec.x[0]: ") + ".*" + re.escape(what)):
        door(bad)


def test_keys_that_are_no_text_are_refused_with_their_path() -> None:
    """(E3)"""
    with pytest.raises(EncodeError, match=r"spec: expected keys of str, got int"):
        documents.encode({"spec": {1: "a"}})


def test_times_with_a_zone_and_bytes_are_written_as_go_writes_them() -> None:
    """(E3)"""
    east = timezone(timedelta(hours=1))
    assert plain_values.to_data(
        {"a": datetime(2026, 1, 1, 1, tzinfo=east), "b": b"x", "c": datetime(1, 1, 1, tzinfo=east), "d": (1, 2)}
    ) == {"a": "2026-01-01T00:00:00Z", "b": "eA==", "c": "0001-01-01T00:00:00+01:00", "d": [1, 2]}
