"""ResourceInfo: the names and the scope of a resource, and the namespace of requests for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from kubeloop._kit.value import Value
from kubeloop.meta.gvk import GroupVersion
from kubeloop.meta.namespaces import DefaultNamespace

if TYPE_CHECKING:
    from kubeloop.rest.client import RESTClient

__all__ = ["ResourceInfo", "namespace_for", "resource_info"]


class ResourceInfo(Value, frozen=True):
    """The names and the scope of a resource.

    Attributes:
        group_version: The group and version that serve the resource.
        plural: The name in the path, `deployments`.
        kind: The kind, `Deployment`; `""` if it is not known.
        namespaced: Whether the objects live in namespaces; None if that is not known.
        list_model: The class of its lists; None if the model names none.
        is_confidential: Whether the objects of a custom kind hold secrets (fields of the format `password`).
    """

    group_version: GroupVersion
    plural: str
    kind: str
    namespaced: bool | None
    list_model: type[Any] | None
    is_confidential: bool = False

    def __str__(self) -> str:
        return f"{self.group_version} {self.plural}"


_infos: dict[type[Any], ResourceInfo] = {}


def resource_info(model: type[Any]) -> ResourceInfo:
    """Return the names and the scope of a model's resource.

    Raises:
        TypeError: The class is not a kind that has a resource.
    """
    info = _infos.get(model)
    if info is None:
        plural = getattr(model, "resource", "")
        if not plural:
            raise TypeError(
                f"expected the class of a kind with a resource, got {model.__name__}: the class names no plural"
            )
        group_version = GroupVersion.parse(model.api_version)
        list_model = getattr(model, "list_type", None)
        info = _infos[model] = ResourceInfo(
            group_version, plural, model.kind, model.namespaced, list_model, _holds_secrets(model)
        )
    return info


def _holds_secrets(model: type[Any]) -> bool:
    """Return whether the module of a custom kind has a type with a secret field; built-in kinds go by their path."""
    module = sys.modules.get(model.__module__)
    if module is None or model.__module__.startswith("kubeloop.models."):
        return False
    return any(getattr(each, "__secret__", None) for each in vars(module).values() if isinstance(each, type))


def namespace_for(rest: RESTClient, info: ResourceInfo, namespace: str | DefaultNamespace) -> str:
    """Return the namespace in which requests read a resource; `""` is all namespaces, or none.

    Raises:
        ValueError: A namespace was named, and the resource has none.
    """
    if isinstance(namespace, DefaultNamespace):
        return "" if info.namespaced is False else rest.config.namespace
    if namespace and info.namespaced is False:
        raise ValueError(f"{info.plural} are not namespaced: leave out the namespace {namespace!r}")
    return namespace
