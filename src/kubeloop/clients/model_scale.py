"""The scale of an object of any kind, for the clients that `clientset.resource(...)` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.clients.scale_version import from_old_scale, has_old_scale, to_old_scale
from kubeloop.clients.subresource import GetSub, PatchSub, UpdateSub
from kubeloop.models import autoscaling_v1
from kubeloop.unstructured import Unstructured

if TYPE_CHECKING:
    from kubeloop.wire.request import Params

__all__ = ["ModelScale"]


class ModelScale(
    GetSub[autoscaling_v1.Scale],
    UpdateSub[autoscaling_v1.Scale],
    PatchSub[autoscaling_v1.Scale],
):
    """The client of the subresource scale of one object.

    It has no `apply`, to which servers respond with 500 for the scale of a custom resource. A resource of apps/v1beta1,
    apps/v1beta2 or extensions/v1beta1 has a `Scale` of its own, which is converted.
    """

    __slots__ = ()

    async def _send(
        self,
        method: str,
        params: Params | None,
        timeout: float | None,
        body: object = None,
        content_type: str | None = None,
    ) -> autoscaling_v1.Scale:
        endpoint = await self._endpoint.located()
        group_version = endpoint.info.group_version
        if not has_old_scale(group_version):
            return await super()._send(method, params, timeout, body, content_type)
        if method == "PUT":
            body = to_old_scale(body, group_version)
        path = endpoint.path(self._name, self._subresource, verb=self._subresource)
        request = endpoint.request(method, path, params, body, content_type)
        found = await endpoint.rest.call(request, Unstructured, timeout)
        return from_old_scale(found.to_dict())
