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
    assert item.get_in("spec", "names", 1) == "b"
    assert item.get_in("spec", "missing", "deeper", default=7) == 7
    assert item.get_in("spec", "zero", "deeper") is None
    assert "spec" in item
    assert list(item) == list(DATA)


def test_get_reads_a_field_as_a_dict_does_and_get_in_follows_a_path() -> None:
    item = Unstructured(DATA)
    assert item.get("spec") is item["spec"]
    assert (item.get("status"), item.get("status", 7), item.get("kind", default="x")) == (None, 7, "Certificate")
    with pytest.raises(TypeError):
        item.get("spec", "zero", "more")  # type: ignore[call-arg]
    assert item.get_in("spec", "names", -1) == "b"
    assert item.get_in("spec", "names", 2, default="none") == "none"
    assert item.get_in("kind", 0) is None, "text is no list"
    assert item.get_in("spec", 0) is None
    assert item.draft().get_in("spec", "names", 0) == "a"


# --- drafts


def test_the_metadata_of_a_draft_are_typed() -> None:
    item = Unstructured(DATA)
    draft = item.draft()
    draft.metadata.labels["c"] = "d"
    draft.metadata.owner_references.append({"apiVersion": "v1", "kind": "K", "name": "o", "uid": "u"})
    draft["spec"]["zero"] = 1
    assert draft["metadata"]["labels"] == {"a": "b", "c": "d"}
    change = draft.finish()
    owner = {"apiVersion": "v1", "kind": "K", "name": "o", "uid": "u"}
    assert change.merge_patch() == {
        "metadata": {"labels": {"c": "d"}, "ownerReferences": [owner]},
        "spec": {"zero": 1},
    }
    assert change.after.metadata.labels == {"a": "b", "c": "d"}
    assert item == Unstructured(DATA)


def test_metadata_that_are_only_read_change_nothing() -> None:
    metadata = {"name": "c", "labels": None, "creationTimestamp": "2026-01-01T00:00:00.5Z", "future": {"x": [1]}}
    item = Unstructured({"metadata": metadata})
    draft = item.draft()
    assert (draft.metadata.name, len(draft.metadata.labels)) == ("c", 0)
    assert draft.finish().after is item
    draft.metadata.annotations["a"] = "b"
    assert draft.to_dict() == {"metadata": {**metadata, "annotations": {"a": "b"}}}


def test_members_that_the_metadata_model_lacks_survive_an_edit_beside_them() -> None:
    owner = {"apiVersion": "v1", "kind": "K", "name": "o", "uid": "u", "future": 1}
    draft = Unstructured({"metadata": {"ownerReferences": [owner]}}).draft()
    draft.metadata.owner_references[0].controller = True
    assert draft.to_dict()["metadata"]["ownerReferences"] == [{**owner, "controller": True}]


def test_metadata_are_made_and_removed() -> None:
    draft = Unstructured({"kind": "X"}).draft()
    draft.metadata.name = "n"
    assert draft.finish().merge_patch() == {"metadata": {"name": "n"}}
    del draft.metadata.name
    assert draft.to_dict() == {"kind": "X", "metadata": {}}
    draft = Unstructured(DATA).draft()
    del draft.metadata.labels
    assert draft.finish().merge_patch() == {"metadata": {"labels": None}}


def test_both_forms_of_the_metadata_go_together_unless_they_change_the_same_field() -> None:
    draft = Unstructured(DATA).draft()
    draft.metadata.labels["c"] = "d"
    draft["metadata"]["annotations"] = {"x": "y"}
    draft.metadata.finalizers.append("f")
    assert draft.to_dict()["metadata"] == {
        **DATA["metadata"],  # type: ignore[dict-item]
        "labels": {"a": "b", "c": "d"},
        "annotations": {"x": "y"},
        "finalizers": ["f"],
    }
    draft.metadata.labels["e"] = "f"
    assert draft["metadata"]["labels"] == {"a": "b", "c": "d", "e": "f"}
    draft["metadata"]["labels"]["g"] = "h"
    with pytest.raises(ValueError, match=r"ns/c.*metadata\.labels was changed both through"):
        draft.finish()


def test_a_draft_is_a_mapping_of_field_names() -> None:
    draft = Unstructured(DATA).draft()
    assert (draft.api_version, draft.kind, len(draft), "spec" in draft) == ("example.com/v1", "Certificate", 5, True)
    assert draft.pop("data") == {"password": "hunter2"}
    draft.setdefault("status", {})["ready"] = True
    assert (
        dict(draft)
        == draft.to_dict()
        == {
            **{key: value for key, value in DATA.items() if key != "data"},
            "status": {"ready": True},
        }
    )


def test_a_draft_of_ill_typed_metadata_still_has_them_by_field_name() -> None:
    draft = Unstructured({"metadata": {"name": 5}}).draft()
    with pytest.raises(DecodeError, match="ObjectMeta: name: expected str"):
        _ = draft.metadata
    draft["metadata"]["name"] = "n"
    assert draft.metadata.name == "n"


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
    assert (list(listing), len(listing), listing[-1]) == ([*listing.items], 2, listing.items[1])
    assert listing
    assert not UnstructuredList({"kind": "DeploymentList"})
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
