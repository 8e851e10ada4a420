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

from kubeloop.errors import DecodeError, EncodeError
from kubeloop.models import Scheme, Unstructured, UnstructuredList, apiextensions_v1, apps_v1, core_v1, meta_v1
from kubeloop.models._base import Kind
from kubeloop.models.unstructured import UnstructuredDraft
from kubeloop.wire import codec

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
    pod = codec.decode(data)
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
    found = codec.decode(json.dumps({"apiVersion": api_version, "kind": kind}))
    assert isinstance(found, Kind)
    assert (found.api_version, found.kind, type(found).__name__) == (api_version, kind, kind)


def test_decode_gives_unstructured_for_unknown_kinds() -> None:
    item = codec.decode('{"apiVersion":"example.com/v1","kind":"Certificate","spec":{"a":null}}')
    assert isinstance(item, Unstructured)
    assert item.to_dict()["spec"] == {"a": None}


def test_decode_takes_a_scheme() -> None:
    from tests.unit.wire.custom_kind import Certificate

    item = codec.decode(b'{"apiVersion":"example.com/v1","kind":"Certificate"}', Scheme(Certificate))
    assert isinstance(item, Certificate)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{}", "does not say its kind"),
        ("[]", "expected an object with apiVersion and kind, got list"),
        ("- a", "expected an object"),
        ("5", "expected an object"),
        ("", "expected an object"),
        ('{"kind": 5}', "expected an object with apiVersion and kind"),
        ('{"apiVersion":"v1","kind":"Pod","spec":{"priority":"x"}}', "Pod: spec.priority: expected int"),
        ("kind: [", "line"),
        (b"\xff\xfe\x00{", ""),
        ('{"kind":"Pod","apiVersion":"v1"', ""),
    ],
)
def test_decode_fails_with_one_error_that_says_what(data: str | bytes, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        codec.decode(data)
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
        codec.decode(text)


def test_one_bad_item_does_not_fail_a_list_of_any_kind(caplog: pytest.LogCaptureFixture) -> None:
    items = [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}, "spec": {"nodeName": 5}}]
    pods = codec.decode(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": items}))
    assert isinstance(pods, core_v1.PodList)
    assert [pod.metadata.name for pod in pods.items] == ["a"]
    assert "item 1 of PodList: Pod b: spec.nodeName: expected str, got int" in caplog.text


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
        codec.encode(make(number))


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
    assert json.loads(codec.encode(value)) == value


def test_encode_writes_kind_first_and_once() -> None:
    pod = codec.decode(json.dumps(POD))
    assert codec.encode(pod).startswith(b'{"apiVersion":"v1","kind":"Pod",')
    assert codec.encode(core_v1.Pod()) == b'{"apiVersion":"v1","kind":"Pod"}'
    sts = apps_v1.StatefulSet.from_dict(
        {"spec": {"volumeClaimTemplates": [{"kind": "PersistentVolumeClaim", "apiVersion": "v1"}]}}
    )
    assert codec.encode(sts.spec.volume_claim_templates[0]) == b'{"apiVersion":"v1","kind":"PersistentVolumeClaim"}'


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
    assert json.loads(codec.encode(value)) == data
    assert codec.to_data(value) == data


def test_what_has_no_json_form_is_an_encode_error() -> None:
    with pytest.raises(EncodeError):
        codec.encode({"a": object()})


@pytest.mark.parametrize("cls", [Unstructured, UnstructuredList, dict])
def test_untyped_readers_refuse_what_is_no_object(cls: type[Any]) -> None:
    with pytest.raises(DecodeError, match=f"{cls.__name__}: expected an object, got list"):
        codec.decode_into(b"[]", cls)
    with pytest.raises(DecodeError, match=f"{cls.__name__}: not readable"):
        codec.decode_into(b"{", cls)


def test_untyped_readers_give_their_types() -> None:
    assert codec.decode_into(b'{"a":1}', dict) == {"a": 1}
    assert codec.decode_into(b'{"kind":"X"}', Unstructured).kind == "X"
    assert len(codec.decode_into(b'{"items":[{}]}', UnstructuredList).items) == 1


def test_bad_items_of_an_untyped_list_are_reported_and_left_out() -> None:
    reports: list[DecodeError] = []
    listing = codec.decode_list(b'{"kind":"XList","items":[{"a":1},5]}', UnstructuredList, on_bad_item=reports.append)
    assert [item.to_dict() for item in listing.items] == [{"kind": "X", "a": 1}]
    assert [str(report) for report in reports] == ["item 1 of UnstructuredList: expected an object, got int"]


# --- watch events


def line(kind: str, value: Any) -> bytes:
    return json.dumps({"type": kind, "object": value}).encode()


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "DELETED"])
def test_an_event_has_its_type_and_typed_object(kind: str) -> None:
    event = codec.EventDecoder(core_v1.Pod).decode(line(kind, POD))
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
    event = codec.EventDecoder(core_v1.Pod).decode(line("BOOKMARK", value))
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
    event = codec.EventDecoder(cls).decode(line("ERROR", status))
    assert event.type == "ERROR"
    assert isinstance(event.object, meta_v1.Status)
    assert (event.object.code, event.object.reason) == (410, "Expired")


def test_unstructured_events_hold_unstructured_objects() -> None:
    event = codec.EventDecoder(Unstructured).decode(line("ADDED", {"kind": "X", "spec": {"a": None}}))
    assert isinstance(event.object, Unstructured)
    assert event.object.get("spec") == {"a": None}


def test_an_unexpected_null_in_an_event_is_read() -> None:
    event = codec.EventDecoder(core_v1.Pod).decode(line("ADDED", {**POD, "spec": {"nodeName": None}}))
    assert event.object.spec.node_name == ""  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (line("ADDED", {**POD, "kind": "ConfigMap"}), "expected v1 Pod, got v1 ConfigMap"),
        (line("ADDED", {**POD, "spec": {"priority": "x"}}), "Pod ns/a: spec.priority: expected int"),
        (line("ADDED", None), "Pod: expected object, got null"),
        (line("ADDED", []), "Pod: expected object, got array"),
        (b'{"type":"ADDED"}', "watch event: object missing required field object"),
        (b'{"type":"ADDED","object":{"kind"', "watch event: not readable as JSON"),
        (b"<html>", "it looks like HTML"),
        (b"[]", "watch event: expected object, got array"),
        (b'{"type":5,"object":{}}', "watch event: "),
    ],
)
def test_an_event_that_cannot_be_read_is_one_error_that_says_what(data: bytes, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        codec.EventDecoder(core_v1.Pod).decode(data)
    assert message.lower() in str(caught.value).lower()


def test_events_are_values() -> None:
    event = codec.WatchEvent(type="ADDED", object=core_v1.Pod())
    assert event == codec.WatchEvent(type="ADDED", object=core_v1.Pod())
    with pytest.raises(AttributeError):
        event.type = "DELETED"  # type: ignore[misc]


def test_json_in_and_out() -> None:
    assert codec.json_loads(codec.json_dumps({"a": [1, None]})) == {"a": [1, None]}
    with pytest.raises(DecodeError):
        codec.json_loads(b"{")


# --- plain values that JSON cannot say


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
        lambda bad: codec.encode({"spec": {"x": [bad]}}),
        lambda bad: codec.to_data({"spec": {"x": [bad]}}),
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
        codec.encode({"spec": {1: "a"}})


def test_times_with_a_zone_and_bytes_are_written_as_go_writes_them() -> None:
    """(E3)"""
    east = timezone(timedelta(hours=1))
    assert codec.to_data(
        {"a": datetime(2026, 1, 1, 1, tzinfo=east), "b": b"x", "c": datetime(1, 1, 1, tzinfo=east), "d": (1, 2)}
    ) == {"a": "2026-01-01T00:00:00Z", "b": "eA==", "c": "0001-01-01T00:00:00+01:00", "d": [1, 2]}
