"""Keys: the text `namespace/name` that names an object in caches, queues and log lines.

The forms are client-go's: `namespace/name` for an object in a namespace, `name` for one without. The key of a
tombstone is the cache's matter (it knows tombstones); index functions are too.

Reference: client-go tools/cache/store.go (MetaNamespaceKeyFunc, SplitMetaNamespaceKey, ObjectName).
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["Object", "ObjectMetaLike", "join_key", "object_key", "split_key"]


class ObjectMetaLike(Protocol):
    """What of an object's metadata names it; both are `""` when not set."""

    @property
    def name(self) -> str: ...
    @property
    def namespace(self) -> str: ...


class Object(Protocol):
    """Anything with metadata: typed models, `Unstructured`, doubles."""

    @property
    def metadata(self) -> ObjectMetaLike: ...


def object_key(obj: Object) -> str:
    """Return the key of an object: `namespace/name`, or `name` when it has no namespace.

    >>> from types import SimpleNamespace as Thing
    >>> object_key(Thing(metadata=Thing(namespace="default", name="web-0")))
    'default/web-0'

    Reference: client-go tools/cache/store.go, MetaNamespaceKeyFunc.
    """
    metadata = obj.metadata
    namespace = metadata.namespace
    return f"{namespace}/{metadata.name}" if namespace else metadata.name


def join_key(namespace: str, name: str) -> str:
    """Return the key of the object with this namespace (`""`: none) and name; `split_key` undoes it."""
    return f"{namespace}/{name}" if namespace else name


def split_key(key: str) -> tuple[str, str]:
    """Return the namespace (`""` when the key has none) and the name that a key is made of.

    Raises:
        ValueError: the key has more than one slash.

    >>> split_key("default/web-0")
    ('default', 'web-0')

    Reference: client-go tools/cache/store.go, SplitMetaNamespaceKey.
    """
    namespace, slash, name = key.partition("/")
    if not slash:
        return "", key
    if "/" in name:
        raise ValueError(f"not a key (namespace/name): {key!r}")
    return namespace, name
