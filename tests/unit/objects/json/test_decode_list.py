"""Reading LISTs: one item that cannot be read does not affect the others, at once and in steps."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import re
import time
from typing import Any

import pytest

from kubeloop import Unstructured, UnstructuredList
from kubeloop.errors import DecodeError, Unreadable
from kubeloop.models import (
    apiextensions_v1,
    apps_v1,
    core_v1,
)
from kubeloop.objects.json import scan as json_scan
from kubeloop.wire.serializers import json_objects
from tests.support.depth import TOO_DEEP, is_too_deep, nested
from tests.unit.objects.json.pod_lists import named, pods


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
