"""One object in the versions of its resource: versions of equal shape differ in nothing but the apiVersion.

The others have conversions in modules of their own. Reference: kubernetes pkg/apis/*/*/conversion.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubeloop.testing.apiserver.encoding import device_conversion, event_conversion, scaler_conversion

__all__ = ["convert", "is_same_shape"]

_Conversion = Callable[[dict[str, Any]], dict[str, Any]]

_CONVERSIONS: dict[tuple[str, str, str], _Conversion] = {
    ("Event", "v1", "events.k8s.io/v1"): event_conversion.from_core,
    ("Event", "events.k8s.io/v1", "v1"): event_conversion.to_core,
    ("HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1"): scaler_conversion.to_v1,
    ("HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2"): scaler_conversion.to_v2,
    ("PodCertificateRequest", "certificates.k8s.io/v1beta1", "certificates.k8s.io/v1"): lambda data: {
        **data,
        "spec": {
            name: value
            for name, value in data.get("spec", {}).items()
            if name not in ("pkixPublicKey", "proofOfPossession")
        },
    },
}
for _kind, _to_beta, _from_beta in (
    ("ResourceClaim", device_conversion.claim_to_v1beta1, device_conversion.claim_from_v1beta1),
    ("ResourceClaimTemplate", device_conversion.template_to_v1beta1, device_conversion.template_from_v1beta1),
    ("ResourceSlice", device_conversion.slice_to_v1beta1, device_conversion.slice_from_v1beta1),
):
    for _version in ("resource.k8s.io/v1", "resource.k8s.io/v1beta2"):
        _CONVERSIONS[_kind, _version, "resource.k8s.io/v1beta1"] = _to_beta
        _CONVERSIONS[_kind, "resource.k8s.io/v1beta1", _version] = _from_beta


def is_same_shape(kind: str, source: str, target: str) -> bool:
    """Return whether an object is the same in two versions, but for its apiVersion."""
    return (kind, source, target) not in _CONVERSIONS


def convert(data: dict[str, Any], kind: str, source: str, target: str) -> dict[str, Any]:
    """Return an object in another version.

    Args:
        data: The object in canonical form. `kind` and `apiVersion` are left as they are.
        kind: The kind of the object.
        source: The apiVersion of the data.
        target: The apiVersion of the result.

    Returns:
        A new object, which shares parts with the data; the data itself if the versions have the same shape.
    """
    conversion = _CONVERSIONS.get((kind, source, target))
    return data if conversion is None else conversion(data)
