"""`diff` of any two JSON objects: empty exactly for the same content, symmetric in its places, and free of secrets."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import kubeloop
from kubeloop.models import core_v1
from kubeloop.objects.equality import same

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b", "a\nb"])
NAMES = st.sampled_from(["a", "b", "name", "type", "key", "x/y"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
CONTAINERS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abc"), "image": st.sampled_from("xy")}), max_size=3
)
SECRETS = st.dictionaries(st.sampled_from("abc"), st.binary(min_size=8, max_size=12), max_size=3)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


@given(OBJECTS, OBJECTS)
def test_there_are_differences_exactly_between_different_objects(old: Any, new: Any) -> None:
    found = kubeloop.diff(old, new, ignore=())
    assert bool(found) is not same(without_nulls(old), without_nulls(new))
    assert len(str(found).split("\n")) == max(1, len(found))
    assert len(set(found.paths)) == len(found) or any("[" in path for path in found.paths)


@given(OBJECTS, OBJECTS)
def test_what_was_added_one_way_is_removed_the_other_way(old: Any, new: Any) -> None:
    there, back = kubeloop.diff(old, new), kubeloop.diff(new, old)
    assert bool(there) is bool(back)
    for kind, other in (("added", "removed"), ("removed", "added")):
        plain = [each.path for each in there if each.kind == kind and "[" not in each.path]
        assert sorted(plain) == sorted(each.path for each in back if each.kind == other and "[" not in each.path)


@given(CONTAINERS, CONTAINERS)
def test_typed_and_untyped_forms_have_the_same_differences(old: Any, new: Any) -> None:
    def pod(containers: Any) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": containers}}

    data = kubeloop.diff(pod(old), pod(new))
    assert kubeloop.diff(kubeloop.Unstructured(pod(old)), pod(new)) == data
    models = [core_v1.Pod.from_dict(pod(each)) for each in (old, new)]
    if old and new:  # an empty list of a model is absent
        assert {each.path for each in kubeloop.diff(*models)} == set(data.paths)


@given(SECRETS, SECRETS)
def test_no_secret_is_part_of_the_result(old: dict[str, bytes], new: dict[str, bytes]) -> None:
    before, after = core_v1.Secret(data=old), core_v1.Secret(data=new)
    found = kubeloop.diff(before, kubeloop.Unstructured(after.to_dict()))
    assert bool(found) is (old != new)
    written = {text for obj in (before, after) for text in obj.to_dict().get("data", {}).values()}
    assert not any(text in repr(list(found)) for text in written)
