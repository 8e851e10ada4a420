"""Lists of kinds are sequences of their items, and the errors of lists of models explain how to change an object."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from kubeloop.models import core_v1, meta_v1, rbac_v1
from kubeloop.wire.serializers import json_objects


def pods(*names: str) -> core_v1.PodList:
    return core_v1.PodList(items=[core_v1.Pod(metadata=meta_v1.ObjectMeta(name=name)) for name in names])


def test_a_list_is_a_sequence_of_its_items() -> None:
    listing = pods("a", "b", "c")
    assert [pod.metadata.name for pod in listing] == ["a", "b", "c"]
    assert (len(listing), listing[0].metadata.name, listing[-1]) == (3, "a", listing.items[2])
    assert [pod.metadata.name for pod in listing[1:]] == ["b", "c"]
    assert listing.items[1] in listing
    assert [pod.metadata.name for pod in reversed(listing)] == ["c", "b", "a"]
    assert core_v1.PodList(items=listing) == listing


@pytest.mark.parametrize("body", [b'{"items":null', b'{"items":[]', b'{"metadata":{}'])
def test_a_list_without_items_is_false(body: bytes) -> None:
    listing = json_objects.decode_into(body + b',"kind":"PodList","apiVersion":"v1"}', core_v1.PodList)
    assert not listing
    assert list(listing) == []
    assert pods("a")


ABSENT: list[Any] = [
    core_v1.PodSpec().volumes,
    rbac_v1.ClusterRole.from_dict({"rules": None}).rules,
]


@pytest.mark.parametrize("absent", ABSENT)
def test_an_absent_list_refuses_as_a_tuple_and_names_draft(absent: Any) -> None:
    with pytest.raises(AttributeError, match=r"'tuple' object has no attribute 'append': .*use obj\.draft\(\)"):
        absent.append(1)
    with pytest.raises(TypeError, match=r"'tuple' object does not support item assignment: .*use obj\.draft\(\)"):
        absent[0] = 1
    with pytest.raises(TypeError, match=r"'tuple' object does not support item deletion: .*use obj\.draft\(\)"):
        del absent[0]
    assert not hasattr(absent, "append")
    assert (absent, pickle.loads(pickle.dumps(absent)) is absent) == ((), True)


def test_messages_name_the_public_classes_of_absent_fields() -> None:
    with pytest.raises(TypeError, match=r"ObjectMeta\.labels: expected a mapping, got tuple"):
        meta_v1.ObjectMeta(labels=core_v1.PodSpec().volumes)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"PodSpec\.volumes: expected a sequence, got dict"):
        core_v1.PodSpec(volumes=meta_v1.ObjectMeta().labels)  # type: ignore[arg-type]


def test_lists_and_maps_of_a_draft_compare_with_lists_and_dicts() -> None:
    draft = core_v1.Pod().draft()
    assert draft.spec.volumes == []
    assert [] == draft.spec.volumes  # noqa: SIM300 (both directions)
    assert draft.metadata.labels == {}
    draft.metadata.finalizers.append("f")
    assert ["f"] == draft.metadata.finalizers == ("f",)
    with pytest.raises(AttributeError, match="'Lists' object has no attribute 'push'"):
        draft.metadata.finalizers.push("g")  # type: ignore[attr-defined]
