"""Which kinds a class reads: its own, and the classes of metadata those of all objects and lists.

A server that was asked for metadata returns whole objects if it cannot cut them down. Their metadata are the same.
Reference: client-go metadata/metadata.go.
"""

from __future__ import annotations

from typing import Any

from kubeloop.errors import DecodeError
from kubeloop.objects.frozen_struct import force
from kubeloop.objects.type_guards import class_of

__all__ = ["accepts_kind", "check_kind", "name_kind", "other_kind"]


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


def check_kind(obj: Any) -> None:
    """Check that an object was decoded from a body of its kind, and forget what the body named.

    A `PartialObjectMetadataList` of whole objects keeps what the body named, because nothing else says what they are.

    Raises:
        DecodeError: The body names another kind or apiVersion; the message has both.
    """
    cls = class_of(obj)
    heads = cls.__kind_head__
    if not heads:
        return
    (_, _, api_version), (_, _, kind) = heads
    if obj.__kind__ is kind and obj.__api_version__ is api_version:
        return
    if (obj.__kind__ or kind, obj.__api_version__ or api_version) != (kind, api_version):
        _check_other_kind(obj)
        if cls.kind == "PartialObjectMetadataList":
            return
    name_kind(obj, api_version, kind)


def name_kind(obj: Any, api_version: str, kind: str) -> None:
    """Record the kind that the body of an object names."""
    force(obj, "__api_version__", api_version)
    force(obj, "__kind__", kind)


def _check_other_kind(obj: Any) -> None:
    cls, api_version, kind = class_of(obj), obj.__api_version__, obj.__kind__
    if not accepts_kind(cls, api_version, kind):
        raise other_kind(cls, api_version, kind)


def other_kind(cls: Any, api_version: str, kind: str) -> DecodeError:
    """Return the error for a body of another kind."""
    return DecodeError(f"expected {cls.api_version} {cls.kind}, got {api_version or '?'} {kind or '?'}")
