"""The versions of `Scale`: every resource has that of autoscaling/v1, except in three versions from before 1.16.

Reference: client-go scale (polymorphic Scale) and scale/scheme.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop import labels
from kubeloop.models import autoscaling_v1
from kubeloop.wire.plain_values import to_data

if TYPE_CHECKING:
    from kubeloop.meta.gvk import GroupVersion

__all__ = ["from_old_scale", "has_old_scale", "to_old_scale"]

_OLD = frozenset({"apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"})
"""The group versions whose resources have a `Scale` of their own, with a selector that is a mapping and a text."""


def has_old_scale(group_version: GroupVersion) -> bool:
    """Return whether the resources of a group version have a `Scale` of this version instead of autoscaling/v1."""
    return str(group_version) in _OLD


def from_old_scale(data: Mapping[str, Any]) -> autoscaling_v1.Scale:
    """Return the `Scale` of autoscaling/v1 that an old one means; one of autoscaling/v1 is read as it is.

    Raises:
        DecodeError: It is of another kind.
    """
    if data.get("apiVersion") not in _OLD or data.get("kind") != "Scale":
        return autoscaling_v1.Scale.from_dict(data)
    status = dict(data.get("status") or {})
    text, mapping = status.pop("targetSelector", None), status.pop("selector", None)
    if not text and mapping:
        text = str(labels.from_mapping(mapping))
    if text:
        status["selector"] = text
    return autoscaling_v1.Scale.from_dict({**data, "apiVersion": "autoscaling/v1", "status": status})


def to_old_scale(scale: object, group_version: GroupVersion) -> dict[str, Any]:
    """Return the JSON data of a `Scale` in the form of an old version. The status has no effect, and is left out."""
    data: Any = to_data(scale)
    return {**{name: value for name, value in data.items() if name != "status"}, "apiVersion": str(group_version)}
