"""Which methods the real server has at a path. What no route leads to is refused before anything is looked at.

Reference: apiserver pkg/endpoints/installer.go (registerResourceHandlers), pkg/server/handler.go (serviceErrorHandler).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.wire import refusals

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.wire.request_path import RequestInfo

__all__ = ["check_route"]

_LISTED = {"list": "GET"}
_COLLECTION = {**_LISTED, "create": "POST", "deletecollection": "DELETE"}
_OBJECT = {"get": "GET", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}
_SUBRESOURCE = {**_OBJECT, "create": "POST"}
_PROXY = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def check_route(method: str, info: RequestInfo, resource: ServedResource | None) -> None:
    """Check that the server has a method at a path.

    Args:
        method: The HTTP method.
        info: What the path says.
        resource: The resource that the path names; None if there is none.

    Raises:
        NotFound: The path does not exist: the resource has another scope, for instance.
        MethodNotAllowed: The path has other methods.
    """
    methods = frozenset[str]() if resource is None else _methods(info, resource)
    if not methods:
        raise refusals.generic_response(404, method)
    if method not in methods:
        raise refusals.generic_response(405, method)


def _methods(info: RequestInfo, resource: ServedResource) -> frozenset[str]:
    parts = info.parts
    is_namespace = info.resource == "namespaces" and len(parts) > 1  # whose namespace is its own name
    is_in_namespace = bool(info.namespace) and not is_namespace
    if info.verb == "proxy" or (is_in_namespace and not resource.namespaced):
        return frozenset()
    is_in_its_scope = is_in_namespace == resource.namespaced
    if info.is_watch_path:
        is_route = len(parts) == 1 or (len(parts) == 2 and is_in_its_scope)
        return frozenset({"GET"}) if is_route and "watch" in resource.verbs else frozenset()
    if len(parts) == 1:
        return _of(resource.verbs, _COLLECTION if is_in_its_scope else _LISTED)
    if not is_in_its_scope:
        return frozenset()
    if len(parts) == 2:
        return _of(resource.verbs, _OBJECT)
    subresource = resource.subresources.get(info.subresource)
    if subresource is None or (len(parts) > 3 and info.subresource != "proxy"):
        return frozenset()
    return _PROXY if info.subresource == "proxy" else _of(subresource.verbs, _SUBRESOURCE)


def _of(verbs: Collection[str], methods: Mapping[str, str]) -> frozenset[str]:
    return frozenset(method for verb, method in methods.items() if verb in verbs)
