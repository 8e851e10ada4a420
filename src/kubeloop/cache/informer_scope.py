"""Which objects an informer holds, and in which form: what makes two informers of a factory the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MethodType
from typing import Any

from kubeloop.clients.metadata_requests import is_metadata
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource

__all__ = ["InformerScope"]


@dataclass(frozen=True, slots=True, eq=False)
class InformerScope:
    """The scope of an informer.

    Two scopes are equal if all of their parts are. Transforms are the same if they are the same function, or the same
    method of the same object.

    Args:
        model: The class of the objects: a model class, `Unstructured`, or `PartialObjectMetadata`.
        resource: What is watched: the resource, or the kind where the server has to be asked for its resource.
        namespace: The namespace; `""` is all namespaces.
        label_selector: The text of the selector; `""` selects every object.
        field_selector: The text of the selector; `""` selects every object.
        transform: What changes each object before it is stored.
    """

    model: type[Any]
    resource: GroupVersionResource | GroupVersionKind
    namespace: str
    label_selector: str
    field_selector: str
    transform: Callable[[Any], Any] | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InformerScope) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __str__(self) -> str:
        """Return the name of an informer with this scope: `"v1 pods in default with labels app=web"`."""
        of = self.resource
        name = of.resource if isinstance(of, GroupVersionResource) else of.kind
        prefix = "metadata of " if is_metadata(self.model) else ""
        parts = [f"{prefix}{of.group_version} {name}"]
        if self.namespace:
            parts.append(f"in {self.namespace}")
        if self.label_selector:
            parts.append(f"with labels {self.label_selector}")
        if self.field_selector:
            parts.append(f"with fields {self.field_selector}")
        return " ".join(parts)

    def overlaps(self, other: InformerScope) -> bool:
        """Return whether both hold objects of the same class, kind and namespace, whatever their selectors choose."""
        return (
            self.model is other.model
            and self.resource == other.resource
            and (self.namespace == other.namespace or not self.namespace or not other.namespace)
        )

    def _parts(self) -> tuple[object, ...]:
        return (
            self.model,
            self.resource,
            self.namespace,
            self.label_selector,
            self.field_selector,
            _identity(self.transform),
        )


def _identity(function: object) -> object:
    """Return what tells two functions apart: reading a method of an object gives another bound method each time."""
    return (id(function.__self__), id(function.__func__)) if isinstance(function, MethodType) else id(function)
