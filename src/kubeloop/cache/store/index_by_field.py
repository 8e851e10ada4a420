"""`field_index`: an index by the value of one field, which leaves lazy objects as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from kubeloop.objects.field_path import scalar_reader
from kubeloop.objects.frozen_struct import make
from kubeloop.objects.model import Model
from kubeloop.unstructured import Unstructured

__all__ = ["check_field_indices", "field_index"]


def field_index(path: str) -> Callable[[Any], Sequence[str]]:
    """Return an index function that finds objects by the value of one field.

    >>> informer.add_indexers({"node": field_index("spec.nodeName")})

    Objects without a value, or with an empty text, are not in the index. The index function works for models and
    `Unstructured` in each memory mode. A lazy object whose field was not read yet is not decoded: the value is cut out
    of its JSON, which takes a fifth of the time. A compressed object is decompressed for this.

    Args:
        path: The API field names with dots between them, as in a field selector. The last one may be the key of a map;
            a field that holds anything but a text, a number or a boolean has no index.

    Raises:
        ValueError: The path is empty. An informer raises this for a class that has no such field, when the index is
            added.

    Reference: controller-runtime `client.FieldIndexer`.
    """
    names = tuple(path.split("."))
    if not all(names):
        raise ValueError(f"expected a path of field names such as 'spec.nodeName', got {path!r}")
    return _FieldIndex(names)


def check_field_indices(indexers: Mapping[str, Callable[[Any], Any]], cls: type[Any] | None) -> None:
    """Check that the objects of a class have the fields of the indices by field among some index functions.

    Args:
        indexers: The index functions, by name.
        cls: The class of the objects; only model classes, in each memory mode, have known fields.

    Raises:
        ValueError: The class has no such field, or the field does not hold texts, numbers or booleans.
        NotKept: The informer does not keep the field.
    """
    if isinstance(cls, type) and issubclass(cls, Model):
        for function in indexers.values():
            if isinstance(function, _FieldIndex):
                function(make(cls))


class _FieldIndex:
    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._readers: dict[type[Any], Callable[[Any], Any]] = {}

    def __call__(self, obj: Any) -> Sequence[str]:
        cls: type[Any] = cast("Any", type(obj))
        read = self._readers.get(cls)
        if read is None:
            read = self._readers[cls] = self._reader(cls)
        value = read(obj)
        if isinstance(value, str):
            return (value,) if value else ()
        if isinstance(value, bool):
            return ("true",) if value else ("false",)
        return (str(value),) if isinstance(value, (int, float)) else ()

    def __repr__(self) -> str:
        return f"field_index({'.'.join(self._names)!r})"

    def _reader(self, cls: type[Any]) -> Callable[[Any], Any]:
        names = self._names
        return (lambda obj: obj.get_in(*names)) if issubclass(cls, Unstructured) else scalar_reader(cls, names)
