"""How the ownership of fields moves from client-side to server-side apply; the cases of client-go's csaupgrade."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.clients.manifests.managed_fields_upgrade import LAST_APPLIED, migration_patch, owners

OLD = "kubectl-client-side-apply"
ANNOTATION = {"f:annotations": {".": {}, f"f:{LAST_APPLIED}": {}}}


def entry(manager: str, operation: str, fields: Any = None, *, version: str = "v1", **more: Any) -> dict[str, Any]:
    found = {"f:metadata": ANNOTATION} if fields is None else fields
    return {"manager": manager, "operation": operation, "apiVersion": version, "fieldsV1": found, **more}


def moved(*entries: dict[str, Any], managers: tuple[str, ...] = (OLD,)) -> Any:
    """Return the managed fields after the move to `me`; None if there is nothing to move."""
    patch = migration_patch({"managedFields": list(entries), "resourceVersion": "7"}, managers, "me")
    if patch is None:
        return None
    assert patch[1] == {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}
    assert (patch[0]["op"], patch[0]["path"]) == ("replace", "/metadata/managedFields")
    return patch[0]["value"]


def test_owners_of_the_annotation_are_those_whose_entries_contain_it() -> None:
    entries = [
        entry("a", "Update"),
        entry("a", "Update", subresource="status"),
        entry("b", "Apply"),
        entry("c", "Update", {"f:metadata": {"f:annotations": {".": {}}}}),
        entry("d", "Update", {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED}": {"f:x": {}}}}}),
        entry("e", "Update", {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED}": {".": {}, "f:x": {}}}}}),
        entry("f", "Update", "no set"),
        entry("g", "Update", {"f:metadata": 3}),
    ]
    assert owners(entries, "Update") == ["a", "e"]
    assert owners(entries, "Apply") == ["b"]


def test_a_manager_of_client_side_apply_becomes_that_of_server_side_apply() -> None:
    assert moved(entry(OLD, "Update", time="t")) == [entry("me", "Apply", time="t")]


def test_fields_are_united_with_those_of_the_manager_of_server_side_apply() -> None:
    ours = entry("me", "Apply", {"f:data": {"f:b": {}, "f:deep": {}}, "f:x": {"f:y": {}}})
    old = entry(OLD, "Update", {"f:data": {".": {}, "f:a": {}, "f:deep": {"f:z": {}}}, "f:x": {}})
    other = entry("other", "Update", {"f:data": {"f:c": {}}})
    united = {
        "f:data": {".": {}, "f:a": {}, "f:b": {}, "f:deep": {".": {}, "f:z": {}}},
        "f:x": {".": {}, "f:y": {}},
    }
    assert moved(old, other, ours) == [other, entry("me", "Apply", united)]


def test_entries_of_another_version_are_dropped_and_not_united() -> None:
    ours = entry("me", "Apply", {"f:data": {"f:b": {}}}, version="v2")
    assert moved(ours, entry(OLD, "Update", {"f:data": {"f:a": {}}})) == [ours]


def test_the_newest_of_several_entries_becomes_that_of_server_side_apply() -> None:
    entries = [entry(OLD, "Update", version="v2"), entry(OLD, "Update", version="v1")]
    assert moved(*entries) == [entry("me", "Apply", version="v2")]


def test_several_managers_are_moved() -> None:
    one, other = {"f:data": {"f:a": {}}}, {"f:data": {"f:b": {}}}
    united = {"f:data": {"f:a": {}, "f:b": {}}}
    assert moved(entry("a", "Update", one), entry("b", "Update", other), managers=("a", "b")) == [
        entry("me", "Apply", united)
    ]


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [entry("me", "Apply")],
        [entry("other", "Update"), entry("me", "Apply")],
        [entry(OLD, "Update", subresource="status")],
        [entry(OLD, "Apply")],
    ],
)
def test_without_an_entry_of_client_side_apply_there_is_nothing_to_move(entries: list[dict[str, Any]]) -> None:
    assert moved(*entries) is None


def test_a_field_set_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match="field set"):
        moved(entry("me", "Apply", "no set"), entry(OLD, "Update"))
