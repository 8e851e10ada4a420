"""Which objects an informer holds, and in which form: what makes two informers of a factory the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MethodType
from typing import TYPE_CHECKING, Any

from kubeloop.cache.source.lister_watcher import ListWatch
from kubeloop.cache.source.rest_source import rest_list_watch, rest_list_watches
from kubeloop.clients.metadata_requests import is_metadata
from kubeloop.clients.resource_info import namespace_for
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.meta.namespaces import DefaultNamespace
from kubeloop.objects.kept_object import chosen_paths

if TYPE_CHECKING:
    from kubeloop.cache.cached_object import CachedObject
    from kubeloop.cache.informer_provider import Namespaces
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.discovery.rest_mapper import RESTMapper
    from kubeloop.rest.client import RESTClient
    from kubeloop.wire.options import SelectorOptions

__all__ = ["InformerScope", "namespaces_of", "sources_of"]

SHOWN = 5
"""The number of namespaces that a name contains."""


@dataclass(frozen=True, slots=True, eq=False)
class InformerScope:
    """The scope of an informer.

    Two scopes are equal if all of their parts are. Transforms are the same if they are the same function, or the same
    method of the same object.

    Args:
        model: The class of the objects: a model class, `Unstructured`, or `PartialObjectMetadata`.
        resource: What is watched: the resource, or the kind or name where the server has to be asked for its resource.
        namespaces: The namespaces, sorted; none of them means all.
        label_selector: The text of the selector; `""` selects every object.
        field_selector: The text of the selector; `""` selects every object.
        transform: What changes each object before it is stored.
        keep: The paths of the fields that are kept; none of them means all fields.
    """

    model: type[Any]
    resource: GroupVersionResource | GroupVersionKind | str
    namespaces: tuple[str, ...]
    label_selector: str
    field_selector: str
    transform: Callable[[Any], Any] | None
    keep: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InformerScope) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __str__(self) -> str:
        """Return the name of an informer with this scope: `"v1 pods in default with labels app=web"`."""
        prefix = "metadata of " if is_metadata(self.model) else ""
        parts = [f"{prefix}{_named(self.resource)}"]
        if self.namespaces:
            more = len(self.namespaces) - SHOWN
            others = [f"{more} more namespaces"] if more > 0 else []
            parts.append(f"in {', '.join([*self.namespaces[:SHOWN], *others])}")
        if self.label_selector:
            parts.append(f"with labels {self.label_selector}")
        if self.field_selector:
            parts.append(f"with fields {self.field_selector}")
        if self.keep:
            parts.append(f"keeping {chosen_paths(self.keep) or 'identity and labels'}")
        return " ".join(parts)

    def shown_resource(self) -> GroupVersionResource:
        """Return the resource for messages; of a kind or a name, with this in the place of the plural."""
        of = self.resource
        if isinstance(of, str):
            return GroupVersionResource("", "", of)
        return of if isinstance(of, GroupVersionResource) else GroupVersionResource(of.group, of.version, of.kind)

    def overlaps(self, other: InformerScope) -> bool:
        """Return whether both hold objects of the same class, kind and namespace, whatever their selectors choose."""
        return (
            self.model is other.model
            and self.resource == other.resource
            and (
                not self.namespaces
                or not other.namespaces
                or not frozenset(self.namespaces).isdisjoint(other.namespaces)
            )
        )

    def _parts(self) -> tuple[object, ...]:
        return (
            self.model,
            self.resource,
            self.namespaces,
            self.label_selector,
            self.field_selector,
            _identity(self.transform),
            self.keep,
        )


def _named(resource: GroupVersionResource | GroupVersionKind | str) -> str:
    if isinstance(resource, str):
        return resource
    name = resource.resource if isinstance(resource, GroupVersionResource) else resource.kind
    return f"{resource.group_version} {name}"


def _identity(function: object) -> object:
    """Return what tells two functions apart: reading a method of an object gives another bound method each time."""
    return (id(function.__self__), id(function.__func__)) if isinstance(function, MethodType) else id(function)


def namespaces_of(rest: RESTClient, info: ResourceInfo, given: Namespaces) -> tuple[str, ...]:
    """Return the namespaces of an informer, sorted; none of them means all.

    Raises:
        TypeError: Something else than names of namespaces was given.
        ValueError: A collection is empty or contains `ALL_NAMESPACES`, or the resource has no namespaces.
    """
    if isinstance(given, (str, DefaultNamespace)):
        one = namespace_for(rest, info, given)
        return (one,) if one else ()
    found: set[str] = set()
    for each in given:
        if not isinstance(each, (str, DefaultNamespace)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"expected the names of namespaces, got {type(each).__name__}")
        found.add(namespace_for(rest, info, each))
    if not found or "" in found:
        raise ValueError(
            f"expected names of namespaces, got {sorted(found)}: pass ALL_NAMESPACES alone for the objects of all "
            "namespaces, or of a resource that has none"
        )
    return tuple(sorted(found))


def sources_of(
    rest: RESTClient,
    scope: InformerScope,
    model: type[Any],
    resource: GroupVersionResource | GroupVersionKind | type[CachedObject] | str | None,
    *,
    watch_list: bool,
    mapper: RESTMapper | None,
) -> ListWatch[Any] | dict[str, ListWatch[Any]]:
    """Create the source of the objects of a scope, or of several namespaces the source of each.

    Args:
        rest: The client that sends the requests.
        scope: The scope.
        model: The class of the objects in the memory mode of the informer.
        resource: The resource, as for `rest_list_watch`.
        watch_list: Whether a list may be read as the beginning of a watch.
        mapper: Finds the resource of a name; None for one of its own.

    Raises:
        TypeError: The objects cannot be listed.
    """
    selectors: SelectorOptions = {
        "label_selector": scope.label_selector or None,
        "field_selector": scope.field_selector or None,
    }
    namespaces = scope.namespaces
    if len(namespaces) > 1:
        return rest_list_watches(
            rest, model, resource, namespaces=namespaces, watch_list=watch_list, mapper=mapper, **selectors
        )
    namespace = "".join(namespaces)
    return rest_list_watch(
        rest, model, resource, namespace=namespace, watch_list=watch_list, mapper=mapper, **selectors
    )
