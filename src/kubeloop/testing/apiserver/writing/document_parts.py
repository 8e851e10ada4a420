"""Objects as plain data: reading parts of a document that may be missing, and comparing documents as Go does."""

from __future__ import annotations

from typing import Any

from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["Document", "is_same", "list_in", "mapping_in", "metadata_of", "name_of", "number_in", "part_of", "text_in"]

Document = dict[str, Any]
"""An object as it is written in JSON, which the one who writes it owns."""

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def metadata_of(document: Document) -> Document:
    """Return the metadata of a document, which becomes an empty one if there is none."""
    return part_of(document, "metadata")


def part_of(document: Document, field: str) -> Document:
    """Return an object in a document, which becomes an empty one if there is none."""
    part = document.get(field)
    if is_dict(part):
        return part
    created: Document = {}
    document[field] = created
    return created


def mapping_in(document: Document, *path: str) -> Document:
    """Return the object at a path, or an empty one that is not part of the document."""
    found: Document = document
    for field in path:
        part = found.get(field)
        if not is_dict(part):
            return {}
        found = part
    return found


def list_in(document: Document, *path: str) -> list[Any]:
    """Return the list at a path, or an empty one that is not part of the document."""
    found = mapping_in(document, *path[:-1]).get(path[-1])
    return found if is_list(found) else []


def text_in(document: Document, *path: str) -> str:
    """Return the text at a path, or `""`."""
    found = mapping_in(document, *path[:-1]).get(path[-1])
    return found if isinstance(found, str) else ""


def number_in(document: Document, *path: str) -> int | None:
    """Return the integer at a path, or None."""
    found = mapping_in(document, *path[:-1]).get(path[-1])
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def name_of(document: Document) -> str:
    """Return `metadata.name`, or `""`."""
    return text_in(document, "metadata", "name")


def is_same(one: Any, other: Any) -> bool:
    """Return whether two values of a field are the same for the server: missing, null, `""`, `[]` and `{}` are.

    An empty object inside an object is a choice (`emptyDir: {}`) and differs from a missing one.
    """
    return one == other or (_is_empty(one) and _is_empty(other)) or _is_equal(one, other)


def _is_empty(value: Any) -> bool:
    return any(value is empty or (value == empty and type(value) is type(empty)) for empty in _EMPTY)


def _is_equal(one: Any, other: Any) -> bool:
    if is_dict(one) and is_dict(other):
        return all(_is_member_same(one.get(field), other.get(field)) for field in {*one, *other})
    if is_list(one) and is_list(other):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return bool(one == other)


def _is_member_same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        present = other if one is None else one
        return present is None or present in ("", [])
    return _is_equal(one, other)
