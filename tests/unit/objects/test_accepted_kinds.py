"""The classes of metadata read every object and list, in both formats; no other class reads another kind."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF
from kubeloop.wire.serializers.serializer import Serializer

FORMATS: list[Serializer] = [JSON, PROTOBUF]
META = meta_v1.ObjectMeta(name="a", namespace="x", uid="u", resource_version="7", labels={"app": "web"})
POD = core_v1.Pod(metadata=META, spec=core_v1.PodSpec(node_name="n1", containers=[core_v1.Container(name="main")]))
DEPLOYMENT = apps_v1.Deployment(metadata=META, spec=apps_v1.DeploymentSpec(replicas=3))
EXPECTED = meta_v1.PartialObjectMetadata(metadata=META)


@pytest.mark.parametrize("serializer", FORMATS, ids=["json", "protobuf"])
@pytest.mark.parametrize("obj", [POD, DEPLOYMENT, EXPECTED], ids=["Pod", "Deployment", "metadata"])
def test_metadata_of_any_object_are_read(serializer: Serializer, obj: Any) -> None:
    found = serializer.decode(serializer.encode(obj), meta_v1.PartialObjectMetadata)
    assert found == EXPECTED
    assert serializer.encode(found) == serializer.encode(EXPECTED)


@pytest.mark.parametrize("serializer", FORMATS, ids=["json", "protobuf"])
def test_metadata_of_any_list_are_read(serializer: Serializer) -> None:
    pods = core_v1.PodList(metadata=meta_v1.ListMeta(resource_version="9"), items=[POD])
    found = serializer.decode(serializer.encode(pods), meta_v1.PartialObjectMetadataList)
    assert (found.metadata.resource_version, list(found)) == ("9", [EXPECTED])


@pytest.mark.parametrize("serializer", FORMATS, ids=["json", "protobuf"])
@pytest.mark.parametrize(
    ("obj", "into"),
    [
        (meta_v1.Status(status="Success"), meta_v1.PartialObjectMetadata),
        (POD, meta_v1.PartialObjectMetadataList),
        (EXPECTED, meta_v1.PartialObjectMetadataList),
        (EXPECTED, core_v1.Pod),
        (POD, apps_v1.Deployment),
        (core_v1.PodList(metadata=meta_v1.ListMeta(resource_version="9"), items=[]), core_v1.ServiceList),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else type(each).__name__,
)
def test_any_other_kind_is_refused_with_both_names(serializer: Serializer, obj: Any, into: type[Any]) -> None:
    with pytest.raises(DecodeError, match=rf"expected {into.api_version} {into.kind}, got .* {obj.kind}$"):
        serializer.decode(serializer.encode(obj), into)


@pytest.mark.parametrize("kind", ['"kind":"Pod","apiVersion":"v1",', ""])
def test_a_body_that_has_to_be_repaired_is_read_too(kind: str) -> None:
    body = "{" + kind + '"metadata":{"name":"a","labels":{"app":null}},"spec":7}'
    found = JSON.decode(body.encode(), meta_v1.PartialObjectMetadata)
    assert (found.metadata.name, dict(found.metadata.labels)) == ("a", {"app": ""})


def test_an_object_whose_metadata_cannot_be_read_is_named() -> None:
    body = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"x","uid":"u","labels":7}}'
    with pytest.raises(Unreadable) as caught:
        JSON.decode(body, meta_v1.PartialObjectMetadata)
    assert (caught.value.key, caught.value.uid) == ("x/a", "u")


@pytest.mark.parametrize("kind", ["7", '["PartialObjectMetadata"]', "true"])
def test_a_kind_that_is_no_text_is_another_kind(kind: str) -> None:
    body = f'{{"kind":{kind},"metadata":{{"name":"a"}}}}'
    with pytest.raises(DecodeError, match=r"expected meta.k8s.io/v1 PartialObjectMetadata, got meta.k8s.io/v1 \?"):
        JSON.decode(body.encode(), meta_v1.PartialObjectMetadata)
