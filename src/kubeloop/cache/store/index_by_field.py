"""`field_index`: an index by the value of one field, which leaves lazy objects as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from kubeloop.objects.field_path import scalar_reader
from kubeloop.unstructured import Unstructured

__all__ = ["field_index"]


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
        ValueError: The path is empty. The index function itself raises this for a class that has no such field.

    Reference: controller-runtime `client.FieldIndexer`.
    """
    names = tuple(path.split("."))
    if not all(names):
        raise ValueError(f"expected a path of field names such as 'spec.nodeName', got {path!r}")

    readers: dict[type[Any], Callable[[Any], Any]] = {}

    def index(obj: Any) -> Sequence[str]:
        cls: type[Any] = cast("Any", type(obj))
        read = readers.get(cls)
        if read is None:
            if issubclass(cls, Unstructured):
                read = readers[cls] = lambda each: each.get_in(*names)
            else:
                read = readers[cls] = scalar_reader(cls, names)
        value = read(obj)
        if isinstance(value, str):
            return (value,) if value else ()
        if isinstance(value, bool):
            return ("true",) if value else ("false",)
        return (str(value),) if isinstance(value, (int, float)) else ()

    return index
