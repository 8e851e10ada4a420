"""The scale of an object of any kind, for the clients that `clientset.resource(Model)` returns."""

from __future__ import annotations

from kubeloop.clients.subresource import GetSub, PatchSub, UpdateSub
from kubeloop.models import autoscaling_v1

__all__ = ["ModelScale"]


class ModelScale(
    GetSub[autoscaling_v1.Scale],
    UpdateSub[autoscaling_v1.Scale],
    PatchSub[autoscaling_v1.Scale],
):
    """The client of the subresource scale of one object.

    It has no `apply`, to which servers respond with 500 for the scale of a custom resource.
    """

    __slots__ = ()
