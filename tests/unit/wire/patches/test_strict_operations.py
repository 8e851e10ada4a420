"""The check of JSON patches for unknown members and members of a wrong type."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.wire.patches.patch_errors import MalformedPatch
from kubeloop.wire.patches.strict_operations import unknown_fields


def test_unknown_members_are_named_with_the_place_of_their_operation() -> None:
    operations = [{"op": "add", "path": "/a", "value": {"x": 1}}, None, {"op": "test", "Path": "/b", "extra": 1}]
    assert unknown_fields(operations) == ['unknown field "[2].Path"', 'unknown field "[2].extra"']


def test_null_is_a_patch_and_a_member_may_be_null() -> None:
    assert unknown_fields(None) == []
    assert unknown_fields([{"op": None, "path": None, "from": None, "value": None}]) == []


def test_a_hundred_faults_are_reported_at_most() -> None:
    assert len(unknown_fields([{f"x{n}": n for n in range(120)}])) == 100


@pytest.mark.parametrize(
    ("operations", "text"),
    [
        ({}, "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        ([1], "json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        ([{"op": 1}], "json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"),
        ([{"path": []}], "json: cannot unmarshal array into Go struct field jsonPatchOp.path of type string"),
        ([{"from": True}], "json: cannot unmarshal bool into Go struct field jsonPatchOp.from of type string"),
    ],
)
def test_a_member_of_a_wrong_type_is_malformed(operations: Any, text: str) -> None:
    with pytest.raises(MalformedPatch) as caught:
        unknown_fields(operations)
    assert str(caught.value) == text
