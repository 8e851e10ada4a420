"""Reading: what a server says in practice, and what nobody should say but somebody will."""

from __future__ import annotations

import gc
import json
import logging
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubeloop.errors import DecodeError
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
from kubeloop.models._base import Model
from kubeloop.models._decode import decoding_list, finish
from kubeloop.wire import codec


def round_trip(value: dict[str, Any], cls: type[Model]) -> Any:
    return json.loads(codec.encode(codec.decode_into(json.dumps(value).encode(), cls)))


def test_unknown_fields_are_skipped() -> None:
    pod = codec.decode_into(b'{"kind":"Pod","future":{"a":[1]},"spec":{"nodeName":"n","x":null}}', core_v1.Pod)
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
    role = codec.decode_into(b'{"rules":null}', rbac_v1.ClusterRole)
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
        codec.decode_into(json.dumps(body).encode(), core_v1.Pod)
    assert str(caught.value) == message


def test_an_object_that_names_no_kind_is_taken() -> None:
    assert codec.decode_into(b'{"metadata":{"name":"a"}}', core_v1.Pod).metadata.name == "a"


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
        codec.decode_into(json.dumps(value).encode(), core_v1.Pod)
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
        codec.decode_into(body, core_v1.Pod)
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
    reports: list[DecodeError] = []
    body = pods(named("a"), named("bad", priority="x"), named("c"))
    listing = codec.decode_list(body, core_v1.PodList, on_bad_item=reports.append)
    assert [pod.metadata.name for pod in listing.items] == ["a", "c"]
    assert [str(report) for report in reports] == [
        "item 1 of PodList: Pod ns/bad: spec.priority: expected int | null, got str"
    ]
    assert listing.metadata.resource_version == "7"


def test_items_that_are_no_objects_are_reported() -> None:
    reports: list[DecodeError] = []
    listing = codec.decode_list(pods(None, 5, named("a")), core_v1.PodList, on_bad_item=reports.append)
    assert [pod.metadata.name for pod in listing.items] == ["a"]
    assert len(reports) == 2


def test_without_a_listener_bad_items_are_logged_as_warnings(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        codec.decode_list(pods(named("bad", priority="x")), core_v1.PodList)
    assert "ns/bad: spec.priority" in caplog.text


def test_a_null_in_one_item_costs_no_item() -> None:
    listing = codec.decode_list(pods(named("a", nodeName=None), named("b")), core_v1.PodList)
    assert [pod.metadata.name for pod in listing.items] == ["a", "b"]


@pytest.mark.parametrize("body", [b'{"kind":"PodList","apiVersion":"v1","items":null}', b'{"items":[]}', b"{}"])
def test_an_empty_list_has_no_items(body: bytes) -> None:
    assert list(codec.decode_list(body, core_v1.PodList).items) == []


def test_a_list_of_another_kind_is_refused_whatever_its_items() -> None:
    with pytest.raises(DecodeError, match="expected v1 PodList, got v1 Status"):
        codec.decode_list(b'{"kind":"Status","apiVersion":"v1","items":[{"metadata":5}]}', core_v1.PodList)
    with pytest.raises(DecodeError, match="expected v1 PodList, got v1 Status"):
        codec.decode_list(b'{"kind":"Status","apiVersion":"v1","status":"Failure"}', core_v1.PodList)


def test_a_list_whose_items_are_no_list_is_refused() -> None:
    with pytest.raises(DecodeError, match="items: expected array"):
        codec.decode_list(b'{"items":{"a":1}}', core_v1.PodList)


@pytest.mark.parametrize(
    "body",
    [
        pods(*(named(f"pod-{n}", priority=n) for n in range(200))),
        pods(named("a"), named("bad", priority="x"), None, named("c", nodeName=None)),
        pods(),
        b'{"kind":"PodList","apiVersion":"v1","metadata":null,"items":null}',
        b'{"items":[{"metadata":{"name":"a"}}],"metadata":{"continue":"next","remainingItemCount":5},"more":[1]}',
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
    def outcome(read: Callable[[Callable[[DecodeError], None]], core_v1.PodList]) -> tuple[Any, list[str]]:
        reports: list[DecodeError] = []
        try:
            found: Any = read(reports.append)
        except DecodeError as error:
            found = type(error)
        return found, [str(report) for report in reports]

    at_once = outcome(lambda report: codec.decode_list(body, core_v1.PodList, on_bad_item=report))
    in_steps = outcome(lambda report: finish(decoding_list(body, core_v1.PodList, report)))
    assert in_steps == at_once


def test_a_list_is_read_in_steps_of_a_few_dozen_items() -> None:
    steps = decoding_list(pods(*(named(f"pod-{n}") for n in range(1000))), core_v1.PodList)
    assert sum(1 for _ in steps) == 16


def test_an_ill_typed_item_beside_one_that_is_no_text_is_a_broken_list() -> None:
    body = b'{"items":[{"metadata":{"name":5}},{"metadata":{"name":"\xff"}}]}'
    with pytest.raises(DecodeError, match="not readable as JSON"):
        codec.decode_list(body, core_v1.PodList)


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


def test_managed_fields_tolerate_nulls() -> None:
    meta = meta_v1.ObjectMeta.from_dict({"managedFields": [{"manager": None, "operation": "Update"}]})
    assert meta.managed_fields[0].operation == "Update"


def test_white_space_in_managed_fields_does_not_make_objects_unequal() -> None:
    tight = codec.decode_into(b'{"name":"a","managedFields":[{"manager":"m"}]}', meta_v1.ObjectMeta)
    loose = codec.decode_into(b'{"name":"a","managedFields":[ { "manager" : "m" } ]}', meta_v1.ObjectMeta)
    other = codec.decode_into(b'{"name":"a","managedFields":[{"manager":"x"}]}', meta_v1.ObjectMeta)
    assert tight == loose
    assert tight != other
    assert tight != codec.decode_into(b'{"name":"a"}', meta_v1.ObjectMeta)


def test_managed_fields_do_not_keep_the_body_alive() -> None:
    class Body(bytes):
        """Bytes that can be watched."""

    body = Body(pods({"metadata": {"name": "a", "managedFields": [{"manager": "m"}]}}))
    watch = weakref.ref(body) if hasattr(body, "__weakref__") else None
    listing = codec.decode_list(body, core_v1.PodList)
    raw = listing.items[0].metadata._managed_fields  # type: ignore[attr-defined]
    assert body not in gc.get_referents(raw)
    del body
    assert watch is None or watch() is None
    assert listing.items[0].metadata.managed_fields[0].manager == "m"
