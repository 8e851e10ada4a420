"""Changes: the patches of typed objects and of objects without a model."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from kubeloop import Change, Unstructured
from kubeloop.models import apps_v1, coordination_v1, core_v1, meta_v1, rbac_v1
from kubeloop.objects.model import SEQ, Model, Seq


def pod(**meta: object) -> core_v1.Pod:
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name="a", labels={"x": "y"}, **meta),  # type: ignore[arg-type]
        spec=core_v1.PodSpec(containers=[core_v1.Container(name=name, image="i") for name in "abc"]),
    )


def test_a_changed_item_is_edited_in_place() -> None:
    draft = pod().draft()
    draft.spec.containers[1].image = "new"
    change = draft.finish()
    assert change.json_patch() == [{"op": "add", "path": "/spec/containers/1/image", "value": "new"}]
    assert change.rewrites_objects()


def test_a_removed_and_an_inserted_item_say_just_that() -> None:
    draft = pod().draft()
    del draft.spec.containers[0]
    assert draft.finish().json_patch() == [{"op": "remove", "path": "/spec/containers/0"}]
    draft = pod().draft()
    draft.spec.containers.insert(1, {"name": "z"})
    added = {"op": "add", "path": "/spec/containers/1", "value": {"name": "z"}}
    assert draft.finish().json_patch() == [added]


def test_an_edit_beside_an_insertion_stays_an_edit() -> None:
    draft = pod().draft()
    draft.spec.containers[1].image = "new"
    draft.spec.containers.insert(0, {"name": "z"})
    assert draft.finish().json_patch() == [
        {"op": "add", "path": "/spec/containers/0", "value": {"name": "z"}},
        {"op": "add", "path": "/spec/containers/2/image", "value": "new"},
    ]


def test_conditions_are_distinguished_by_type() -> None:
    before = core_v1.PodStatus(
        conditions=[core_v1.PodCondition(type=name, status="True") for name in ("Ready", "Initialized")]
    )
    draft = core_v1.Pod(status=before).draft()
    draft.status.conditions[1].status = "False"
    draft.status.conditions.insert(0, {"type": "New", "status": "True"})
    assert [op["path"] for op in draft.finish().json_patch()] == ["/status/conditions/0", "/status/conditions/2/status"]


def test_items_without_names_are_edited_where_they_stand() -> None:
    item = core_v1.Pod(
        spec=core_v1.PodSpec(tolerations=[core_v1.Toleration(effect="a"), core_v1.Toleration(effect="b")])
    )
    draft = item.draft()
    draft.spec.tolerations[0].operator = "Exists"
    assert draft.finish().json_patch() == [{"op": "add", "path": "/spec/tolerations/0/operator", "value": "Exists"}]


def test_map_keys_go_one_by_one_and_are_escaped() -> None:
    item = core_v1.Pod(metadata=meta_v1.ObjectMeta(annotations={"a/b~c": "1", "d/e": "2"}))
    draft = item.draft()
    draft.metadata.annotations["a/b~c"] = "3"
    del draft.metadata.annotations["d/e"]
    change = draft.finish()
    assert change.merge_patch() == {"metadata": {"annotations": {"a/b~c": "3", "d/e": None}}}
    assert change.json_patch() == [
        {"op": "remove", "path": "/metadata/annotations/d~1e"},
        {"op": "replace", "path": "/metadata/annotations/a~1b~0c", "value": "3"},
    ]


def test_false_is_sent_as_false() -> None:
    item = core_v1.Pod(spec=core_v1.PodSpec(host_network=True))
    draft = item.draft()
    draft.spec.host_network = False
    change = draft.finish()
    assert change.merge_patch() == {"spec": {"hostNetwork": False}}
    assert change.json_patch() == [{"op": "add", "path": "/spec/hostNetwork", "value": False}]


def test_a_struct_or_pointer_that_goes_is_removed() -> None:
    item = apps_v1.Deployment(
        spec=apps_v1.DeploymentSpec(replicas=3, strategy=apps_v1.DeploymentStrategy(type="Recreate"))
    )
    draft = item.draft()
    draft.spec.replicas = None
    draft.spec.strategy = None
    change = draft.finish()
    assert change.merge_patch() == {"spec": {"replicas": None, "strategy": None}}
    assert change.json_patch() == [
        {"op": "remove", "path": "/spec/replicas"},
        {"op": "remove", "path": "/spec/strategy"},
    ]


def test_a_list_that_was_null_is_sent_whole() -> None:
    role = rbac_v1.ClusterRole.from_dict({"metadata": {"name": "r"}, "rules": None})
    draft = role.draft()
    draft.rules.append({"verbs": ["get"]})
    change = draft.finish()
    assert change.json_patch() == [{"op": "add", "path": "/rules", "value": [{"verbs": ["get"]}]}]
    assert change.merge_patch() == {"rules": [{"verbs": ["get"]}]}
    assert not change.rewrites_objects()


def test_a_map_that_is_empty_or_absent_is_added_whole() -> None:
    for data in ({}, {"metadata": {"labels": {}}}):
        draft = core_v1.Pod.from_dict(data).draft()
        draft.metadata.labels["a"] = "b"
        (op,) = draft.finish().json_patch()
        assert op["value"] in ({"a": "b"}, {"labels": {"a": "b"}})
        assert draft.finish().merge_patch() == {"metadata": {"labels": {"a": "b"}}}


def test_a_list_in_which_an_item_was_null_is_replaced_whole() -> None:
    item = core_v1.Pod.from_dict(
        {"spec": {"containers": [None, {"name": "b", "image": "i"}], "volumes": [{"name": "v"}]}}
    )
    draft = item.draft()
    draft.spec.containers[1].image = "new"
    draft.spec.volumes[0].name = "w"
    ops = draft.finish().json_patch()
    assert ops == [
        {"op": "replace", "path": "/spec/volumes/0", "value": {"name": "w"}},
        {"op": "add", "path": "/spec/containers", "value": [{"name": ""}, {"name": "b", "image": "new"}]},
    ]


def test_a_list_in_which_an_item_was_null_and_that_did_not_change_is_left_alone() -> None:
    draft = core_v1.Pod.from_dict({"spec": {"containers": [None, {"name": "b"}]}}).draft()
    _ = [each.name for each in draft.spec.containers]
    draft.spec.node_name = "n"
    assert draft.finish().json_patch() == [{"op": "add", "path": "/spec/nodeName", "value": "n"}]


def test_free_form_data_is_compared_key_by_key() -> None:
    before = apps_v1.ControllerRevision(data={"a": 1, "b": {"c": 1, "d": 2}, "l": [1, 2]})
    draft = before.draft()
    draft.data = {"b": {"c": 5}, "l": [1, 2, 3], "n": "x"}
    change = draft.finish()
    assert change.merge_patch() == {"data": {"a": None, "b": {"c": 5, "d": None}, "l": [1, 2, 3], "n": "x"}}
    assert {"op": "add", "path": "/data/l/2", "value": 3} in change.json_patch()
    assert not change.rewrites_objects()


def test_micro_times_in_patches_have_six_digits() -> None:
    draft = coordination_v1.Lease().draft()
    draft.spec.renew_time = datetime(2026, 1, 1, tzinfo=UTC)
    change = draft.finish()
    assert change.merge_patch() == {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}}
    assert change.json_patch()[0]["value"] == {"renewTime": "2026-01-01T00:00:00.000000Z"}


class Part(Model):
    name: str = ""
    size: int = 0


class Parts(Model):
    grid: Seq[Seq[Part]] = SEQ


def test_a_list_of_objects_within_a_list_is_not_rewritten_unnoticed() -> None:
    draft: Any = Parts.from_dict({"grid": [[{"name": "a", "size": 1}]]}).draft()
    draft.grid[0][0].size = 2
    assert draft.finish().rewrites_objects()


# --- one difference


def test_all_that_a_change_says_is_derived_from_one_difference() -> None:
    class Counted(Unstructured):
        __slots__ = ()
        reads: ClassVar[list[object]] = []

        def to_dict(self) -> dict[str, Any]:
            self.reads.append(self)
            return super().to_dict()

    before, after = Counted({"spec": {"a": 1}, "kind": "K"}), Counted({"spec": {"a": 2}, "kind": "K"})
    change = Change(before, after)
    assert change.changed_fields() == ["spec"]
    assert not change.rewrites_objects()
    assert change.merge_patch() == {"spec": {"a": 2}}
    assert change.json_patch() == [{"op": "replace", "path": "/spec/a", "value": 2}]
    assert Counted.reads == [before, after]


@pytest.mark.parametrize("kind", [Unstructured, apps_v1.ControllerRevision])
def test_patches_belong_to_the_caller(kind: Any) -> None:
    head = {"apiVersion": "apps/v1", "kind": "ControllerRevision"}
    change = Change(kind.from_dict({**head, "data": {"a": 1}}), kind.from_dict({**head, "data": {"a": {"b": [1]}}}))
    change.merge_patch()["data"]["a"]["b"].append(2)
    change.json_patch()[0]["value"]["b"].append(3)
    assert change.merge_patch() == {"data": {"a": {"b": [1]}}}
    assert change.json_patch() == [{"op": "replace", "path": "/data/a", "value": {"b": [1]}}]
    assert change.after == kind.from_dict({**head, "data": {"a": {"b": [1]}}})


def test_a_change_is_pickled_as_its_two_values() -> None:
    draft = pod().draft()
    draft.spec.node_name = "n"
    change = draft.finish()
    assert change.changed_fields() == ["spec"]
    again: Change[core_v1.Pod] = pickle.loads(pickle.dumps(change))
    assert (again.before, again.after) == (change.before, change.after)


# --- the guard


def test_a_guarded_patch_sets_the_version_that_was_read() -> None:
    draft = pod(resource_version="7").draft()
    draft.spec.node_name = "n"
    change = draft.finish()
    assert change.merge_patch(guard=True) == {"spec": {"nodeName": "n"}, "metadata": {"resourceVersion": "7"}}
    assert change.json_patch(guard=True) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "add", "path": "/spec/nodeName", "value": "n"},
    ]


def test_a_guarded_patch_keeps_the_other_changes_of_metadata() -> None:
    draft = pod(resource_version="7").draft()
    draft.metadata.labels["a"] = "b"
    assert draft.finish().merge_patch(guard=True) == {"metadata": {"labels": {"a": "b"}, "resourceVersion": "7"}}


def test_a_guarded_patch_that_changes_nothing_is_empty() -> None:
    change = pod(resource_version="7").draft().finish()
    assert (change.merge_patch(guard=True), change.json_patch(guard=True)) == ({}, [])


def test_there_is_no_guard_without_a_version() -> None:
    draft = pod().draft()
    draft.spec.node_name = "n"
    with pytest.raises(ValueError, match="resourceVersion"):
        draft.finish().merge_patch(guard=True)


def test_tests_stand_before_the_values_that_they_guard() -> None:
    draft = core_v1.Pod(spec=core_v1.PodSpec(node_name="old")).draft()
    draft.spec.node_name = "new"
    assert draft.finish().json_patch(test=True) == [
        {"op": "test", "path": "/spec/nodeName", "value": "old"},
        {"op": "add", "path": "/spec/nodeName", "value": "new"},
    ]


def test_a_change_prints_the_places_and_no_values() -> None:
    draft = core_v1.Secret(data={"password": b"old"}).draft()
    draft.data["password"] = b"hunter2"
    assert repr(draft.finish()) == "<Change of Secret: /data/password>"


# --- objects without a model


def certificate() -> Unstructured:
    return Unstructured(
        {
            "apiVersion": "example.com/v1",
            "kind": "Certificate",
            "metadata": {"name": "c", "namespace": "ns", "resourceVersion": "9"},
            "spec": {"names": ["a", "b"], "usages": [{"name": "x", "n": 1}, {"name": "y"}], "none": None},
        }
    )


def test_a_draft_without_a_model_gives_the_same_patches() -> None:
    draft = certificate().draft()
    draft["spec"]["names"].append("c")
    draft["spec"]["usages"][0]["n"] = 2
    draft.metadata.labels = {"a": "b"}
    change = draft.finish()
    assert change.json_patch(guard=True) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "9"},
        {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},
        {"op": "add", "path": "/spec/names/2", "value": "c"},
        {"op": "replace", "path": "/spec/usages/0/n", "value": 2},
    ]
    assert change.rewrites_objects()
    assert "c" not in certificate().get_in("spec", "names")


def test_a_draft_without_a_model_and_without_changes_gives_the_same_object() -> None:
    item = certificate()
    draft = item.draft()
    draft["spec"]["names"] = ["a", "b"]
    change = draft.finish()
    assert not change
    assert change.after is item


def test_a_null_that_a_merge_patch_cannot_say_needs_the_json_patch() -> None:
    draft = certificate().draft()
    draft["spec"]["other"] = {"a": None}
    assert draft.finish().rewrites_objects()
    draft = certificate().draft()
    draft["spec"]["other"] = {"a": 1}
    assert not draft.finish().rewrites_objects()


def test_true_is_not_one_and_one_is_one_point_zero() -> None:
    before, after = Unstructured({"spec": {"a": 1, "b": 1}}), Unstructured({"spec": {"a": True, "b": 1.0}})
    assert Change(before, after).json_patch() == [{"op": "replace", "path": "/spec/a", "value": True}]
