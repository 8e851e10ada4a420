"""`ServedResource`: what is known of one resource in one version; `Resources`: all of them, and their lookup.

The values are recorded from the real server (`make record-api`); `recording` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kubeloop._kit.value import Value

__all__ = ["Column", "Resources", "ServedGroup", "ServedResource", "Subresource"]

_NOTHING: Mapping[str, str] = {}
_LIKENESS = 0.9


class Column(Value, frozen=True):
    """A column of the Table of a resource. `priority` 0 is shown always, 1 only in a wide table."""

    name: str
    type: str
    format: str
    description: str
    priority: int


class Subresource(Value, frozen=True):
    """A subresource, such as `status` or `scale`.

    Attributes:
        name: The name in paths; `portforward` of `pods/portforward`.
        kind: The kind of its bodies, such as `Scale` or the kind of the resource.
        group: The group of that kind.
        version: The version of that kind.
        verbs: The verbs of the API, sorted: `get`, `patch`, `update`; `create` for `pods/binding`.
        reset_fields: The fields that a write does not change, such as `.spec` for `status`.
        allows_create_on_update: Whether an update creates an object that is missing.
    """

    name: str
    kind: str
    group: str
    version: str
    verbs: tuple[str, ...]
    reset_fields: tuple[str, ...] = ()
    allows_create_on_update: bool = False


class ServedResource(Value, frozen=True):
    """A resource in one version.

    Attributes:
        group: The group; `""` for the core group.
        version: The version: `v1`.
        plural: The name in paths: `deployments`.
        singular: The name of one: `deployment`.
        kind: The kind of the objects: `Deployment`.
        namespaced: Whether the objects are in namespaces.
        verbs: The verbs of the API, sorted; `create` alone for reviews.
        short_names: `deploy`.
        categories: `all`.
        storage_version_hash: The hash in discovery; `""` if the resource is not stored.
        subresources: By name, in the order of discovery.
        stored_as: The group resource under which all versions are stored: `deployments.apps`; `""` if none is stored.
        storage_version: The apiVersion of the stored form, one of those that are served.
        columns: The columns of its Table.
        field_labels: The labels that a field selector may use in this version, with the stored label of each.
        field_paths: The path in the stored form from which the value of each stored label is read; a number is an
            index in a list. A stored label without a path has the value `""`.
        unknown_field_label: The message for a field label that is not supported, with `{}` in place of the label.
        allows_create_on_update: Whether an update creates an object that is missing.
        allows_unconditional_update: Whether an update needs no resourceVersion.
        has_graceful_deletion: Whether an object may remain for its grace period after its deletion.
        default_deletion_policy: The policy for dependents without `propagationPolicy`: `DeleteDependents`,
            `OrphanDependents`, `Unsupported`, or `""` for the server's default.
        is_garbage_collected: Whether a deletion sets the finalizers `orphan` and `foregroundDeletion`.
        returns_deleted_object: Whether the response to a deletion is the object and not a Status.
        may_be_deleted_by_update: Whether the resource has rules of its own for updates that delete the object.
        seconds_to_live: After how many seconds the server deletes an object; 0 for never.
        reset_fields: The fields that a write to the resource itself does not change, such as `.status`.
        sets_generation: Whether the server sets the generation of a new object to 1; otherwise it keeps a given one.
        generation_fields: The fields whose change raises the generation, such as `spec`.
    """

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    storage_version_hash: str = ""
    subresources: Mapping[str, Subresource] = {}
    stored_as: str = ""
    storage_version: str = ""
    columns: tuple[Column, ...] = ()
    field_labels: Mapping[str, str] = _NOTHING
    field_paths: Mapping[str, str] = _NOTHING
    unknown_field_label: str = ""
    allows_create_on_update: bool = False
    allows_unconditional_update: bool = False
    has_graceful_deletion: bool = False
    default_deletion_policy: str = ""
    is_garbage_collected: bool = False
    returns_deleted_object: bool = False
    may_be_deleted_by_update: bool = False
    seconds_to_live: int = 0
    reset_fields: tuple[str, ...] = ()
    sets_generation: bool = False
    generation_fields: tuple[str, ...] = ()

    @property
    def has_watch_cache(self) -> bool:
        """Whether an API server keeps a watch cache of the resource; Events are read from etcd."""
        return self.stored_as != "events"

    @property
    def api_version(self) -> str:
        """`group/version`, or the version in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """The resource as text in messages: `deployments.apps`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def has_status(self) -> bool:
        """Whether the status is written through a subresource."""
        return "status" in self.subresources

    @property
    def has_scale(self) -> bool:
        """Whether the resource has the subresource `scale`."""
        return "scale" in self.subresources


class ServedGroup(Value, frozen=True):
    """A group with its versions in the order of preference, each with its resources in the order of discovery."""

    name: str
    versions: Mapping[str, tuple[ServedResource, ...]]

    @property
    def preferred_version(self) -> str:
        """The version that a client uses by itself."""
        return next(iter(self.versions))


class Resources:
    """All resources that a server serves, in the order of discovery: the core group, then the others.

    It is immutable. `with_groups` returns another one, with custom resources for example.
    """

    __slots__ = ("_by_kind", "_by_plural", "_by_storage", "groups")

    def __init__(self, groups: Iterable[ServedGroup]) -> None:
        self.groups = tuple(groups)
        self._by_plural: dict[tuple[str, str, str], ServedResource] = {}
        self._by_kind: dict[tuple[str, str, str], ServedResource] = {}
        self._by_storage: dict[str, list[ServedResource]] = {}
        for resource in self:
            self._by_plural[resource.group, resource.version, resource.plural] = resource
            self._by_kind.setdefault((resource.group, resource.version, resource.kind), resource)
            if resource.stored_as:
                self._by_storage.setdefault(resource.stored_as, []).append(resource)

    def __iter__(self) -> Iterator[ServedResource]:
        for group in self.groups:
            for resources in group.versions.values():
                yield from resources

    def __len__(self) -> int:
        return len(self._by_plural)

    def find(self, group: str, version: str, plural: str) -> ServedResource | None:
        """Return the resource that a path names, or None."""
        return self._by_plural.get((group, version, plural))

    def of_kind(self, group: str, version: str, kind: str) -> ServedResource | None:
        """Return the resource whose objects have this kind, or None."""
        return self._by_kind.get((group, version, kind))

    def group(self, name: str) -> ServedGroup | None:
        """Return the group of this name, or None."""
        return next((group for group in self.groups if group.name == name), None)

    def stored_as(self, stored_as: str) -> tuple[ServedResource, ...]:
        """Return all resources, of any group and version, whose objects are stored under one group resource.

        The result is empty if nothing is stored under it.
        """
        return tuple(self._by_storage.get(stored_as, ()))

    def of_storage(self, stored_as: str) -> ServedResource | None:
        """Return the resource in whose version the objects of a storage are stored, or None."""
        found = self._by_storage.get(stored_as, ())
        return next((one for one in found if one.api_version == one.storage_version), None)

    def stored(self) -> tuple[str, ...]:
        """Return the group resources under which objects are stored, in the order of discovery."""
        return tuple(self._by_storage)

    def check_name(self, text: str) -> None:
        """Refuse a name that is probably a misspelt one, such as `pod` or `deployments.app`.

        Args:
            text: A plural, with its group and subresource if they matter, as for `APIServer.on`. Any plural is good
                that is not like one that is served, since it may be that of a custom resource.

        Raises:
            ValueError: It is like one that is served. The message names that one.
        """
        if text.startswith("/"):
            return
        from difflib import get_close_matches

        path, _, subresource = text.partition("/")
        plural, _, group = path.partition(".")
        named = [each for each in self if each.plural == plural]
        if group:
            # A group of custom resources is a domain with at least two parts.
            is_good = "." in group or any(each.group == group for each in named)
            meant = [each.group_resource for each in named]
        else:
            is_good = plural == "*" or bool(named)
            meant = [
                each.group_resource
                for each in self
                if plural in (each.singular, *each.short_names)
                or (subresource == each.plural and plural == each.group.partition(".")[0])
            ]
            meant += get_close_matches(plural, {each.plural for each in self}, 1, _LIKENESS)
        if not is_good and meant:
            raise ValueError(f"expected the plural of a resource, got {text!r}; did you mean {meant[0]!r}?")

    def with_groups(self, groups: Iterable[ServedGroup]) -> Resources:
        """Return these resources and those of more groups at the end."""
        return Resources((*self.groups, *groups))

    def __repr__(self) -> str:
        return f"<Resources {len(self)} in {len(self.groups)} groups>"
