"""The difference of two JSON objects as a tree of edits, from which both kinds of patch are derived.

`compare_data` and `compare_models` build the tree once; an edit stands for one place that differs.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from kubeloop.objects.json.encode import dumps
from kubeloop.objects.type_guards import is_dict, is_list, is_mapping, is_tuple

__all__ = ["Edit", "Items", "Members", "Ops", "Removal", "Replacement", "has_objects", "is_object"]

Ops = list[dict[str, Any]]
Write = Callable[[], Any]
"""Returns a JSON value; called only when a patch needs the value."""


class Edit:
    """What differs at one place of a JSON value."""

    __slots__ = ()

    def merge(self) -> Any:
        """Return the member of an RFC 7386 merge patch; None deletes. The caller owns it."""
        raise NotImplementedError

    def loses(self) -> bool:
        """Return whether the merge patch replaces a list of objects as a whole, or would have to express a null."""
        raise NotImplementedError

    def write_ops(self, path: str, ops: Ops, *, test: bool) -> None:
        """Append the operations of an RFC 6902 JSON patch.

        Args:
            path: The JSON pointer of the place.
            ops: The list that the operations are appended to.
            test: Test single values before they are replaced or removed.
        """
        raise NotImplementedError


class Removal(Edit):
    """A member or item that is removed.

    Args:
        tested: Writes the old value if a JSON patch can test it.
    """

    __slots__ = ("_tested",)

    def __init__(self, tested: Write | None = None) -> None:
        self._tested = tested

    def merge(self) -> Any:
        """Return None, which deletes the member."""
        return None

    def loses(self) -> bool:
        """Return False: a removal is complete."""
        return False

    def write_ops(self, path: str, ops: Ops, *, test: bool) -> None:
        """Append a `remove`, after a `test` of the old value if that is asked for."""
        if test and self._tested is not None:
            ops.append({"op": "test", "path": path, "value": self._tested()})
        ops.append({"op": "remove", "path": path})


class Replacement(Edit):
    """A value that is written as a whole.

    Args:
        write: Writes the new value.
        op: The operation of a JSON patch: `add` also where the place may be missing on the server.
        tested: Writes the old value if a JSON patch can test it.
        drops_objects: Whether the old value is a list that contains objects, which may have fields that we do not know.
    """

    __slots__ = ("_drops_objects", "_op", "_tested", "_value", "_write")

    def __init__(
        self, write: Write, *, op: str = "add", tested: Write | None = None, drops_objects: bool = False
    ) -> None:
        self._write = write
        self._op = op
        self._tested = tested
        self._drops_objects = drops_objects
        self._value: Any = _UNWRITTEN

    def merge(self) -> Any:
        """Return the new value."""
        return _copied(self._written())

    def loses(self) -> bool:
        """Return whether the old value has objects, or the new value has a null."""
        return self._drops_objects or _has_null(self._written())

    def write_ops(self, path: str, ops: Ops, *, test: bool) -> None:
        """Append an `add` or `replace`, after a `test` of the old value if that is asked for."""
        if test and self._tested is not None:
            ops.append({"op": "test", "path": path, "value": self._tested()})
        ops.append({"op": self._op, "path": path, "value": self.merge()})

    def _written(self) -> Any:
        if self._value is _UNWRITTEN:
            self._value = self._write()
        return self._value


class Members(Edit):
    """An object, or a map, of which some members differ.

    Args:
        edits: The edits by member name.
        whole: What a JSON patch says instead, where the server may not have an object to edit.
    """

    __slots__ = ("_whole", "edits")

    def __init__(self, edits: Mapping[str, Edit], whole: Replacement | None = None) -> None:
        self.edits = edits
        self._whole = whole

    def merge(self) -> dict[str, Any]:
        """Return the merge patches of the members."""
        return {key: edit.merge() for key, edit in self.edits.items()}

    def loses(self) -> bool:
        """Return whether the merge patch of a member would lose something."""
        return any(edit.loses() for edit in self.edits.values())

    def write_ops(self, path: str, ops: Ops, *, test: bool) -> None:
        """Append the operations of the members, or those that write the whole object."""
        if self._whole is not None:
            self._whole.write_ops(path, ops, test=test)
            return
        for key, edit in self.edits.items():
            edit.write_ops(f"{path}/{_escaped(key)}", ops, test=test)


class Items(Edit):
    """A list of which some items differ: a merge patch writes it as a whole, a JSON patch edits its items in place.

    Items are aligned by name (`name_of`) where each item has a name of its own, else by value. An item that keeps its
    name is edited in place, so that fields we do not know survive.

    Args:
        old: The list on the server, not empty.
        new: The list after the change.
        edit: Returns the difference of two items, None for none.
        name_of: Returns the name of an item, None for none.
        write: Returns the JSON value of an item.
    """

    __slots__ = ("_edit", "_name_of", "_new", "_old", "_write")

    def __init__(
        self,
        old: Sequence[Any],
        new: Sequence[Any],
        *,
        edit: Callable[[Any, Any], Edit | None],
        name_of: Callable[[Any], Hashable],
        write: Callable[[Any], Any],
    ) -> None:
        self._old, self._new = old, new
        self._edit, self._name_of, self._write = edit, name_of, write

    def merge(self) -> list[Any]:
        """Return the new list."""
        return [_copied(self._write(item)) for item in self._new]

    def loses(self) -> bool:
        """Return whether the old list has objects, or the new list has a null."""
        return has_objects(self._old) or any(_has_null(self._write(item)) for item in self._new)

    def write_ops(self, path: str, ops: Ops, *, test: bool) -> None:
        """Append the operations that edit, remove and add items."""
        for index, edit in self._steps():
            edit.write_ops(f"{path}/{index}", ops, test=test)

    def _steps(self) -> list[tuple[int, Edit]]:
        """Return edits with the index of each at the time when it is applied: indexes move with each of them."""
        old, new, steps = self._old, self._new, list[tuple[int, Edit]]()
        shift = 0
        blocks = difflib.SequenceMatcher(None, *self._keys(), autojunk=False).get_opcodes()
        for tag, old_start, old_end, new_start, new_end in blocks:
            both = min(old_end - old_start, new_end - new_start)
            for n in range(both):
                before, after = old[old_start + n], new[new_start + n]
                edit = self._edit_of(before, after, is_aligned=tag == "equal")
                if edit is not None:
                    steps.append((old_start + n + shift, edit))
            steps.extend(
                (n + shift, Removal(self._tested(old[n]))) for n in range(old_end - 1, old_start + both - 1, -1)
            )
            steps.extend(
                (old_start + n - new_start + shift, Replacement(self._writing(new[n])))
                for n in range(new_start + both, new_end)
            )
            shift += (new_end - new_start) - (old_end - old_start)
        return steps

    def _edit_of(self, before: Any, after: Any, *, is_aligned: bool) -> Edit | None:
        if is_aligned or (is_object(before) and self._name_of(before) == self._name_of(after)):
            return self._edit(before, after)
        return Replacement(self._writing(after), op="replace", tested=self._tested(before))

    def _tested(self, item: Any) -> Write | None:
        return None if is_object(item) else self._writing(item)

    def _writing(self, item: Any) -> Write:
        return lambda: self._write(item)

    def _keys(self) -> tuple[list[Hashable], list[Hashable]]:
        names = [[self._name_of(item) for item in items] for items in (self._old, self._new)]
        if all(None not in each and len(set(each)) == len(each) for each in names):
            return names[0], names[1]
        return [dumps(item) for item in self._old], [dumps(item) for item in self._new]


_UNWRITTEN = object()


def is_object(item: Any) -> bool:
    """Return whether an item of a list may have members: anything but text, a number, a list or null."""
    return not isinstance(item, (str, int, float, list, tuple)) and item is not None


def has_objects(value: Any) -> bool:
    """Return whether a value is a list that contains objects, at whatever depth."""
    return (is_list(value) or is_tuple(value)) and any(
        is_mapping(item) or hasattr(item, "__struct_fields__") or has_objects(item) for item in value
    )


def _has_null(value: Any) -> bool:
    """Return whether a JSON value contains a null, which servers leave out of what a merge patch adds."""
    if is_dict(value):
        return any(map(_has_null, value.values()))
    return value is None or (is_list(value) and any(map(_has_null, value)))


def _copied(value: Any) -> Any:
    if is_dict(value):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if is_list(value) else value


def _escaped(key: str) -> str:
    """Return a member name as a token of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")
