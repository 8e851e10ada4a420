"""Endpoint: one resource of one server, in one namespace or in all of them: what every verb stands on.

It knows the paths, and which namespace a request is for. Group, version, plural, scope and list class come from the
model's class variables; for the dynamic client from its caller.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from kubeloop._kit.value import Value
from kubeloop.clients.object_identity import identity_of
from kubeloop.meta.gvk import GroupVersion
from kubeloop.wire.request import resource_path, segment, target

if TYPE_CHECKING:
    from kubeloop.clients.object_identity import Identity
    from kubeloop.rest.client import RESTClient
    from kubeloop.wire.request import Params, Request

__all__ = ["Endpoint", "ResourceInfo", "resource_info"]

T_co = TypeVar("T_co", covariant=True)


class ResourceInfo(Value, frozen=True):
    """What a resource is called.

    Attributes:
        group_version: Where it is served.
        plural: `deployments`.
        kind: `Deployment`; `""` when it is not known.
        namespaced: Whether its objects live in namespaces; None when it is not known.
        list_model: What a LIST is read as; None when the model names none.
        is_confidential: Whether the objects of a custom kind hold secrets (fields of the format `password`).
    """

    group_version: GroupVersion
    plural: str
    kind: str
    namespaced: bool | None
    list_model: type[Any] | None
    is_confidential: bool = False


_infos: dict[type[Any], ResourceInfo] = {}


def resource_info(model: type[Any]) -> ResourceInfo:
    """Read off a model class what its resource is called.

    Raises:
        TypeError: The class is no kind that has a resource.
    """
    info = _infos.get(model)
    if info is None:
        plural = getattr(model, "resource", "")
        if not plural:
            raise TypeError(f"{model.__name__} is no kind with a resource of its own: its class names no plural")
        group_version = GroupVersion.parse(model.api_version)
        list_model = getattr(model, "list_type", None)
        info = _infos[model] = ResourceInfo(
            group_version, plural, model.kind, model.namespaced, list_model, _holds_secrets(model)
        )
    return info


def _holds_secrets(model: type[Any]) -> bool:
    """Say if a custom kind, or a type beside it in its module, has a secret field; built-in kinds go by their path."""
    module = sys.modules.get(model.__module__)
    if module is None or model.__module__.startswith("kubeloop.models."):
        return False
    return any(getattr(each, "__secret__", None) for each in vars(module).values() if isinstance(each, type))


class Endpoint(Generic[T_co]):
    """One resource, in one namespace or in all.

    Args:
        rest: Sends the requests.
        model: The class of its objects.
        namespace: Where; None or `""` is all namespaces for reads, and the object's own for writes.
        info: What the resource is called, when the class does not know (the dynamic client).

    Raises:
        ValueError: A namespace that would break the path, or one for a resource that has none.
    """

    __slots__ = ("_collection", "_info", "_model", "_namespace", "_rest")
    _has_status: ClassVar[bool] = False

    def __init__(
        self, rest: RESTClient, model: type[T_co], namespace: str | None = None, *, info: ResourceInfo | None = None
    ) -> None:
        self._rest = rest
        self._model = model
        self._info = info = resource_info(model) if info is None else info
        self._namespace = namespace or None
        if self._namespace is not None and info.namespaced is False:
            raise ValueError(f"{info.plural} are not namespaced: leave the namespace {namespace!r} out")
        self._collection = self._path_of_collection(self._namespace)

    def _path_of_collection(self, namespace: str | None) -> str:
        return resource_path(self._info.group_version, self._info.plural, namespace=namespace)

    def _path(self, name: str, subresource: str | None = None, *, verb: str) -> str:
        """The path of one object in this endpoint's namespace.

        Raises:
            ValueError: No namespace was given, so that the name could be in any; or a name that would break the path.
        """
        if self._namespace is None and self._info.namespaced:
            raise ValueError(f"{verb} of {self._info.plural} {name!r} needs a namespace: {self._how_to_name_one()}")
        return _below(self._collection, name, subresource)

    def _path_for(self, identity: Identity, subresource: str | None = None, *, verb: str) -> str:
        """The path of an object that is written: its own namespace counts, and must not contradict the endpoint's.

        Raises:
            ValueError: No name, no namespace, or a contradiction.
        """
        if not identity.name:
            raise ValueError(f"{verb}: the {self._what} has no metadata.name")
        return _below(self._collection_for(identity, verb=verb), identity.name, subresource)

    def _collection_for(self, identity: Identity, *, verb: str) -> str:
        info = self._info
        own = identity.namespace
        where = f"{verb}: {self._what} {identity.name or identity.generate_name!r}"
        if info.kind and identity.kind and identity.kind != info.kind:
            raise ValueError(f"{where} is of kind {identity.kind}; this client is for {info.kind}")
        if identity.api_version and identity.api_version != str(info.group_version):
            raise ValueError(f"{where} is of {identity.api_version}; this client is for {info.group_version}")
        if not own:
            if self._namespace is None and info.namespaced:
                raise ValueError(f"{where} has no metadata.namespace: set it, or {self._how_to_name_one()}")
            return self._collection
        if self._namespace is None:
            # The scope of the resource decides: what has none ignores a namespace that strayed into the object.
            return self._path_of_collection(own) if info.namespaced else self._collection
        if own != self._namespace:
            raise ValueError(f"{where} has metadata.namespace {own!r}; this client is for {self._namespace!r}")
        return self._collection

    def _identity(self, obj: object) -> Identity:
        return identity_of(obj, self._what)

    @property
    def _list_model(self) -> type[Any]:
        model = self._info.list_model
        if model is None:
            raise TypeError(f"{self._model.__name__} has no list class: {self._info.plural} cannot be listed")
        return model

    @property
    def _what(self) -> str:
        return self._info.kind or self._info.plural

    def _how_to_name_one(self) -> str:
        return f'use {self._info.plural}("the-namespace")'

    def _request(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: object = None,
        content_type: str | None = None,
    ) -> Request:
        url = target(path, params)
        is_confidential = self._info.is_confidential
        return self._rest.new_request(method, url, body, content_type=content_type, is_confidential=is_confidential)

    def __repr__(self) -> str:
        where = f"in {self._namespace}" if self._namespace else "in all namespaces" if self._info.namespaced else ""
        return f"<{type(self).__name__} {self._info.group_version} {self._info.plural} {where}".rstrip() + ">"


def _below(collection: str, name: str, subresource: str | None) -> str:
    path = f"{collection}/{segment(name, 'name')}"
    if subresource is not None:
        for part in subresource.split("/"):
            path = f"{path}/{segment(part, 'subresource')}"
    return path
