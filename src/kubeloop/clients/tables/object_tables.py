"""The tables of objects at hand: the rows that the server has for them, with one request per resource and namespace.

Reference: kubectl get with several kinds (pkg/cmd/get/get.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from kubeloop._kit.value import Value
from kubeloop.clients.discovered_endpoint import DiscoveredEndpoint
from kubeloop.clients.resource_endpoint import ResourceEndpoint
from kubeloop.clients.tables.printed_table import Table
from kubeloop.clients.tables.table_request import read_objects, read_table
from kubeloop.errors import NotFound
from kubeloop.meta.gvk import GroupVersionKind
from kubeloop.objects.model import Kind, KindList
from kubeloop.objects.type_guards import class_of, is_items
from kubeloop.unstructured import Unstructured, UnstructuredList

if TYPE_CHECKING:
    from kubeloop.clients.discovered_endpoint import KnownResources
    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.clients.tables.printed_table import TableRow
    from kubeloop.rest.client import RESTClient

__all__ = ["Tables", "objects_of", "tables_of"]


class Tables(Sequence[Table]):
    """The tables of objects, one per kind. `print(tables)` shows what `kubectl get` prints for several kinds.

    Attributes:
        tables: The tables, in the order in which their kinds came first.
        missing: The keys of objects that the server does not have any more, or has with another uid.
    """

    __slots__ = ("missing", "tables")

    def __init__(self, tables: Sequence[Table], missing: Sequence[str] = ()) -> None:
        self.tables = tuple(tables)
        self.missing = tuple(missing)

    def text(
        self,
        *,
        wide: bool = False,
        no_headers: bool = False,
        label_columns: Sequence[str] = (),
        show_labels: bool = False,
        show_kind: bool | None = None,
        with_namespace: bool | None = None,
    ) -> str:
        """Return the tables as text, without the last line break. Arguments as of `Table.text`.

        Args:
            wide: Whether to show the columns of lower priority.
            no_headers: Whether to leave out the lines with the names of the columns.
            label_columns: The keys of labels that are shown as columns.
            show_labels: Whether to show all labels in the last column.
            show_kind: Whether to show the kinds before the names; None shows them if there are several.
            with_namespace: Whether to show the namespaces in the first column; None shows them if there are several.
        """
        texts = [
            table.text(
                wide=wide,
                no_headers=no_headers,
                label_columns=label_columns,
                show_labels=show_labels,
                show_kind=len(self.tables) > 1 if show_kind is None else show_kind,
                with_namespace=with_namespace,
            )
            for table in self.tables
        ]
        # kubectl separates tables by an empty line only if they have headers.
        return ("\n" if no_headers else "\n\n").join(text for text in texts if text)

    @overload
    def __getitem__(self, index: int) -> Table: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Table, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self.tables[index]

    def __len__(self) -> int:
        return len(self.tables)

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        missing = f", {len(self.missing)} missing" if self.missing else ""
        return f"<Tables of {', '.join(table.kind for table in self.tables) or 'nothing'}{missing}>"


_METADATA = "PartialObjectMetadata"


class _Wanted(Value, frozen=True):
    """An object whose row is wanted."""

    namespace: str
    name: str
    uid: str

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def objects_of(given: object) -> list[Any]:
    """Return the objects that a user passed: one object, a list of the API, a lister, or any iterable of objects.

    Raises:
        TypeError: It is something else.
    """
    whole: Any = given  # an object, a list or a lister of any kind
    if issubclass(type(whole), (KindList, UnstructuredList)):
        whole = whole.items
    elif issubclass(type(whole), (Kind, Unstructured)):
        return [whole]
    if not is_items(whole):
        read = getattr(whole, "list", None)
        whole = read() if callable(read) else None
    if not is_items(whole):
        hint = ": pass its lister" if hasattr(given, "lister") else ""
        raise TypeError(f"expected objects of Kubernetes, a list or a lister, got {type(given).__name__}{hint}")
    objects = list(whole)
    for each in objects:
        if not isinstance(each, (Kind, Unstructured)):
            raise TypeError(f"expected objects of Kubernetes, got {type(each).__name__} among them")
        if each.kind == _METADATA:
            raise TypeError(
                f"expected objects that name their kind, got {_METADATA}: use "
                "clientset.metadata.resource(...).as_table()"
            )
    return objects


async def tables_of(rest: RESTClient, known: KnownResources, objects: Sequence[Any], timeout: float | None) -> Tables:
    """Read the rows of objects.

    Args:
        rest: Sends the requests.
        known: The resources that discovery has found.
        objects: Objects of any kinds.
        timeout: Seconds for each request.
    """
    groups: dict[GroupVersionKind, dict[str, list[_Wanted]]] = {}
    examples: dict[GroupVersionKind, Any] = {}
    for obj in objects:
        kind = GroupVersionKind.from_api_version(obj.api_version, obj.kind)
        metadata = obj.metadata
        one = _Wanted(metadata.namespace or "", metadata.name, metadata.uid or "")
        groups.setdefault(kind, {}).setdefault(one.namespace, []).append(one)
        examples.setdefault(kind, obj)
    namespaces = {namespace for parts in groups.values() for namespace in parts if namespace}
    tables: list[Table] = []
    missing: list[str] = []
    for kind, parts in groups.items():
        found: list[Table] = []
        rows: list[TableRow] = []
        for namespace, wanted in parts.items():
            endpoint = _endpoint_of(rest, known, examples[kind], namespace or None)
            table = await _read(endpoint, wanted, timeout)
            if table is not None:
                found.append(table)
            chosen, absent = _matched(table, wanted)
            rows += chosen
            missing += absent
        if found:
            first = found[0]
            spread = len(namespaces) > 1 and any(parts)
            tables.append(Table(first.columns, rows, kind=first.kind, with_namespace=spread))
    return Tables(tables, missing)


def _endpoint_of(rest: RESTClient, known: KnownResources, obj: Any, namespace: str | None) -> Endpoint[Any]:
    model = class_of(obj)
    if issubclass(model, Unstructured):
        kind = GroupVersionKind.from_api_version(obj.api_version, obj.kind)
        return DiscoveredEndpoint(rest, kind, namespace, known=known, spell=_spell)
    return ResourceEndpoint(rest, model, namespace, spell=_spell)


def _spell(info: ResourceInfo, namespace: str) -> str:
    return f"clientset.resource({info.kind or info.plural}, {namespace})"


async def _read(endpoint: Endpoint[Any], wanted: Sequence[_Wanted], timeout: float | None) -> Table | None:
    """Read the table of one object, or of the namespace of several; None if the one object is absent."""
    if len(wanted) > 1:
        return await read_table(endpoint, {"timeout": timeout})
    try:
        return await read_objects(endpoint, [wanted[0].name], timeout)
    except NotFound as error:
        if error.status.name == wanted[0].name:
            return None
        raise


def _matched(table: Table | None, wanted: Sequence[_Wanted]) -> tuple[list[TableRow], list[str]]:
    """Return the rows of the objects of a namespace, in their order, and the keys of those that have none.

    A row without metadata, which not every server sends, is known by its cell with the name.
    """
    known: dict[tuple[str | None, str], TableRow] = {}
    for row in table.rows if table is not None else ():
        if row.object is not None:
            known[row.object.metadata.namespace, row.object.metadata.name] = row
        elif table is not None and isinstance(name := _name_of(table, row), str):
            known[None, name] = row
    chosen: list[TableRow] = []
    absent: list[str] = []
    for each in wanted:
        found = known.get((each.namespace, each.name)) or known.get((None, each.name))
        if found is None or (found.object is not None and each.uid not in ("", found.object.metadata.uid)):
            absent.append(each.key)
        else:
            chosen.append(found)
    return chosen, absent


def _name_of(table: Table, row: TableRow) -> Any:
    place = next((number for number, each in enumerate(table.columns) if each.format == "name"), 0)
    return row.cells[place] if place < len(row.cells) else None
