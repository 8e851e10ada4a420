"""Converting CustomResourceDefinitions of `apiextensions.k8s.io/v1beta1`, removed in Kubernetes 1.22, to `v1`.

The reader of `v1` checks the types. Reference: apiextensions-apiserver pkg/apis/apiextensions/v1beta1, conversion.go
and defaults.go.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = ["V1", "V1BETA1", "as_v1"]

V1, V1BETA1 = "apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"
_ANYTHING: Mapping[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def as_v1(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition as today's version says it; the input stays as it is.

    Args:
        definition: One of v1beta1, or of v1: that can have `preserveUnknownFields` from its time as v1beta1.
    """
    found: dict[str, Any] = {**definition, "apiVersion": V1}
    spec, is_old = found.get("spec"), definition.get("apiVersion") == V1BETA1
    if not _is_object(spec) or not (is_old or spec.get("preserveUnknownFields") is True):
        return found
    versions: object = spec.get("versions")
    if is_old and not versions:
        versions = [{"name": spec.get("version"), "served": True, "storage": True}]
    if _is_list(versions):
        versions = [_version(one, spec) if _is_object(one) else one for one in versions]
    found["spec"] = {**spec, "versions": versions}
    return found


def _version(version: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    holder: object = version.get("schema") or spec.get("validation") or {}
    schema: object = (holder.get("openAPIV3Schema") if _is_object(holder) else holder) or _ANYTHING
    if spec.get("preserveUnknownFields") is not False and _is_object(schema):
        schema = _preserving(schema)
    subresources = version.get("subresources") or spec.get("subresources")
    return {
        **version,
        "schema": {"openAPIV3Schema": schema},
        **({"subresources": subresources} if subresources else {}),
    }


def _preserving(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a schema in which every object preserves the fields that it does not name.

    That is what `spec.preserveUnknownFields` means, while `x-kubernetes-preserve-unknown-fields` ends where properties
    begin.
    """
    whole = copy.deepcopy(dict(schema))
    waiting: list[Any] = [whole]
    while waiting:
        one = waiting.pop()
        if not _is_object(one):
            continue
        if one.get("type", "object") == "object":
            one["x-kubernetes-preserve-unknown-fields"] = True
        properties = one.get("properties")
        waiting += [one.get("items"), one.get("additionalProperties")]
        waiting += list(properties.values()) if _is_object(properties) else []
    return whole


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
