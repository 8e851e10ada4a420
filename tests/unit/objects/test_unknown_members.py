"""A user's input is never dropped: members that a class does not have, and nulls that are values."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop import Change, Scheme
from kubeloop.errors import DecodeError
from kubeloop.meta import yaml
from kubeloop.models import apiextensions_v1, apps_v1, coordination_v1, core_v1
from kubeloop.objects.unknown_members import _NAME, rest_of, splice
from kubeloop.wire import documents
from kubeloop.wire.patches.json_patch import apply_json_patch
from kubeloop.wire.serializers import json_events, json_objects
from tests.unit.objects.preserving import Entry, EntryList, Open, Spec, Window

MANIFEST: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "extra": None,
    "metadata": {"name": "web", "lables": {"app": "web"}},
    "spec": {
        "replica": 3,
        "selector": {"matchLabels": {"app": "web"}, "matchLabel": {}},
        "template": {
            "spec": {
                "containers": [
                    {"name": "a", "imagee": "x", "ports": [{"containerPort": 80, "hostports": [1, {"a": None}]}]},
                    {"name": "b"},
                    {"name": "c", "securityContext": {"runAsUsr": 1}},
                ],
                "nodeSelectors": {"a": "b"},
            }
        },
    },
}


def deployment() -> apps_v1.Deployment:
    return apps_v1.Deployment.from_dict(MANIFEST)


@pytest.mark.parametrize(
    "read",
    [
        lambda: apps_v1.Deployment.from_dict(MANIFEST),
        lambda: apps_v1.Deployment.from_yaml(yaml.dump(MANIFEST)),
        lambda: apps_v1.Deployment.from_yaml(json.dumps(MANIFEST)),
        lambda: documents.decode(json.dumps(MANIFEST)),
        lambda: documents.decode(yaml.dump(MANIFEST)),
        lambda: documents.parse_manifests(yaml.dump(MANIFEST))[0],
        lambda: copy.deepcopy(deployment()),
        lambda: pickle.loads(pickle.dumps(deployment())),
    ],
)
def test_unknown_members_of_a_document_are_kept_at_every_depth(read: Any) -> None:
    """(G2)"""
    found = read()
    assert isinstance(found, apps_v1.Deployment)
    assert json.loads(documents.encode(found)) == MANIFEST
    assert found.to_dict() == MANIFEST
    assert (found, hash(found)) == (deployment(), hash(deployment()))


def test_unknown_members_are_shown() -> None:
    """(G2)"""
    text = repr(deployment())
    for part in ("'replica': 3", "'imagee': 'x'", "'runAsUsr': 1", "'lables': {'app': 'web'}", "'extra': None"):
        assert part in text
    assert text.startswith("Deployment(metadata=ObjectMeta(name='web', **{'lables'")


def test_unknown_members_of_a_secret_are_not_shown() -> None:
    secret = core_v1.Secret.from_dict({"metadata": {"name": "s"}, "dat": {"password": "hunter2"}})
    assert "hunter2" not in repr(secret)
    assert repr(secret) == "Secret(metadata=ObjectMeta(name='s'), **{'dat': {'password': <7 bytes>}})"


def test_an_object_with_unknown_members_differs_from_one_without() -> None:
    known = json.loads(documents.encode(json_objects.decode_into(json.dumps(MANIFEST), apps_v1.Deployment)))
    assert "replica" not in known["spec"], "what a server sends is read as before"
    plain = apps_v1.Deployment.from_dict(known)
    assert plain != deployment()
    assert type(plain) is apps_v1.Deployment


def test_a_draft_carries_unknown_members() -> None:
    """(G2)"""
    draft = deployment().draft()
    draft.metadata.labels["a"] = "b"
    draft.spec.template.spec.containers[0].image = "y"
    del draft.spec.template.spec.containers[1]
    expected = copy.deepcopy(MANIFEST)
    expected["metadata"]["labels"] = {"a": "b"}
    expected["spec"]["template"]["spec"]["containers"][0]["image"] = "y"
    del expected["spec"]["template"]["spec"]["containers"][1]

    change = draft.finish()
    assert draft.to_dict() == expected
    assert json.loads(documents.encode(change.after)) == expected
    assert "lables" not in json.dumps(change.merge_patch()), "these members did not change"
    assert apply_json_patch(MANIFEST, change.json_patch()) == expected


def test_patches_contain_the_difference_of_unknown_members() -> None:
    """(G2)"""
    before = apps_v1.Deployment.from_dict({"spec": {"paused": True, "a": {"x": 1, "y": [1]}, "gone": 2}})
    after = apps_v1.Deployment.from_dict({"spec": {"paused": True, "a": {"x": 2, "y": [1]}, "new": None}})
    change = Change(before, after)
    assert change.merge_patch() == {"spec": {"a": {"x": 2}, "gone": None, "new": None}}
    assert change.rewrites_objects(), "a merge patch cannot say null"
    assert apply_json_patch(before.to_dict(), change.json_patch()) == after.to_dict()


def test_an_object_with_unknown_members_becomes_part_of_another() -> None:
    spec = core_v1.PodSpec.from_dict({"nodeNam": "n", "containers": [{"name": "a", "imagee": "x"}]})
    made = core_v1.Pod(spec=spec)
    assert json.loads(documents.encode(made))["spec"] == {"nodeNam": "n", "containers": [{"name": "a", "imagee": "x"}]}
    draft = core_v1.Pod().draft()
    draft.spec = spec
    assert draft.finish().after.spec == spec
    assert draft.finish().merge_patch()["spec"]["nodeNam"] == "n"
    draft.spec.node_name = "m"
    assert json.loads(documents.encode(draft.finish().after))["spec"]["nodeName"] == "m"


def test_a_field_wins_over_an_unknown_member_of_the_same_name() -> None:
    written = {"spec": {_NAME: {"a": 1, "b": 2}, "b": 3}, "list": [{_NAME: {"c": {_NAME: {"d": 4}}}}]}
    assert splice(written) == {"spec": {"a": 1, "b": 3}, "list": [{"c": {"d": 4}}]}


def test_micro_times_and_lazy_fields_beside_unknown_members_are_written_as_go_does() -> None:
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"managedFields": [{"manager": "m", "new": 1}], "nam": 1},
        "spec": {"renewTime": "2024-01-02T03:04:05.000000Z", "x": 1},
    }
    assert json.loads(documents.encode(coordination_v1.Lease.from_dict(lease))) == lease


def test_unknown_members_in_a_list_document_are_kept_beside_an_item_that_cannot_be_read() -> None:
    items = [{"spec": {"nodeName": 5}}, {"metadata": {"name": "b"}, "x": 1}]
    pods = documents.decode(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": items}))
    assert isinstance(pods, core_v1.PodList)
    assert [rest_of(pod) for pod in pods.items] == [{"x": 1}]
    assert list(pods.unreadable) == ["#0"]


def test_what_is_decoded_by_the_first_pass_only_after_a_repair_keeps_unknown_members() -> None:
    value = {"spec": {"containers": [None, {"name": "a", "imagee": "x"}], "nodeName": None, "priorty": 1}}
    pod = core_v1.Pod.from_dict(value)
    assert rest_of(pod.spec) == {"priorty": 1}
    assert rest_of(pod.spec.containers[1]) == {"imagee": "x"}


def test_schemas_nested_in_themselves_keep_unknown_members() -> None:
    """(G2)"""
    props = {"properties": {"a": {"typ": "string", "items": {"typ": "x"}}}, "additionalProperties": {"foo": 1}}
    assert apiextensions_v1.JSONSchemaProps.from_dict(props).to_dict() == props


def test_a_document_nested_too_deeply_is_one_error() -> None:
    def nested(depth: int) -> str:
        text = '{"typ":1,"not":' * depth + "{}" + "}" * depth
        return '{"apiVersion":"v1","kind":"Pod","spec":' + text + "}"

    assert json.loads(documents.encode(documents.decode(nested(100)))) == json.loads(nested(100))
    with pytest.raises(DecodeError):
        documents.decode(nested(100_000))
    deep: dict[str, Any] = {"typ": "x"}
    for _ in range(100):
        deep = {"not": deep}
    assert apiextensions_v1.JSONSchemaProps.from_dict(deep).to_dict() == deep
    for _ in range(600):
        deep = {"not": deep}
    with pytest.raises(DecodeError, match="nested too deeply"):
        apiextensions_v1.JSONSchemaProps.from_dict(deep)


KEYS = st.sampled_from(
    ["name", "spec", "kind", "containers", "x", "kubeloop-rest-", "imagee", "__rest__", "_rest", "é"]
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(TREES, TREES)
def test_whatever_unknown_members_hold_comes_back(one: Any, other: Any) -> None:
    container = {"name": "a", "unknown": one}
    value = {"metadata": {"_rest": one}, "spec": {"__rest__": other, "containers": [container]}, "x": other}
    pod = core_v1.Pod.from_dict(value)
    assert pod.to_dict() == {"apiVersion": "v1", "kind": "Pod", **value}
    assert pickle.loads(pickle.dumps(pod)) == pod
    assert core_v1.Pod.from_dict(pod.to_dict()) == pod


# --- classes that preserve unknown fields ----------------------------------------------------------------------------

ENTRY: dict[str, Any] = {
    "apiVersion": "example.com/v1",
    "kind": "Entry",
    "metadata": {"name": "a"},
    "status": {"ready": True, "addresses": [{"value": "1.1.1.1"}], "more": [{"a": None}]},
    "byName": {"x": {"ready": False, "y": 1}},
    "history": [{}, {"z": {"deep": [1]}}],
}


def read_from_server() -> list[Entry]:
    body = json.dumps(ENTRY).encode()
    event = json_events.JSONEventDecoder(Entry).decode(b'{"type":"ADDED","object":' + body + b"}").object
    listed = json_objects.decode_list(b'{"kind":"EntryList","items":[' + body + b"]}", EntryList).items[0]
    mended = json_objects.decode_list(
        b'{"kind":"EntryList","items":[' + body + b',{"status":{"ready":1}}]}', EntryList
    ).items[0]
    return [json_objects.decode_into(body, Entry), event, listed, mended]  # type: ignore[list-item]


@pytest.mark.parametrize("number", range(4))
def test_a_class_that_preserves_unknown_fields_carries_them_from_a_server(number: int) -> None:
    """(I4)"""
    entry = read_from_server()[number]
    assert json.loads(documents.encode(entry)) == ENTRY
    draft = entry.draft()
    draft.metadata.labels["a"] = "b"
    draft.status.ready = False
    after = json.loads(documents.encode(draft.finish().after))
    assert after["status"] == {**ENTRY["status"], "ready": False}
    assert draft.finish().merge_patch() == {"metadata": {"labels": {"a": "b"}}, "status": {"ready": False}}
    assert pickle.loads(pickle.dumps(entry)) == entry


def test_a_mapping_given_to_a_draft_may_have_what_its_class_preserves() -> None:
    """(I4, G1) The class's schema allows any name there, and nowhere else."""
    draft = Entry().draft()
    draft.status = {"ready": True, "more": [{"a": 1}]}
    draft.by_name["x"] = {"y": 1}
    written = json.loads(documents.encode(draft.finish().after))
    assert written["status"] == {"ready": True, "more": [{"a": 1}]}
    assert written["byName"] == {"x": {"y": 1}}
    assert draft.finish().merge_patch()["status"] == {"ready": True, "more": [{"a": 1}]}
    with pytest.raises(TypeError, match="hosts"):
        draft.spec = {"hosts": ["a"]}
    with pytest.raises(TypeError, match="valu"):
        draft.status = {"addresses": [{"valu": "a"}]}


def test_other_classes_of_the_same_object_stay_tolerant() -> None:
    """(I4)"""
    body = json.dumps({**ENTRY, "new": 1, "metadata": {"name": "a", "new": 1}}).encode()
    assert json.loads(documents.encode(json_objects.decode_into(body, Entry))) == ENTRY


def test_a_root_that_preserves_everything_loses_nothing() -> None:
    """(I4)"""
    value = {"apiVersion": "example.com/v1", "kind": "Open", "metadata": {"name": "a"}, "count": 0, "spec": {"a": [1]}}
    found = json_objects.decode_into(json.dumps(value), Open)
    draft = found.draft()
    draft.metadata.labels["a"] = "b"
    after = {**value, "metadata": {"name": "a", "labels": {"a": "b"}}}
    assert json.loads(documents.encode(draft.finish().after)) == after
    assert documents.decode(json.dumps(value), Scheme(Open)) == found


def test_custom_resources_keep_members_outside_their_schema_in_documents() -> None:
    """(H9)"""
    value = {"apiVersion": "example.com/v1", "kind": "Entry", "spec": {"host": "h", "needed": "n", "hosts": ["a"]}}
    entry = documents.decode(json.dumps(value), Scheme(Entry))
    assert isinstance(entry, Entry)
    assert json.loads(documents.encode(entry)) == value


# --- null as a value -------------------------------------------------------------------------------------------------

NULLS: dict[str, Any] = {
    "host": "h",
    "size": None,
    "maxSize": None,
    "needed": None,
    "window": None,
    "anything": None,
    "lists": None,
}


def test_null_stays_null_where_it_is_a_value() -> None:
    """(I2, I3)"""
    spec = json_objects.decode_into(json.dumps(NULLS), Spec)
    assert (spec.size, spec.max_size, spec.needed, spec.window, spec.anything) == (None, None, None, None, None)
    assert spec.lists == ()
    assert json.loads(documents.encode(spec)) == NULLS
    assert json_objects.decode_into(documents.encode(spec), Spec) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert "size=None" in repr(spec)
    nested = {"host": "", "needed": None, "window": {"start": None}}
    assert json.loads(documents.encode(json_objects.decode_into(json.dumps(nested), Spec))) == nested


def test_absent_stays_absent_except_where_null_is_required() -> None:
    """(I2, I3)"""
    for spec in (json_objects.decode_into(b"{}", Spec), Spec()):
        assert json.loads(documents.encode(spec)) == {"host": "", "needed": None}
        assert (spec.size, spec.window) == (None, None)
    assert json_objects.decode_into(b'{"notNull":null}', Spec) == Spec(), "null that is no value reads as absent"


def test_constructors_and_drafts_take_values_and_nulls_of_nullable_fields() -> None:
    """(I2, I3)"""
    start = datetime(2024, 1, 2, tzinfo=UTC)
    made = Spec(host="h", size=1, max_size=None, window=Window(start=start))
    assert (made.size, made.max_size, made.window) == (1, None, Window(start=start))
    assert json.loads(documents.encode(made))["maxSize"] is None

    draft = Entry(spec=made).draft()
    assert (draft.spec.size, draft.spec.max_size, draft.spec.window.start) == (1, None, start)
    assert not draft.finish()
    draft.spec.size = 2
    draft.spec.max_size = 3
    assert draft.finish().merge_patch() == {"spec": {"size": 2, "maxSize": 3}}
    assert draft.finish().after.spec.max_size == 3


def test_a_draft_leaves_null_alone() -> None:
    """(I3)"""
    entry = Entry(spec=json_objects.decode_into(json.dumps(NULLS), Spec))
    draft = entry.draft()
    assert draft.spec.size is None
    draft.spec.host = "i"
    assert json.loads(documents.encode(draft.finish().after))["spec"] == {**NULLS, "host": "i"}
    assert draft.finish().json_patch() == [{"op": "add", "path": "/spec/host", "value": "i"}]


@pytest.mark.parametrize("name", ["size", "needed", "window"])
def test_a_value_that_becomes_null_is_written_as_null_by_a_json_patch(name: str) -> None:
    """(I2) A merge patch would delete it."""
    before = Spec.from_dict({"host": "h", "size": 1, "needed": "n", "window": {}})
    after = Spec.from_dict({"host": "h", "size": 1, "needed": "n", "window": {}, name: None})
    change = Change(before, after)
    assert change.json_patch() == [{"op": "add", "path": f"/{name}", "value": None}]
    assert change.rewrites_objects()


# --- Go's fields without omitempty -----------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", ["", None, "eA=="])
def test_bytes_without_omitempty_are_written_as_go_does(request_: str | None) -> None:
    """(E12)"""
    from kubeloop.models import certificates_v1

    value = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
    csr = json_objects.decode_into(
        json.dumps({**value, "spec": {"request": request_, "signerName": "s"}}),
        certificates_v1.CertificateSigningRequest,
    )
    assert json.loads(documents.encode(csr))["spec"] == {"request": request_, "signerName": "s"}
    assert isinstance(csr.spec.request, bytes)
    assert csr.spec.request == (b"x" if request_ else b"")
    empty = certificates_v1.CertificateSigningRequestSpec(signer_name="s")
    assert json.loads(documents.encode(empty)) == {"request": None, "signerName": "s"}
    assert empty.request == b""
    given = certificates_v1.CertificateSigningRequestSpec(signer_name="s", request=b"")
    assert json.loads(documents.encode(given)) == {"request": "", "signerName": "s"}


def test_pointers_without_omitempty_are_null_in_whole_objects_and_not_in_merge_patches() -> None:
    """(E12)"""
    ref = core_v1.TypedLocalObjectReference(kind="K", name="n")
    assert json.loads(documents.encode(ref)) == {"apiGroup": None, "kind": "K", "name": "n"}
    draft = core_v1.PersistentVolumeClaim().draft()
    draft.spec.data_source.kind = "K"
    assert draft.finish().merge_patch() == {"spec": {"dataSource": {"kind": "K"}}}


SCHEMA = Path(__file__).parents[3] / "schema"


def _without_omitempty() -> Iterator[tuple[str, str, str, str]]:
    for path in sorted(SCHEMA.glob("*_v*.json")):
        module = json.loads(path.read_text(encoding="utf-8"))
        for name, value in module["types"].items():
            for field in value["fields"]:
                if not field.get("omitempty") and not field.get("omitzero"):
                    yield module["module"], name, field["wire"], field["type"]["k"]


def test_every_pointer_and_bytes_without_omitempty_come_back_as_go_wrote_them() -> None:
    """(E12) Lists, maps and free-form values too; 688 objects that Go wrote from zero values agreed with this."""
    values: dict[str, list[Any]] = {
        "ptr": [None],
        "bytes": [None, ""],
        "list": [None, []],
        "raw": [None],
        "time": [None],
        "microtime": [None],
    }
    seen: dict[str, int] = {}
    for module, name, wire, kind in _without_omitempty():
        cls = getattr(import_module(f"kubeloop.models.{module}"), name)
        for value in values.get(kind, []):
            written = json.loads(documents.encode(json_objects.decode_into(json.dumps({wire: value}), cls)))
            assert (module, name, wire in written, written.get(wire)) == (module, name, True, value)
            seen[kind] = seen.get(kind, 0) + 1
    assert seen.keys() == values.keys()
    assert seen["ptr"] > 30
    assert seen["bytes"] >= 14
