"""Reading: what a server says in practice, and what nobody should say but somebody will."""

from __future__ import annotations

import contextlib
import copy
import gc
import json
import pickle
import re
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from kubeloop import Unstructured, UnstructuredList
from kubeloop.errors import DecodeError, EncodeError, Unreadable
from kubeloop.models import (
    admissionregistration_v1,
    apiextensions_v1,
    apps_v1,
    coordination_v1,
    core_v1,
    discovery_v1,
    meta_v1,
    policy_v1,
    rbac_v1,
)
from kubeloop.objects.frozen_struct import force
from kubeloop.objects.json import scan as json_scan
from kubeloop.objects.json.decode_list import decoding_list, finish
from kubeloop.objects.model import Model
from kubeloop.wire import documents
from kubeloop.wire.serializers import json_objects
from tests.support.depth import TOO_DEEP, is_too_deep, nested


def round_trip(value: dict[str, Any], cls: type[Model]) -> Any:
    return json.loads(documents.encode(json_objects.decode_into(json.dumps(value).encode(), cls)))


def test_unknown_fields_are_skipped() -> None:
    pod = json_objects.decode_into(b'{"kind":"Pod","future":{"a":[1]},"spec":{"nodeName":"n","x":null}}', core_v1.Pod)
    assert pod.spec.node_name == "n"


@pytest.mark.parametrize(
    ("value", "cls"),
    [
        (
            {"kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {}, "rules": None},
            rbac_v1.ClusterRole,
        ),
        (
            {"kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {}, "rules": []},
            rbac_v1.ClusterRole,
        ),
        (
            {
                "kind": "EndpointSlice",
                "apiVersion": "discovery.k8s.io/v1",
                "metadata": {},
                "addressType": "IPv4",
                "endpoints": None,
                "ports": None,
            },
            discovery_v1.EndpointSlice,
        ),
        ({"kind": "Pod", "apiVersion": "v1", "metadata": {}, "spec": {"containers": None}, "status": {}}, core_v1.Pod),
        (
            {
                "kind": "PodDisruptionBudget",
                "apiVersion": "policy/v1",
                "status": {
                    "disruptedPods": {"a": None, "b": "2026-01-01T00:00:00Z"},
                    "disruptionsAllowed": 0,
                    "currentHealthy": 0,
                    "desiredHealthy": 0,
                    "expectedPods": 0,
                },
            },
            policy_v1.PodDisruptionBudget,
        ),
        (
            {"kind": "ConfigMap", "apiVersion": "v1", "data": {}, "metadata": {"labels": {}, "finalizers": []}},
            core_v1.ConfigMap,
        ),
        (
            {
                "kind": "StatefulSet",
                "apiVersion": "apps/v1",
                "metadata": {},
                "spec": {
                    "selector": None,
                    "template": {},
                    "serviceName": "",
                    "volumeClaimTemplates": [
                        {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": {}, "spec": {}, "status": {}},
                        {"spec": {}},
                    ],
                },
            },
            apps_v1.StatefulSet,
        ),
        ({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": None}, core_v1.PodList),
    ],
)
def test_what_servers_write_comes_back_as_it_was(value: dict[str, Any], cls: type[Model]) -> None:
    assert round_trip(value, cls) == value


def test_null_lists_and_maps_read_as_empty_sequences_and_mappings() -> None:
    role = json_objects.decode_into(b'{"rules":null}', rbac_v1.ClusterRole)
    assert (len(role.rules), list(role.rules), tuple(role.rules)) == (0, [], ())
    assert role.rules == ()
    assert (rbac_v1.PolicyRule(), *role.rules) == (rbac_v1.PolicyRule(),)
    assert role == role.from_dict({"rules": []})


def test_embedded_objects_keep_the_kind_they_named_and_only_that() -> None:
    value = {
        "kind": "StatefulSet",
        "apiVersion": "apps/v1",
        "spec": {
            "selector": {},
            "template": {},
            "serviceName": "",
            "volumeClaimTemplates": [
                {"kind": "PersistentVolumeClaim", "apiVersion": "v1"},
                {"kind": "PersistentVolumeClaim"},
                {},
            ],
        },
    }
    item = apps_v1.StatefulSet.from_dict(value)
    assert item.to_dict() == value
    templates = item.spec.volume_claim_templates
    assert templates[0] == core_v1.PersistentVolumeClaim()
    assert templates[1].to_dict() == {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"kind": "Status", "apiVersion": "v1", "status": "Failure"}, "expected v1 Pod, got v1 Status"),
        ({"kind": "ConfigMap", "apiVersion": "v1", "data": {"a": "b"}}, "expected v1 Pod, got v1 ConfigMap"),
        ({"kind": "Pod", "apiVersion": "v2"}, "expected v1 Pod, got v2 Pod"),
        ({"kind": "Service", "spec": {"ports": 5}}, "expected v1 Pod, got v1 Service"),
    ],
)
def test_another_kind_is_an_error_that_names_both(body: dict[str, Any], message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        json_objects.decode_into(json.dumps(body).encode(), core_v1.Pod)
    assert str(caught.value) == message


def test_an_object_that_names_no_kind_is_taken() -> None:
    assert json_objects.decode_into(b'{"metadata":{"name":"a"}}', core_v1.Pod).metadata.name == "a"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"spec": {"priority": "high"}}, "Pod ns/a: spec.priority: expected int"),
        (
            {"spec": {"containers": [{"name": "x"}, {"name": 5}]}},
            "Pod ns/a: spec.containers[1].name: expected str, got int",
        ),
        ({"spec": {"containers": "none"}}, "Pod ns/a: spec.containers: expected array"),
        ({"spec": []}, "Pod ns/a: spec: expected object, got array"),
    ],
)
def test_an_ill_typed_field_is_named_with_object_and_path(body: dict[str, Any], message: str) -> None:
    value = {"metadata": {"name": "a", "namespace": "ns"}, **body}
    with pytest.raises(DecodeError) as caught:
        json_objects.decode_into(json.dumps(value).encode(), core_v1.Pod)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "(it is empty)"),
        (b"<html><body>bad gateway</body></html>", "(it looks like HTML)"),
        (b'{"metadata":{"name":"a"', "truncated"),
        (b'{"metadata":{"name":"\xff\xfe"}}', "not readable as JSON"),
        (b"[" * 100_000, "not readable as JSON"),
        (b'{"a":' * 100_000, "not readable as JSON"),
        (b"5", "Pod: expected object, got int"),
        (b"null", "Pod: expected object, got null"),
    ],
)
def test_what_is_no_object_is_one_error_that_quotes_nothing(body: bytes, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        json_objects.decode_into(body, core_v1.Pod)
    assert message in str(caught.value)
    assert "gateway" not in str(caught.value)


def test_unexpected_nulls_read_as_gos_zeros() -> None:
    body = {
        "metadata": {"name": None, "labels": {"a": None}, "creationTimestamp": None, "finalizers": None},
        "spec": {
            "nodeName": None,
            "containers": [{"name": None, "resources": {"limits": {"cpu": None}}, "args": ["a", None]}],
        },
        "status": None,
    }
    pod = core_v1.Pod.from_dict(body)
    assert (pod.metadata.name, pod.metadata.labels, pod.status) == ("", {"a": ""}, core_v1.PodStatus())
    assert pod.spec.containers[0].resources.limits == {"cpu": "0"}
    assert pod.spec.containers[0].args == ("a", "")


def test_an_object_with_unexpected_nulls_has_none_of_them_when_it_is_written() -> None:
    value = {"metadata": {"name": "a", "labels": None, "managedFields": None}, "spec": {"containers": [None]}}
    written = round_trip(value, core_v1.Pod)
    assert (written["metadata"], written["spec"]) == ({"name": "a"}, {"containers": [{"name": ""}]})


def test_null_items_of_a_list_keep_their_places() -> None:
    spec = core_v1.PodSpec.from_dict({"containers": [None, {"name": "b"}]})
    assert [item.name for item in spec.containers] == ["", "b"]


@pytest.mark.parametrize(
    ("cls", "data", "path"),
    [
        (core_v1.ConfigMap, {"data": {"good": "", "bad": 5}}, "data['bad']"),
        (meta_v1.ObjectMeta, {"labels": {"example.com/a]b": 5}}, "labels['example.com/a]b']"),
        (core_v1.PodSpec, {"containers": [{}, {"resources": {"limits": {"cpu": "1", "x": []}}}]},
         "containers[1].resources.limits['x']"),
        (apiextensions_v1.JSONSchemaProps, {"properties": {"a": {}, "b": {"properties": {"c": {"type": 5}}}}},
         "properties['b'].properties['c'].type"),
    ],
)  # fmt: skip
def test_an_entry_of_a_map_that_cannot_be_read_is_named_by_its_key(
    cls: type[Model], data: dict[str, Any], path: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        cls.from_dict(data)
    assert f": {path}: expected str" in str(caught.value)


def test_base64_may_be_wrapped() -> None:
    secret = core_v1.Secret.from_dict({"data": {"a": "aGVs\nbG8=\r\n"}})
    assert secret.data == {"a": b"hello"}
    hook = admissionregistration_v1.WebhookClientConfig.from_dict({"caBundle": "aGVs\nbG8="})
    assert hook.ca_bundle == b"hello"


def test_broken_base64_is_an_error_without_the_text() -> None:
    with pytest.raises(DecodeError) as caught:
        core_v1.Secret.from_dict({"metadata": {"name": "s"}, "data": {"a": "hunter2!"}})
    assert "Secret s: data['a']" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-01T00:00:01Z", 1.0),
        ("2026-01-01T00:00:01.25Z", 1.25),
        ("2026-01-01T02:00:01+02:00", 1.0),
        ("2025-12-31T23:00:01.5-01:00", 1.5),
        ("2026-01-01T00:00:01.123456789Z", 1.123456),
    ],
)
def test_times_with_fractions_and_offsets_are_aware_datetimes(text: str, seconds: float) -> None:
    found = meta_v1.ObjectMeta.from_dict({"creationTimestamp": text}).creation_timestamp
    assert found == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(DecodeError, match="creationTimestamp"):
        meta_v1.ObjectMeta.from_dict({"creationTimestamp": "2026-01-01T00:00:00"})


def test_micro_times_come_back_with_six_digits() -> None:
    value = {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z", "acquireTime": "2026-01-01T00:00:00.000001Z"}}
    assert coordination_v1.Lease.from_dict(value).to_dict()["spec"] == value["spec"]


# --- LISTs


def pods(*items: Any) -> bytes:
    listing = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": list(items)}
    return json.dumps(listing).encode()


def named(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns"}, "spec": spec}


def test_one_ill_typed_item_is_reported_by_name_and_path_and_the_rest_arrive() -> None:
    """(A4)"""
    bad = {
        "metadata": {"name": "bad", "namespace": "ns", "uid": "u", "resourceVersion": "5"},
        "spec": {"priority": "x"},
    }
    listing = json_objects.decode_list(pods(named("a"), bad, named("c")), core_v1.PodList)
    assert [pod.metadata.name for pod in listing.items] == ["a", "c"]
    assert listing.metadata.resource_version == "7"
    assert list(listing.unreadable) == ["ns/bad"]
    error = listing.unreadable["ns/bad"]
    assert str(error) == "item 1 of PodList: Pod ns/bad: spec.priority: expected int | null, got str"
    assert (error.namespace, error.name, error.uid, error.resource_version) == ("ns", "bad", "u", "5")


def test_items_that_are_no_objects_are_reported_by_their_place() -> None:
    """(A4)"""
    listing = json_objects.decode_list(pods(None, 5, named("a")), core_v1.PodList)
    assert [pod.metadata.name for pod in listing.items] == ["a"]
    assert list(listing.unreadable) == ["#0", "#1"]


def test_a_null_in_one_item_costs_no_item() -> None:
    listing = json_objects.decode_list(pods(named("a", nodeName=None), named("b")), core_v1.PodList)
    assert [pod.metadata.name for pod in listing.items] == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"kind":"PodList","apiVersion":"v1","items":null}',
        b'{"kind":"PodList","items":[]}',
        b'{"kind":"PodList","apiVersion":"","items":[]}',
        b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"}}',
    ],
)
def test_an_empty_list_has_no_items(body: bytes) -> None:
    """(A5)"""
    for cls in (core_v1.PodList, UnstructuredList):
        listing: Any = json_objects.decode_list(body, cls)
        assert (list(listing.items), dict(listing.unreadable)) == ([], {})


@pytest.mark.parametrize(
    ("body", "came"),
    [
        ({}, "an object that names no kind"),
        ({"error": "bad gateway"}, "an object that names no kind"),
        ({"items": []}, "an object that names no kind"),
        ({"kind": "", "items": []}, "an object that names no kind"),
        ({"metadata": {"resourceVersion": "7"}}, "an object that names no kind"),
        ({"kind": "Status", "apiVersion": "v1", "status": "Success"}, "v1 Status"),
        ({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": []}, "meta.k8s.io/v1 Table"),
        ({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "items": []}, "meta.k8s.io/v1 Table"),
        ({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "resourceVersion": "7"}}, "v1 Pod"),
        ({"kind": "PodList", "apiVersion": "v1"}, "PodList without items and without a resourceVersion"),
        ({"kind": "PodList", "apiVersion": "v1", "metadata": {}}, "PodList without items"),
    ],
)
@pytest.mark.parametrize("cls", [core_v1.PodList, UnstructuredList])
def test_a_body_that_does_not_prove_to_be_a_list_is_refused(body: dict[str, Any], came: str, cls: type[Any]) -> None:
    """(A5)"""
    with pytest.raises(DecodeError, match=f"expected .*, got .*{re.escape(came)}"):
        json_objects.decode_list(json.dumps(body).encode(), cls)
    if body.get("items") == []:
        with pytest.raises(DecodeError, match=f"expected .*, got .*{re.escape(came)}"):
            json_objects.decode_list(json.dumps(body | {"items": [{"x": "\ud800"}]}).encode(), cls)


def test_the_list_of_another_kind_is_no_list_of_this_kind() -> None:
    """(A5)"""
    with pytest.raises(DecodeError, match="expected v1 PodList, got v1 SecretList"):
        json_objects.decode_list(b'{"kind":"SecretList","apiVersion":"v1","items":[]}', core_v1.PodList)


def test_what_a_list_is_without_is_kept_by_copies_and_pickles_and_is_no_part_of_equality() -> None:
    """(A4)"""
    body = pods(named("a"), named("bad", priority="x"))
    listing = json_objects.decode_list(body, core_v1.PodList)
    again = pickle.loads(pickle.dumps(listing))
    assert again == listing
    for one in (copy.copy(listing), copy.deepcopy(listing), again):
        assert list(one.unreadable) == ["ns/bad"]
        assert one.unreadable["ns/bad"].name == "bad"
    whole = json_objects.decode_list(pods(named("a")), core_v1.PodList)
    assert dict(whole.unreadable) == {}
    assert whole == listing
    assert listing.to_dict() == whole.to_dict()
    assert "unreadable" not in repr(listing)


def revision(name: bytes, data: bytes) -> bytes:
    return (
        b'{"metadata":{"labels":{"x":"}{"},"name":"%s","namespace":"ns","uid":"u","resourceVersion":"5"},'
        b'"data":%s,"revision":1}' % (name, data)
    )


UNREADABLE_DATA = {
    "too deep": nested(TOO_DEEP),
    "lists too deep": b"[" * TOO_DEEP + b"]" * TOO_DEEP,
    "no UTF-8": b'{"x":"\xff\xfe"}',
    "no UTF-8 in a key": b'{"\xff":1}',
    "half a pair at the end": b'{"x":"\\ud800"}',
    "half a pair in the middle": b'{"x":"\\ud800 "}',
    "the second half of a pair": b'{"x":"\\udc00"}',
    "no number": b'{"x":1e999}',
    "no JSON": b'{"x":tru}',
}


@pytest.mark.parametrize("data", UNREADABLE_DATA.values(), ids=UNREADABLE_DATA)
@pytest.mark.parametrize("cls", [apps_v1.ControllerRevisionList, UnstructuredList])
def test_one_item_that_cannot_be_read_at_all_costs_no_other(data: bytes, cls: type[Any]) -> None:
    """(B1)"""
    items = [revision(b"a", b"{}"), revision(b"bad", data), revision(b"c", b'["\\"}]"]')]
    body = (
        b'{ "kind" : "ControllerRevisionList", "items": [ ' + b" , ".join(items) + b' ] , "apiVersion":"apps/v1", '
        b'"metadata":{"resourceVersion":"7"}}\n'
    )
    listing = json_objects.decode_list(body, cls)
    assert [item.metadata.name for item in listing.items] == ["a", "c"]
    assert [item.kind for item in listing.items] == ["ControllerRevision"] * 2
    assert listing.metadata.resource_version == "7"
    assert list(listing.unreadable) == ["ns/bad"]
    error = listing.unreadable["ns/bad"]
    assert (error.uid, error.resource_version) == ("u", "5")
    assert str(error).startswith(f"item 1 of {cls.__name__}: ")
    str(error).encode()


@pytest.mark.parametrize("depth", [1_100, 3_000, 9_000])
@pytest.mark.parametrize("cls", [apps_v1.ControllerRevisionList, UnstructuredList])
def test_one_deeply_nested_item_is_read_or_unreadable_and_costs_no_other(depth: int, cls: type[Any]) -> None:
    """(B1)"""
    items = [revision(b"a", b"{}"), revision(b"deep", nested(depth)), revision(b"c", b"{}")]
    listing = json_objects.decode_list(b'{"kind":"ControllerRevisionList","items":[%s]}' % b",".join(items), cls)
    assert [item.metadata.name for item in listing.items if item.metadata.name != "deep"] == ["a", "c"]
    assert list(listing.unreadable) == (["ns/deep"] if is_too_deep(depth) else [])
    assert len(listing.items) + len(listing.unreadable) == 3


@pytest.mark.parametrize("cls", [apps_v1.ControllerRevisionList, UnstructuredList])
@pytest.mark.parametrize(
    "body",
    [
        b'{"kind":"ControllerRevisionList","items":[' + revision(b"a", nested(TOO_DEEP)) + b"]",
        b'{"kind":"ControllerRevisionList","items":[' + revision(b"a", nested(TOO_DEEP))[:-1],
        b'{"kind":"ControllerRevisionList","items":[' + revision(b"a", nested(TOO_DEEP)) + b"]}{}",
        b'{"kind":"ControllerRevisionList","items":[' + revision(b"a", nested(TOO_DEEP)) + b" {}]}",
        b'{"kind":"ControllerRevisionList","items":[' + revision(b"a", nested(TOO_DEEP)) + b",]}",
        b'{"kind":"ControllerRevisionList","items":[' + revision(b"a", nested(TOO_DEEP)) + b'],"metadata":tru}',
        b'{"kind":"ControllerRevisionList" "items":[' + revision(b"a", nested(TOO_DEEP)) + b"]}",
        b'{"kind":"ControllerRevisionList","items"[' + revision(b"a", nested(TOO_DEEP)) + b"]}",
        b'{"kind":"ControllerRevisionList","items":' + nested(TOO_DEEP) + b"}",
    ],
    ids=range(9),
)
def test_a_list_that_is_broken_beside_its_items_is_no_list(body: bytes, cls: type[Any]) -> None:
    """(B1)"""
    with pytest.raises(DecodeError):
        json_objects.decode_list(body, cls)


@pytest.mark.parametrize("data", UNREADABLE_DATA.values(), ids=UNREADABLE_DATA)
@pytest.mark.parametrize("cls", [apps_v1.ControllerRevision, Unstructured])
def test_one_object_that_cannot_be_read_is_unreadable_and_says_its_key(data: bytes, cls: type[Any]) -> None:
    """(B1)"""
    with pytest.raises(Unreadable) as caught:
        json_objects.decode_into(revision(b"a", data), cls)
    assert (caught.value.key, caught.value.uid, caught.value.resource_version) == ("ns/a", "u", "5")


@pytest.mark.parametrize("depth", [100, 300, 600, 3_000])
@pytest.mark.parametrize("inmost", [{"type": 5}, {"type": None}, {"required": None, "default": {"a": []}}])
def test_a_schema_nested_in_itself_is_read_or_is_unreadable(depth: int, inmost: dict[str, Any]) -> None:
    """(F10)"""
    schema = b'{"not":' * depth + json.dumps(inmost).encode() + b"}" * depth
    version = b'{"name":"v1","schema":{"openAPIV3Schema":%s}}' % schema
    crd = b'{"metadata":{"name":"a"},"spec":{"versions":[%s]}}' % version
    listing = json_objects.decode_list(
        b'{"kind":"CustomResourceDefinitionList","items":[{},%s]}' % crd, apiextensions_v1.CustomResourceDefinitionList
    )
    assert len(listing.items) + len(listing.unreadable) == 2
    assert list(listing.unreadable) == ([] if len(listing.items) == 2 else ["a"])


def test_the_key_of_an_object_is_read_as_far_as_it_can_be() -> None:
    """(A1)"""
    body = b'{"metadata":{"name":"\xff","namespace":"ns","uid":5,"resourceVersion":"7","labels":{"a":7}}}'
    listing = json_objects.decode_list(b'{"kind":"PodList","items":[%s]}' % body, core_v1.PodList)
    error = listing.unreadable["#0"]
    assert (error.key, error.namespace, error.name, error.uid, error.resource_version) == ("", "ns", "", "", "7")


@pytest.mark.parametrize("namespace", [b"5", b'"\xff"', b'"\\ud800"', b'{"a":1}', b"true"])
def test_a_name_whose_namespace_cannot_be_read_is_no_name(namespace: bytes) -> None:
    """(A1): `ns/a` must not be taken for missing because `a` was found."""
    body = b'{"metadata":{"name":"a","namespace":%s,"uid":"u"}}' % namespace
    for cls in (core_v1.PodList, UnstructuredList):
        listing = json_objects.decode_list(b'{"kind":"PodList","items":[%s]}' % body, cls)
        error = listing.unreadable["#0"]
        assert (error.key, error.name, error.uid) == ("", "", "u")


@pytest.mark.parametrize(
    ("metadata", "key"),
    [
        (b'"name":"a","namespace":null,"labels":{"a":7}', "a"),
        (b'"name":"a","namespace":"ns","labels":{"a":7}', "ns/a"),
        (b'"name":"a","name":5,"namespace":"ns"', ""),
        (b'"name":"a","name":"b","namespace":"ns","labels":{"a":7}', "ns/b"),
        (b'"labels":{"a":7},"namespace":"ns"', ""),
    ],
)
def test_the_last_of_equal_members_counts_for_the_key_as_for_the_decoder(metadata: bytes, key: str) -> None:
    """(A1)"""
    listing = json_objects.decode_list(b'{"kind":"PodList","items":[{"metadata":{%s}}]}' % metadata, core_v1.PodList)
    assert [error.key for error in listing.unreadable.values()] == [key]


def test_the_time_to_split_a_list_by_brackets_grows_with_its_size() -> None:
    """(B1)"""

    def seconds(count: int) -> float:
        items = [revision(b"pod-%d" % n, b'{"x":["a","\\"","{"]}') for n in range(count)] + [
            revision(b"z", nested(TOO_DEEP))
        ]
        body = b'{"kind":"ControllerRevisionList","items":[' + b",".join(items) + b"]}"
        start = time.process_time()
        assert len(json_objects.decode_list(body, apps_v1.ControllerRevisionList).items) == count
        return time.process_time() - start

    assert min(seconds(8_000) / seconds(1_000) for _ in range(3)) < 16


@pytest.mark.parametrize(
    "text", [b'"' * 20_000, b'{"a":"' + b'\\"' * 20_000, b"{" * 20_000, b'{"a' * 20_000, b"[{" * 9_000]
)
def test_hostile_text_is_split_in_time_that_grows_with_its_size(text: bytes) -> None:
    """(B1)"""

    def seconds(body: bytes) -> float:
        start = time.process_time()
        json_scan.identity(body)
        with contextlib.suppress(json_scan.Malformed):
            list(json_scan.whole_members(body))
        return time.process_time() - start

    assert min((seconds(text * 8) + 1e-4) / (seconds(text) + 1e-4) for _ in range(3)) < 16


def test_a_list_of_another_kind_is_refused_whatever_its_items() -> None:
    with pytest.raises(DecodeError, match="expected v1 PodList, got v1 Status"):
        json_objects.decode_list(b'{"kind":"Status","apiVersion":"v1","items":[{"metadata":5}]}', core_v1.PodList)
    with pytest.raises(DecodeError, match="expected v1 PodList, got v1 Status"):
        json_objects.decode_list(b'{"kind":"Status","apiVersion":"v1","status":"Failure"}', core_v1.PodList)


def test_a_list_whose_items_are_no_list_is_refused() -> None:
    with pytest.raises(DecodeError, match="items: expected array"):
        json_objects.decode_list(b'{"kind":"PodList","items":{"a":1}}', core_v1.PodList)


@pytest.mark.parametrize(
    "body",
    [
        pods(*(named(f"pod-{n}", priority=n) for n in range(200))),
        pods(named("a"), named("bad", priority="x"), None, named("c", nodeName=None)),
        pods(),
        b'{"kind":"PodList","apiVersion":"v1","metadata":null,"items":null}',
        b'{"kind":"PodList","items":[{"metadata":{"name":"a"}}],"metadata":{"continue":"next","remainingItemCount":5},"more":[1]}',
        b"{}",
        b'{"kind":"Status","apiVersion":"v1","items":[{"metadata":5}]}',
        b'{"kind":"PodList","items":{"a":1}}',
        b'{"kind":5,"items":[]}',
        b'{"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"\xff"}}]}',
        b'{"items":[{"metadata":{"name":"a"}},',
        b"<html>",
        b"",
    ],
    ids=[
        "200",
        "bad items",
        "none",
        "nulls",
        "a page",
        "{}",
        "a Status",
        "no list",
        "no kind",
        "no text",
        "cut",
        "HTML",
        "empty",
    ],
)
def test_a_list_read_in_steps_is_the_list_read_at_once(body: bytes) -> None:
    def outcome(read: Callable[[], core_v1.PodList]) -> tuple[Any, ...]:
        try:
            found = read()
        except DecodeError as error:
            return (type(error),)
        return found, {key: str(error) for key, error in found.unreadable.items()}

    at_once = outcome(lambda: json_objects.decode_list(body, core_v1.PodList))
    assert outcome(lambda: finish(json_objects.decoding_list(body, core_v1.PodList))) == at_once


def test_a_list_is_read_in_steps_of_a_few_dozen_items() -> None:
    steps = decoding_list(pods(*(named(f"pod-{n}") for n in range(1000))), core_v1.PodList)
    assert sum(1 for _ in steps) == 16


# --- managedFields


def test_managed_fields_are_parsed_when_they_are_read() -> None:
    meta = meta_v1.ObjectMeta.from_dict(
        {"managedFields": [{"manager": "m", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:a": {}}}]}
    )
    (entry,) = meta.managed_fields
    assert (entry.manager, entry.fields_v1) == ("m", {"f:a": {}})
    assert meta.to_dict()["managedFields"][0]["fieldsV1"] == {"f:a": {}}


@pytest.mark.parametrize("text", [{}, {"managedFields": None}, {"managedFields": []}])
def test_no_managed_fields_read_as_an_empty_sequence(text: dict[str, Any]) -> None:
    assert len(meta_v1.ObjectMeta.from_dict(text).managed_fields) == 0


def test_managed_fields_that_cannot_be_read_fail_only_when_they_are_read() -> None:
    meta = meta_v1.ObjectMeta.from_dict({"name": "a", "managedFields": [{"manager": 5}]})
    with pytest.raises(DecodeError, match=r"ObjectMeta\.managed_fields: .*manager"):
        _ = meta.managed_fields


@pytest.mark.parametrize(
    "entry",
    [
        b'{"manager":"\xff"}',
        b'{"fieldsV1":{"\xff":1}}',
        b'{"fieldsV1":' + nested(TOO_DEEP) + b"}",
        b"5",
        b'{"fieldsV1":{"x":1e999}}',
        b'{"time":"yesterday"}',
    ],
    ids=range(6),
)
def test_managed_fields_of_any_bytes_fail_as_any_reader_does(entry: bytes) -> None:
    """(F10)"""
    meta = json_objects.decode_into(b'{"name":"a"}', meta_v1.ObjectMeta)
    force(meta, "_managed_fields", msgspec.Raw(b"[%s]" % entry))
    with pytest.raises(DecodeError, match=r"ObjectMeta\.managed_fields"):
        _ = meta.managed_fields
    assert meta == meta
    assert meta != json_objects.decode_into(b'{"managedFields":[{"manager":"x"}]}', meta_v1.ObjectMeta)
    repr(meta)
    with contextlib.suppress(EncodeError):  # what is JSON, but no managedFields, is written as it came
        meta.to_dict()


@pytest.mark.parametrize("beside", [{}, {"labels": None}, {"name": None}, {"ownerReferences": [None]}])
@pytest.mark.parametrize("entries", [[None], [None, {"manager": "m"}], [{"manager": None}]])
def test_nulls_in_managed_fields_beside_other_nulls_cost_no_item(beside: dict[str, Any], entries: list[Any]) -> None:
    """(F10)"""
    metadata = {"name": "a", **beside, "managedFields": entries}
    listing = json_objects.decode_list(pods(named("b"), {"metadata": metadata}), core_v1.PodList)
    assert dict(listing.unreadable) == {}
    assert len(listing.items[1].metadata.managed_fields) == len(entries)


def test_managed_fields_tolerate_nulls() -> None:
    meta = meta_v1.ObjectMeta.from_dict({"managedFields": [{"manager": None, "operation": "Update"}]})
    assert meta.managed_fields[0].operation == "Update"


def test_white_space_in_managed_fields_does_not_make_objects_unequal() -> None:
    tight = json_objects.decode_into(b'{"name":"a","managedFields":[{"manager":"m"}]}', meta_v1.ObjectMeta)
    loose = json_objects.decode_into(b'{"name":"a","managedFields":[ { "manager" : "m" } ]}', meta_v1.ObjectMeta)
    other = json_objects.decode_into(b'{"name":"a","managedFields":[{"manager":"x"}]}', meta_v1.ObjectMeta)
    assert tight == loose
    assert tight != other
    assert tight != json_objects.decode_into(b'{"name":"a"}', meta_v1.ObjectMeta)


def test_managed_fields_do_not_keep_the_body_alive() -> None:
    class Body(bytes):
        """Bytes that can be watched."""

    body = Body(pods({"metadata": {"name": "a", "managedFields": [{"manager": "m"}]}}))
    watch = weakref.ref(body) if hasattr(body, "__weakref__") else None
    listing = json_objects.decode_list(body, core_v1.PodList)
    raw = listing.items[0].metadata._managed_fields  # type: ignore[attr-defined]
    assert body not in gc.get_referents(raw)
    del body
    assert watch is None or watch() is None
    assert listing.items[0].metadata.managed_fields[0].manager == "m"
