"""What every write does to an object before it is checked and stored: system fields, reset fields, generation.

Reference: apiserver pkg/registry/rest (create.go, update.go, meta.go); apimachinery ResetObjectMetaForStatus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.writing.document_parts import Document, is_same, mapping_in, number_in, text_in
from kubeloop.testing.apiserver.writing.kind_rule import kind_rule_of
from kubeloop.testing.apiserver.writing.moment import Moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeloop.testing.apiserver.facts.served_resource import ServedResource

__all__ = ["changed_object", "new_object", "with_metadata", "without_empty_metadata"]

_NEVER_STORED = frozenset({"selfLink", "managedFields"})
_SET_BY_SERVER = frozenset(
    {"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion"}
)
_EMPTY: tuple[object, ...] = (None, "", [], {})
_RESET_METADATA = (
    "deletionTimestamp",
    "generation",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
)
_SPEC = "spec"


def with_metadata(document: Document, **fields: object) -> Document:
    """Return a document with fields of its metadata set; a field that is None is removed."""
    metadata = {**mapping_in(document, "metadata"), **fields}
    return {**document, "metadata": {name: value for name, value in metadata.items() if value is not None}}


def without_empty_metadata(document: Document) -> Document:
    """Return a document without what the server does not keep in the metadata."""
    metadata = mapping_in(document, "metadata")
    kept = {
        name: value
        for name, value in metadata.items()
        if name not in _NEVER_STORED and value is not None and value not in _EMPTY
    }
    return document if len(kept) == len(metadata) else {**document, "metadata": kept}


def new_object(document: Document, resource: ServedResource, moment: Moment) -> Document:
    """Return a new object as it is stored: with a name, a uid, a time, a generation, and its first status.

    Args:
        document: The object of the client, in the stored version, with the namespace of the request.
        resource: Its resource.
        moment: The time, and the source of the uid and the name.
    """
    cleaned = without_empty_metadata(document)
    metadata = {name: value for name, value in mapping_in(cleaned, "metadata").items() if name not in _SET_BY_SERVER}
    prefix = text_in(metadata, "generateName")
    if prefix and not text_in(metadata, "name"):
        metadata["name"] = moment.name_after(prefix)
    metadata["uid"] = moment.uid()
    metadata["creationTimestamp"] = moment.text
    if resource.sets_generation:
        metadata["generation"] = 1
    created = {**cleaned, "metadata": metadata}
    rule = kind_rule_of(resource.stored_as)
    if resource.has_status and not rule.keeps_status:
        created["status"] = {**rule.empty_status}
    return rule.create(created, moment)


def changed_object(
    new: Document, old: Document, resource: ServedResource, subresource: str, moment: Moment
) -> Document:
    """Return a changed object as it is stored: with the fields that the write may not change as they were.

    Args:
        new: The object of the client, in the stored version.
        old: The stored object.
        resource: The resource of the request.
        subresource: The subresource of the request, `""` for the object itself.
        moment: The time.
    """
    changed = without_empty_metadata(new)
    changed = with_metadata(changed, generation=number_in(old, "metadata", "generation"))
    known = resource.subresources.get(subresource)
    changed = _with_reset(changed, old, known.reset_fields if known else resource.reset_fields)
    rule = kind_rule_of(resource.stored_as)
    special = rule.updates.get(subresource)
    if special is not None:
        version = text_in(changed, "metadata", "resourceVersion")
        changed = with_metadata(special(changed, old, moment), resourceVersion=version or None)
    if resource.has_status and rule.empty_status:
        changed = {**changed, "status": {**rule.empty_status, **mapping_in(changed, "status")}}
    changed = _with_system_fields(changed, old)
    return _with_generation(changed, old, resource)


def _with_reset(new: Document, old: Document, fields: Iterable[str]) -> Document:
    changed = {**new}
    for field in fields:
        path = field.strip(".").split(".")
        if path == ["metadata"]:
            changed = with_metadata(
                changed, **{name: mapping_in(old, "metadata").get(name) for name in _RESET_METADATA}
            )
        elif len(path) == 1:
            changed.pop(path[0], None)
            if path[0] in old:
                changed[path[0]] = old[path[0]]
        elif len(path) == 2 and path[0] == "metadata":
            changed = with_metadata(changed, **{path[1]: mapping_in(old, "metadata").get(path[1])})
    return changed


def _with_system_fields(new: Document, old: Document) -> Document:
    given, stored = mapping_in(new, "metadata"), mapping_in(old, "metadata")
    fields: Document = {}
    if not given.get("uid"):
        fields["uid"] = stored.get("uid")
    for name in ("creationTimestamp", "deletionTimestamp"):
        if stored.get(name):
            fields[name] = stored[name]
    if stored.get("deletionGracePeriodSeconds") is not None and given.get("deletionGracePeriodSeconds") is None:
        fields["deletionGracePeriodSeconds"] = stored["deletionGracePeriodSeconds"]
    return with_metadata(new, **fields)


def _with_generation(new: Document, old: Document, resource: ServedResource) -> Document:
    fields = resource.generation_fields
    if all(is_same(_at(new, field), _at(old, field)) for field in fields):
        return new
    return with_metadata(new, generation=(number_in(old, "metadata", "generation") or 0) + 1)


def _at(document: Document, field: str) -> object:
    path = field.strip(".").split(".")
    return mapping_in(document, *path[:-1]).get(path[-1])
