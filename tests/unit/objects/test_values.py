"""Models as values: what they refuse, and how they print, compare, copy and pickle."""

from __future__ import annotations

import copy
import gc
import pickle
from datetime import UTC, datetime

import pytest

from kubeloop import Unstructured, UnstructuredList
from kubeloop.models import apps_v1, core_v1, meta_v1, rbac_v1
from kubeloop.wire import documents
from kubeloop.wire.serializers import json_objects


def a_pod() -> core_v1.Pod:
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name="web-0", namespace="default", uid="u1", labels={"app": "web"}),
        spec=core_v1.PodSpec(containers=[core_v1.Container(name="c", image="nginx")], node_name="n1"),
    )


def test_assignment_is_refused_with_a_message_that_names_draft() -> None:
    with pytest.raises(AttributeError, match=r"cannot set 'node_name' of PodSpec: .*draft\(\)"):
        a_pod().spec.node_name = "n2"  # type: ignore[misc]


def test_deletion_is_refused_with_a_message_that_names_draft() -> None:
    with pytest.raises(AttributeError, match=r"cannot delete 'spec' of Pod: .*draft\(\)"):
        del a_pod().spec  # type: ignore[misc]


def test_absent_structs_lists_and_maps_read_without_a_check() -> None:
    pod = core_v1.Pod()
    assert (pod.spec.node_name, pod.status.phase, list(pod.spec.containers)) == ("", "", [])
    assert pod.metadata.labels.get("app") is None
    assert pod.spec.priority is None


def test_the_shared_empty_map_refuses_to_change() -> None:
    with pytest.raises(TypeError, match="draft"):
        core_v1.Pod().metadata.labels["a"] = "b"  # type: ignore[index]


def test_an_empty_constructor_gives_the_one_shared_instance() -> None:
    assert core_v1.PodSpec() is core_v1.PodSpec()
    assert core_v1.Pod(spec=core_v1.PodSpec()).to_dict() == {"apiVersion": "v1", "kind": "Pod"}


def test_kind_and_api_version_are_read_from_class_and_object() -> None:
    assert (apps_v1.Deployment.kind, apps_v1.Deployment().api_version) == ("Deployment", "apps/v1")
    assert (apps_v1.Deployment.resource, apps_v1.Deployment.namespaced) == ("deployments", True)
    assert core_v1.Node.namespaced is False


def test_a_kind_knows_its_list() -> None:
    assert core_v1.Pod.list_type is core_v1.PodList


def test_repr_shows_only_what_is_set() -> None:
    pod = core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name="a"), spec=core_v1.PodSpec(containers=[core_v1.Container(name="c")])
    )
    text = "Pod(metadata=ObjectMeta(name='a'), spec=PodSpec(containers=[Container(name='c')]))"
    assert repr(pod) == text


def test_repr_shows_the_size_of_secrets_and_nothing_else() -> None:
    secret = core_v1.Secret(data={"password": b"hunter2"}, string_data={"token": "very secret"})
    assert repr(secret) == "Secret(data={'password': <7 bytes>}, string_data={'token': <11 bytes>})"


def test_repr_of_a_list_and_a_draft_shows_no_secret() -> None:
    secret = core_v1.Secret(data={"password": b"hunter2"})
    for value in (core_v1.SecretList(items=[secret]), secret.draft(), secret.draft().finish()):
        assert "hunter2" not in repr(value)


def test_repr_hides_the_secret_that_kubectl_keeps_in_an_annotation() -> None:
    key = "kubectl.kubernetes.io/last-applied-configuration"
    meta = meta_v1.ObjectMeta(annotations={key: '{"data":{"password":"aHVudGVyMg=="}}', "a": "b"})
    assert repr(meta) == f"ObjectMeta(annotations={{'{key}': <36 bytes>, 'a': 'b'}})"


def test_a_decoded_object_equals_its_constructed_twin() -> None:
    metadata = b'{"name":"web-0","namespace":"default","uid":"u1","labels":{"app":"web"}}'
    spec = b'{"containers":[{"name":"c","image":"nginx"}],"nodeName":"n1"}'
    body = b'{"kind":"Pod","apiVersion":"v1","metadata":%s,"spec":%s}' % (metadata, spec)
    assert json_objects.decode_into(body, core_v1.Pod) == a_pod()


def test_equal_kinds_have_equal_hashes_and_work_in_sets() -> None:
    other = json_objects.decode_into(documents.encode(a_pod()), core_v1.Pod)
    assert hash(other) == hash(a_pod())
    assert len({a_pod(), other}) == 1


def test_kinds_with_the_same_name_but_other_contents_are_unequal() -> None:
    draft = a_pod().draft()
    draft.spec.node_name = "n2"
    other = draft.finish().after
    assert other != a_pod()
    assert hash(other) == hash(a_pod())


def test_lists_and_kinds_without_metadata_have_a_hash() -> None:
    listing = core_v1.PodList(metadata=meta_v1.ListMeta(resource_version="7"))
    assert hash(listing) == hash(json_objects.decode_into(documents.encode(listing), core_v1.PodList))
    assert isinstance(hash(meta_v1.DeleteOptions(dry_run=["All"])), int)


def test_copies_are_the_same_object() -> None:
    pod = a_pod()
    assert copy.copy(pod) is pod
    assert copy.deepcopy(pod) is pod


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_gives_an_equal_object_of_the_same_absences(protocol: int) -> None:
    pod = a_pod()
    again = pickle.loads(pickle.dumps(pod, protocol))
    assert again == pod
    assert again.to_dict() == pod.to_dict()


def test_a_pickle_keeps_nulls_and_embedded_kinds() -> None:
    body = {
        "kind": "StatefulSet",
        "apiVersion": "apps/v1",
        "spec": {"selector": None, "template": {}, "serviceName": ""},
    }
    body["spec"]["volumeClaimTemplates"] = [{"kind": "PersistentVolumeClaim", "apiVersion": "v1", "spec": {}}]  # type: ignore[index]
    item = apps_v1.StatefulSet.from_dict(body)
    assert pickle.loads(pickle.dumps(item)).to_dict() == item.to_dict()


def test_models_match_patterns() -> None:
    match a_pod():
        case core_v1.Pod(spec=core_v1.PodSpec(node_name=node), metadata=meta_v1.ObjectMeta(name="web-0")):
            assert node == "n1"
        case _:
            pytest.fail("no match")


def test_field_names_are_exact_in_dicts() -> None:
    status = core_v1.PodStatus(pod_ip="10.0.0.1", pod_ips=[core_v1.PodIP(ip="10.0.0.1")], host_ip="h")
    assert status.to_dict() == {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "hostIP": "h"}
    assert core_v1.ServiceSpec.from_dict({"clusterIPs": ["a"], "clusterIP": "a"}).cluster_ips == ("a",)


def test_yaml_goes_out_and_comes_back() -> None:
    pod = a_pod()
    assert core_v1.Pod.from_yaml(pod.to_yaml()) == pod
    assert "nodeName: n1" in pod.to_yaml()


def test_yaml_takes_numbers_for_quantities_as_go_does() -> None:
    spec = core_v1.ResourceRequirements.from_yaml("limits: {cpu: 2, memory: 1Gi}")
    assert spec.limits == {"cpu": "2", "memory": "1Gi"}


def test_times_are_written_as_go_writes_them() -> None:
    noon = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
    assert meta_v1.ObjectMeta(creation_timestamp=noon).to_dict() == {"creationTimestamp": "2026-11-21T12:00:00Z"}


def test_objects_stay_out_of_the_garbage_collectors_sight() -> None:
    pod = json_objects.decode_into(documents.encode(a_pod()), core_v1.Pod)
    gc.collect()
    assert not any(map(gc.is_tracked, (pod, pod.spec, pod.spec.containers, pod.metadata.labels)))


def test_managed_fields_that_are_null_are_absent_however_they_were_read() -> None:
    body = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","managedFields": null}}'
    absent = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    read = json_objects.decode_into(body, core_v1.Pod)
    document = core_v1.Pod.from_dict({"metadata": {"name": "a", "managedFields": None}})
    for pod in (read, document, pickle.loads(pickle.dumps(read))):
        assert pod.to_dict() == absent
        assert repr(pod) == "Pod(metadata=ObjectMeta(name='a'))"
        assert documents.encode(pod) == documents.encode(core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a")))
        draft = pod.draft()
        draft.metadata.managed_fields = None
        assert not draft.finish()


KUBECTL = "kubectl.kubernetes.io/last-applied-configuration"


def test_no_view_of_a_draft_and_no_change_shows_a_secret() -> None:
    secret = core_v1.Secret(
        metadata=meta_v1.ObjectMeta(name="s", annotations={KUBECTL: "hunter2"}),
        data={"a": b"hunter2"},
        string_data={"b": "hunter2"},
    )
    draft = secret.draft()
    draft.data["a"] = b"hunter2!"
    draft.string_data["c"] = "hunter2!"
    draft.metadata.annotations[KUBECTL] = "hunter2!"
    shown = [
        *(draft, draft.data, draft.string_data, draft.metadata, draft.metadata.annotations, draft.finish()),
        *(draft.data.items(), draft.data.values(), core_v1.SecretList(items=[secret]).draft().items),
    ]
    for value in shown:
        assert "hunter2" not in repr(value)
    assert repr(draft.data) == "<draft of {'a': <8 bytes>}>"
    assert repr(draft.metadata.annotations) == f"<draft of {{'{KUBECTL}': <8 bytes>}}>"


def test_nothing_unstructured_shows_a_secret() -> None:
    item = Unstructured({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "hunter2"}})
    draft = item.draft()
    draft["data"]["a"] = "hunter2!"
    listed = UnstructuredList({"kind": "SecretList", "items": [item.to_dict()]})
    for value in (item, draft, draft.finish(), listed):
        assert "hunter2" not in repr(value)


def test_a_secret_in_free_form_data_is_not_shown() -> None:
    secret = core_v1.Secret(metadata=meta_v1.ObjectMeta(name="s"), string_data={"a": "hunter2"})
    revision = apps_v1.ControllerRevision(data=secret)
    assert "hunter2" not in repr(revision)
    assert "hunter2" not in repr(revision.draft())


def test_lists_of_a_draft_show_what_they_hold() -> None:
    draft = core_v1.Container(name="c", args=["a"], ports=[core_v1.ContainerPort(container_port=1)]).draft()
    assert repr(draft.args) == "<draft of ['a']>"
    assert repr(draft.ports) == "<draft of [ContainerPort(container_port=1)]>"
    meta = meta_v1.ObjectMeta(managed_fields=[meta_v1.ManagedFieldsEntry(manager="me")])
    assert repr(meta.draft().managed_fields) == "<draft of [ManagedFieldsEntry(manager='me')]>"


def test_repr_shows_no_list_that_the_server_wrote_as_null() -> None:
    assert repr(json_objects.decode_into(b'{"rules":null}', rbac_v1.ClusterRole)) == "ClusterRole()"
