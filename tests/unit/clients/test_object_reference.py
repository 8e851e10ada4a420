from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1, core_v1, meta_v1, rbac_v1
from kubeloop.record import reference_to
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time

METADATA = meta_v1.ObjectMeta(name="web", namespace="shop", uid="u1", resource_version="7")
JSON = {
    "apiVersion": "example.com/v1",
    "kind": "Shop",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7"},
}
PARTIAL = meta_v1.PartialObjectMetadata(metadata=METADATA)
REFERENCE = core_v1.ObjectReference(kind="Pod", name="web", field_path="spec")


def expected(api_version: str, kind: str, field_path: str = "") -> core_v1.ObjectReference:
    return core_v1.ObjectReference(
        api_version=api_version,
        kind=kind,
        namespace="shop",
        name="web",
        uid="u1",
        resource_version="7",
        field_path=field_path,
    )


@pytest.mark.parametrize(
    ("obj", "reference"),
    [
        (core_v1.Pod(metadata=METADATA), expected("v1", "Pod")),
        (apps_v1.Deployment(metadata=METADATA), expected("apps/v1", "Deployment")),
        (kubeloop.Unstructured(JSON), expected("example.com/v1", "Shop")),
    ],
    ids=["core", "group", "unstructured"],
)
def test_a_reference_has_the_kind_and_the_identity_of_the_object(obj: Any, reference: core_v1.ObjectReference) -> None:
    assert reference_to(obj) == reference


def test_a_cluster_scoped_or_unsaved_object_has_empty_fields() -> None:
    role = rbac_v1.ClusterRole(metadata=meta_v1.ObjectMeta(name="system:node"))
    assert reference_to(role) == core_v1.ObjectReference(
        api_version="rbac.authorization.k8s.io/v1", kind="ClusterRole", name="system:node"
    )


def test_the_field_path_names_a_part_of_the_object() -> None:
    path = "spec.containers{web}"
    assert reference_to(core_v1.Pod(metadata=METADATA), path) == expected("v1", "Pod", path)


def test_a_reference_is_returned_as_it_is() -> None:
    assert reference_to(REFERENCE) is REFERENCE
    assert reference_to(REFERENCE, "status").to_dict() == {"kind": "Pod", "name": "web", "fieldPath": "status"}
    assert REFERENCE.field_path == "spec"


def test_a_list_has_a_kind_and_a_version_and_no_name() -> None:
    pods = core_v1.PodList(metadata=meta_v1.ListMeta(resource_version="9"))
    assert reference_to(pods).to_dict() == {"apiVersion": "v1", "kind": "PodList", "resourceVersion": "9"}


@pytest.mark.parametrize(
    "kind", [apps_v1.Deployment, kubeloop.GroupVersionKind("apps", "v1", "Deployment")], ids=["class", "gvk"]
)
def test_metadata_are_referred_to_with_the_kind_of_their_object(kind: Any) -> None:
    assert reference_to(PARTIAL, kind=kind) == expected("apps/v1", "Deployment")


def test_metadata_without_a_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="does not contain the kind of its object; pass reference_to"):
        reference_to(PARTIAL)


def test_a_broken_label_does_not_matter() -> None:
    obj = kubeloop.Unstructured({**JSON, "metadata": {"name": "web", "labels": 5, "uid": 6, "namespace": "shop"}})
    assert reference_to(obj).to_dict() == {
        "apiVersion": "example.com/v1", "kind": "Shop", "name": "web", "namespace": "shop",
    }  # fmt: skip


@pytest.mark.parametrize("metadata", [None, [], "text"])
def test_an_unstructured_object_without_metadata_has_no_name(metadata: Any) -> None:
    assert reference_to(kubeloop.Unstructured({"kind": "Shop", "metadata": metadata})).name == ""


def test_an_object_without_a_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the object has no kind: .*web"):
        reference_to(kubeloop.Unstructured({"metadata": {"name": "web"}}))


def test_an_api_version_with_two_slashes_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a group/version, got 'a/b/c'"):
        reference_to(kubeloop.Unstructured({"apiVersion": "a/b/c", "kind": "Shop", "metadata": {"name": "web"}}))


@pytest.mark.parametrize("value", [None, "web", JSON, METADATA, core_v1.Pod])
def test_what_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="expected an object with a kind, an Unstructured or an ObjectReference, got"):
        reference_to(value)


@pytest.mark.parametrize(
    "options",
    [{}, {"mode": "lazy"}, {"mode": "compressed"}, {"keep": ["spec.nodeName"]}],
    ids=["eager", "lazy", "compressed", "kept"],
)
@pytest.mark.parametrize(
    "kind",
    [(core_v1.Pod,), (kubeloop.Unstructured, kubeloop.GroupVersionKind("", "v1", "Pod"))],
    ids=["typed", "dynamic"],
)
@in_virtual_time
async def test_objects_of_informers_are_referred_to(kind: Any, options: dict[str, Any]) -> None:
    client = fake.Clientset(core_v1.Pod(metadata=METADATA))
    factory = kubeloop.SharedInformerFactory(client)
    informer = factory.informer(*kind, **options)
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        (obj,) = informer.lister.list()
        found = reference_to(obj)
    assert (found.kind, found.api_version, found.namespace, found.name, found.uid) == (
        "Pod", "v1", "shop", "web", "u1",
    )  # fmt: skip
