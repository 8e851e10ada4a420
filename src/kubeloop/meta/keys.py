"""Keys: the text `namespace/name`, or `name` without a namespace, that identifies an object in caches and queues.

Reference: client-go tools/cache/store.go (MetaNamespaceKeyFunc, SplitMetaNamespaceKey, ObjectName).
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["Object", "ObjectMetaLike", "join_key", "object_key", "split_key"]


class ObjectMetaLike(Protocol):
    """The part of an object's metadata that names it; both texts are `""` if they are not set."""

    @property
    def name(self) -> str:
        """The name."""
        ...

    @property
    def namespace(self) -> str:
        """The namespace."""
        ...


class Object(Protocol):
    """An object with metadata: a typed model, an `Unstructured` or a test double."""

    @property
    def metadata(self) -> ObjectMetaLike:
        """The metadata."""
        ...


def object_key(obj: Object) -> str:
    """Return the key of an object: `namespace/name`, or `name` if it has no namespace.

    >>> from types import SimpleNamespace as Thing
    >>> object_key(Thing(metadata=Thing(namespace="default", name="web-0")))
    'default/web-0'

    Raises:
        TypeError: The object has no metadata.

    Reference: client-go tools/cache/store.go, MetaNamespaceKeyFunc.
    """
    try:
        metadata = obj.metadata
    except AttributeError:
        raise TypeError(f"expected an object with metadata, got {type(obj).__name__}") from None
    namespace = metadata.namespace
    return f"{namespace}/{metadata.name}" if namespace else metadata.name


def join_key(namespace: str, name: str) -> str:
    """Return the key of a namespace (`""` for none) and a name; `split_key` is the inverse."""
    return f"{namespace}/{name}" if namespace else name


def split_key(key: str) -> tuple[str, str]:
    """Return the namespace (`""` for none) and the name of a key.

    Raises:
        TypeError: The key is not text.
        ValueError: The key has more than one slash.

    >>> split_key("default/web-0")
    ('default', 'web-0')

    Reference: client-go tools/cache/store.go, SplitMetaNamespaceKey.
    """
    try:
        namespace, slash, name = key.partition("/")
    except AttributeError:
        raise TypeError(f"expected a key (namespace/name), got {type(key).__name__}") from None
    if not slash:
        return "", key
    if "/" in name:
        raise ValueError(f"expected a key (namespace/name), got {key!r}")
    return namespace, name
