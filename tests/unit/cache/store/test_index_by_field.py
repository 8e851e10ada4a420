"""`field_index`: the same values for each form of an object, and lazy objects stay as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeloop import GroupResource, GroupVersionKind, NotKept, SharedInformer, SharedInformerFactory, Unstructured
from kubeloop.cache import rest_list_watch
from kubeloop.cache.informer.memory_mode import MemoryMode
from kubeloop.cache.store.index_by_field import field_index
from kubeloop.models import apps_v1, core_v1
from kubeloop.objects.json.decode import decode
from kubeloop.objects.lazy_object import is_packed, lazy_class
from kubeloop.testing import fake
from kubeloop.wire.serializers.lazy_unstructured import lazy_object
from tests.support.compressed import compressed_object, with_dictionary

POD: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"app": "w"}},
    "spec": {"nodeName": "n1", "hostNetwork": True, "priority": 7, "nodeSelector": {"zone": "a"}, "hostname": ""},
    "status": {"phase": "Running"},
}


def forms(data: dict[str, Any], kind: Any) -> list[Any]:
    body = json.dumps(data).encode()
    return [
        decode(body, kind),
        decode(body, lazy_class(kind)),
        decode(body, with_dictionary(kind)),
        Unstructured(data),
        lazy_object(body),
        compressed_object(body),
    ]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("spec.nodeName", ("n1",)),
        ("spec.hostNetwork", ("true",)),
        ("spec.priority", ("7",)),
        ("spec.nodeSelector.zone", ("a",)),
        ("spec.nodeSelector.other", ()),
        ("spec.hostname", ()),
        ("spec.schedulerName", ()),
        ("spec.securityContext.runAsUser", ()),
        ("status.phase", ("Running",)),
        ("metadata.name", ("web",)),
        ("metadata.labels.app", ("w",)),
    ],
)
def test_each_form_of_an_object_has_the_same_values(path: str, values: tuple[str, ...]) -> None:
    index = field_index(path)
    for obj in forms(POD, core_v1.Pod):
        assert index(obj) == values
        assert index(obj) == values


def test_a_lazy_object_is_not_decoded() -> None:
    obj = forms(POD, core_v1.Pod)[1]
    assert field_index("spec.nodeName")(obj) == ("n1",)
    assert is_packed(obj)
    assert obj.spec.node_name == "n1"
    assert obj.status.phase == "Running"
    assert field_index("spec.nodeName")(obj) == ("n1",)


def test_an_absent_number_that_is_no_pointer_is_zero_in_a_model() -> None:
    eager, lazy, compressed, *_ = forms({"metadata": {"name": "web"}, "status": {}}, apps_v1.Deployment)
    index = field_index("status.readyReplicas")
    assert index(eager) == index(lazy) == index(compressed) == ("0",)


@pytest.mark.parametrize("path", ["spec.nodename", "spec.node_name", "spec", "spec.containers", "spec.nodeName.x", "x"])
def test_a_path_that_the_class_does_not_have_is_refused_by_the_index(path: str) -> None:
    for obj in forms(POD, core_v1.Pod)[:3]:
        with pytest.raises(ValueError, match="Pod"):
            field_index(path)(obj)


@pytest.mark.parametrize("mode", ["eager", "lazy", "compressed"])
def test_an_informer_refuses_an_index_of_a_field_that_its_class_does_not_have(mode: MemoryMode) -> None:
    informer = SharedInformerFactory(fake.Clientset()).core_v1.pods(mode=mode)
    message = r"^path 'spec.node_name': PodSpec has no field 'node_name'; did you mean 'nodeName'\?$"

    with pytest.raises(ValueError, match=message):
        informer.add_indexers({"node": field_index("spec.node_name")})

    informer.add_indexers({"node": field_index("spec.nodeName"), "own": lambda pod: [pod.metadata.name]})


def test_an_informer_refuses_an_index_of_a_field_that_it_does_not_hold() -> None:
    factory = SharedInformerFactory(fake.Clientset())

    with pytest.raises(ValueError, match="PartialObjectMetadata has no field 'spec'"):
        factory.metadata(core_v1.Pod).add_indexers({"node": field_index("spec.nodeName")})
    with pytest.raises(NotKept, match="status was dropped"):
        factory.core_v1.pods(keep=["spec.nodeName"]).add_indexers({"phase": field_index("status.phase")})

    kind = GroupVersionKind("storage.example.com", "v1", "Backup")
    factory.informer(Unstructured, kind).add_indexers({"any": field_index("spec.any")})


def test_an_informer_by_hand_refuses_it_too() -> None:
    source = rest_list_watch(fake.Clientset().rest, core_v1.Pod)
    with pytest.raises(ValueError, match="did you mean 'nodeName'"):
        SharedInformer(
            source,
            resource=GroupResource("", "pods"),
            indexers={"node": field_index("spec.node_name")},
            expected_type=core_v1.Pod,
        )


def test_shows_its_path() -> None:
    assert repr(field_index("spec.nodeName")) == "field_index('spec.nodeName')"


@pytest.mark.parametrize("path", ["", ".", "spec.", ".spec"])
def test_a_path_has_names(path: str) -> None:
    with pytest.raises(ValueError, match="expected a path of field names"):
        field_index(path)
