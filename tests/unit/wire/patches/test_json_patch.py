"""JSON patches: operations, paths, indices, limits, and that nothing but the result changes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.wire.patches.json_patch import MAX_COPIED_BYTES, MAX_OPERATIONS, apply_json_patch
from kubeloop.wire.patches.patch_errors import MalformedPatch, PatchTooLarge, UnprocessablePatch


def op(name: str, path: str, **members: Any) -> dict[str, Any]:
    return {"op": name, "path": path, **members}


def test_operations_are_carried_out_in_order() -> None:
    patch = [
        op("test", "/a", value=[1, 2]),
        op("add", "/a/1", value=9),
        op("remove", "/a/0"),
        op("replace", "/b/c", value="new"),
        {"op": "move", "from": "/b/d", "path": "/e"},
        {"op": "copy", "from": "/a", "path": "/f"},
        op("add", "/f/-", value=3),
    ]
    before = {"a": [1, 2], "b": {"c": "old", "d": {"x": 1}}}
    assert apply_json_patch(before, patch) == {"a": [9, 2], "b": {"c": "new"}, "e": {"x": 1}, "f": [9, 2, 3]}


@pytest.mark.parametrize(
    ("index", "result"),
    [("0", [9, 1, 2]), ("2", [1, 2, 9]), ("-", [1, 2, 9]), ("-1", [1, 2, 9]), ("-3", [9, 1, 2]), ("+1", [1, 9, 2])],
)
def test_a_value_is_inserted_before_an_index_and_a_negative_index_counts_from_the_end(index: str, result: Any) -> None:
    assert apply_json_patch({"a": [1, 2]}, [op("add", f"/a/{index}", value=9)]) == {"a": result}


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        ("3", "Unable to access invalid index: 3: invalid index referenced"),
        ("-4", "Unable to access invalid index: -4: invalid index referenced"),
        ("x", "value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax"),
        ("9" * 5000, "value out of range"),
    ],
)
def test_an_index_outside_the_list_and_a_text_that_is_no_index_are_refused(index: str, reason: str) -> None:
    with pytest.raises(UnprocessablePatch) as caught:
        apply_json_patch({"a": [1, 2]}, [op("add", f"/a/{index}", value=9)])
    assert str(caught.value).startswith(f"error in add for path: '/a/{index}': ")
    assert reason in str(caught.value)


def test_an_index_with_many_zeros_is_an_index() -> None:
    assert apply_json_patch([1], [op("remove", f"/{'0' * 5000}")]) == []


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (op("remove", "/x"), "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value"),
        (op("add", "/x/y", value=1), 'add operation does not apply: doc is missing path: "/x/y": missing value'),
        (op("add", "", value=1), 'add operation does not apply: doc is missing path: "": missing value'),
        (op("test", "/a", value=2), "testing value /a failed: test failed"),
        (op("replace", "/l/5", value=1), "replace operation does not apply: doc is missing key: /l/5: missing value"),
        ({"op": "move", "from": "/x", "path": "/y"},
         "error in move for path: 'x': Unable to remove nonexistent key: x: missing value"),
        ({"op": "move", "from": "/o", "path": "/o/p"},
         "move operation does not apply: doc is missing destination path: /o/p: missing value"),
        ({"op": "copy", "path": "/y"},
         "copy operation failed to decode from: operation, missing from field: missing value"),
        ({"op": "add", "value": 1}, "add operation failed to decode path: missing value"),
        ({"op": "test", "path": 1},
         "test operation failed to decode path: json: cannot unmarshal number into Go value of type string"),
        (op("Add", "/a", value=1), "Unexpected kind: Add"),
        ({"path": "/a"}, "Unexpected kind: unknown"),
    ],
)  # fmt: skip
def test_an_operation_that_does_not_apply_is_refused_in_the_words_of_json_patch(operation: Any, text: str) -> None:
    with pytest.raises(UnprocessablePatch) as caught:
        apply_json_patch({"a": 1, "l": [], "o": {}}, [operation])
    assert str(caught.value) == text
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")


def test_members_that_are_absent_are_replaced_copied_and_tested_as_null() -> None:
    patch = [
        op("replace", "/x", value=1),
        {"op": "copy", "from": "/y", "path": "/z"},
        op("test", "/y"),
        op("test", "/y", value=None),
    ]
    assert apply_json_patch({}, patch) == {"x": 1, "z": None}


@pytest.mark.parametrize(("before", "value"), [(1, 1.0), (1, True), (0, False), ("1", 1), ([1], [True]), ({}, [])])
def test_values_of_different_types_are_not_the_same(before: Any, value: Any) -> None:
    with pytest.raises(UnprocessablePatch):
        apply_json_patch({"a": before}, [op("test", "/a", value=value)])


def test_slashes_and_tildes_are_escaped_in_paths() -> None:
    assert apply_json_patch({"a/b": 1, "m~n": 2, "~1": 3}, [op("remove", "/a~1b"), op("remove", "/m~0n")]) == {"~1": 3}
    assert apply_json_patch({"~1": 3}, [op("remove", "/~01")]) == {}


def test_a_copy_is_independent_of_its_source() -> None:
    patch = [
        op("add", "/a/x", value=1),
        {"op": "copy", "from": "/a", "path": "/b"},
        op("add", "/a/inner/y", value=2),
        op("add", "/b/inner/z", value=3),
    ]
    assert apply_json_patch({"a": {"inner": {}}}, patch) == {
        "a": {"inner": {"y": 2}, "x": 1},
        "b": {"inner": {"z": 3}, "x": 1},
    }


@pytest.mark.parametrize("value", [{"a": 1}, [1]])
def test_the_whole_document_is_replaced_by_an_object_or_a_list(value: Any) -> None:
    patch = [op("replace", "", value=value), op("test", "", value=value)]
    assert apply_json_patch({"old": 1}, patch) == value


@pytest.mark.parametrize("value", [1, None, "x"])
def test_the_whole_document_is_not_replaced_by_a_scalar(value: Any) -> None:
    with pytest.raises(UnprocessablePatch, match="replace operation value must be object or array"):
        apply_json_patch({}, [op("replace", "", value=value)])


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        ({}, "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        ("x", "json: cannot unmarshal string into Go value of type jsonpatch.Patch"),
        (1, "json: cannot unmarshal number into Go value of type jsonpatch.Patch"),
        ([True], "json: cannot unmarshal bool into Go value of type jsonpatch.Operation"),
        ([[]], "json: cannot unmarshal array into Go value of type jsonpatch.Operation"),
    ],
)
def test_a_patch_that_is_no_list_of_objects_is_malformed(patch: Any, text: str) -> None:
    with pytest.raises(MalformedPatch) as caught:
        apply_json_patch({}, patch)
    assert str(caught.value) == text
    assert caught.value.code == 400


def test_null_is_a_patch_without_operations() -> None:
    assert apply_json_patch({"a": 1}, None) == {"a": 1}


def test_a_patch_has_at_most_ten_thousand_operations() -> None:
    operations = [op("add", "/a", value=1)] * MAX_OPERATIONS
    assert apply_json_patch({}, operations) == {"a": 1}
    with pytest.raises(PatchTooLarge, match="maximum operations in a JSON patch is 10000, got 10001") as caught:
        apply_json_patch({}, [*operations, op("remove", "/a")])
    assert caught.value.code == 413


def test_copies_add_three_mebibytes_at_most() -> None:
    size = MAX_COPIED_BYTES // 1000 - 2  # a text of this size in quotes a thousand times is within the limit
    copies = [{"op": "copy", "from": "/a", "path": "/b"}] * 1000
    assert apply_json_patch({"a": "x" * size}, copies)["b"] == "x" * size
    with pytest.raises(UnprocessablePatch, match="increase of copy is 3146000, exceeding the limit"):
        apply_json_patch({"a": "x" * (size + 1)}, copies)


def test_copies_that_nest_a_document_ever_more_deeply_are_refused() -> None:
    copies = [{"op": "copy", "from": "/a", "path": "/a/a"}] * 1000
    with pytest.raises(MalformedPatch, match="nested"):
        apply_json_patch({"a": {}}, copies)


def test_moves_that_nest_a_document_too_deeply_are_refused() -> None:
    moves: list[Any] = []
    for n in range(300):
        moves.append(op("add", f"/x{n}", value={}))
        moves.append({"op": "move", "from": "/a", "path": f"/x{n}/a"})
        moves.append({"op": "move", "from": f"/x{n}", "path": "/a"})
    with pytest.raises(MalformedPatch, match="nested"):
        apply_json_patch({"a": {}}, moves)


def test_parts_that_no_operation_changes_are_shared() -> None:
    before = {"a": {"b": 1}, "c": [1, 2]}
    after = apply_json_patch(before, [op("add", "/a/x", value=1)])
    assert after["c"] is before["c"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)
PATHS = st.lists(st.sampled_from(["a", "b", "0", "1", "-", "-1"]), min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)
OPERATIONS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
        "path": PATHS,
        "from": PATHS,
        "value": JSON,
    }
)


@given(st.dictionaries(st.sampled_from("ab"), JSON), st.lists(OPERATIONS, max_size=6))
def test_neither_the_document_nor_the_patch_is_changed(document: Any, operations: Any) -> None:
    kept = copy.deepcopy((document, operations))
    done: list[Any] = []
    for operation in operations:
        try:
            apply_json_patch(document, [*done, operation])
        except UnprocessablePatch:
            continue
        done.append(operation)
    assert (document, operations) == kept
    step_by_step = document
    for operation in done:
        step_by_step = apply_json_patch(step_by_step, [operation])
    assert apply_json_patch(document, done) == step_by_step
