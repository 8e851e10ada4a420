"""What is wrong with the metadata of an object, as causes of an Invalid status.

Reference: k8s.io/apimachinery/pkg/api/validation/objectmeta.go; k8s.io/kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from kubeloop.errors import StatusCause
from kubeloop.meta.gvk import GroupVersion
from kubeloop.meta.name_rules import dns_label_faults, label_key_faults, label_value_faults
from kubeloop.testing.apiserver.writing.document_parts import Document, is_same, list_in, mapping_in, number_in, text_in
from kubeloop.testing.apiserver.writing.name_form import NameForm, path_segment
from kubeloop.wire.field_faults import bounded_faults, forbidden_field, invalid_value, required, too_long

__all__ = ["create_faults", "update_faults"]

ANNOTATION_BYTES = 256 * 1024
FOREGROUND_FINALIZER = "foregroundDeletion"
ORPHAN_FINALIZER = "orphan"

_STANDARD_FINALIZERS = frozenset({"kubernetes", ORPHAN_FINALIZER, FOREGROUND_FINALIZER})
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def create_faults(
    metadata: Document, *, is_namespaced: bool, name_form: NameForm, needs_domains: bool = True
) -> list[StatusCause]:
    """Return what is wrong with the metadata of a new object, whose name has been generated.

    Args:
        metadata: The metadata.
        is_namespaced: Whether the object must have a namespace; otherwise it must have none.
        name_form: The form of the names of its kind.
        needs_domains: Whether its kind accepts only finalizers with a domain, and the standard ones.
    """
    faults = _general_faults(metadata, is_namespaced, name_form)
    if needs_domains:
        faults += bounded_faults(_short_finalizer_faults(metadata))
    # The rule for all kinds is shown only if the kind itself has nothing to say.
    return faults or list(_name_faults(metadata, path_segment))


def update_faults(
    new: Document, old: Document, *, is_namespaced: bool, needs_domains: bool = True
) -> list[StatusCause]:
    """Return what is wrong with changed metadata, compared with the stored one."""
    faults = _general_faults(new, is_namespaced, path_segment)
    if old.get("deletionTimestamp"):
        added = sorted({*list_in(new, "finalizers")} - {*list_in(old, "finalizers")})
        if added:
            found = "[]string{" + ", ".join(f'"{each}"' for each in added) + "}"
            rule = f"no new finalizers can be added if the object is being deleted, found new finalizers {found}"
            faults.append(forbidden_field("metadata.finalizers", rule))
    if not new.get("resourceVersion"):
        faults.append(invalid_value("metadata.resourceVersion", "", "must be specified for an update"))
    if (number_in(new, "generation") or 0) < (number_in(old, "generation") or 0):
        faults.append(invalid_value("metadata.generation", new.get("generation") or 0, "must not be decremented"))
    faults += [
        invalid_value(f"metadata.{field}", new.get(field), "field is immutable")
        for field in _IMMUTABLE
        if not is_same(new.get(field), old.get(field))
    ]
    return [*faults, *bounded_faults(_short_finalizer_faults(new))] if needs_domains else faults


def _general_faults(metadata: Document, is_namespaced: bool, name_form: NameForm) -> list[StatusCause]:
    faults = chain(
        _name_faults(metadata, name_form),
        _namespace_faults(text_in(metadata, "namespace"), is_namespaced),
        _generation_faults(number_in(metadata, "generation") or 0),
        _label_faults(mapping_in(metadata, "labels")),
        _annotation_faults(mapping_in(metadata, "annotations")),
        _owner_faults(list_in(metadata, "ownerReferences")),
        _finalizer_faults(list_in(metadata, "finalizers")),
    )
    return [*bounded_faults(faults)]


def _name_faults(metadata: Document, name_form: NameForm) -> Iterable[StatusCause]:
    prefix = text_in(metadata, "generateName")
    if prefix:
        yield from (invalid_value("metadata.generateName", prefix, fault) for fault in name_form(prefix, True))
    name = text_in(metadata, "name")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from (invalid_value("metadata.name", name, fault) for fault in name_form(name, False))


def _namespace_faults(namespace: str, is_namespaced: bool) -> Iterable[StatusCause]:
    if not is_namespaced:
        if namespace:
            yield forbidden_field("metadata.namespace", "not allowed on this type")
    elif not namespace:
        yield required("metadata.namespace")
    else:
        yield from (invalid_value("metadata.namespace", namespace, fault) for fault in dns_label_faults(namespace))


def _generation_faults(generation: int) -> Iterable[StatusCause]:
    if generation < 0:
        yield invalid_value("metadata.generation", generation, "must be greater than or equal to 0")


def _label_faults(labels: Document) -> Iterable[StatusCause]:
    for key, value in labels.items():
        for fault in label_key_faults(key):
            yield invalid_value("metadata.labels", key, fault)
        for fault in label_value_faults(value or ""):
            yield invalid_value("metadata.labels", value, fault)


def _annotation_faults(annotations: Document) -> Iterable[StatusCause]:
    for key in annotations:
        for fault in label_key_faults(key.lower()):
            yield invalid_value("metadata.annotations", key, fault)
    size = sum(len(key.encode()) + len((value or "").encode()) for key, value in annotations.items())
    if size > ANNOTATION_BYTES:
        yield too_long("metadata.annotations", ANNOTATION_BYTES)


def _owner_faults(owners: list[Any]) -> Iterable[StatusCause]:
    controller = ""
    for index, owner in enumerate(owners):
        field = f"metadata.ownerReferences[{index}]"
        api_version = text_in(owner, "apiVersion")
        if not api_version:
            yield required(f"{field}.apiVersion", "must not be empty")
        elif not _is_group_version(api_version):
            yield invalid_value(f"{field}.apiVersion", api_version, "must be <group>/<version> or <version>")
        for name in ("kind", "name", "uid"):
            if not text_in(owner, name):
                yield required(f"{field}.{name}", "must not be empty")
        if (api_version, text_in(owner, "kind")) == ("v1", "Event"):
            yield invalid_value(field, owner, "/v1, Kind=Event is disallowed from being an owner")
        if owner.get("controller") is True:
            this = f"{text_in(owner, 'kind')}/{text_in(owner, 'name')}"
            if controller:
                rule = (
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {controller} and {this}'
                )
                yield invalid_value("metadata.ownerReferences", owners, rule)
            else:
                controller = this


def _is_group_version(text: str) -> bool:
    try:
        return bool(GroupVersion.parse(text).version)
    except ValueError:
        return False


def _short_finalizer_faults(metadata: Document) -> Iterable[StatusCause]:
    for index, finalizer in enumerate(list_in(metadata, "finalizers")):
        if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            rule = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid_value(f"metadata.finalizers[{index}]", finalizer, rule)


def _finalizer_faults(finalizers: list[Any]) -> Iterable[StatusCause]:
    for finalizer in finalizers:
        yield from (invalid_value("metadata.finalizers", finalizer, fault) for fault in label_key_faults(finalizer))
    if ORPHAN_FINALIZER in finalizers and FOREGROUND_FINALIZER in finalizers:
        rule = f"finalizer {ORPHAN_FINALIZER} and {FOREGROUND_FINALIZER} cannot be both set"
        yield invalid_value("metadata.finalizers", finalizers, rule)
