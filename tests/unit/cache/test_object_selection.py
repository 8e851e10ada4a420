"""Which objects an informer holds, as a client can tell from an object."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.cache.object_selection import ObjectSelection
from kubeloop.models import autoscaling_v1, core_v1, meta_v1
from kubeloop.unstructured import Unstructured


def pod(**fields: Any) -> core_v1.Pod:
    metadata = meta_v1.ObjectMeta(name="a", namespace="x", labels={"app": "web"})
    return core_v1.Pod(metadata=metadata, **fields)


ON_N1 = pod(spec=core_v1.PodSpec(node_name="n1", containers=[]), status=core_v1.PodStatus(phase="Running"))
NOWHERE = pod(spec=core_v1.PodSpec(containers=[], host_network=True))


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, True),
        ({"namespaces": ["x", "y"]}, True),
        ({"namespaces": ["y"]}, False),
        ({"label_selector": "app=web"}, True),
        ({"label_selector": "app in (db)"}, False),
        ({"label_selector": "!app"}, False),
        ({"field_selector": "metadata.name=a,metadata.namespace=x"}, True),
        ({"field_selector": "metadata.name!=a"}, False),
        ({"field_selector": "metadata.namespace=y"}, False),
        ({"field_selector": "spec.nodeName=n1,status.phase!=Failed"}, True),
        ({"field_selector": "spec.nodeName=n2"}, False),
        ({"field_selector": "status.phase!=Running"}, False),
    ],
)
def test_namespaces_labels_and_fields_decide(selection: dict[str, Any], expected: bool) -> None:
    assert ObjectSelection(**selection)(ON_N1) is expected
    assert ObjectSelection(**selection)(Unstructured(ON_N1.to_dict())) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("spec.nodeName=", True),
        ("spec.nodeName=n1", False),
        ("spec.hostNetwork=true", True),
        ("spec.hostNetwork=false", False),
    ],
)
def test_an_absent_field_is_empty_and_a_flag_is_a_word(fields: str, expected: bool) -> None:
    assert ObjectSelection(field_selector=fields)(NOWHERE) is expected


@pytest.mark.parametrize("fields", ["involvedObject.name=b", "spec.containers=b", "metadata.name.first=b"])
def test_a_field_that_the_object_does_not_show_excludes_nothing(fields: str) -> None:
    assert ObjectSelection(field_selector=fields)(ON_N1)


def test_metadata_alone_show_neither_spec_nor_status() -> None:
    metadata = meta_v1.PartialObjectMetadata(metadata=ON_N1.metadata)
    assert ObjectSelection(field_selector="spec.nodeName=n2")(metadata)
    assert not ObjectSelection(field_selector="metadata.name=b")(metadata)


def test_what_a_subresource_returned_is_an_object_too() -> None:
    scale = autoscaling_v1.Scale(metadata=meta_v1.ObjectMeta(name="a", namespace="x"))
    assert ObjectSelection(["x"])(scale)
    assert not ObjectSelection(["y"])(scale)


def test_an_object_of_the_cluster_is_in_no_namespace() -> None:
    node = core_v1.Node(metadata=meta_v1.ObjectMeta(name="n1"))
    assert ObjectSelection()(node)
    assert not ObjectSelection(["x"])(node)
