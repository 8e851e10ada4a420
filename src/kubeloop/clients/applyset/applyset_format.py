"""The labels and annotations of apply sets, and the texts in them.

Reference: KEP-3659; kubectl pkg/cmd/apply/applyset.go.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from kubeloop.meta.gvk import GroupKind, GroupResource
from kubeloop.version import __version__

if TYPE_CHECKING:
    from kubeloop.clients.applyset.applyset_parent import ApplySetParent

__all__ = [
    "ADDITIONAL_NAMESPACES",
    "CONTAINS_GROUP_KINDS",
    "CONTAINS_GROUP_RESOURCES",
    "FIELD_MANAGER",
    "ID",
    "IS_PARENT_TYPE",
    "PART_OF",
    "TOOLING",
    "TOOLING_NAME",
    "TOOLING_VALUE",
    "id_of",
    "read_kinds",
    "read_namespaces",
    "read_resources",
    "tooling_name",
    "write_kinds",
    "write_namespaces",
]

TOOLING = "applyset.kubernetes.io/tooling"
"""The annotation of a parent that names the tool and its version: only this tool may change the set."""
ADDITIONAL_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
"""The annotation of a parent with the namespaces of members, besides its own."""
CONTAINS_GROUP_KINDS = "applyset.kubernetes.io/contains-group-kinds"
"""The annotation of a parent with the kinds of members."""
CONTAINS_GROUP_RESOURCES = "applyset.kubernetes.io/contains-group-resources"
"""The deprecated annotation with the resources of members, which is read if that with the kinds is missing."""
ID = "applyset.kubernetes.io/id"
"""The label that makes an object the parent of a set."""
PART_OF = "applyset.kubernetes.io/part-of"
"""The label that makes an object a member of a set; its value is that of `ID` of the parent."""
IS_PARENT_TYPE = "applyset.kubernetes.io/is-parent-type"
"""The label of a CustomResourceDefinition whose objects may be parents."""

TOOLING_NAME = "kubeloop"
TOOLING_VALUE = f"{TOOLING_NAME}/v{__version__}"
FIELD_MANAGER = f"{TOOLING_NAME}-applyset"
"""The field manager that owns the labels and annotations of a parent."""


def id_of(parent: ApplySetParent) -> str:
    """Return the ID of the set with this parent, which is a valid label value.

    Reference: kubectl ApplySet.ID.
    """
    kind = parent.kind
    text = f"{parent.name}.{parent.namespace}.{kind.kind}.{kind.group}"
    digest = urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
    return f"applyset-{digest}-v1"


def tooling_name(tooling: str) -> str:
    """Return the name of the tool in the value of `TOOLING`: all but the last part, which is the version.

    >>> tooling_name("kubectl/v1.37.0"), tooling_name("example.com/tool/v1"), tooling_name("helm")
    ('kubectl', 'example.com/tool', 'helm')

    Reference: kubectl toolingBaseName.
    """
    return tooling.rpartition("/")[0] if "/" in tooling else tooling


def read_kinds(text: str) -> frozenset[GroupKind]:
    """Return the kinds in the value of `CONTAINS_GROUP_KINDS`; an empty value is an empty set."""
    return frozenset(GroupKind.parse(each) for each in text.split(",")) if text else frozenset()


def write_kinds(kinds: Iterable[GroupKind]) -> str:
    """Return the value of `CONTAINS_GROUP_KINDS`, sorted as text."""
    return ",".join(sorted(map(str, kinds)))


def read_resources(text: str) -> frozenset[GroupResource]:
    """Return the resources in the value of `CONTAINS_GROUP_RESOURCES`."""
    return frozenset(GroupResource.parse(each) for each in text.split(",")) if text else frozenset()


def read_namespaces(text: str) -> frozenset[str]:
    """Return the namespaces in the value of `ADDITIONAL_NAMESPACES`; an empty value is an empty set."""
    return frozenset(text.split(",")) if text else frozenset()


def write_namespaces(namespaces: Iterable[str], own: str) -> str:
    """Return the value of `ADDITIONAL_NAMESPACES`: sorted, and without the namespace of the parent."""
    return ",".join(sorted(set(namespaces) - {own}))
