"""Patches between two JSON values, and the alignment of lists that typed patches share.

What lives here: RFC 7386 and RFC 6902 patches of plain data (objects without a model, free-form fields). The patches of
models, which know what absent means, are in `_model_diff`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from kubeloop.objects.equality import same
from kubeloop.objects.json.encode import dumps
from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["NAMES", "Ops", "data_merge", "data_ops", "escape", "has_null", "list_ops", "merge_loses", "remove"]

Ops = list[dict[str, Any]]


def escape(key: str) -> str:
    """Write a key as a JSON-pointer token."""
    return key.replace("~", "~0").replace("/", "~1")


def data_merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Give the merge patch of two JSON objects."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if key in old and same(before, value):
            continue
        patch[key] = data_merge(before, value) if is_dict(before) and is_dict(value) else value
    return patch


def merge_loses(old: Any, new: Any) -> bool:
    """Say if a merge patch would rewrite a list of objects, or cannot say a null."""
    if same(old, new):
        return False
    if is_dict(old) and is_dict(new):
        fresh = any(has_null(new[key]) for key in new if key not in old)
        return fresh or any(merge_loses(old[key], new[key]) for key in new if key in old)
    if is_list(old) and any(map(is_dict, old)):
        return True
    return has_null(new)


def has_null(value: Any) -> bool:
    """Return whether a null is anywhere in a JSON value, which servers leave out of what a merge patch adds."""
    if is_dict(value):
        return any(map(has_null, value.values()))
    return value is None or (is_list(value) and any(map(has_null, value)))


def data_ops(old: Any, new: Any, path: str, ops: Ops, *, test: bool) -> None:
    """Add the JSON-patch operations that make `new` of `old` at a path."""
    if same(old, new):
        return
    if is_dict(old) and is_dict(new):
        for key in old:
            if key not in new:
                remove(ops, f"{path}/{escape(key)}", old[key], test=test and not isinstance(old[key], (dict, list)))
        for key, value in new.items():
            at = f"{path}/{escape(key)}"
            if key in old:
                data_ops(old[key], value, at, ops, test=test)
            else:
                ops.append({"op": "add", "path": at, "value": value})
    elif is_list(old) and is_list(new) and old:
        list_ops(old, new, path, ops, edit=lambda a, b, at: data_ops(a, b, at, ops, test=test), test=test)
    else:
        if test and not isinstance(old, (dict, list)):
            ops.append({"op": "test", "path": path, "value": old})
        ops.append({"op": "replace", "path": path, "value": new})


def remove(ops: Ops, path: str, old: Any, *, test: bool) -> None:
    """Add a removal, with a test of the old value before it when asked for."""
    if test:
        ops.append({"op": "test", "path": path, "value": old})
    ops.append({"op": "remove", "path": path})


def list_ops(
    old: Sequence[Any],
    new: Sequence[Any],
    path: str,
    ops: Ops,
    *,
    edit: Callable[[Any, Any, str], None],
    name_of: Callable[[Any], Hashable] | None = None,
    write: Callable[[Any], Any] | None = None,
    test: bool,
) -> None:
    """Add the operations that make one list of another; indexes move as operations apply.

    Items are aligned by name (`name_of`) where each has one of its own, else by value. What keeps its name is edited in
    place, so that fields we do not know survive.

    Args:
        old: the list on the server, not empty.
        new: the list that shall be.
        path: the JSON pointer of the list.
        ops: where the operations go.
        edit: adds the operations that edit one item at a path.
        name_of: the name of an item, None when it has none.
        write: the JSON value of an item; None when it is one.
        test: test single values before they are replaced or removed.
    """
    name_of = name_of or _name_of
    write = write or _as_is
    old_keys, new_keys = _keys(old, new, name_of)
    shift = 0
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_opcodes():
        both = min(i2 - i1, j2 - j1)
        for n in range(both):
            before, after, at = old[i1 + n], new[j1 + n], f"{path}/{i1 + n + shift}"
            if tag == "equal" or (_is_object(before) and name_of(before) == name_of(after)):
                edit(before, after, at)
            else:
                if test and not _is_object(before):
                    ops.append({"op": "test", "path": at, "value": write(before)})
                ops.append({"op": "replace", "path": at, "value": write(after)})
        for n in range(i2 - 1, i1 + both - 1, -1):
            tested = test and not _is_object(old[n])
            remove(ops, f"{path}/{n + shift}", write(old[n]) if tested else None, test=tested)
        for n in range(j1 + both, j2):
            ops.append({"op": "add", "path": f"{path}/{i1 + (n - j1) + shift}", "value": write(new[n])})
        shift += (j2 - j1) - (i2 - i1)


def _keys(
    old: Sequence[Any], new: Sequence[Any], name_of: Callable[[Any], Hashable]
) -> tuple[list[Hashable], list[Hashable]]:
    names = [[name_of(item) for item in items] for items in (old, new)]
    if all(None not in each and len(set(each)) == len(each) for each in names):
        return names[0], names[1]
    return [dumps(item) for item in old], [dumps(item) for item in new]


NAMES = ("name", "type", "uid", "key", "ip")
"""Fields by which items of lists are told apart, the first that an item has."""


def _name_of(item: Any) -> Hashable:
    if not is_dict(item):
        return None
    name: Any = next((item[key] for key in NAMES if key in item), None)
    return name if isinstance(name, str) else None


def _is_object(item: Any) -> bool:
    return not isinstance(item, (str, int, float, list, tuple)) and item is not None


def _as_is(value: Any) -> Any:
    return value
