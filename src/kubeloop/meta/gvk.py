"""Group, version, kind and resource: the names by which Kubernetes knows a type.

Values only: parsing, printing, hashing, ordering, and the path under which a group/version is served. Which kind
belongs to which resource is discovery's knowledge, not this module's.

The core group is the empty string: `GroupVersion("", "v1")` prints as `v1` and is served under `/api/v1`.

Reference: k8s.io/apimachinery/pkg/runtime/schema; k8s.io/apimachinery/pkg/version (CompareKubeAwareVersionStrings).
"""

from __future__ import annotations

import re

from kubeloop._kit.value import Value

__all__ = [
    "GroupKind",
    "GroupResource",
    "GroupVersion",
    "GroupVersionKind",
    "GroupVersionResource",
    "group_version_of",
    "version_priority",
]


class GroupVersion(Value, frozen=True, order=True):
    """A group at a version, what `apiVersion` holds: `GroupVersion.parse("apps/v1")`."""

    group: str
    version: str

    @classmethod
    def parse(cls, text: str) -> GroupVersion:
        """Read an `apiVersion`: `v1`, `apps/v1`; the empty string gives the empty group and version.

        Raises:
            ValueError: more than one slash.

        >>> GroupVersion.parse("apps/v1")
        GroupVersion(group='apps', version='v1')
        """
        if text in ("", "/"):
            return cls("", "")
        group, slash, version = text.partition("/")
        if not slash:
            return cls("", text)
        if "/" in version:
            raise ValueError(f"not a group/version: {text!r}")
        return cls(group, version)

    @property
    def api_prefix(self) -> str:
        """The path that serves it: `/api/v1` for the core group, else `/apis/<group>/<version>`."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def with_kind(self, kind: str) -> GroupVersionKind:
        """Return the kind of this name in this group/version."""
        return GroupVersionKind(self.group, self.version, kind)

    def with_resource(self, resource: str) -> GroupVersionResource:
        """Return the resource of this (plural) name in this group/version."""
        return GroupVersionResource(self.group, self.version, resource)

    def __str__(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class GroupKind(Value, frozen=True, order=True):
    """A kind whatever its version: prints as `Deployment.apps`."""

    group: str
    kind: str

    @classmethod
    def parse(cls, text: str) -> GroupKind:
        """Read `Kind.group`; without a dot it is a kind of the core group."""
        kind, _, group = text.partition(".")
        return cls(group, kind)

    def with_version(self, version: str) -> GroupVersionKind:
        """Return this kind at a version."""
        return GroupVersionKind(self.group, version, self.kind)

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind


class GroupResource(Value, frozen=True, order=True):
    """A resource whatever its version: prints as `deployments.apps`."""

    group: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> GroupResource:
        """Read `resource.group`; without a dot it is a resource of the core group."""
        resource, _, group = text.partition(".")
        return cls(group, resource)

    def with_version(self, version: str) -> GroupVersionResource:
        """Return this resource at a version."""
        return GroupVersionResource(self.group, version, self.resource)

    def __str__(self) -> str:
        return f"{self.resource}.{self.group}" if self.group else self.resource


class GroupVersionKind(Value, frozen=True, order=True):
    """A kind at a version: what `apiVersion` and `kind` of an object say.

    Prints as Go does: `apps/v1, Kind=Deployment`, and in the core group `/v1, Kind=Pod`.
    """

    group: str
    version: str
    kind: str

    @classmethod
    def from_api_version(cls, api_version: str, kind: str) -> GroupVersionKind:
        """Build it from the two fields of an object.

        Raises:
            ValueError: the apiVersion has more than one slash.
        """
        parsed = GroupVersion.parse(api_version)
        return cls(parsed.group, parsed.version, kind)

    @property
    def group_version(self) -> GroupVersion:
        """The group/version that it is part of."""
        return GroupVersion(self.group, self.version)

    @property
    def group_kind(self) -> GroupKind:
        """The same kind without its version."""
        return GroupKind(self.group, self.kind)

    @property
    def api_version(self) -> str:
        """The text that belongs into `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Kind={self.kind}"


class GroupVersionResource(Value, frozen=True, order=True):
    """A resource (plural, lower case) at a version.

    Prints as Go does: `apps/v1, Resource=deployments`, and in the core group `/v1, Resource=pods`.
    """

    group: str
    version: str
    resource: str

    @property
    def group_version(self) -> GroupVersion:
        """The group/version that serves it."""
        return GroupVersion(self.group, self.version)

    @property
    def group_resource(self) -> GroupResource:
        """The same resource without its version."""
        return GroupResource(self.group, self.resource)

    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Resource={self.resource}"


def group_version_of(value: str | GroupVersion | GroupVersionKind | GroupVersionResource) -> GroupVersion:
    """Return the group and version that a text (`"apps/v1"`) or a value names.

    Raises:
        TypeError: The value is none of these.
        ValueError: The text has more than one slash.
    """
    if isinstance(value, GroupVersion):
        return value
    if isinstance(value, str):
        return GroupVersion.parse(value)
    # Types are hints only.
    if isinstance(value, (GroupVersionKind, GroupVersionResource)):  # pyright: ignore[reportUnnecessaryIsInstance]
        return value.group_version
    raise TypeError(f'expected a group and version such as "apps/v1", got {type(value).__name__}')


_KUBE_VERSION = re.compile(r"v([0-9]+)(?:(alpha|beta)([0-9]+))?", re.ASCII)
_STABILITY = {"alpha": 0, "beta": 1, None: 2}


def version_priority(version: str) -> tuple[int, int, int, int, tuple[int, ...]]:
    """Return a sort key under which the version to prefer is the greatest.

    Stable before beta before alpha, higher numbers before lower ones, and anything that is not a Kubernetes version
    comes last, those in alphabetical order: `v10 > v2 > v11beta2 > v10beta3 > v3beta1 > v12alpha1 > v11alpha2 > foo1
    > foo10`.

    >>> max(["v1beta1", "v1", "v2alpha1"], key=version_priority)
    'v1'
    """
    match = _KUBE_VERSION.fullmatch(version)
    if match is None:
        # Of two odd names the alphabetically first is preferred, and a name before any longer name that it begins.
        return (0, 0, 0, 0, (*(-ord(c) for c in version), 1))
    major, stability, minor = match.groups()
    return (1, _STABILITY[stability], int(major), int(minor or 0), ())
