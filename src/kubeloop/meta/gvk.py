"""Group, version, kind and resource: the names of a type in Kubernetes, as values.

The core group is the empty text: `GroupVersion("", "v1")` prints as `v1` and has the path `/api/v1`. Discovery finds
    the
resource of a kind. Reference: k8s.io/apimachinery/pkg/runtime/schema and pkg/version.
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
    """A group and a version, as in the field `apiVersion`: `GroupVersion.parse("apps/v1")`."""

    group: str
    version: str

    @classmethod
    def parse(cls, text: str) -> GroupVersion:
        """Parse an `apiVersion` such as `v1` or `apps/v1`. An empty text has an empty group and version.

        Raises:
            ValueError: The text has more than one slash.

        >>> GroupVersion.parse("apps/v1")
        GroupVersion(group='apps', version='v1')
        """
        if text in ("", "/"):
            return cls("", "")
        group, slash, version = text.partition("/")
        if not slash:
            return cls("", text)
        if "/" in version:
            raise ValueError(f"expected a group/version, got {text!r}")
        return cls(group, version)

    @property
    def api_prefix(self) -> str:
        """The path of the API: `/api/v1` for the core group, otherwise `/apis/<group>/<version>`."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def with_kind(self, kind: str) -> GroupVersionKind:
        """Return a kind in this group and version."""
        return GroupVersionKind(self.group, self.version, kind)

    def with_resource(self, resource: str) -> GroupVersionResource:
        """Return a resource (plural) in this group and version."""
        return GroupVersionResource(self.group, self.version, resource)

    def __str__(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class GroupKind(Value, frozen=True, order=True):
    """A kind without a version, printed as `Deployment.apps`."""

    group: str
    kind: str

    @classmethod
    def parse(cls, text: str) -> GroupKind:
        """Parse `Kind.group`, or `Kind` for the core group."""
        kind, _, group = text.partition(".")
        return cls(group, kind)

    def with_version(self, version: str) -> GroupVersionKind:
        """Return this kind with a version."""
        return GroupVersionKind(self.group, version, self.kind)

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind


class GroupResource(Value, frozen=True, order=True):
    """A resource without a version, printed as `deployments.apps`."""

    group: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> GroupResource:
        """Parse `resource.group`, or `resource` for the core group."""
        resource, _, group = text.partition(".")
        return cls(group, resource)

    def with_version(self, version: str) -> GroupVersionResource:
        """Return this resource with a version."""
        return GroupVersionResource(self.group, version, self.resource)

    def __str__(self) -> str:
        return f"{self.resource}.{self.group}" if self.group else self.resource


class GroupVersionKind(Value, frozen=True, order=True):
    """A kind with group and version, as in the fields `apiVersion` and `kind` of an object.

    The text form is that of Go: `apps/v1, Kind=Deployment`, and in the core group `/v1, Kind=Pod`.
    """

    group: str
    version: str
    kind: str

    @classmethod
    def from_api_version(cls, api_version: str, kind: str) -> GroupVersionKind:
        """Create a value from the two fields of an object.

        Raises:
            ValueError: The apiVersion has more than one slash.
        """
        parsed = GroupVersion.parse(api_version)
        return cls(parsed.group, parsed.version, kind)

    @property
    def group_version(self) -> GroupVersion:
        """The group and version of the kind."""
        return GroupVersion(self.group, self.version)

    @property
    def group_kind(self) -> GroupKind:
        """The same kind without its version."""
        return GroupKind(self.group, self.kind)

    @property
    def api_version(self) -> str:
        """The text for the field `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Kind={self.kind}"


class GroupVersionResource(Value, frozen=True, order=True):
    """A resource (plural, lower case) with group and version.

    The text form is that of Go: `apps/v1, Resource=deployments`, and in the core group `/v1, Resource=pods`.
    """

    group: str
    version: str
    resource: str

    @property
    def group_version(self) -> GroupVersion:
        """The group and version of the resource."""
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
    """Return a sort key for which the preferred version is the largest.

    Stable versions precede beta and alpha ones, larger numbers precede smaller ones, and other texts come last in
    alphabetical order: `v10 > v2 > v11beta2 > v10beta3 > v3beta1 > v12alpha1 > v11alpha2 > foo1 > foo10`.

    Reference: k8s.io/apimachinery/pkg/version, CompareKubeAwareVersionStrings.

    >>> max(["v1beta1", "v1", "v2alpha1"], key=version_priority)
    'v1'
    """
    match = _KUBE_VERSION.fullmatch(version)
    if match is None:
        # Of two other texts the alphabetically first one is preferred, and a text precedes longer ones that start with
        # it.
        return (0, 0, 0, 0, (*(-ord(c) for c in version), 1))
    major, stability, minor = match.groups()
    return (1, _STABILITY[stability], int(major), int(minor or 0), ())
