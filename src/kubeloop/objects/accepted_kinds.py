"""Which kinds a class reads: its own, and the classes of metadata those of all objects and lists.

A server that was asked for metadata returns whole objects if it cannot cut them down. Their metadata are the same.
Reference: client-go metadata/metadata.go.
"""

from __future__ import annotations

from typing import Any

__all__ = ["accepts_kind"]


def accepts_kind(cls: Any, api_version: str, kind: str) -> bool:
    """Return whether a class reads a body of a kind; a body may leave out its kind or apiVersion.

    `PartialObjectMetadata` reads every object but a Status, and `PartialObjectMetadataList` every list.

    Args:
        cls: A Kind.
        api_version: The apiVersion in the body; `""` if there is none.
        kind: The kind in the body; `""` if there is none.
    """
    if (kind or cls.kind) == cls.kind and (api_version or cls.api_version) == cls.api_version:
        return True
    if cls.api_version != "meta.k8s.io/v1":
        return False
    if cls.kind == "PartialObjectMetadata":
        return kind != "Status"
    return cls.kind == "PartialObjectMetadataList" and kind.endswith("List")
