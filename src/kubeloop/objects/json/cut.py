"""Cut values out of the JSON of an object, without decoding the rest: in one pass, at a fifth of its cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, UnsetType

from kubeloop.objects.json.encode import rewrite
from kubeloop.objects.type_guards import is_dict

__all__ = ["ABSENT", "Tree", "cutter", "names_in", "value_in", "value_reader"]

Tree = dict[str, Any]
"""Fields by API field name; None for a field as a whole, a tree for the fields of one."""

ABSENT: Any = msgspec.UNSET
"""The value of a path at which there is nothing."""

# Characters that msgspec refuses in the name of a field.
_not_a_field = re.compile(r'["\\\x00-\x1f]').search
_names = msgspec.json.Decoder(dict[str, Raw]).decode
_parse = msgspec.json.decode


def names_in(body: bytes | Raw) -> list[str]:
    """Return the names of the members of an object.

    Raises:
        msgspec.DecodeError: The text is not JSON.
    """
    return [*_names(body)]


def value_in(body: bytes | Raw, path: tuple[str, ...]) -> Any:
    """Return the decoded value at a path of names; `ABSENT` if there is nothing, or a part of the path is no object.

    Args:
        body: The JSON of an object.
        path: The names; a path without names is the whole value.

    Raises:
        msgspec.DecodeError: The text is not JSON.
        UnicodeDecodeError: The value is not UTF-8.
        RecursionError: The value is nested too deeply.
    """
    return value_reader(path)(body)


@lru_cache(maxsize=256)
def value_reader(path: tuple[str, ...]) -> Callable[[bytes | Raw], Any]:
    """Return the function that returns the value at a path of an object; see `value_in`."""
    if not path:
        return _parse
    if _not_a_field("".join(path)):
        return lambda body: _member(value_in(body, path[:-1]), path[-1])
    # Nested structs with one member each: msgspec skips all other members.
    hint: Any = Any
    for name in reversed(path):
        hint = msgspec.defstruct("_Member", [("value", hint | msgspec.UnsetType, ABSENT)], rename={"value": name})
    decode = msgspec.json.Decoder(hint).decode
    depth = len(path)

    def read(body: bytes | Raw) -> Any:
        try:
            found: Any = decode(body)
        except msgspec.ValidationError:  # a part of the path is no object, or is one of two members with the same name
            value = _parse(body)
            for name in path:
                value = _member(value, name)
            return value
        for _ in range(depth):
            found = found.value
            if found is ABSENT:
                break
        return found

    return read


def _member(value: Any, name: str) -> Any:
    return value.get(name, ABSENT) if is_dict(value) else ABSENT


def cutter(tree: Tree) -> Callable[[bytes], bytes]:
    """Return the function that cuts fields out of the JSON of an object, and returns an object that has only these."""
    decode = msgspec.json.Decoder(_shape(tree)).decode

    def cut(body: bytes) -> bytes:
        try:
            return rewrite(decode(body))
        except msgspec.ValidationError:  # a part of a path is no object
            return rewrite(_cut(_parse(body), tree))

    return cut


def _shape(tree: Tree) -> Any:
    """Return the struct of the JSON of each field."""
    names = {f"field_{number}": name for number, name in enumerate(tree)}
    hints = [
        (field, (Raw if tree[name] is None else _shape(tree[name])) | UnsetType, ABSENT)
        for field, name in names.items()
    ]
    return msgspec.defstruct("_Fields", hints, rename=names, gc=False)


def _cut(value: Any, tree: Tree) -> Any:
    if not is_dict(value):
        return value
    return {
        name: each if tree[name] is None else _cut(each, tree[name]) for name, each in value.items() if name in tree
    }
