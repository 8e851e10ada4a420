"""The labels and fields of a stored object, by which lists and watches select; they are kept with the object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.objects.type_guards import is_dict, is_list
from kubeloop.testing.apiserver.encoding.written_part import kept
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = ["fields_of", "labels_of"]


def labels_of(stored: Stored) -> Mapping[str, str]:
    """Return the labels of a stored object."""
    known = kept(stored)
    labels: Mapping[str, str] | None = known.get("labels")
    if labels is None:
        from kubeloop.models import meta_v1

        labels = known["labels"] = JSON.decode(stored.data, meta_v1.PartialObjectMetadata).metadata.labels
    return labels


def fields_of(stored: Stored, resource: ServedResource) -> Mapping[str, str]:
    """Return the fields of a stored object that field selectors may use, under their stored labels."""
    known = kept(stored)
    fields: Mapping[str, str] | None = known.get("fields")
    if fields is None:
        fields = known["fields"] = _fields(stored, resource)
    return fields


def _fields(stored: Stored, resource: ServedResource) -> Mapping[str, str]:
    found = {"metadata.name": stored.key.name, "metadata.namespace": stored.key.namespace}
    more = {label: path for label, path in resource.field_paths.items() if label not in found}
    if more:
        data = JSON.plain_data(stored.data)
        for label, path in more.items():
            found[label] = _text(_at(data, path)) if path else _first_address(data)
            if not found[label]:
                found[label] = _ZEROS.get(label, "")
        if "source" in found and "reportingComponent" in found:
            found["source"] = found["source"] or found["reportingComponent"]
    return found


# Numbers and booleans that are not written are compared as zero and false.
_ZEROS = {
    "spec.hostNetwork": "false",
    "spec.unschedulable": "false",
    "status.replicas": "0",
    "status.successful": "0",
}


def _first_address(data: Any) -> str:
    """Return the first address of a pod, which is what `status.podIP` selects."""
    addresses = _at(data, "status.podIPs")
    return _text(_at(addresses[0], "ip")) if is_list(addresses) and addresses else ""


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if is_dict(data) else None
    return data


def _text(value: Any) -> str:
    """Return a value as the server compares it: a missing text is empty, and booleans are `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
