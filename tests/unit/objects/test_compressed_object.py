"""Compressed objects, where they differ from lazy ones: nothing that was read is kept, and metadata are packed, too."""

from __future__ import annotations

import json
import operator
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

import pytest

from kubeloop.models import core_v1, meta_v1
from kubeloop.objects.compressed_object import compressed_class
from kubeloop.objects.json.decode import decode
from kubeloop.objects.lazy_object import is_packed, lazy_class, packed_json
from kubeloop.objects.memory_size import memory_size
from kubeloop.wire.serializers.json_serializer import JSON
from tests.support.compressed import with_dictionary

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web",
        "namespace": "ns",
        "labels": {"app": "web"},
        "annotations": {"note": "x" * 100, "other": "ü"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "u1"}],
        "managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {}}}],
    },
    "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]},
    "status": {"phase": "Running"},
}
BODY = json.dumps(POD).encode()


def pod(**metadata: Any) -> core_v1.Pod:
    body = json.dumps({**POD, "metadata": {**POD["metadata"], **metadata}}).encode()
    found: core_v1.Pod = decode(body, with_dictionary(core_v1.Pod))
    return found


def eager() -> core_v1.Pod:
    return decode(BODY, core_v1.Pod)


def test_what_is_read_is_decoded_each_time_and_not_kept() -> None:
    obj = pod()
    before = memory_size([obj])
    for _ in range(2):
        assert obj.spec == eager().spec
        assert obj.spec is not obj.spec
        assert obj == eager()
        assert obj.to_dict() == eager().to_dict()
        assert obj.metadata.annotations == {"note": "x" * 100, "other": "ü"}
    assert is_packed(obj)
    assert memory_size([obj]) == before
    assert bytes(packed_json(obj, "status") or b"") == b'{"phase": "Running"}'


def test_the_metadata_are_a_model_and_annotations_and_managed_fields_are_compressed() -> None:
    found, other = pod().metadata, eager().metadata
    assert isinstance(found, meta_v1.ObjectMeta)
    assert found.__class__ is meta_v1.ObjectMeta
    assert found == other
    assert other == found
    assert not operator.ne(found, other)
    assert repr(found) == repr(other)
    assert found.to_dict() == other.to_dict()
    assert found.managed_fields == other.managed_fields
    assert found.managed_fields[0].manager == "m"
    assert pickle.loads(pickle.dumps(found)) == other
    assert memory_size([found]) < memory_size([other])
    assert found != pod(annotations={"note": "y"}).metadata
    assert pod(managedFields=None).metadata.managed_fields == ()
    assert pod(annotations=None).metadata.annotations == {}
    # Each form of the metadata can be a part of other objects.
    service = core_v1.Service(metadata=found)
    assert JSON.encode(service) == JSON.encode(core_v1.Service(metadata=other))
    draft = core_v1.Service().draft()
    draft.metadata = found
    assert draft.finish().after == service
    assert JSON.encode(draft.finish().after) == JSON.encode(service)


def test_a_draft_of_annotations_changes_them_alone() -> None:
    draft = pod().draft()
    draft.metadata.annotations["note"] = "changed"
    change = draft.finish()
    assert change.merge_patch() == {"metadata": {"annotations": {"note": "changed"}}}
    assert change.after.metadata.annotations == {"note": "changed", "other": "ü"}
    assert change.after.metadata.managed_fields == eager().metadata.managed_fields
    assert is_packed(change.after)


class Zone(StrEnum):
    A = "a"


def test_a_draft_may_hold_members_of_an_enumeration() -> None:
    draft = pod().draft()
    draft.metadata.namespace = Zone.A
    draft.metadata.labels["zone"] = Zone.A
    after = draft.finish().after
    assert JSON.decode(JSON.encode(after), core_v1.Pod).metadata.labels == {"app": "web", "zone": "a"}
    assert after.metadata.namespace == "a"


def test_a_draft_of_a_member_changes_it_alone_and_the_result_is_written_as_a_whole() -> None:
    draft = pod().draft()
    draft.spec.node_name = "n2"
    other = eager().draft()
    other.spec.node_name = "n2"
    change = draft.finish()
    assert change.json_patch() == other.finish().json_patch()
    assert change.after == other.finish().after
    assert JSON.encode(change.after) == JSON.encode(other.finish().after)
    assert pickle.loads(pickle.dumps(change.after)) == other.finish().after


def test_texts_that_many_objects_share_are_in_memory_once() -> None:
    first, second = pod(name="a").metadata, pod(name="b").metadata
    assert first.labels["app"] is second.labels["app"]
    assert first.namespace is second.namespace
    assert first.owner_references[0].uid is second.owner_references[0].uid


def test_a_pickle_is_lazy_and_does_not_need_zstd() -> None:
    data = pickle.dumps(pod())
    code = """
import pickle, sys
sys.modules["backports.zstd"] = sys.modules["compression.zstd"] = None
obj = pickle.loads(sys.stdin.buffer.read())
print(obj.spec.node_name, obj.metadata.annotations["other"], "kubeloop.objects.json.frames" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", code], input=data, check=True, capture_output=True)
    assert done.stdout.decode().split() == ["n1", "ü", "False"]
    copy = pickle.loads(data)
    assert type(copy) is lazy_class(core_v1.Pod)
    assert copy == eager()


def test_the_first_objects_of_a_kind_stay_json() -> None:
    class Early(core_v1.Pod, api_version="x.io/v1", kind="Early"):
        pass

    cls = compressed_class(Early)
    body = BODY.replace(b'"v1"', b'"x.io/v1"', 1).replace(b'"Pod"', b'"Early"')
    first = decode(body, cls)
    sizes = [memory_size([decode(body, cls)]) for _ in range(100)]
    assert sizes[0] == memory_size([first])
    assert sizes[-1] < sizes[0]
    assert first == decode(body, cls) == decode(body, Early)
    assert first.metadata == decode(body, cls).metadata


def test_objects_can_be_read_and_created_in_any_thread() -> None:
    def work(number: int) -> bool:
        obj = pod(name=f"p{number}", annotations={"a": str(number)})
        return obj.metadata.annotations == {"a": str(number)} and obj.spec == expected

    expected = eager().spec
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(400)))


@pytest.mark.parametrize("members", [{"spec": {}}, {"status": {}}, {"spec": None}, {}])
def test_empty_and_absent_members_are_what_they_are_in_an_eager_object(members: dict[str, Any]) -> None:
    body = json.dumps({"metadata": {"name": "a"}, **members}).encode()
    found, other = decode(body, with_dictionary(core_v1.Pod)), decode(body, core_v1.Pod)
    assert found == other
    assert JSON.encode(found) == JSON.encode(other)
