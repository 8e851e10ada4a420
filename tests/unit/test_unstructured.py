"""Objects without a model, and the look-up of classes by kind."""

from __future__ import annotations

import copy
import pickle
import sys
import types

import pytest

from kubeloop import Scheme, Unstructured, UnstructuredList
from kubeloop.errors import DecodeError
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.objects.model import Kind

DATA = {
    "apiVersion": "example.com/v1",
    "kind": "Certificate",
    "metadata": {"name": "c", "namespace": "ns", "uid": "u", "labels": {"a": "b"}},
    "spec": {"names": ["a", "b"], "nothing": None, "zero": 0},
    "data": {"password": "hunter2"},
}


def test_it_reads_kind_metadata_and_paths() -> None:
    item = Unstructured(DATA)
    assert (item.api_version, item.kind, item["spec"]["zero"]) == ("example.com/v1", "Certificate", 0)
    assert isinstance(item.metadata, meta_v1.ObjectMeta)
    assert item.metadata is item.metadata
    assert (item.metadata.name, item.metadata.labels) == ("c", {"a": "b"})
    assert item.get("spec", "names", 1) == "b"
    assert item.get("spec", "missing", "deeper", default=7) == 7
    assert item.get("spec", "zero", "deeper") is None
    assert "spec" in item


def test_it_keeps_nulls_zeros_and_everything_else() -> None:
    assert Unstructured(DATA).to_dict() == DATA
    assert Unstructured.from_yaml(Unstructured(DATA).to_yaml()).to_dict() == DATA


def test_it_is_a_value_of_its_own() -> None:
    source = copy.deepcopy(DATA)
    item = Unstructured(source)
    source["kind"] = "Other"
    item.to_dict()["kind"] = "Third"
    assert item.kind == "Certificate"
    assert item == Unstructured(DATA)
    assert hash(item) == hash(Unstructured(DATA))
    assert item != Unstructured({**DATA, "kind": "Other"})
    assert copy.deepcopy(item) is item
    assert pickle.loads(pickle.dumps(item)) == item


def test_its_repr_names_it_and_shows_no_contents() -> None:
    assert repr(Unstructured(DATA)) == "<Unstructured example.com/v1 Certificate ns/c>"
    assert repr(Unstructured({})) == "<Unstructured of no kind>"
    assert repr(Unstructured(DATA).draft()) == "<draft of <Unstructured example.com/v1 Certificate ns/c>>"


def test_metadata_that_are_none_read_as_empty_and_ill_typed_ones_as_an_error() -> None:
    assert Unstructured({"kind": "X"}).metadata.name == ""
    with pytest.raises(DecodeError, match="ObjectMeta: name: expected str"):
        _ = Unstructured({"metadata": {"name": 5}}).metadata


def test_text_that_is_no_object_is_refused() -> None:
    with pytest.raises(DecodeError, match="expected an object, got list"):
        Unstructured.from_yaml("- a\n- b\n")


def test_items_of_a_list_take_the_lists_kind() -> None:
    listing = UnstructuredList(
        {
            "apiVersion": "apps/v1",
            "kind": "DeploymentList",
            "metadata": {"resourceVersion": "5"},
            "items": [{"metadata": {"name": "a"}}, DATA],
        }
    )
    assert listing.metadata.resource_version == "5"
    assert [(item.api_version, item.kind) for item in listing.items] == [
        ("apps/v1", "Deployment"),
        ("example.com/v1", "Certificate"),
    ]
    assert repr(listing) == "<UnstructuredList apps/v1 DeploymentList of 2>"
    assert listing.to_dict()["items"][1] == DATA


# --- Scheme


class Widget(Kind, api_version="example.com/v1", kind="Widget", resource="widgets", namespaced=True):
    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    size: int = 0


def test_built_in_kinds_are_found_by_name() -> None:
    assert Scheme().lookup("v1", "Pod") is core_v1.Pod
    assert Scheme().lookup("apps/v1", "DeploymentList") is apps_v1.DeploymentList
    assert Scheme().lookup("apps/v1", "Pod") is None


def test_given_classes_and_modules_are_found_and_win() -> None:
    module = types.ModuleType("custom")
    sys.modules["custom"] = module
    try:
        exec(
            "from kubeloop.objects.model import Kind\nclass Pod(Kind, api_version='v1', kind='Pod'): pass", vars(module)
        )
        scheme = Scheme(Widget, module)
        assert scheme.lookup("example.com/v1", "Widget") is Widget
        assert scheme.lookup("v1", "Pod") is module.Pod
        assert repr(scheme) == "Scheme(Pod, Widget)"
        assert Scheme().lookup("v1", "Pod") is core_v1.Pod
    finally:
        del sys.modules["custom"]


@pytest.mark.parametrize("wrong", [meta_v1.ObjectMeta, "Pod", types.ModuleType("empty")])
def test_what_is_no_kind_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        Scheme(wrong)  # type: ignore[arg-type]
