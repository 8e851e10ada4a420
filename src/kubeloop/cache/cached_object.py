"""What informers need of an object: read-only protocols that models, `Unstructured` and test doubles satisfy.

The queue and the indexer need only what names an object, which is `kubeloop.meta.keys.Object`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from kubeloop.meta.keys import ObjectMetaLike

__all__ = ["CachedMeta", "CachedObject"]


class CachedMeta(ObjectMetaLike, Protocol):
    """The metadata that informers and listers read."""

    @property
    def resource_version(self) -> str:
        """The version of this state of the object."""
        ...

    @property
    def uid(self) -> str:
        """The identity of the object, which another object of the same name does not have."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels."""
        ...


class CachedObject(Protocol):
    """An object that an informer can hold."""

    @property
    def metadata(self) -> CachedMeta:
        """The metadata."""
        ...
