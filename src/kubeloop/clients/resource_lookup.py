"""Which resource a class means, or a class together with a GroupVersionResource or a GroupVersionKind.

A model class says it all. `Unstructured` and `PartialObjectMetadata` are for any resource. For a GroupVersionKind the
server must be asked for the plural, and for both forms for the scope. Nobody waits for that in a constructor:
`resource_of` is a plain call, `look_up` runs before the first request.

Reference: apimachinery `meta.RESTMapper`; client-go `dynamic/dynamicinformer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeloop._kit.near_names import did_you_mean
from kubeloop.clients.resource_info import ResourceInfo, resource_info
from kubeloop.discovery.resource_argument import parse_resource_argument
from kubeloop.errors import NoMatch, NotFound, StatusDetails
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind, GroupVersionResource
from kubeloop.wire.request import group_version_path

if TYPE_CHECKING:
    from kubeloop.discovery.rest_mapping import RESTMapping
    from kubeloop.rest.client import RESTClient

__all__ = ["info_of", "look_up", "plural_of", "resource_of", "served_kinds"]


def resource_of(
    model: type[Any], resource: GroupVersionResource | GroupVersionKind | type[Any] | str | None = None
) -> ResourceInfo:
    """Return the resource that is meant; its `plural` is `""` if the server must be asked first.

    `look_up` asks about a kind, and a RESTMapper about a text, of which nothing is known here.

    Args:
        model: a model class, `Unstructured`, or `PartialObjectMetadata`.
        resource: the resource or the kind of `Unstructured` objects and of metadata, or a text as for kubectl; for
            metadata also the model class; None for a model class.

    Raises:
        TypeError: the class is no kind with a resource of its own, `Unstructured` came alone, or a model class came
            with a resource.
        ValueError: the text is no name of a resource.
    """
    from kubeloop.models import meta_v1
    from kubeloop.unstructured import Unstructured

    if not isinstance(model, type):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected the class of a kind, got {_shown(model)}: pass for instance core_v1.Pod")
    of_metadata = issubclass(model, meta_v1.PartialObjectMetadata)
    if not of_metadata and not issubclass(model, Unstructured):
        if resource is not None:
            raise TypeError(f"{model.__name__} names its own resource: leave {resource} out, or pass Unstructured")
        return resource_info(model)
    if isinstance(resource, GroupVersionResource):
        return ResourceInfo(resource.group_version, resource.resource, "", None, model.list_type)
    if isinstance(resource, GroupVersionKind):
        return ResourceInfo(resource.group_version, "", resource.kind, None, model.list_type)
    if isinstance(resource, str):
        parse_resource_argument(resource)
        return ResourceInfo(GroupVersion("", ""), "", "", None, model.list_type)
    if of_metadata and isinstance(resource, type):
        return resource_info(resource).replace(list_model=model.list_type)
    given: object = resource  # the argument of an unchecked caller may be anything
    classes = "a model class, " if of_metadata else ""
    raise TypeError(
        f'{model.__name__} needs {classes}a GroupVersionResource, a GroupVersionKind or a name such as "deploy", '
        f"got {'nothing' if given is None else type(given).__name__}: "
        'pass for instance GroupVersionResource("apps", "v1", "deployments")'
    )


def info_of(mapping: RESTMapping) -> ResourceInfo:
    """Return the resource of a mapping, for `Unstructured` objects."""
    from kubeloop.unstructured import UnstructuredList

    return ResourceInfo(
        mapping.group_version, mapping.resource.resource, mapping.kind.kind, mapping.namespaced, UnstructuredList
    )


async def look_up(rest: RESTClient, info: ResourceInfo) -> ResourceInfo:
    """Ask the server for the plural, the kind and the scope of a resource of which the plural or the kind is known.

    Raises:
        NoMatch: the server has no such group and version, or no such kind or resource in it. A later call may find it.
    """
    from kubeloop.models import meta_v1

    try:
        listed = await rest.get(group_version_path(info.group_version), into=meta_v1.APIResourceList)
    except NotFound as error:
        raise _not_served(rest, info) from error
    for each in listed.resources:
        is_found = each.name == info.plural if info.plural else each.kind == info.kind
        if is_found and "/" not in each.name:
            return ResourceInfo(info.group_version, each.name, each.kind, each.namespaced, info.list_model)
    known = (each.name if info.plural else each.kind for each in listed.resources if "/" not in each.name)
    raise _not_served(rest, info, did_you_mean(info.plural or info.kind, known))


async def served_kinds(rest: RESTClient, group_version: GroupVersion) -> dict[str, str]:
    """Ask the server for the kinds of a group and version, by plural."""
    from kubeloop.models import meta_v1

    listed = await rest.get(group_version_path(group_version), into=meta_v1.APIResourceList)
    return {each.name: each.kind for each in listed.resources if "/" not in each.name}


def plural_of(kind: str) -> str:
    """Return the plural that a kind has by the rules of Kubernetes; a custom resource may have another one.

    >>> plural_of("NetworkPolicy"), plural_of("Ingress"), plural_of("Pod")
    ('networkpolicies', 'ingresses', 'pods')

    Reference: apimachinery `meta.UnsafeGuessKindToResource`.
    """
    name = kind.lower()
    if name.endswith("endpoints"):
        return name
    if name.endswith("s"):
        return f"{name}es"
    return f"{name.removesuffix('y')}ies" if name.endswith("y") else f"{name}s"


def _not_served(rest: RESTClient, info: ResourceInfo, hint: str = "") -> NoMatch:
    what = f"resource {info.plural}" if info.plural else f"kind {info.kind}"
    return NoMatch(
        StatusDetails(
            code=404,
            reason="NotFound",
            message=f"the server at {rest.config.host} has no {what} in {info.group_version}{hint}",
            group=info.group_version.group,
            kind=info.kind,
        )
    )


def _shown(value: object) -> str:
    return f"the str {value!r}" if isinstance(value, str) else f"an object of the class {type(value).__name__}"
