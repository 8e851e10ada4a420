"""Fields that were set: to_dict, apply and patches write only these, at every depth (H1)."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from kubeloop import Change
from kubeloop.models import apps_v1, batch_v1, core_v1, meta_v1, networking_v1, policy_v1
from kubeloop.objects.draft import configuration, set_fields
from kubeloop.objects.given_fields import given_of
from kubeloop.objects.model import BOOL, FLOAT, INT, SEQ, STR, Kind, Model, Seq
from kubeloop.wire import documents, plain_values
from kubeloop.wire.serializers import json_objects

PDB_HEAD = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget"}


class Part(Model):
    name: str = STR
    weight: int = INT
    ratio: float = FLOAT


class QueueSpec(Model):
    project: str = STR
    limit: int = INT
    on: bool = BOOL
    parts: Seq[Part] = SEQ
    note: str = ""


class Queue(Kind, api_version="x.io/v1", kind="Queue", resource="queues", namespaced=True):
    """A class as `kubeloop generate` writes it for a CRD with required fields."""

    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    spec: QueueSpec = QueueSpec()


def read(obj: Any) -> Any:
    """Return the object as it is read from a server."""
    return json_objects.decode_into(documents.encode(obj), type(obj))


@pytest.mark.parametrize(
    ("obj", "data"),
    [
        (
            policy_v1.PodDisruptionBudget(
                status=policy_v1.PodDisruptionBudgetStatus(conditions=[meta_v1.Condition(type="A", status="True")])
            ),
            {**PDB_HEAD, "status": {"conditions": [{"type": "A", "status": "True"}]}},
        ),
        (
            batch_v1.CronJob(spec=batch_v1.CronJobSpec(suspend=True)),
            {"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"suspend": True}},
        ),
        (
            Queue(spec=QueueSpec(limit=0, parts=[Part(weight=0), Part(name="", ratio=0.0)])),
            {
                "apiVersion": "x.io/v1",
                "kind": "Queue",
                "spec": {"limit": 0, "parts": [{"weight": 0}, {"name": "", "ratio": 0.0}]},
            },
        ),
        (Queue(spec=QueueSpec(project="", on=False, note="")).spec, {"project": "", "on": False, "note": ""}),
        (apps_v1.DeploymentSpec(paused=False, replicas=0), {"paused": False, "replicas": 0}),
        (core_v1.PodSpec(node_selector={}, containers=[]), {"nodeSelector": {}, "containers": []}),
        (core_v1.PodSpec(node_name=None, containers=core_v1.PodSpec().containers), {}),
        (core_v1.Pod(), {"apiVersion": "v1", "kind": "Pod"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_constructor_knows_what_it_was_given(obj: Any, data: dict[str, Any]) -> None:
    """(H1) Zeros that were passed are written, required fields that were not passed are not."""
    assert obj.to_dict() == data
    assert set_fields(obj) == {key: value for key, value in data.items() if key not in ("apiVersion", "kind")}
    assert configuration(obj) == data
    assert type(obj).from_dict(data) == obj


def test_whole_objects_are_written_as_go_writes_them() -> None:
    """(H1) Create and update send a struct's required zeros."""
    queue = Queue(spec=QueueSpec(limit=3))
    assert json.loads(documents.encode(queue))["spec"] == {"project": "", "limit": 3, "on": False}


def test_what_was_given_is_no_part_of_the_value() -> None:
    one, other = QueueSpec(limit=0), QueueSpec(project="")
    assert one == other
    assert repr(one) == repr(other) == "QueueSpec()"
    assert documents.encode(one) == documents.encode(other)


@pytest.mark.parametrize(
    "obj",
    [
        Queue(metadata=meta_v1.ObjectMeta(name="q"), spec=QueueSpec(limit=0, note="")),
        Queue.from_dict({"spec": {"project": "", "limits": None, "parts": [{"weigth": 1}, {"ratio": 0}]}}),
        core_v1.PodSpec(node_selector={}, containers=[]),
    ],
    ids=["built", "document", "part"],
)
def test_a_pickle_knows_what_was_given(obj: Any) -> None:
    """(H1) Another process must not send more than this one would."""
    again = pickle.loads(pickle.dumps(obj))
    assert again == obj
    assert again.to_dict() == obj.to_dict()
    assert set_fields(again) == set_fields(obj)
    assert documents.encode(again) == documents.encode(obj)


def test_a_pickle_of_what_was_read_in_part_is_refused_as_the_object_is() -> None:
    """(H1)"""
    obj = Queue(metadata=meta_v1.ObjectMeta(name="q"), spec=read(Queue(spec=QueueSpec(limit=3))).spec)
    again = pickle.loads(pickle.dumps(obj))
    assert again == obj
    assert given_of(again) is None
    with pytest.raises(ValueError, match="read from a server"):
        configuration(again)


def test_a_null_in_a_document_gives_no_zero() -> None:
    """(H1) Templates leave such nulls; sent as zeros by apply they would take over other managers' fields."""
    pod = {"nodeName": None, "nodeSelector": None, "securityContext": None, "hostNetwork": None, "overhead": None}
    document = {
        "metadata": {"name": "a", "labels": None},
        "spec": {**pod, "containers": [{"name": None, "args": None}]},
    }
    expected = {"metadata": {"name": "a"}, "spec": {"containers": [{}]}}
    assert set_fields(core_v1.Pod.from_dict(document)) == expected
    assert core_v1.Pod.from_dict(document).draft().to_dict() == {"apiVersion": "v1", "kind": "Pod", **expected}


@pytest.mark.parametrize("source", ["dict", "yaml", "decode"])
def test_a_document_knows_what_it_says(source: str) -> None:
    """(H1) A manifest that is applied through a model sends the fields of the manifest."""
    data = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"suspend": False, "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "i"}]}}}}},
    }
    obj: Any = {
        "dict": lambda: batch_v1.CronJob.from_dict(data),
        "yaml": lambda: batch_v1.CronJob.from_yaml(json.dumps(data)),
        "decode": lambda: documents.decode(json.dumps(data)),
    }[source]()
    assert configuration(obj) == data
    draft = obj.draft()
    draft.spec.schedule = "* * * * *"
    draft.spec.suspend = None
    data["spec"].pop("suspend")  # type: ignore[attr-defined]
    data["spec"]["schedule"] = "* * * * *"  # type: ignore[index]
    assert configuration(draft) == data
    assert configuration(draft.finish().after) == data


def test_an_embedded_object_keeps_what_the_document_says_of_its_kind() -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "d"}}
    data = {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"volumeClaimTemplates": [claim]}}
    assert apps_v1.StatefulSet.from_dict(data).to_dict() == data


READ = read(Queue(metadata=meta_v1.ObjectMeta(name="a"), spec=QueueSpec(parts=[Part(name="p")])))


@pytest.mark.parametrize(
    ("obj", "path"),
    [
        (READ, "Queue"),
        (READ.draft(), "Queue"),
        (READ.draft().finish().after, "Queue"),
        (READ.spec.draft(), "QueueSpec"),
        (Queue(metadata=READ.metadata, spec=QueueSpec(limit=3)), "metadata"),
        (Queue(spec=QueueSpec(parts=[Part(name="x"), READ.spec.parts[0]])), "spec.parts[1]"),
        (pickle.loads(pickle.dumps(READ)), "Queue"),
    ],
    ids=["read", "draft", "finished", "part", "metadata", "item", "pickled"],
)
def test_what_was_read_is_refused_with_the_way_out(obj: Any, path: str) -> None:
    """(H1) It is unknown which of its zeros were set."""
    with pytest.raises(ValueError, match=r"read from a server") as caught:
        configuration(obj)
    assert str(caught.value).startswith(f"{path}: ")
    assert "edit()" in str(caught.value)
    assert ".Draft()" in str(caught.value)


def test_a_changed_draft_of_what_was_read_is_refused() -> None:
    draft = READ.draft()
    draft.spec.limit = 5
    with pytest.raises(ValueError, match="read from a server"):
        configuration(draft)
    with pytest.raises(ValueError, match="read from a server"):
        configuration(draft.finish().after)
    assert draft.finish().merge_patch() == {"spec": {"limit": 5}}


def test_drafts_from_nothing_and_of_what_was_built_send_what_was_set() -> None:
    """(H1)"""
    for draft in (Queue.Draft(), Queue().draft(), Queue(spec=QueueSpec()).draft()):
        draft.spec.limit = 0
        draft.spec.parts.append(Part(weight=0))
        draft.spec.parts.append({"ratio": 0})
        draft.spec.parts.append(Part.Draft())
        assert configuration(draft)["spec"] == {"limit": 0, "parts": [{"weight": 0}, {"ratio": 0}, {}]}
        assert configuration(draft.finish().after)["spec"]["parts"] == [{"weight": 0}, {"ratio": 0}, {}]


def test_a_draft_sends_an_empty_object_that_was_assigned() -> None:
    policy = networking_v1.NetworkPolicy.Draft()
    policy.spec.pod_selector = meta_v1.LabelSelector()
    assert configuration(policy)["spec"] == {"podSelector": {}}


def test_models_in_a_mapping_write_what_they_were_given() -> None:
    """(H1) `patch(name, {"status": model})`."""
    status = policy_v1.PodDisruptionBudgetStatus(expected_pods=0)
    assert plain_values.to_data({"status": status}) == {"status": {"expectedPods": 0}}


def test_a_field_that_was_not_given_is_removed_by_a_change_to_what_was_built() -> None:
    change = Change(core_v1.PodSpec(host_network=True, node_name="n"), core_v1.PodSpec(node_name=""))
    assert change.merge_patch() == {"hostNetwork": None, "nodeName": ""}
