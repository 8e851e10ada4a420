"""Drafts: what they read, accept and refuse; what they share; their results."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from kubeloop.models import apps_v1, core_v1, meta_v1, networking_v1, rbac_v1
from kubeloop.objects.model import MAP, NULLABLE, SEQ, Map, Model, Seq
from kubeloop.wire import plain_values
from kubeloop.wire.patches.json_patch import apply_json_patch
from kubeloop.wire.serializers import json_objects


def pod() -> core_v1.Pod:
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name="a", labels={"x": "y"}, finalizers=["f"]),
        spec=core_v1.PodSpec(containers=[core_v1.Container(name=name, image="i") for name in "abc"]),
    )


def test_a_draft_without_changes_gives_the_same_object() -> None:
    item = pod()
    change = item.draft().finish()
    assert not change
    assert change.after is item


def test_reading_through_a_draft_changes_nothing() -> None:
    item = pod()
    draft = item.draft()
    _ = draft.spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms
    _ = draft.status.conditions, list(draft.spec.containers), draft.metadata.labels, draft.metadata.managed_fields
    change = draft.finish()
    assert change.after is item
    assert (change.merge_patch(), change.json_patch()) == ({}, [])


def test_what_was_not_touched_is_shared() -> None:
    item = pod()
    draft = item.draft()
    draft.spec.containers[1].image = "new"
    after = draft.finish().after
    assert after.metadata is item.metadata
    assert after.spec.containers[0] is item.spec.containers[0]
    assert after.spec.containers[1].image == "new"
    assert item.spec.containers[1].image == "i"


def test_setting_a_value_that_is_there_already_changes_nothing() -> None:
    draft = pod().draft()
    draft.metadata.labels["x"] = "y"
    draft.metadata.name = "a"
    draft.spec.containers[0].image = "i"
    draft.metadata.finalizers = ["f"]
    draft.spec.volumes = []
    draft.spec.node_selector = {}
    assert not draft.finish()


def test_writing_through_a_missing_pointer_makes_it() -> None:
    draft = pod().draft()
    draft.spec.security_context.run_as_user = 1
    after = draft.finish().after
    assert after.spec.security_context == core_v1.PodSecurityContext(run_as_user=1)


def test_structs_are_taken_as_model_draft_and_mapping() -> None:
    draft = pod().draft()
    draft.spec = core_v1.PodSpec(node_name="model")
    assert draft.finish().after.spec.node_name == "model"
    draft.spec = core_v1.Pod.from_dict({"spec": {"nodeName": "draft"}}).draft().spec
    assert draft.finish().after.spec.node_name == "draft"
    draft.spec = {"nodeName": "mapping", "containers": [{"name": "c"}]}
    assert draft.finish().after.spec == core_v1.PodSpec(node_name="mapping", containers=[core_v1.Container(name="c")])


def test_none_and_del_make_a_field_absent() -> None:
    draft = pod().draft()
    draft.metadata.labels = None
    del draft.spec.containers
    draft.metadata.name = None  # type: ignore[assignment]
    after = draft.finish().after
    assert after.to_dict() == {"apiVersion": "v1", "kind": "Pod", "metadata": {"finalizers": ["f"]}, "spec": {}}


def test_lists_of_objects_read_as_live_drafts() -> None:
    draft = pod().draft()
    for container in draft.spec.containers:
        container.image_pull_policy = "Always"
    assert {item.image_pull_policy for item in draft.finish().after.spec.containers} == {"Always"}


def test_a_draft_put_into_another_list_stays_live() -> None:
    draft = pod().draft()
    first = draft.spec.containers[0]
    draft.spec.init_containers.append(first)
    first.image = "live"
    assert [item.image for item in draft.finish().after.spec.init_containers] == ["live"]


def test_lists_do_what_lists_do() -> None:
    draft = pod().draft()
    containers = draft.spec.containers
    containers.append({"name": "d"})
    containers.insert(0, core_v1.Container(name="z"))
    del containers[1]
    containers.sort(key=lambda item: item.name, reverse=True)
    containers[0:1] = [core_v1.Container(name="y"), {"name": "x"}]
    last = containers.pop()
    containers += [last]
    containers.remove(core_v1.Container(name="d"))
    assert [item.name for item in draft.finish().after.spec.containers] == ["y", "x", "c", "b"]


def test_lists_of_text_do_what_lists_do() -> None:
    draft = pod().draft()
    draft.metadata.finalizers.append("g")
    draft.metadata.finalizers += ["h"]
    draft.metadata.finalizers.remove("f")
    assert draft.finish().after.metadata.finalizers == ("g", "h")


def test_maps_do_what_maps_do() -> None:
    draft = pod().draft()
    draft.metadata.labels["a"] = "b"
    draft.metadata.labels.update(c="d")
    draft.metadata.labels |= {"e": "f"}
    assert draft.metadata.labels.pop("x") == "y"
    assert draft.finish().after.metadata.labels == {"a": "b", "c": "d", "e": "f"}


def test_structs_in_maps_are_drafts() -> None:
    from kubeloop.models import apiextensions_v1

    schema = apiextensions_v1.JSONSchemaProps(properties={"a": apiextensions_v1.JSONSchemaProps(type="string")})
    draft = schema.draft()
    draft.properties["a"].max_length = 5
    draft.properties["b"] = {"type": "integer"}
    change = draft.finish()
    assert change.after.properties["a"] == apiextensions_v1.JSONSchemaProps(type="string", max_length=5)
    assert change.merge_patch() == {"properties": {"a": {"maxLength": 5}, "b": {"type": "integer"}}}
    assert change.json_patch() == [
        {"op": "add", "path": "/properties/a/maxLength", "value": 5},
        {"op": "add", "path": "/properties/b", "value": {"type": "integer"}},
    ]


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda d: setattr(d.spec, "priority", "3"), TypeError, "PodSpec.priority: expected int | None, got str"),
        (
            lambda d: setattr(d.spec, "prioriti", 3),
            AttributeError,
            "PodSpec has no field 'prioriti'; did you mean 'priority'?",
        ),
        (lambda d: d.spec.containres, AttributeError, "PodSpec has no field 'containres'; did you mean 'containers'?"),
        (lambda d: d.metadata.labels.update(a=3), TypeError, "ObjectMeta.labels['a']: expected str, got int"),
        (lambda d: d.spec.containers.append("x"), TypeError, "PodSpec.containers[]: expected Container, got str"),
        (lambda d: setattr(d, "spec", core_v1.PodStatus()), TypeError, "Pod.spec: expected PodSpec, got PodStatus"),
        (lambda d: setattr(d, "spec", core_v1.Pod().draft().status), TypeError, "Pod.spec: expected PodSpec, got"),
        (lambda d: setattr(d, "spec", {"containers": 5}), TypeError, "Pod.spec: PodSpec: containers: expected array"),
        (lambda d: setattr(d.metadata, "creation_timestamp", datetime(2026, 1, 1)), TypeError, "with a time zone"),  # noqa: DTZ001
    ],
)
def test_mistakes_say_what_and_where(act: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        act(pod().draft())  # type: ignore[operator]
    assert message in str(caught.value)


def test_a_draft_is_true_when_it_holds_something() -> None:
    draft = pod().draft()
    assert not draft.spec.affinity
    draft.spec.affinity.node_affinity = {}
    assert draft.spec.affinity


def test_drafts_compare_by_what_they_would_give() -> None:
    draft = pod().draft()
    assert draft == pod()
    assert draft.spec.containers[0] == core_v1.Container(name="a", image="i")
    assert draft.spec.containers[0] in draft.spec.containers


def test_a_kinds_draft_knows_its_kind_and_key() -> None:
    draft = pod().draft()
    assert (draft.kind, draft.metadata.name) == ("Pod", "a")  # type: ignore[attr-defined]


def test_a_finished_draft_continues_from_the_same_base() -> None:
    draft = pod().draft()
    draft.spec.node_name = "n"
    first = draft.finish()
    draft.spec.priority = 3
    assert first.merge_patch() == {"spec": {"nodeName": "n"}}
    assert draft.finish().merge_patch() == {"spec": {"nodeName": "n", "priority": 3}}


def test_managed_fields_can_be_emptied() -> None:
    meta = meta_v1.ObjectMeta(name="a", managed_fields=[meta_v1.ManagedFieldsEntry(manager="m")])
    draft = core_v1.Pod(metadata=meta).draft()
    draft.metadata.managed_fields = []
    change = draft.finish()
    assert len(change.after.metadata.managed_fields) == 0
    assert change.merge_patch() == {"metadata": {"managedFields": []}}


def test_managed_fields_can_be_edited() -> None:
    meta = meta_v1.ObjectMeta(managed_fields=[meta_v1.ManagedFieldsEntry(manager="m", fields_v1={"f:a": {}})])
    draft = meta.draft()
    draft.managed_fields[0].manager = "n"
    assert draft.finish().after.managed_fields[0] == meta_v1.ManagedFieldsEntry(manager="n", fields_v1={"f:a": {}})


def test_a_draft_refuses_to_be_copied() -> None:
    for refuse in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"open another with draft\(\)"):
            refuse(pod().draft())  # type: ignore[operator]


# --- the explicit form, for server-side apply


def test_a_drafts_dict_says_every_zero_that_was_assigned() -> None:
    draft = apps_v1.Deployment.Draft()
    draft.metadata.name = "web"
    draft.spec.paused = False
    draft.spec.replicas = 0
    draft.spec.template.spec.volumes = []
    draft.spec.template.spec.host_network = False
    assert draft.to_dict() == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"paused": False, "replicas": 0, "template": {"spec": {"volumes": [], "hostNetwork": False}}},
    }
    assert plain_values.to_data(draft) == draft.to_dict()


def test_a_drafts_dict_leaves_out_what_was_only_read_or_removed() -> None:
    draft = pod().draft()
    _ = draft.spec.affinity.node_affinity
    del draft.metadata.labels
    assert draft.to_dict() == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "finalizers": ["f"]},
        "spec": {"containers": [{"name": name, "image": "i"} for name in "abc"]},
    }


def test_a_drafts_dict_names_the_kind_once_at_the_top() -> None:
    draft = apps_v1.StatefulSet.Draft()
    draft.spec.volume_claim_templates.append({"metadata": {"name": "data"}})
    assert draft.to_dict()["spec"] == {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}


def test_a_drafts_dict_holds_what_the_drafts_in_its_lists_say() -> None:
    draft = core_v1.Pod.Draft()
    draft.spec.containers.append({"name": "c"})
    draft.spec.containers[0].stdin = False
    assert draft.to_dict()["spec"] == {"containers": [{"name": "c", "stdin": False}]}


def test_a_mapping_keeps_the_difference_of_absent_and_empty_objects() -> None:
    policy = networking_v1.NetworkPolicy.Draft()
    policy.spec.pod_selector = {}
    assert policy.to_dict()["spec"] == {"podSelector": {}}


def test_times_in_drafts_are_written_as_go_writes_them() -> None:
    draft = pod().draft()
    draft.metadata.creation_timestamp = datetime(2026, 1, 1, 0, 0, 0, 7, tzinfo=UTC)
    assert draft.finish().merge_patch() == {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}}


def test_free_form_data_of_a_draft_is_a_copy() -> None:
    revision = apps_v1.ControllerRevision(data={"a": {"b": 1}})
    draft = revision.draft()
    draft.data["a"]["b"] = 2
    change = draft.finish()
    assert revision.data == {"a": {"b": 1}}
    assert change.merge_patch() == {"data": {"a": {"b": 2}}}


def test_drafts_in_free_form_data_are_written_with_their_kind() -> None:
    draft = apps_v1.ControllerRevision().draft()
    draft.data = {"pod": core_v1.Pod.Draft(), "list": [pod()]}
    assert draft.finish().after.data == {"pod": {"apiVersion": "v1", "kind": "Pod"}, "list": [pod().to_dict()]}


# --- names in mappings


@pytest.mark.parametrize(
    ("act", "path", "said"),
    [
        (
            lambda d: setattr(d.spec.containers[0], "security_context", {"run_as_user": 1000}),
            "Container.security_context: SecurityContext has no field 'run_as_user'",
            "did you mean 'runAsUser'?",
        ),
        (
            lambda d: setattr(d.spec.containers[0], "security_context", {"runAsUsr": 1}),
            "Container.security_context: SecurityContext has no field 'runAsUsr'",
            "did you mean 'runAsUser'?",
        ),
        (
            lambda d: setattr(d, "spec", {"containers": [{"name": "a"}, {"ports": [{"container_port": 1}]}]}),
            "Pod.spec.containers[1].ports[0]: ContainerPort has no field 'container_port'",
            "did you mean 'containerPort'?",
        ),
        (
            lambda d: d.spec.volumes.append({"name": "v", "projected": {"sources": [{"secrets": {}}]}}),
            "PodSpec.volumes[].projected.sources[0]: VolumeProjection has no field 'secrets'",
            "did you mean 'secret'?",
        ),
        (
            lambda d: d.spec.containers.append({"resources": {"limit": {}}}),
            "PodSpec.containers[].resources: ResourceRequirements has no field 'limit'",
            "did you mean 'limits'?",
        ),
        (
            lambda d: setattr(d.spec, "init_containers", [{"name": "a", "zzz": 1}]),
            "PodSpec.init_containers[0]: Container has no field 'zzz'",
            "patch() or the dynamic client",
        ),
        (
            lambda d: setattr(d, "metadata", {"kind": "x"}),
            "Pod.metadata: ObjectMeta has no field 'kind'",
            "patch()",
        ),
    ],
)
def test_names_that_a_model_does_not_have_are_refused_in_mappings(act: object, path: str, said: str) -> None:
    """(G1) Users' input is never dropped; the error names the path, the near name and the alternatives."""
    draft = pod().draft()
    with pytest.raises(TypeError) as caught:
        act(draft)  # type: ignore[operator]
    assert str(caught.value).startswith(path)
    assert said in str(caught.value)
    assert "the dynamic client" in str(caught.value)
    assert not draft.finish()


class Choice(Model, rename={"max_length": "maxLength"}):
    max_length: int = 0
    many: Seq[Choice] = SEQ
    by_name: Map[Map[Choice]] = MAP
    free: Any = None


class Holder(Model):
    choice: Choice | None = None


@pytest.mark.parametrize(
    "wrong",
    [
        {"by_name": {"x": {"y": {"max_length": 3}}}},
        {"many": [{"max_length": 3}]},
        {"many": [{"many": [{"by_name": {"x": {"y": {"max_length": 3}}}}]}]},
    ],
    ids=str,
)
def test_names_are_checked_in_maps_and_lists(wrong: Any) -> None:
    """(G1) Free-form data and the keys of maps are the user's own."""
    draft: Any = Holder.Draft()
    fine = {
        "many": [{"maxLength": 3}],
        "by_name": {"max_length": {"max_length": {"maxLength": 4}}},
        "free": {"max_length": 3},
    }
    draft.choice = fine
    assert draft.to_dict() == {"choice": fine}
    with pytest.raises(TypeError, match="Choice has no field 'max_length'; did you mean 'maxLength'"):
        draft.choice = wrong


def test_mappings_with_exact_names_are_taken_at_every_depth_and_may_hold_models_and_drafts() -> None:
    """(G1)"""
    draft = pod().draft()
    second = core_v1.Container.Draft()
    second.name = "live"
    draft.spec = {
        "containers": [core_v1.Container(name="a"), second, {"name": "b", "securityContext": {"runAsUser": 1}}],
        "nodeSelector": {"run_as_user": "free"},
    }
    assert [each.name for each in draft.finish().after.spec.containers] == ["a", "live", "b"]
    assert draft.to_dict()["spec"]["containers"][2] == {"name": "b", "securityContext": {"runAsUser": 1}}
    assert draft.finish().after.spec.node_selector == {"run_as_user": "free"}
    claims = apps_v1.StatefulSet.Draft()
    claims.spec.volume_claim_templates.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim"})


# --- every level is the draft's own


def test_what_setdefault_returns_is_the_drafts_own() -> None:
    """(I1)"""
    revision = apps_v1.ControllerRevision(data={})
    draft = revision.draft()
    draft.data.setdefault("a", {})["b"] = 1
    assert draft.finish().after.data == {"a": {"b": 1}}
    deployment = apps_v1.Deployment.Draft()
    deployment.spec.template.spec.node_selector.setdefault("a", "b")
    assert deployment.finish().after.spec.template.spec.node_selector == {"a": "b"}


def test_true_and_one_are_two_values() -> None:
    revision = apps_v1.ControllerRevision(data={"a": [True, {"b": 1}]})
    draft = revision.draft()
    draft.data["a"][0] = 1
    draft.data["a"][1]["b"] = True
    assert draft.finish().merge_patch() == {"data": {"a": [1, {"b": True}]}}


def test_an_item_stays_live_when_its_list_grows() -> None:
    """(I1) `+=` assigns the same list again."""
    draft = pod().draft()
    first = draft.spec.containers[0]
    draft.spec.containers += [core_v1.Container(name="d")]
    first.image = "live"
    assert draft.finish().after.spec.containers[0].image == "live"


def test_what_is_no_json_is_refused_when_the_draft_is_finished() -> None:
    draft = apps_v1.ControllerRevision(data={"a": {}}).draft()
    draft.data["a"]["when"] = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(TypeError, match=r"ControllerRevision\.data\.a\.when: .*time zone"):
        draft.finish()


def test_a_draft_of_nothing_in_a_list_is_an_empty_object() -> None:
    draft = pod().draft()
    draft.spec.containers.append(core_v1.Container.Draft())
    assert draft.finish().after.spec.containers[3] == core_v1.Container()
    draft.spec.affinity = core_v1.Affinity.Draft()
    assert draft.finish().after.spec.affinity == core_v1.Affinity()


def test_a_field_that_was_deleted_can_be_read_and_stays_deleted() -> None:
    """(I5)"""
    draft = pod().draft()
    del draft.metadata.labels
    del draft.spec.containers
    assert (len(draft.metadata.labels), len(draft.spec.containers)) == (0, 0)
    assert draft.finish().merge_patch() == {"metadata": {"labels": None}, "spec": {"containers": None}}
    draft.metadata.labels["a"] = "b"
    assert draft.finish().merge_patch()["metadata"] == {"labels": {"x": None, "a": "b"}}


def test_null_and_an_empty_list_are_deleted_at_every_depth() -> None:
    """(I5) Both read as empty, as an absent field does, but a server that sets a default treats them differently."""
    body = b'{"metadata":{"finalizers":[],"labels":{}},"rules":[{"verbs":null,"apiGroups":[]}],"aggregationRule":{}}'
    draft = json_objects.decode_into(body, rbac_v1.ClusterRole).draft()
    del draft.metadata.finalizers, draft.metadata.labels, draft.rules[0].api_groups, draft.rules[0].verbs
    change = draft.finish()
    metadata = {"finalizers": None, "labels": None}
    assert change.merge_patch() == {"metadata": metadata, "rules": [{}]}
    assert apply_json_patch(json.loads(body), change.json_patch()) == {
        "metadata": {},
        "rules": [{}],
        "aggregationRule": {},
    }
    draft = json_objects.decode_into(b'{"rules":null}', rbac_v1.ClusterRole).draft()
    del draft.rules
    assert draft.finish().merge_patch() == {"rules": None}


class Slots(Model):
    items: Seq[Choice | None] = SEQ
    by_name: Map[Choice | None] = MAP


def test_items_that_are_null_are_patched() -> None:
    """(I3) In a list or map of nullable objects; the patch failed if one of the two was null."""
    server: dict[str, Any] = {
        "items": [{"maxLength": 1}, None, None],
        "by_name": {"a": None, "b": {"maxLength": 1}, "c": None},
    }
    draft: Any = Slots.from_dict(server).draft()
    draft.items[0], draft.items[1] = None, Choice(max_length=2)
    draft.by_name["a"], draft.by_name["b"] = Choice(max_length=2), None
    change = draft.finish()
    assert apply_json_patch(server, change.json_patch()) == change.after.to_dict()
    assert change.after.to_dict() == {
        "items": [None, {"maxLength": 2}, None],
        "by_name": {"a": {"maxLength": 2}, "b": None, "c": None},
    }
    assert change.rewrites_objects()


class Nulls(Model):
    level: int | None = NULLABLE
    choice: Choice | None = NULLABLE
    free: Any = NULLABLE


@pytest.mark.parametrize("name", ["level", "choice", "free"])
def test_null_is_assigned_and_deleted_where_it_is_a_value(name: str) -> None:
    """(I5) `None` assigns null, `del` makes the field absent; reading it changes nothing."""
    absent, null = Nulls.from_dict({}), Nulls.from_dict({name: None})
    draft: Any = absent.draft()
    str(getattr(draft, name))
    assert not draft.finish()
    setattr(draft, name, None)
    change = draft.finish()
    assert (change.after, draft.to_dict()) == (null, {name: None})
    assert change.json_patch() == [{"op": "add", "path": f"/{name}", "value": None}]
    assert change.rewrites_objects()
    draft = null.draft()
    delattr(draft, name)
    str(getattr(draft, name))
    change = draft.finish()
    assert (change.after, draft.to_dict()) == (absent, {})
    assert change.json_patch() == [{"op": "remove", "path": f"/{name}"}]
    assert change.merge_patch() == {name: None}
    assert not change.rewrites_objects()
