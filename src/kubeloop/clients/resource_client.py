"""ResourceClient: every verb that most resources have, and the same with the verbs of the status."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, overload

from kubeloop.clients.replica_count import ScaleOptions
from kubeloop.clients.verbs import (
    Apply,
    Create,
    CreateOrUpdate,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    Status,
    Update,
    Watch,
)

if TYPE_CHECKING:
    from kubeloop.clients.model_scale import ModelScale
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.models import autoscaling_v1

__all__ = ["ModelClient", "ResourceClient", "StatusResourceClient"]

T = TypeVar("T")
L = TypeVar("L")


class ResourceClient(
    Get[T],
    List[T, L],
    Watch[T],
    Create[T],
    Update[T],
    Patch[T],
    Apply[T],
    CreateOrUpdate[T],
    Delete[T],
    DeleteCollection,
    Generic[T, L],
):
    """All verbs of one resource on objects of type `T` and lists of type `L`: `ResourceClient(rest, Pod, "default")`.

    The path, the scope and the list class come from the class variables of the model. Arguments as of
    `BaseResourceClient`.
    """

    __slots__ = ()


class StatusResourceClient(ResourceClient[T, L], Status[T], Generic[T, L]):
    """A ResourceClient with the verbs of the status, for a resource whose status is a subresource."""

    __slots__ = ()


class ModelClient(StatusResourceClient[T, L], Generic[T, L]):
    """The client that `clientset.resource(Model)` returns. It has every verb: only the server knows which it lacks."""

    __slots__ = ()
    _status_is_separate = False

    @overload
    def scale(self, name: str) -> ModelScale: ...
    @overload
    def scale(
        self, name: str, replicas: int, **options: Unpack[ScaleOptions]
    ) -> Coroutine[Any, Any, autoscaling_v1.Scale]: ...
    def scale(self, name: str, replicas: int | None = None, **options: Unpack[ScaleOptions]) -> Any:
        """Set the number of replicas (`await ...scale("web", 5)`), or return the client of the scale without one.

        A resource without a scale raises NotFound. Typed clients have this method only if the resource has one.

        Args:
            name: The name of the object.
            replicas: The number of replicas.
            **options: Keyword arguments, see `ScaleOptions`:
                current_replicas: int | None
                resource_version: str | None
                dry_run: bool
                field_manager: str | None
                timeout: float | None

        Reference: client-go scale.ScaleInterface; kubectl pkg/scale.
        """
        from kubeloop.clients.model_scale import scale_of_any

        return scale_of_any(self._endpoint, name, replicas, options)

    @classmethod
    def _spell(cls, info: ResourceInfo, namespace: str) -> str:
        return f"clientset.resource({info.kind}, {namespace})"
