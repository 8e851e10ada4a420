"""The objects that a server holds before its first request: those of a fresh server, and those of a test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from kubeloop._kit.near_names import did_you_mean
from kubeloop.errors import EncodeError
from kubeloop.meta.gvk import GroupVersion
from kubeloop.meta.times import format_time
from kubeloop.testing.apiserver.encoding.document import data_of
from kubeloop.testing.apiserver.facts.fresh_objects import fresh_objects
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.testing.apiserver.writing.name_form import path_segment
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.objects.model import Kind
    from kubeloop.testing.apiserver.facts.served_resource import Resources, ServedResource
    from kubeloop.testing.apiserver.storage.storage import Storage
    from kubeloop.unstructured import Unstructured

__all__ = ["Seeds"]

_PORT = 6443  # of the Service `kubernetes`; a server that does not listen has none


class Seeds:
    """Puts objects into a storage as they are, without the rules of a write.

    Args:
        storage: The storage.
        resources: What is served.
        random: The source of uids.
        now: Seconds since the epoch.
    """

    def __init__(self, storage: Storage, resources: Resources, random: Random, now: float) -> None:
        self._storage = storage
        self._resources = resources
        self._random = random
        self._time = format_time(datetime.fromtimestamp(int(now), UTC))

    def put_fresh_content(self) -> None:
        """Put what a fresh server holds."""
        for document in fresh_objects(time=self._time, port=_PORT):
            self._put(document)

    def put(self, obj: Kind | Unstructured | Mapping[str, Any]) -> None:
        """Put an object; what it says of status, uid and deletionTimestamp is kept. Its namespace is created.

        Raises:
            EncodeError: The object has no kind, a kind that is not served, or no name that a path may contain.
            TypeError: The argument is no object.
        """
        document: Any = JSON.plain_data(JSON.encode(obj))
        if not isinstance(document, dict):
            raise TypeError(f"expected a model, an Unstructured or a dictionary, got {type(obj).__name__}")
        self._put(cast("dict[str, Any]", document))

    def _put(self, document: dict[str, Any]) -> None:
        resource = self._resource_of(document)
        given: Any = document.get("metadata") or {}
        if not isinstance(given, dict):
            raise EncodeError(f"expected metadata of a {resource.kind} as an object, got {type(given).__name__}")
        given = cast("dict[str, Any]", given)
        metadata = {**given, "uid": given.get("uid") or str(UUID(int=self._random.getrandbits(128), version=4))}
        metadata["creationTimestamp"] = given.get("creationTimestamp") or self._time
        name = metadata.get("name")
        if not name or not isinstance(name, str):
            raise EncodeError(f"expected an object with a name, got a {resource.kind} without metadata.name")
        namespace = metadata.pop("namespace", None) or "default"
        for field, text in (("name", name), ("namespace", namespace)):
            for fault in path_segment(str(text), False):  # otherwise no request reaches the object
                raise EncodeError(f"{resource.kind} {name!r}: metadata.{field} {fault}")
        if not resource.namespaced:
            namespace = ""
        elif self._storage.get(Key("namespaces", "", namespace)) is None:
            self._put(_namespace(namespace))
        if namespace:
            metadata["namespace"] = namespace
        key = Key(resource.stored_as, namespace, name)
        self._storage.put(key, data_of({**document, "metadata": metadata}, resource), expected=None)

    def _resource_of(self, document: Mapping[str, Any]) -> ServedResource:
        api_version, kind = document.get("apiVersion", ""), document.get("kind", "")
        try:
            group_version = GroupVersion.parse(api_version)
        except ValueError:
            group_version = GroupVersion("", "")
        resource = self._resources.of_kind(group_version.group, group_version.version, kind)
        if resource is None or not resource.stored_as:
            raise EncodeError(
                f"expected an object of a kind that the server stores, got {api_version} {kind}".rstrip()
                + self._suggestion(group_version.group, kind, document)
            )
        return resource

    def _suggestion(self, group: str, kind: object, document: Mapping[str, Any]) -> str:
        if isinstance(document.get("items"), list):
            return "; pass the items of a list one by one: *items"
        served = self._resources.group(group)
        if served is None:
            return "; custom resources need a ControlPlane"
        of_group = [each for each in self._resources if each.group == group and each.stored_as]
        versions = [each.api_version for each in of_group if each.kind == kind]
        if versions:
            return f"; the server has it as {versions[0]}"
        return did_you_mean(str(kind), {each.kind for each in of_group})


def _namespace(name: str) -> dict[str, Any]:
    labels = {"kubernetes.io/metadata.name": name}
    metadata = {"name": name, "labels": labels}
    spec = {"finalizers": ["kubernetes"]}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": spec, "status": {"phase": "Active"}}
