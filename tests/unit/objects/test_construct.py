"""Constructors: what they accept, what they refuse, and their error messages."""

from __future__ import annotations

import copy
import json
import operator
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest

from kubeloop.meta import yaml
from kubeloop.models import apiextensions_v1, apps_v1, coordination_v1, core_v1, discovery_v1, meta_v1
from kubeloop.objects.change import Change
from kubeloop.objects.model import Model, Seq
from kubeloop.wire import documents
from kubeloop.wire.serializers import json_objects


def test_lists_become_tuples() -> None:
    spec = core_v1.PodSpec(containers=[core_v1.Container(name="c")])
    assert spec.containers == (core_v1.Container(name="c"),)
    assert isinstance(spec.containers, tuple)


def test_any_iterable_of_items_is_taken() -> None:
    spec = core_v1.Container(args=(str(n) for n in range(3)))  # type: ignore[arg-type]
    assert spec.args == ("0", "1", "2")


def test_maps_are_copied() -> None:
    labels = {"a": "b"}
    meta = meta_v1.ObjectMeta(labels=labels)
    labels["a"] = "changed"
    assert meta.labels == {"a": "b"}


class Schema(Model):
    items: Schema | Seq[Schema] | None = None


def test_a_field_of_several_types_that_are_no_scalars_is_refused() -> None:
    with pytest.raises(TypeError, match=r"expected an annotation of one type or of several scalars, got .*; use Any"):
        Schema(items=[])


@pytest.mark.parametrize(
    "change",
    [
        lambda labels: operator.setitem(labels, "a", "x"),
        lambda labels: operator.delitem(labels, "a"),
        lambda labels: labels.update(a="x"),
        lambda labels: labels.pop("a"),
        lambda labels: labels.popitem(),
        lambda labels: labels.clear(),
        lambda labels: labels.setdefault("b", "x"),
        lambda labels: operator.ior(labels, {"a": "x"}),
    ],
)
@pytest.mark.parametrize("how", ["constructed", "assigned in a draft", "edited in a draft"])
def test_maps_that_were_not_read_refuse_to_change_and_say_how(change: Callable[[Any], object], how: str) -> None:
    meta = meta_v1.ObjectMeta(labels={"a": "b"} if how == "constructed" else {})
    draft = meta.draft()
    if how == "assigned in a draft":
        draft.labels = {"a": "b"}
    elif how == "edited in a draft":
        draft.labels["a"] = "b"
    meta = draft.finish().after
    with pytest.raises(TypeError, match=r"use obj\.draft\(\)"):
        change(meta.labels)
    assert meta.labels == {"a": "b"}


def test_maps_that_refuse_to_change_are_read_written_and_copied_as_dicts() -> None:
    labels = meta_v1.ObjectMeta(labels={"a": "b"}).labels
    assert json.loads(json.dumps(labels)) == yaml.load(yaml.dump(labels)) == labels == {"a": "b"}
    for copied in (pickle.loads(pickle.dumps(labels)), copy.copy(labels), copy.deepcopy(labels), {**labels}):
        copied["c"] = "d"
        assert (type(copied), copied) == (dict, {"a": "b", "c": "d"})


def test_a_map_that_was_read_and_the_same_one_constructed_are_no_change() -> None:
    read = core_v1.Pod.from_dict({"metadata": {"labels": {"a": "b"}}})
    made = core_v1.Pod(metadata=meta_v1.ObjectMeta(labels={"a": "b"}))
    draft = read.draft()
    draft.metadata.labels = {"a": "b"}
    assert read == made
    assert not draft.finish()
    assert Change(read, made).merge_patch() == {}
    assert Change(read, made).json_patch() == []


def test_none_means_absent() -> None:
    pod = core_v1.Pod(metadata=None, spec=core_v1.PodSpec(containers=None, node_name=None))  # type: ignore[arg-type]
    assert pod.to_dict() == {"apiVersion": "v1", "kind": "Pod", "spec": {}}
    assert pod.spec.node_name == ""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: core_v1.PodSpec(contaners=[]), "PodSpec has no field 'contaners'; did you mean 'containers'?"),
        (lambda: core_v1.Pod(zzz=1), "Pod has no field 'zzz'"),
        (lambda: core_v1.PodSpec(nodeName="n"), "PodSpec has no field 'nodeName'; did you mean 'node_name'?"),
        (lambda: core_v1.PodSpec(core_v1.PodSpec()), "PodSpec takes keyword arguments only"),
        (lambda: core_v1.PodSpec(containers="abc"), "PodSpec.containers: expected a sequence, got str"),
        (lambda: core_v1.PodSpec(containers=[{"name": "c"}]), "PodSpec.containers[0]: expected Container, got dict"),
        (lambda: core_v1.PodSpec(priority="3"), "PodSpec.priority: expected int | None, got str"),
        (lambda: core_v1.PodSpec(priority=True), "PodSpec.priority: expected int | None, got bool"),
        (lambda: core_v1.PodSpec(host_network=1), "PodSpec.host_network: expected bool, got int"),
        (lambda: core_v1.Pod(spec="wrong"), "Pod.spec: expected PodSpec, got str"),
        (lambda: core_v1.Pod(spec={"nodeName": "n"}), "Pod.spec: expected PodSpec, got dict; use PodSpec.from_dict()"),
        (lambda: meta_v1.ObjectMeta(labels={"a": 1}), "ObjectMeta.labels['a']: expected str, got int"),
        (lambda: meta_v1.ObjectMeta(labels={1: "a"}), "ObjectMeta.labels: expected keys of str, got int"),
        (lambda: meta_v1.ObjectMeta(labels=["a"]), "ObjectMeta.labels: expected a mapping, got list"),
        (lambda: meta_v1.ObjectMeta(creation_timestamp="2026-01-01T00:00:00Z"), "expected datetime | None, got str"),
        (lambda: core_v1.Secret(data={"a": "text"}), "Secret.data['a']: expected bytes, got str"),
    ],
)
def test_mistakes_are_type_errors_that_name_class_and_field(make: object, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(TypeError, match="with a time zone"):
        meta_v1.ObjectMeta(creation_timestamp=datetime(2026, 1, 1))  # noqa: DTZ001


def test_times_are_brought_to_utc_and_whole_seconds() -> None:
    east = datetime(2026, 1, 1, 2, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert meta_v1.ObjectMeta(creation_timestamp=east).creation_timestamp == datetime(2026, 1, 1, tzinfo=UTC)


def test_micro_times_keep_and_always_write_six_digits() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    lease = coordination_v1.Lease(
        spec=coordination_v1.LeaseSpec(renew_time=noon, acquire_time=noon.replace(microsecond=1500))
    )
    assert lease.to_dict()["spec"] == {
        "renewTime": "2026-01-01T12:00:00.000000Z",
        "acquireTime": "2026-01-01T12:00:00.001500Z",
    }
    listing = coordination_v1.LeaseList(items=[lease])
    assert listing.to_dict()["items"][0]["spec"]["renewTime"] == "2026-01-01T12:00:00.000000Z"


def test_int_or_string_takes_both() -> None:
    ports = [core_v1.HTTPGetAction(port=80), core_v1.HTTPGetAction(port="http")]
    assert [port.to_dict()["port"] for port in ports] == [80, "http"]


def test_enums_of_str_are_taken_where_str_is() -> None:
    class Policy(StrEnum):
        ALWAYS = "Always"

    assert core_v1.Container(name="c", image_pull_policy=Policy.ALWAYS).to_dict() == {
        "name": "c",
        "imagePullPolicy": "Always",
    }


def test_fields_that_go_always_writes_are_written_in_whole_objects() -> None:
    assert json.loads(documents.encode(core_v1.Container(image="x"))) == {"name": "", "image": "x"}
    read = json_objects.decode_into(b'{"image": "x"}', core_v1.Container)
    assert read.to_dict() == {"name": "", "image": "x"}


def test_managed_fields_can_be_given_and_are_read_back() -> None:
    entry = meta_v1.ManagedFieldsEntry(manager="me", fields_v1={"f:spec": {}})
    meta = meta_v1.ObjectMeta(managed_fields=[entry])
    assert meta.managed_fields == (entry,)
    assert meta.to_dict() == {"managedFields": [{"manager": "me", "fieldsV1": {"f:spec": {}}}]}


def test_models_in_free_form_data_are_written_with_their_kind() -> None:
    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"))
    revision = apps_v1.ControllerRevision(data={"pods": [pod]}, revision=1)
    assert revision.to_dict()["data"] == {"pods": [pod.to_dict()]}


def test_free_form_data_without_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match=r"ControllerRevision\.data\.x: expected a JSON value, got object"):
        apps_v1.ControllerRevision(data={"x": object()})


def test_recursive_types_can_be_built_and_read() -> None:
    leaf = apiextensions_v1.JSONSchemaProps(type="string")
    schema = apiextensions_v1.JSONSchemaProps(type="object", properties={"a": leaf}, not_=leaf)
    assert apiextensions_v1.JSONSchemaProps.from_dict(schema.to_dict()) == schema
    assert schema.to_dict() == {"type": "object", "properties": {"a": {"type": "string"}}, "not": {"type": "string"}}


def test_lists_without_omitempty_start_absent() -> None:
    assert "endpoints" not in discovery_v1.EndpointSlice(address_type="IPv4").to_dict()
