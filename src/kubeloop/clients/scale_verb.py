"""scale, for the clients of any resource: only the server knows whether the resource has one."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Unpack, overload

from kubeloop.clients.base_resource_client import BaseResourceClient
from kubeloop.clients.replica_count import ScaleOptions, scaled

if TYPE_CHECKING:
    from kubeloop.clients.model_scale import ModelScale
    from kubeloop.models import autoscaling_v1

__all__ = ["ScaleAny"]


class ScaleAny(BaseResourceClient[Any]):
    """scale."""

    __slots__ = ()

    @overload
    def scale(self, name: str) -> ModelScale: ...
    @overload
    def scale(
        self, name: str, replicas: int, **options: Unpack[ScaleOptions]
    ) -> Coroutine[Any, Any, autoscaling_v1.Scale]: ...
    def scale(self, name: str, replicas: int | None = None, **options: Unpack[ScaleOptions]) -> Any:
        """Set the number of replicas (`await ...scale("web", 5)`), or return the client of the scale without one.

        The scale is that of autoscaling/v1, whatever version the server sends. A resource without a scale raises
        NotFound; typed clients have this method only if the resource has a scale.

        Args:
            name: The name of the object.
            replicas: The number of replicas.
            **options: Keyword arguments, see `ScaleOptions`:
                current_replicas: int | None
                resource_version: str | None
                dry_run: bool
                field_manager: str | None
                timeout: float | None

        Reference: client-go scale.ScalesGetter; kubectl pkg/scale.
        """
        from kubeloop.clients.model_scale import ModelScale
        from kubeloop.models import autoscaling_v1

        return scaled(ModelScale(self._endpoint, name, "scale", autoscaling_v1.Scale), replicas, options)
