"""AsTable: the verb that reads objects as `kubectl get` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, Unpack

from kubeloop.clients.base_resource_client import BaseResourceClient
from kubeloop.wire.options import ListOptions

if TYPE_CHECKING:
    from kubeloop.clients.tables.printed_table import Table

__all__ = ["AsTable"]

T_co = TypeVar("T_co", covariant=True)


class AsTable(BaseResourceClient[T_co]):
    """as_table."""

    __slots__ = ()

    async def as_table(self, *names: str, **options: Unpack[ListOptions]) -> Table:
        """Read objects as a table with the columns that the server computes: `print(await pods.as_table())`.

        Args:
            names: The names of objects. Without a name, the table is that of the collection.
            **options: Keyword arguments, see `ListOptions`. `limit` is the size of a page (500 by default); a table of
                named objects takes `timeout` alone:
                label_selector: str | Mapping[str, str] | labels.Selector | None
                field_selector: str | Mapping[str, str] | fields.Selector | None
                shard_selector: str | None
                timeout: float | None
                resource_version: str | None
                resource_version_match: "NotOlderThan" | "Exact" | None
                limit: int | None
                continue_: str | None

        Returns:
            The table of all pages. `str(table)` is what `kubectl get` prints, and `table.text(wide=True)` what
            `kubectl get -o wide` prints.

        Raises:
            NotFound: There is no object of one of the names.
            TypeError: Names came with selectors or other options of a list.

        Reference: kubectl get; KEP-555.
        """
        from kubeloop.clients.tables.table_request import read_objects, read_table

        if not names:
            return await read_table(self._endpoint, options)
        if unfit := sorted(options.keys() - {"timeout"}):
            raise TypeError(
                f"as_table of named objects takes no {', '.join(unfit)}: leave out the names, or the options"
            )
        return await read_objects(self._endpoint, names, options.get("timeout"))
