"""The paths and requests of one resource on one server, in one namespace or in all of them.

The group, version, plural, scope and list class come from the class variables of the model; without a model, from the
caller or from discovery (`discovered_endpoint`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from kubeloop.clients.object_identity import identity_of
from kubeloop.clients.resource_info import ResourceInfo, namespace_for, resource_info
from kubeloop.wire.request import resource_path, segment, target

if TYPE_CHECKING:
    from kubeloop.clients.object_identity import Identity
    from kubeloop.meta.namespaces import DefaultNamespace
    from kubeloop.rest.client import RESTClient
    from kubeloop.wire.request import Params, Request

__all__ = ["Endpoint", "ResourceEndpoint", "SpellClient"]

T_co = TypeVar("T_co", covariant=True)


SpellClient = Callable[[ResourceInfo, str], str]
"""Returns the call, as a user writes it, that makes the client of a resource in a namespace (as written)."""


class Endpoint(Protocol[T_co]):
    """An endpoint whose names are known, or will be once discovery was asked."""

    @property
    def rest(self) -> RESTClient:
        """The RESTClient that sends the requests."""
        ...

    @property
    def model(self) -> type[T_co]:
        """The class of the objects."""
        ...

    @property
    def collection(self) -> str:
        """The path of the collection; before discovery, the name of the kind or resource. For messages."""
        ...

    async def located(self) -> ResourceEndpoint[T_co]:
        """Return the endpoint with its paths."""
        ...

    def check(self, name: str, subresource: str | None = None, *, verb: str) -> None:
        """Raise what `ResourceEndpoint.path` raises, as far as it is known without a request."""
        ...

    def in_namespace(self, namespace: str | DefaultNamespace | None) -> Endpoint[T_co]:
        """Return the same resource in another namespace, or in all of them."""
        ...


class ResourceEndpoint(Generic[T_co]):
    """One resource, in one namespace or in all.

    Args:
        rest: Sends the requests.
        model: The class of the objects.
        namespace: One namespace, or `DEFAULT` for that of the config. None or `""` means all namespaces for reads, and
            the object's own namespace for writes.
        info: The names of the resource; None takes them from the model.
        spell: Writes the call that makes a client with a namespace, for messages.

    Raises:
        TypeError: The model is not a kind that has a resource.
        ValueError: The namespace would break the path, or the resource has no namespaces.
    """

    __slots__ = ("collection", "info", "model", "namespace", "rest", "spell")

    def __init__(
        self,
        rest: RESTClient,
        model: type[T_co],
        namespace: str | DefaultNamespace | None = None,
        *,
        info: ResourceInfo | None = None,
        spell: SpellClient,
    ) -> None:
        self.rest = rest
        self.model = model
        self.spell = spell
        self.info = info = resource_info(model) if info is None else info
        self.namespace = namespace_for(rest, info, namespace or "") or None
        self.collection = self._path_of_collection(self.namespace)

    async def located(self) -> ResourceEndpoint[T_co]:
        """Return this endpoint: its paths are known."""
        return self

    def in_namespace(self, namespace: str | DefaultNamespace | None) -> ResourceEndpoint[T_co]:
        """Return the same resource in another namespace, or in all of them."""
        return ResourceEndpoint(self.rest, self.model, namespace, info=self.info, spell=self.spell)

    def check(self, name: str, subresource: str | None = None, *, verb: str) -> None:
        """Raise what `path` raises."""
        self.path(name, subresource, verb=verb)

    def path(self, name: str, subresource: str | None = None, *, verb: str) -> str:
        """Return the path of one object in this endpoint's namespace.

        Raises:
            ValueError: The object could be in any namespace, or the name would break the path.
        """
        # Types are hints only: unchecked callers pass the object, or None.
        is_text = isinstance(name, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        if is_text and "/" in name and self.info.namespaced is not False:
            namespace, _, own = name.partition("/")
            raise ValueError(
                f"{verb}: expected a name, got {name!r}: a name has no '/'. If it is a key, use "
                f'{self.spell(self.info, _quoted(namespace))}.{verb}("{own}")'
            )
        if not is_text:
            hint = ": pass its metadata.name" if hasattr(name, "metadata") else ""
            raise TypeError(f"{verb}: expected the name of a {self.what}, got {type(name).__name__}{hint}")
        if self.namespace is None and self.info.namespaced:
            raise ValueError(f"{verb} of {self.info.plural} {name!r} needs a namespace: {self._ways_to_name_one()}")
        return _below(self.collection, name, subresource)

    def path_for(self, identity: Identity, subresource: str | None = None, *, verb: str) -> str:
        """Return the path of an object that is written: its own namespace counts.

        Raises:
            ValueError: The object has no name or no namespace, or contradicts this endpoint.
        """
        if not identity.name:
            raise ValueError(f"{verb}: the {self.what} has no metadata.name")
        return _below(self.collection_for(identity, verb=verb), identity.name, subresource)

    def collection_for(self, identity: Identity, *, verb: str) -> str:
        """Return the path of the collection that an object belongs to.

        Raises:
            ValueError: The object has no namespace, or contradicts this endpoint.
        """
        info = self.info
        own = identity.namespace
        own_name = identity.name or identity.generate_name
        where = f"{verb}: {self.what} {own_name!r}"
        if info.kind and identity.kind and identity.kind != info.kind:
            raise ValueError(f"{verb}: expected a {info.kind}, got the {identity.kind} {own_name!r}")
        if identity.api_version and identity.api_version != str(info.group_version):
            raise ValueError(f"{where} is of {identity.api_version}; this client is for {info.group_version}")
        if not own:
            if self.namespace is None and info.namespaced:
                raise ValueError(f"{where} has no metadata.namespace: set it, or {self._ways_to_name_one()}")
            return self.collection
        if self.namespace is None:
            # The scope of the resource decides: one without namespaces ignores the namespace of an object.
            return self._path_of_collection(own) if info.namespaced else self.collection
        if own != self.namespace:
            raise ValueError(f"{where} has metadata.namespace {own!r}; this client is for {self.namespace!r}")
        return self.collection

    def path_of_all(self, *, verb: str) -> str:
        """Return the path of the collection for a verb that must not mean all namespaces.

        Raises:
            ValueError: The resource is namespaced, and no namespace was given.
        """
        if self.namespace is None and self.info.namespaced:
            raise ValueError(f"{verb} of {self.info.plural} needs a namespace: {self._ways_to_name_one()}")
        return self.collection

    def identity(self, obj: object) -> Identity:
        """Return the kind, namespace and name that an object says of itself.

        Raises:
            TypeError: It is not an object of Kubernetes.
        """
        return identity_of(obj, self.what)

    @property
    def list_model(self) -> type[Any]:
        """The class of the lists.

        Raises:
            TypeError: The model names none.
        """
        model = self.info.list_model
        if model is None:
            raise TypeError(f"{self.model.__name__} has no list class: {self.info.plural} cannot be listed")
        return model

    @property
    def what(self) -> str:
        """The kind, or the plural if the kind is not known. For messages."""
        return self.info.kind or self.info.plural

    def request(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: object = None,
        content_type: str | None = None,
    ) -> Request:
        """Build a request to a path of this endpoint. Arguments as of `RESTClient.new_request`."""
        url = target(path, params)
        is_confidential = self.info.is_confidential
        return self.rest.new_request(method, url, body, content_type=content_type, is_confidential=is_confidential)

    def delete_options(self, data: Mapping[str, Any] | None) -> object:
        """Return the body of a delete in the form that is written in the same format as the objects."""
        if data is None or not self.rest.serializers.writes(self.model):
            return data
        from kubeloop.models import meta_v1

        return meta_v1.DeleteOptions.from_dict({**data, "apiVersion": meta_v1.DeleteOptions.api_version})

    def _path_of_collection(self, namespace: str | None) -> str:
        return resource_path(self.info.group_version, self.info.plural, namespace=namespace)

    def _ways_to_name_one(self) -> str:
        some, default = (self.spell(self.info, text) for text in ('"the-namespace"', "kubeloop.DEFAULT"))
        return f"use {some}, or {default} for the namespace of the context"

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else " in all namespaces" if self.info.namespaced else ""
        return f"{self.info}{where}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _below(collection: str, name: str, subresource: str | None) -> str:
    path = f"{collection}/{segment(name, 'name')}"
    if subresource is not None:
        for part in subresource.split("/"):
            path = f"{path}/{segment(part, 'subresource')}"
    return path
