"""ResourceClient: every verb that most resources have, and the same with the verbs of the status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop.clients.scale_verb import ScaleAny
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
    from kubeloop.clients.resource_info import ResourceInfo

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


class ModelClient(StatusResourceClient[T, L], ScaleAny, Generic[T, L]):
    """The client that `clientset.resource(Model)` returns. It has every verb: only the server knows which it lacks."""

    __slots__ = ()
    _status_is_separate = False

    @classmethod
    def _spell(cls, info: ResourceInfo, namespace: str) -> str:
        return f"clientset.resource({info.kind}, {namespace})"
