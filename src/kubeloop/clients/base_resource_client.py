"""BaseResourceClient: what the clients of resources have in common beside their verbs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar

from kubeloop._kit.near_names import did_you_mean
from kubeloop.clients.resource_endpoint import ResourceEndpoint

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.meta.namespaces import DefaultNamespace
    from kubeloop.rest.client import RESTClient

__all__ = ["VERBS", "BaseResourceClient", "all_of"]

T_co = TypeVar("T_co", covariant=True)

# fmt: off
VERBS = frozenset({
    "add_finalizer", "apply", "apply_status", "as_table", "create", "create_or_update", "delete",
    "delete_collection", "edit", "edit_status", "ensure_absent", "exists", "get", "get_or_none", "iterate", "list",
    "patch", "patch_status", "remove_finalizer", "set_annotations", "set_labels", "update", "update_status", "wait",
    "watch",
})
# fmt: on
"""The verbs of clients; few resources lack any of them."""


class BaseResourceClient(Generic[T_co]):
    """The client of one resource, in one namespace or in all; the verbs are mixins.

    Args:
        rest: Sends the requests.
        model: The class of the objects.
        namespace: One namespace, or `kubeloop.DEFAULT` for that of the config. None or `""` means all namespaces for
            reads, and the object's own namespace for writes.

    Raises:
        TypeError: The model is not a kind that has a resource.
        ValueError: The namespace would break the path, or the resource has no namespaces.
    """

    __slots__ = ("_endpoint",)
    _status_is_separate: ClassVar[bool] = False
    _endpoint: Endpoint[T_co]

    def __init__(self, rest: RESTClient, model: type[T_co], namespace: str | DefaultNamespace | None = None) -> None:
        self._endpoint = ResourceEndpoint(rest, model, namespace, spell=self._spell)

    @classmethod
    def at(cls, endpoint: Endpoint[T_co]) -> Self:
        """Create the client of an endpoint."""
        self = cls.__new__(cls)
        self._endpoint = endpoint
        return self

    @property
    def endpoint(self) -> Endpoint[T_co]:
        """The paths and the requests of the resource, for functions that take a client."""
        return self._endpoint

    @classmethod
    def _spell(cls, info: ResourceInfo, namespace: str) -> str:
        """Return the call that makes this client with a namespace, for messages."""
        accessor = _accessor_of(cls)
        return f"{accessor}({namespace})" if accessor else f"{cls.__name__}(rest, {info.kind}, {namespace})"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            known = all_of(type(self))
            what = f"{type(self).__name__} has no {name!r}"
            if name in VERBS:
                what = f"{type(self).__name__} has no verb {name!r}: the API does not have it for this resource"
            else:
                what += did_you_mean(name, known)
            # With the name and no object, Python adds no suggestion of its own.
            raise AttributeError(f"{what} (available: {', '.join(known)})", name=name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._endpoint}: {', '.join(all_of(type(self)))}>"


def all_of(cls: type[Any]) -> list[str]:
    """Return the public methods and properties of a class."""
    return [name for name in dir(cls) if not name.startswith("_") and name not in _UNLISTED]


_UNLISTED = frozenset({"at", "endpoint", "group_version"})


def _accessor_of(cls: type[Any]) -> str:
    """Return the method of a group that makes the client (`config_maps`); `""` for a class that is not generated."""
    for group in vars(sys.modules[cls.__module__]).values():
        for name, method in vars(group).items() if isinstance(group, type) else ():
            if getattr(method, "__annotations__", {}).get("return") == cls.__name__:
                return name
    return ""
