"""Two-way strategic merge patches: what they contain, and that applying them leads to the modified document."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.wire.patches.merge_rules import MergeRules, rules_for
from kubeloop.wire.patches.patch_errors import MalformedPatch, PatchFailed
from kubeloop.wire.patches.strategic_diff import two_way_patch
from kubeloop.wire.patches.strategic_merge import apply_strategic_patch


def rules(api_version: str = "v1", kind: str = "Pod") -> MergeRules:
    found = rules_for(api_version, kind)
    assert found is not None
    return found


def spec(**fields: Any) -> Any:
    return {"spec": fields}


def test_changed_items_are_named_by_their_keys_and_the_order_is_set() -> None:
    before = spec(containers=[{"name": "a", "image": "x", "tty": True}, {"name": "b"}])
    after = spec(containers=[{"name": "c"}, {"name": "a", "image": "y", "tty": True}])
    assert two_way_patch(before, after, rules()) == spec(
        **{
            "containers": [{"name": "c"}, {"name": "a", "image": "y"}, {"name": "b", "$patch": "delete"}],
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
        }
    )


def test_a_list_of_scalars_that_only_becomes_sorted_has_no_patch_as_in_go() -> None:
    before, after = {"metadata": {"finalizers": ["b", "a"]}}, {"metadata": {"finalizers": ["a", "b"]}}
    assert two_way_patch(before, after, rules()) == {}
    assert two_way_patch(after, before, rules()) == {"metadata": {"$setElementOrder/finalizers": ["b", "a"]}}


def test_scalars_that_are_gone_are_deleted() -> None:
    before, after = {"metadata": {"finalizers": ["a", "b"]}}, {"metadata": {"finalizers": ["b", "c"]}}
    assert two_way_patch(before, after, rules()) == {
        "metadata": {
            "finalizers": ["c"],
            "$deleteFromPrimitiveList/finalizers": ["a"],
            "$setElementOrder/finalizers": ["b", "c"],
        }
    }


def test_equal_documents_need_no_patch() -> None:
    assert (
        two_way_patch(spec(nodeName="a", tolerations=[{"x": 1}]), spec(nodeName="a", tolerations=[{"x": 1}]), rules())
        == {}
    )


def test_members_that_are_gone_become_null() -> None:
    assert two_way_patch({"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {}}}, rules()) == {
        "metadata": {"labels": {"a": None}}
    }


def test_the_fields_that_remain_are_named_where_the_type_asks_for_it() -> None:
    before = spec(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}})
    after = spec(strategy={"type": "Recreate"})
    assert two_way_patch(before, after, rules("apps/v1", "Deployment")) == spec(
        strategy={"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": None}
    )


def test_unknown_fields_are_compared_and_cannot_be_merged() -> None:
    assert two_way_patch({"x": {"a": 1}}, {"x": {"a": 1}}, rules()) == {}
    with pytest.raises(PatchFailed, match="unable to find api field"):
        two_way_patch({"x": {"a": 1}}, {"x": {"a": 2}}, rules())


def test_a_deep_document_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(MalformedPatch):
        two_way_patch(deep, {}, rules())


TEXTS = st.sampled_from(["a", "b", "c", "d"])
LABELS = st.dictionaries(TEXTS, TEXTS)


def by_key(key: str, keys: st.SearchStrategy[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    items = st.fixed_dictionaries({key: keys}, optional=fields)
    return st.lists(items, unique_by=lambda item: item[key], max_size=4)


CONTAINERS = by_key(
    "name", TEXTS, image=TEXTS, args=st.lists(TEXTS), env=by_key("name", TEXTS, value=TEXTS),
    ports=by_key("containerPort", st.integers(1, 4), name=TEXTS),
)  # fmt: skip
PODS = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {}, optional={"labels": LABELS, "finalizers": st.lists(TEXTS, unique=True), "name": TEXTS}
        ),
        "spec": st.fixed_dictionaries(
            {},
            optional={
                "containers": CONTAINERS,
                "volumes": by_key(
                    "name", TEXTS, emptyDir=st.just({"medium": "x"}), secret=st.just({"secretName": "y"})
                ),
                "tolerations": st.lists(st.fixed_dictionaries({"key": TEXTS})),
                "nodeName": TEXTS,
            },
        ),
    }
)


@given(PODS, PODS)
def test_applying_the_patch_results_in_the_modified_document(before: Any, after: Any) -> None:
    kept = copy.deepcopy((before, after))
    patch = two_way_patch(before, after, rules())
    result = apply_strategic_patch(before, patch, rules())
    if "finalizers" in after["metadata"] and after["metadata"]["finalizers"] == sorted(after["metadata"]["finalizers"]):
        result["metadata"]["finalizers"].sort()
    assert result == after
    assert (before, after) == kept
