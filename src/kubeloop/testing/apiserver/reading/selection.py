"""`Selection`: which objects a list or a watch is about.

Reference: apiserver pkg/registry/generic/registry/store.go (ListPredicate, WatchPredicate), pkg/storage
(SelectionPredicate).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeloop.meta.name_rules import dns_label_faults
from kubeloop.testing.apiserver.encoding.attribute import fields_of, labels_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.fields import Selector as FieldSelector
    from kubeloop.labels import Selector
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Key, Stored

__all__ = ["Selection", "select"]

_OF_THE_KEY = frozenset({"metadata.name", "metadata.namespace"})


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects a list or a watch is about.

    Attributes:
        resource: The resource.
        namespace: The only namespace; `""` for all, and for objects of the cluster.
        name: The name of the only object that is read by its key; `""` for all objects.
        labels: What the labels must meet.
        fields: What the fields must meet, with the labels of the stored version.
        has_no_selector: Whether every object of the range is selected.
        needs_only_the_key: Whether the key of an object has all fields that the selector uses.
    """

    resource: ServedResource
    namespace: str
    name: str
    labels: Selector
    fields: FieldSelector
    has_no_selector: bool
    needs_only_the_key: bool

    def covers(self, key: Key) -> bool:
        """Return whether a key is in the range that is read, whatever the selectors say."""
        return (not self.namespace or key.namespace == self.namespace) and (not self.name or key.name == self.name)

    def matches(self, stored: Stored) -> bool:
        """Return whether the selectors select an object of the range. Without selectors nothing is decoded."""
        if self.has_no_selector:
            return True
        if self.fields.requirements:
            if self.needs_only_the_key:
                found: Mapping[str, str] = {
                    "metadata.name": stored.key.name, "metadata.namespace": stored.key.namespace
                }  # fmt: skip
            else:
                found = fields_of(stored, self.resource)
            if not self.fields.matches(found):
                return False
        return not self.labels.requirements or self.labels.matches(labels_of(stored))


def select(
    resource: ServedResource, namespace: str, labels: Selector, fields: FieldSelector, *, may_be_single: bool = True
) -> Selection:
    """Return the selection of a request.

    Args:
        resource: The resource.
        namespace: The namespace of the path, `""` if the path has none.
        labels: The label selector.
        fields: The field selector. One that requires a namespace narrows the range to it; one that requires a name
            makes the range a single key.
        may_be_single: Whether a single key may be read; a list with a continue token reads a range.
    """
    if not resource.namespaced:
        namespace = ""
    elif not namespace and may_be_single:
        wanted = fields.required_value("metadata.namespace") or ""
        namespace = "" if dns_label_faults(wanted) else wanted
    name = fields.required_value("metadata.name") if may_be_single else None
    is_key = bool(name) and name not in (".", "..") and not {"/", "%"} & set(name or "")
    if not is_key or (resource.namespaced and not namespace):
        name = ""
    return Selection(
        resource,
        namespace,
        name or "",
        labels,
        fields,
        has_no_selector=labels.is_everything and fields.is_everything,
        needs_only_the_key=all(each.field in _OF_THE_KEY for each in fields.requirements),
    )
