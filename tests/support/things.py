"""Things: ConfigMaps of which a class reads some keys, so that an object may be valid for the server and unreadable."""

from __future__ import annotations

from collections.abc import Mapping

from kubeloop import errors
from kubeloop.models import meta_v1
from kubeloop.objects.model import SEQ, Kind, KindList, Model, NullSeq

__all__ = ["Thing", "ThingData", "ThingList", "api_error", "thing", "unreadable"]


class ThingData(Model):
    value: str = ""
    node: str = ""
    count: int = 0
    """The server stores text here; a text makes the object unreadable."""


class Thing(Kind, api_version="v1", kind="ConfigMap", resource="configmaps", namespaced=True):
    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    data: ThingData = ThingData()

    @property
    def value(self) -> str:
        return self.data.value

    @property
    def node(self) -> str:
        return self.data.node

    def with_value(self, value: str) -> Thing:
        return Thing(metadata=self.metadata, data=ThingData(value=value, node=self.node))


class ThingList(KindList, api_version="v1", kind="ConfigMapList", item=Thing):
    metadata: meta_v1.ListMeta = meta_v1.ListMeta()
    items: NullSeq[Thing] = SEQ


def thing(
    name: str, value: str = "", *, node: str = "", version: str = "", labels: Mapping[str, str] = {}, uid: str = ""
) -> Thing:
    """Build an object from `"namespace/name"`, or from `"name"` without a namespace."""
    namespace, _, own = name.rpartition("/")
    metadata = meta_v1.ObjectMeta(name=own, namespace=namespace, resource_version=version, labels=labels, uid=uid)
    return Thing(metadata=metadata, data=ThingData(value=value, node=node))


def api_error(
    kind: type[errors.APIError], code: int, reason: str, message: str = "", cause: str = ""
) -> errors.APIError:
    """Build the error that a client raises for a Status."""
    causes = (errors.StatusCause(reason=cause),) if cause else ()
    return kind(errors.StatusDetails(code=code, reason=reason, message=message or reason, causes=causes))


def unreadable(obj: Thing, why: str = "data.count: expected int, got str") -> errors.Unreadable:
    """Build the error that the class of an object raises while it reads the object.

    Of an object whose value begins with `??`, not even the name can be read.
    """
    metadata = obj.metadata
    if obj.value.startswith("??"):
        return errors.Unreadable(why, resource_version=metadata.resource_version)
    return errors.Unreadable(
        why,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
    )
