"""`reference_to`: the `ObjectReference` of an object, which events and other objects use to name it.

Reference: client-go tools/reference/ref.go (GetReference, GetPartialReference).
"""

from __future__ import annotations

from typing import TypeAlias

from kubeloop.meta.gvk import GroupVersion, GroupVersionKind
from kubeloop.models import core_v1
from kubeloop.objects.model import Kind
from kubeloop.unstructured import Unstructured

__all__ = ["Referable", "reference_to"]

Referable: TypeAlias = Kind | Unstructured | core_v1.ObjectReference
"""What a reference can be created of."""

_METADATA_ONLY = ("meta.k8s.io/v1", "PartialObjectMetadata")


def reference_to(
    obj: Referable, field_path: str = "", *, kind: GroupVersionKind | type[Kind] | None = None
) -> core_v1.ObjectReference:
    """Return the reference to an object.

        reference_to(pod, "spec.containers{web}")

    Args:
        obj: An object of any kind, typed or not. A reference is returned as it is, apart from the field path. The
            reference to a list has its resource version, and no name.
        field_path: The part of the object that is meant, as in `spec.containers{web}`; `""` for the whole object.
        kind: The kind of a `PartialObjectMetadata`, which does not contain that of its object: a class or a
            `GroupVersionKind`. None for the kind that the object has.

    Raises:
        TypeError: It is not an object.
        ValueError: The object has no kind, or an `apiVersion` with more than one slash.

    Reference: client-go GetReference, GetPartialReference. Intended difference: a `PartialObjectMetadata` without
        `kind` is refused, because the reference would name no object.
    """
    if isinstance(obj, core_v1.ObjectReference):
        if not field_path:
            return obj
        draft = obj.draft()
        draft.field_path = field_path
        return draft.finish().after
    if not isinstance(obj, (Kind, Unstructured)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"expected an object with a kind, an Unstructured or an ObjectReference, got {type(obj).__name__}"
        )
    api_version, name_of_kind = _kind_of(obj if kind is None else kind)
    if not name_of_kind:
        raise ValueError(f"the object has no kind: {obj!r}")
    if (api_version, name_of_kind) == _METADATA_ONLY:
        raise ValueError(
            "a PartialObjectMetadata does not contain the kind of its object; "
            "pass reference_to(obj, kind=...) with its class or GroupVersionKind"
        )
    names = ("namespace", "name", "uid", "resourceVersion")
    if isinstance(obj, Unstructured):
        # Not through its metadata as a model, because one broken label would make all of it unreadable.
        found = [obj.get_in("metadata", name) for name in names]
        namespace, name, uid, version = (each if isinstance(each, str) else "" for each in found)
    else:
        metadata: object = getattr(obj, "metadata", None)  # that of a list has fewer fields, and options have none
        namespace, name, uid, version = (
            getattr(metadata, each, "") or "" for each in ("namespace", "name", "uid", "resource_version")
        )
    fields = {
        "api_version": api_version,
        "kind": name_of_kind,
        "namespace": namespace,
        "name": name,
        "uid": uid,
        "resource_version": version,
        "field_path": field_path,
    }
    return core_v1.ObjectReference(**{field: value for field, value in fields.items() if value})


def _kind_of(kind: Kind | Unstructured | type[Kind] | GroupVersionKind) -> tuple[str, str]:
    if isinstance(kind, GroupVersionKind):
        return str(kind.group_version), kind.kind
    return str(GroupVersion.parse(kind.api_version)), kind.kind
