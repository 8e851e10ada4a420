"""PlannedObject: one object of a set of manifests, checked, with what must be known to send it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from kubeloop._kit.text import safe_text
from kubeloop.clients.manifests.unfolded_list import unfold
from kubeloop.clients.object_identity import identity_of
from kubeloop.clients.request_bodies import configuration_data
from kubeloop.errors import DecodeError, EncodeError, KubeloopError
from kubeloop.meta.gvk import GroupVersionKind
from kubeloop.objects.draft import Draft
from kubeloop.objects.model import Kind, KindList
from kubeloop.objects.type_guards import is_mapping
from kubeloop.unstructured import Unstructured
from kubeloop.wire.request import resource_path, segment

if TYPE_CHECKING:
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.rest.client import RESTClient

__all__ = ["JSON_OBJECT", "PlannedObject", "add_labels", "find_places", "plan"]


JSON_OBJECT: type[dict[str, Any]] = dict
"""The class of responses that are read as plain JSON objects, for type checkers."""

_NONE: Mapping[GroupVersionKind, ResourceInfo] = MappingProxyType({})


_LIST: Any = KindList  # of whatever kind, for which checkers would ask


class Resources(Protocol):
    """Finds which resource the kind of an object is."""

    async def find(self, obj: PlannedObject, /) -> ResourceInfo:
        """Return the resource of an object, or raise a KubeloopError."""
        ...


class PlannedObject:
    """One object of a set, from the check of its document to its result.

    Attributes:
        data: What is sent: the JSON value with apiVersion and kind.
        gvk: The kind that the object names.
        namespace: The namespace in which the object is; `""` for none.
        name: The name of the object.
        model: The class of the object, which knows its resource; None for objects without a class.
        info: The resource; None until it is known.
        error: Why the object cannot be sent; None if it can.
    """

    __slots__ = ("_collection", "data", "error", "gvk", "info", "model", "name", "namespace")

    def __init__(self, gvk: GroupVersionKind, namespace: str, name: str, data: Mapping[str, Any]) -> None:
        self.gvk = gvk
        self.namespace = namespace
        self.name = name
        self.data = data
        self.model: type[Kind] | None = None
        self.info: ResourceInfo | None = None
        self.error: Exception | None = None
        self._collection = ""

    @property
    def resource(self) -> ResourceInfo:
        """The resource of the object.

        Raises:
            RuntimeError: It is not known yet.
        """
        if self.info is None:
            raise RuntimeError(f"the resource of {self} is not known yet")
        return self.info

    @property
    def collection(self) -> str:
        """The path of the collection that the object is in. It needs the resource and the namespace.

        Raises:
            ValueError: A name would break the path.
        """
        if not self._collection:
            info = self.resource
            self._collection = resource_path(info.group_version, info.plural, namespace=self.namespace or None)
        return self._collection

    @property
    def path(self) -> str:
        """The path of the object. Errors as of `collection`."""
        return f"{self.collection}/{segment(self.name, 'name')}"

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return safe_text(f"{self.gvk.kind or 'object'} {where}".rstrip())

    def __repr__(self) -> str:
        return f"<PlannedObject {self} of {self.gvk.api_version}>"


def plan(objects: Iterable[Any], *, sends_body: bool = True) -> list[PlannedObject]:
    """Check the objects of a set, as far as no server is needed. An object that cannot be sent has an `error`.

    Args:
        objects: Models, drafts, `Unstructured` objects or mappings with the API's field names; lists are unfolded.
        sends_body: Whether the objects themselves are sent, and not only named.

    Raises:
        TypeError: The argument is no collection of objects.
    """
    _check_collection(objects)
    planned: list[PlannedObject] = []
    for number, each in enumerate(objects):
        planned.extend(_planned(obj, number, sends_body=sends_body) for obj in unfold(each))
    return planned


async def find_places(
    objects: Sequence[PlannedObject],
    resources: Resources,
    rest: RESTClient,
    namespace: str | None,
    *,
    defined: Mapping[GroupVersionKind, ResourceInfo] = _NONE,
) -> None:
    """Find the resource and the namespace of each object, and refuse objects that are in the set twice.

    Args:
        objects: The objects; those that cannot be sent get an `error`.
        resources: Finds the resources of kinds.
        rest: The client whose config has the default namespace.
        namespace: The namespace in which all objects must be; None for any.
        defined: The resources that CustomResourceDefinitions of the set define.
    """
    seen: dict[tuple[str, str, str, str], PlannedObject] = {}
    default = namespace or rest.config.namespace
    for obj in objects:
        if obj.error is not None:
            continue
        try:
            _set_place(obj, defined.get(obj.gvk) or await resources.find(obj), default, namespace)
            _ = obj.path  # refuses names that would break it
        except (KubeloopError, ValueError, TypeError) as error:
            obj.error = error
            continue
        key = (obj.gvk.group, obj.gvk.kind, obj.namespace, obj.name)
        if seen.setdefault(key, obj) is not obj:
            obj.error = DecodeError(f"{obj}: expected each object once, got it twice in the set; remove one of them")


def add_labels(obj: PlannedObject, labels: Mapping[str, str]) -> DecodeError | None:
    """Add the labels of a set to an object; return an error if it has one of them, or labels that are no mapping."""
    metadata = obj.data["metadata"]
    own: Any = metadata.get("labels") or {}
    if not is_mapping(own):
        return DecodeError(f"{obj}: expected a mapping, got {type(own).__name__}: metadata.labels")
    for name in labels:
        if name in own:
            return DecodeError(f"{obj}: expected an object without the label {name}, which the set adds; remove it")
    obj.data = {**obj.data, "metadata": {**metadata, "labels": {**own, **labels}}}
    return None


def _set_place(obj: PlannedObject, info: ResourceInfo, default: str, enforced: str | None) -> None:
    """Set the resource of an object, and the namespace that results from its scope.

    Args:
        obj: The object.
        info: The resource.
        default: The namespace of objects that name none.
        enforced: The namespace in which all objects must be; None for any.

    Raises:
        DecodeError: The object names another namespace than the one in which all must be.
    """
    obj.info = info
    if not info.namespaced:
        if obj.namespace:
            metadata = {name: value for name, value in obj.data["metadata"].items() if name != "namespace"}
            obj.data = {**obj.data, "metadata": metadata}
            obj.namespace = ""
        return
    if enforced and obj.namespace not in ("", enforced):
        raise DecodeError(f"{obj}: expected an object of the namespace {enforced!r}, got one of {obj.namespace!r}")
    if not obj.namespace:
        # As kubectl does: the server keeps the text of what the manager "kubectl" applies, with its namespace.
        obj.namespace = default
        obj.data = {**obj.data, "metadata": {**obj.data["metadata"], "namespace": default}}


def _check_collection(objects: object) -> None:
    """Refuse what unchecked callers pass: a path, a text, or one object."""
    cls: type[Any] = type(objects)
    is_one = _is_object(objects) and not issubclass(cls, _LIST)
    if is_one or issubclass(cls, (str, bytes)) or not hasattr(cls, "__iter__"):
        hint = "[obj]" if is_one else "load_manifests(path) or parse_manifests(text)"
        raise TypeError(f"expected a list of objects, got one {cls.__name__}: pass {hint}")


def _broken(error: Exception) -> PlannedObject:
    broken = PlannedObject(GroupVersionKind("", "", ""), "", "", {})
    broken.error = error
    return broken


def _planned(obj: Any, number: int, *, sends_body: bool) -> PlannedObject:
    if isinstance(obj, DecodeError):  # an item of a list
        return _broken(obj)
    if not _is_object(obj):
        found = type(obj).__name__
        return _broken(DecodeError(f"expected an object with apiVersion and kind, got {found}: item {number}"))
    if isinstance(obj, Kind) and not hasattr(getattr(obj, "metadata", None), "name"):
        found = type(obj).__name__
        return _broken(DecodeError(f"expected a kind with a resource, got {found}, which is not stored: item {number}"))
    try:
        said = identity_of(obj, "object")
        gvk = GroupVersionKind.from_api_version(said.api_version, said.kind)
    except (TypeError, ValueError, DecodeError) as error:
        return _broken(DecodeError(str(error)))
    problem: DecodeError | None = None
    data: Mapping[str, Any] = {"metadata": {}}
    if sends_body:
        try:
            data = configuration_data(obj)
        except (TypeError, ValueError, EncodeError) as error:
            problem = DecodeError(str(error))
    planned = PlannedObject(gvk, said.namespace, said.name, data)
    if isinstance(obj, Kind):
        planned.model = type(obj)
    planned.error = _problem(planned, said.generate_name, number) or problem
    return planned


def _is_object(value: Any) -> bool:
    return isinstance(value, (Kind, Draft, Unstructured, Mapping))


def _problem(obj: PlannedObject, generate_name: str, number: int) -> DecodeError | None:
    if not obj.gvk.kind or not obj.gvk.version:
        missing = "kind" if not obj.gvk.kind else "apiVersion"
        return DecodeError(
            f"{obj}: expected an object with apiVersion and kind, got one without {missing}: item {number}"
        )
    if obj.name:
        return None
    if generate_name:
        return DecodeError(
            f"{obj}: expected metadata.name, got metadata.generateName {generate_name!r}: item {number}; the name must "
            "be known: use create() for generated names"
        )
    return DecodeError(f"{obj}: expected metadata.name, got an object without name: item {number}")
