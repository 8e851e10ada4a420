"""The memory mode of an informer: which class decodes its objects.

docs/design/models.md has the costs of each mode, and docs/how-to/informer-memory.md says when to choose which.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar, cast

from kubeloop.cache.cached_object import CachedObject
from kubeloop.objects.kept_object import kept_class
from kubeloop.objects.lazy_object import FailedReads, lazy_class
from kubeloop.unstructured import Unstructured
from kubeloop.wire.serializers.kept_unstructured import kept_unstructured
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructured

__all__ = [
    "MemoryMode",
    "class_in_mode",
    "class_that_keeps",
    "default_mode",
    "failed_reads_of",
    "mode_of",
    "whole_class",
]

T = TypeVar("T", bound=CachedObject)

MemoryMode = Literal["eager", "lazy", "compressed"]
"""When the members of objects other than the metadata are decoded, and what is kept.

`"eager"` decodes them on arrival, `"lazy"` when they are first read. `"compressed"` keeps them compressed, and decodes
them each time they are read.
"""


def default_mode(model: type[Any]) -> MemoryMode:
    """Return the mode of informers that choose none: lazy for `Unstructured`, eager for models.

    A lazy Unstructured takes an eighth of the time and a fifth of the memory. Members of a lazy model that are read
    take more time than those of an eager one, and can fail when they are read.
    """
    return "lazy" if issubclass(model, Unstructured) else "eager"


def class_in_mode(model: type[T], mode: MemoryMode) -> type[T]:
    """Return the class that decodes the objects of a class in a memory mode; its objects are instances of `model`.

    Pass it to `rest_list_watch` and `SharedInformer`. A factory needs only the mode.

    Args:
        model: A model class, or `Unstructured`.
        mode: `"eager"`, `"lazy"` or `"compressed"`.

    Raises:
        ValueError: There is no such mode.
        ImportError: The mode is `"compressed"`, and zstd is missing: install `kubeloop[compressed]`.
    """
    given: object = mode
    if given == "eager":
        return model
    if given == "lazy":
        return cast("type[T]", LazyUnstructured) if model is Unstructured else lazy_class(model)
    if given != "compressed":
        raise ValueError(f"expected the memory mode 'eager', 'lazy' or 'compressed', got {given!r}")
    if model is Unstructured:
        from kubeloop.wire.serializers.compressed_unstructured import CompressedUnstructured

        return cast("type[T]", CompressedUnstructured)
    from kubeloop.objects.compressed_object import compressed_class

    return compressed_class(model)


def class_that_keeps(model: type[T], paths: tuple[str, ...]) -> type[T]:
    """Return the class that keeps only some fields of the objects of a class, which are instances of `model`.

    Args:
        model: A model class, or `Unstructured`.
        paths: The result of `kept_paths`.

    Raises:
        ValueError: The class has no such field, or a path leads into a list or a map.
    """
    return cast("type[T]", kept_unstructured(paths)) if model is Unstructured else kept_class(model, paths)


def mode_of(model: type[Any] | None) -> MemoryMode:
    """Return the mode in which a class decodes its objects."""
    return cast("MemoryMode", getattr(model, "memory_mode", "eager"))


def failed_reads_of(model: type[Any] | None) -> FailedReads | None:
    """Return what a lazy class calls when a member cannot be read; None for other classes."""
    return getattr(model, "failed_reads", None)


def whole_class(model: type[T] | None) -> type[T] | None:
    """Return the class of which the objects of a class are instances after all of their members were read."""
    return getattr(model, "__plain__", None) or model
