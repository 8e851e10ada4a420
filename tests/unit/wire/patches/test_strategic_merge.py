"""Strategic merge patches: merged lists, directives, and what is refused. The golden tests compare with Go."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubeloop.wire.patches.merge_rules import MergeRules, rules_for
from kubeloop.wire.patches.patch_errors import MalformedPatch, PatchFailed, UnprocessablePatch
from kubeloop.wire.patches.strategic_merge import apply_strategic_patch


def rules(api_version: str = "v1", kind: str = "Pod") -> MergeRules:
    found = rules_for(api_version, kind)
    assert found is not None
    return found


def merged(before: Any, patch: Any, kind: MergeRules | None = None) -> Any:
    kept = copy.deepcopy((before, patch))
    result = apply_strategic_patch(before, patch, kind or rules())
    assert (before, patch) == kept
    return result


def containers(*items: Any) -> Any:
    return {"spec": {"containers": [{"name": each} if isinstance(each, str) else each for each in items]}}


def names(document: Any) -> list[str]:
    return [each["name"] for each in document["spec"]["containers"]]


def finalizers(*items: Any, **others: Any) -> Any:
    return {"metadata": {"finalizers": list(items), **others}}


def test_items_are_merged_by_their_key_and_new_ones_come_first() -> None:
    before = containers({"name": "a", "image": "old", "tty": True}, "b")
    patch = containers({"name": "c"}, {"name": "a", "image": "new"})
    assert merged(before, patch) == containers({"name": "c"}, {"name": "a", "image": "new", "tty": True}, "b")


def test_an_item_is_deleted_and_a_list_replaced() -> None:
    before = containers("a", "b", "c")
    assert names(merged(before, containers({"name": "b", "$patch": "delete"}))) == ["a", "c"]
    assert names(merged(before, containers({"$patch": "replace"}, "x"))) == ["x"]
    assert names(merged(before, containers({"$patch": "replace"}))) == []


def test_an_object_is_replaced_or_emptied() -> None:
    before = {"spec": {"nodeName": "n", "hostname": "h"}}
    assert merged(before, {"spec": {"$patch": "replace", "hostname": "x"}}) == {"spec": {"hostname": "x"}}
    assert merged(before, {"spec": {"$patch": "delete"}}) == {"spec": {}}


def test_null_deletes_a_field_and_is_not_set_in_a_new_object() -> None:
    before = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    patch = {"metadata": {"labels": {"a": None}, "annotations": {"c": None, "d": "3"}}}
    assert merged(before, patch) == {"metadata": {"labels": {"b": "2"}, "annotations": {"d": "3"}}}


def test_lists_without_a_strategy_are_replaced() -> None:
    before = {"spec": {"tolerations": [{"key": "a"}, {"key": "b"}]}}
    assert merged(before, {"spec": {"tolerations": [{"key": "c"}]}}) == {"spec": {"tolerations": [{"key": "c"}]}}


def test_scalars_are_merged_and_deleted() -> None:
    before = finalizers("a", "b")
    assert merged(before, finalizers("c", "b")) == finalizers("c", "a", "b")
    assert merged(before, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a", "x"]}}) == finalizers("b")


def test_the_order_of_a_list_is_set() -> None:
    before = containers("a", "b", "c")
    order = [{"name": "c"}, {"name": "x"}, {"name": "a"}]
    patch = {"spec": {"$setElementOrder/containers": order, "containers": [{"name": "x"}]}}
    assert names(merged(before, patch)) == ["b", "c", "x", "a"]
    assert merged(finalizers("a", "b"), {"metadata": {"$setElementOrder/finalizers": ["b", "a"]}}) == finalizers(
        "b", "a"
    )


def test_an_added_item_takes_the_place_of_a_deleted_one() -> None:
    changes = [{"name": "d", "$patch": "delete"}, {"name": "x"}]
    patch = {"spec": {"$setElementOrder/containers": [{"name": "a"}, {"name": "x"}], "containers": changes}}
    assert names(merged(containers("a", "b", "d"), patch)) == ["a", "b", "x"]


def test_only_retained_keys_remain() -> None:
    before = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert merged(before, patch, rules("apps/v1", "Deployment")) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_an_object_with_the_strategy_replace_is_replaced() -> None:
    before = {"spec": {"selector": {"matchLabels": {"a": "b"}}}}
    patch = {"spec": {"selector": {"matchLabels": {"c": "d"}}}}
    assert merged(before, patch, rules("policy/v1", "PodDisruptionBudget")) == patch


def test_numbers_of_different_types_are_different_keys() -> None:
    before = {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}}
    patch = {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80.0}, {"containerPort": True}]}]}}
    ports = merged(before, patch)["spec"]["containers"][0]["ports"]
    assert [(type(each["containerPort"]), each["containerPort"]) for each in ports] == [
        (float, 80),
        (bool, 1),
        (int, 80),
    ]


def test_null_is_a_patch_without_changes() -> None:
    assert merged(containers("a"), None) == containers("a")


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        ([], "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (1.5, "json: cannot unmarshal number into Go value of type map[string]interface {}"),
        ({"metadata": {"$deleteFromPrimitiveList": ["a"]}}, "invalid patch format of primitive list"),
        ({"metadata": {"$setElementOrderX/finalizers": ["a"]}}, "invalid patch format of setElementOrder list"),
        ({"metadata": {"$retainKeys": "a"}}, "invalid patch format of retainKeys"),
        ({"metadata": {"$retainKeys": [], "name": "b"}}, "invalid patch format of retainKeys"),
    ],
)
def test_malformed_patches_are_bad_requests(patch: Any, text: str) -> None:
    with pytest.raises(MalformedPatch) as caught:
        merged(finalizers("a", labels={}), patch)
    assert str(caught.value) == text
    assert (caught.value.code, caught.value.reason, caught.value.status_message) == (400, "BadRequest", text)


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        (containers({"image": "x"}), "map: map[image:x] does not contain declared merge key: name"),
        (containers({"$patch": "delete"}), "map: map[$patch:delete] does not contain declared merge key: name"),
        (containers({"$patch": "merge"}), "merging lists cannot yet be specified in the patch"),
        (containers({"$patch": 1}), "unknown patch type: %!s(int64=1) in map: map[$patch:1]"),
        ({"spec": {"$patch": "x"}}, "unknown patch type: x in map: map[$patch:x]"),
        (containers(1), "list element types are not identical: [[map[name:a]] [1]]"),
        (containers({"name": []}), "expected a scalar, got a list"),
        ({"spec": {"$setElementOrder/containers": [{"name": "b"}], "containers": [{"name": "a"}]}},
         "The order in patch list:\n[map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n"),
        ({"spec": {"$setElementOrder/containers": "a"}}, "expected a []interface {}, but received a string"),
        ({"spec": {"$setElementOrder/containers": [1]}}, "value for key 0 is not a map"),
        ({"spec": {"$setElementOrder/x": []}}, 'unable to find api field in struct PodSpec for the json field "x"'),
    ],
)  # fmt: skip
def test_a_patch_that_the_rules_cannot_merge_fails(patch: Any, text: str) -> None:
    with pytest.raises(PatchFailed) as caught:
        merged(containers("a"), patch)
    assert str(caught.value) == text
    assert (caught.value.code, caught.value.reason) == (500, "")


def test_lists_of_lists_are_not_merged() -> None:
    with pytest.raises(UnprocessablePatch, match="lists of lists are not supported"):
        merged({"spec": {"containers": []}}, {"spec": {"containers": [[]]}})


def test_a_deep_patch_is_malformed() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(MalformedPatch, match="nested"):
        apply_strategic_patch({}, deep, rules())


def test_the_deepest_patch_is_merged() -> None:
    schema, change = {"type": "object"}, {"type": "string"}
    for _ in range(195):
        schema, change = {"not": schema}, {"not": change}  # type: ignore[dict-item]  # grows inwards
    before = {"spec": {"validation": {"openAPIV3Schema": schema}}}
    patch = {"spec": {"validation": {"openAPIV3Schema": change}}}
    result = merged(before, patch, rules("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"))
    assert result == patch


def test_a_list_of_many_items_is_merged_in_linear_time() -> None:
    many = 20_000
    before = containers(*(str(n) for n in range(many)))
    patch = containers(*({"name": str(n), "tty": True} for n in reversed(range(many))))
    patch["spec"]["$setElementOrder/containers"] = [{"name": str(n)} for n in reversed(range(many))]
    result = apply_strategic_patch(before, patch, rules())
    assert names(result) == [str(n) for n in reversed(range(many))]
