"""Claims and slices of devices: `v1beta1` of `resource.k8s.io` has requests and devices in one level less or more.

Reference: kubernetes pkg/apis/resource/v1beta1/conversion.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubeloop.objects.type_guards import is_dict, is_list

__all__ = [
    "claim_from_v1beta1",
    "claim_to_v1beta1",
    "slice_from_v1beta1",
    "slice_to_v1beta1",
    "template_from_v1beta1",
    "template_to_v1beta1",
]

_Data = dict[str, Any]
_OF_REQUEST = frozenset({"name", "firstAvailable"})


def claim_to_v1beta1(data: _Data) -> _Data:
    """Return a ResourceClaim of a newer version as `v1beta1`."""
    return _with_items(data, ("spec", "devices", "requests"), _flat_request)


def claim_from_v1beta1(data: _Data) -> _Data:
    """Return a ResourceClaim of `v1beta1` as a newer version."""
    return _with_items(data, ("spec", "devices", "requests"), _nested_request)


def template_to_v1beta1(data: _Data) -> _Data:
    """Return a ResourceClaimTemplate of a newer version as `v1beta1`."""
    return _with_items(data, ("spec", "spec", "devices", "requests"), _flat_request)


def template_from_v1beta1(data: _Data) -> _Data:
    """Return a ResourceClaimTemplate of `v1beta1` as a newer version."""
    return _with_items(data, ("spec", "spec", "devices", "requests"), _nested_request)


def slice_to_v1beta1(data: _Data) -> _Data:
    """Return a ResourceSlice of a newer version as `v1beta1`."""
    return _with_items(data, ("spec", "devices"), _nested_device)


def slice_from_v1beta1(data: _Data) -> _Data:
    """Return a ResourceSlice of `v1beta1` as a newer version."""
    return _with_items(data, ("spec", "devices"), _flat_device)


def _with_items(data: _Data, path: tuple[str, ...], change: Callable[[_Data], _Data]) -> _Data:
    """Return an object with each item of a list changed."""
    name, *rest = path
    value = data.get(name)
    if not rest:
        return {**data, name: [change(each) for each in value]} if is_list(value) else data
    return {**data, name: _with_items(value, tuple(rest), change)} if is_dict(value) else data


def _flat_request(request: _Data) -> _Data:
    exact: _Data = request.get("exactly") or {}
    return {name: value for name, value in request.items() if name != "exactly"} | exact


def _nested_request(request: _Data) -> _Data:
    own = {name: value for name, value in request.items() if name in _OF_REQUEST}
    exact = {name: value for name, value in request.items() if name not in _OF_REQUEST}
    if exact:
        own["exactly"] = exact
    return own


def _nested_device(device: _Data) -> _Data:
    basic = {name: value for name, value in device.items() if name != "name"}
    return {"name": device.get("name", ""), "basic": basic}


def _flat_device(device: _Data) -> _Data:
    return {"name": device.get("name", ""), **(device.get("basic") or {})}
