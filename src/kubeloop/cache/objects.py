"""What the cache needs of an object: protocols that typed models, `Unstructured` and doubles all satisfy.

Everything here is read-only, since cached objects are shared by all readers and never change. What names an object
(`kubeloop.meta.keys.Object`) is enough for the queue and the indexer; readers of labels and versions need these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from kubeloop.meta.keys import ObjectMetaLike

__all__ = ["CachedMeta", "CachedObject"]


class CachedMeta(ObjectMetaLike, Protocol):
    """The metadata that informers and listers read."""

    @property
    def resource_version(self) -> str: ...
    @property
    def uid(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...


class CachedObject(Protocol):
    """An object that an informer can hold."""

    @property
    def metadata(self) -> CachedMeta: ...
