"""ResourceClient: every verb that most resources have, and the same with the verbs of the status."""

from __future__ import annotations

from typing import Generic, TypeVar

from kubeloop.clients.verbs import (
    Apply,
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    Status,
    Update,
    Watch,
)

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
    Delete[T],
    DeleteCollection,
    Generic[T, L],
):
    """All verbs of one resource on objects of type `T` and lists of type `L`: `ResourceClient(rest, Pod, "default")`.

    What depends on the kind (path, scope, list class) comes from the class variables of the model.
    """

    __slots__ = ()


class StatusResourceClient(ResourceClient[T, L], Status[T], Generic[T, L]):
    """The same and the verbs of the status, for a resource whose status is apart."""

    __slots__ = ()


class ModelClient(StatusResourceClient[T, L], Generic[T, L]):
    """The same for a kind of which only the class is known: whether its status is apart, the server knows."""

    __slots__ = ()
    _has_status = False
