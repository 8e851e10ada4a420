"""The rows of `kubectl api-resources`: selected, sorted, and printed as kubectl prints them. Without I/O.

Reference: kubectl pkg/cmd/apiresources/apiresources.go, printers.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Self

from kubeloop._kit.aligned_rows import aligned_rows
from kubeloop._kit.text import printable
from kubeloop._kit.value import Value
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind, GroupVersionResource

if TYPE_CHECKING:
    from kubeloop.discovery.discovery_format import ResourceLists

__all__ = ["APIResourceRow", "APIResources", "select_api_resources"]

_COLUMNS = ("NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND")
_WIDE_COLUMNS = (*_COLUMNS, "VERBS", "CATEGORIES")


class APIResourceRow(Value, frozen=True):
    """One resource, as `kubectl api-resources` shows it.

    Attributes:
        name: The plural.
        short_names: The short names.
        api_version: The preferred version of the group, `"apps/v1"`.
        namespaced: Whether the objects are in namespaces.
        kind: The kind.
        verbs: The verbs.
        categories: The categories.
    """

    name: str
    short_names: tuple[str, ...]
    api_version: str
    namespaced: bool
    kind: str
    verbs: tuple[str, ...]
    categories: tuple[str, ...]

    @property
    def group_version(self) -> GroupVersion:
        """The group and version."""
        return GroupVersion.parse(self.api_version)

    @property
    def group_version_kind(self) -> GroupVersionKind:
        """The kind with its group and version."""
        return self.group_version.with_kind(self.kind)

    @property
    def group_version_resource(self) -> GroupVersionResource:
        """The resource with its group and version."""
        return self.group_version.with_resource(self.name)


class APIResources(tuple[APIResourceRow, ...]):
    """Rows of resources; `print(rows)` shows the table of `kubectl api-resources`.

    Attributes:
        failures: The error of each group version that is missing.
    """

    failures: Mapping[GroupVersion, Exception]

    def __new__(cls, rows: Iterable[APIResourceRow], failures: Mapping[GroupVersion, Exception]) -> Self:
        """Create the tuple."""
        self = super().__new__(cls, tuple(rows))
        self.failures = failures
        return self

    def table(self, *, wide: bool = False) -> str:
        """Return the table; with `wide`, the one of `kubectl api-resources -o wide`, with verbs and categories."""
        columns = _WIDE_COLUMNS if wide else _COLUMNS
        return "\n".join(aligned_rows([columns, *(_cells(row, wide=wide) for row in self)]))

    def __str__(self) -> str:
        return self.table()


def select_api_resources(
    lists: ResourceLists,
    *,
    api_group: str | None,
    namespaced: bool | None,
    verbs: frozenset[str],
    categories: frozenset[str],
    sort_by: Literal["name", "kind"] | None,
) -> APIResources:
    """Select and sort rows of preferred resources. Arguments as of `DiscoveryClient.api_resources`.

    Raises:
        ValueError: `sort_by` is another text.
    """
    if sort_by not in (None, "name", "kind"):
        raise ValueError(f'expected sort_by="name" or "kind", got {sort_by!r}')
    rows = [
        APIResourceRow(
            resource.name,
            tuple(resource.short_names),
            listed.group_version,
            resource.namespaced,
            resource.kind,
            tuple(resource.verbs),
            tuple(resource.categories),
        )
        for listed in lists
        for resource in listed.resources
        if resource.verbs
        and (api_group is None or GroupVersion.parse(listed.group_version).group == api_group)
        and (namespaced is None or resource.namespaced == namespaced)
        and verbs <= frozenset(resource.verbs)
        and categories <= frozenset(resource.categories)
    ]
    rows.sort(key=lambda row: (_sort_value(row, sort_by), row.name))
    return APIResources(rows, lists.failures)


def _sort_value(row: APIResourceRow, sort_by: Literal["name", "kind"] | None) -> str:
    match sort_by:
        case "name":
            return row.name
        case "kind":
            return row.kind
        case None:
            return row.group_version.group


def _cells(row: APIResourceRow, *, wide: bool) -> Sequence[str]:
    cells = [row.name, ",".join(row.short_names), row.api_version, str(row.namespaced).lower(), row.kind]
    if wide:
        cells += [",".join(row.verbs), ",".join(row.categories)]
    return [printable(cell) for cell in cells]  # an aggregated server may send what it likes
