"""Reading: what servers send in practice, and input that no correct server sends."""

from __future__ import annotations

import contextlib
import gc
import json
import weakref
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from kubeloop.errors import DecodeError, EncodeError
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
from kubeloop.objects.model import Model
from kubeloop.wire import documents
from kubeloop.wire.serializers import json_objects
from tests.support.depth import TOO_DEEP, nested
from tests.unit.objects.json.pod_lists import named, pods


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
        ({"kind": {"password": "topsecret"}, "apiVersion": "v1"}, "expected v1 Pod, got v1 ?"),
        ({"kind": "Pod", "apiVersion": ["topsecret"]}, "expected v1 Pod, got ? Pod"),
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
    with contextlib.suppress(EncodeError):  # JSON that is not managedFields is written as it was received
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
        """Bytes that can be referenced weakly."""

    body = Body(pods({"metadata": {"name": "a", "managedFields": [{"manager": "m"}]}}))
    watch = weakref.ref(body) if hasattr(body, "__weakref__") else None
    listing = json_objects.decode_list(body, core_v1.PodList)
    raw = listing.items[0].metadata._managed_fields  # type: ignore[attr-defined]
    assert body not in gc.get_referents(raw)
    del body
    assert watch is None or watch() is None
    assert listing.items[0].metadata.managed_fields[0].manager == "m"
