"""Request the table of a collection, page by page, or of single objects.

Reference: kubectl pkg/cmd/get; cli-runtime pkg/resource, FollowContinue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kubeloop.clients.tables.table_reading import ACCEPT, TablePage, joined, kind_text, read_page
from kubeloop.errors import Gone
from kubeloop.listwatch.paging import DEFAULT_PAGE_SIZE, Pager
from kubeloop.wire.options import ListOptions, list_params

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint, ResourceEndpoint
    from kubeloop.clients.tables.printed_table import Table

__all__ = ["read_objects", "read_table"]


async def read_table(endpoint: Endpoint[Any], options: ListOptions) -> Table:
    """Read the table of a collection, in pages of 500 rows unless the options name another `limit`.

    A list whose snapshot expires between two pages is read whole; no object is in the table twice.
    """
    place = await endpoint.located()
    params = list_params(options)
    for name in ("limit", "continue", "resourceVersion", "resourceVersionMatch"):
        params.pop(name, None)
    limit = options.get("limit")
    pager = Pager(
        page_size=DEFAULT_PAGE_SIZE if limit is None else limit,
        resource_version=options.get("resource_version"),
        resource_version_match=options.get("resource_version_match"),
    )
    pager.advance(options.get("continue_") or "")
    pages: list[TablePage] = []
    has_more = True
    while has_more:
        try:
            page = await _read(place, place.collection, {**params, **pager.page().params()}, options.get("timeout"))
        except Gone as error:
            if not pager.recover(error):
                raise
            pages.clear()
        else:
            pages.append(page)
            has_more = pager.advance(page.continue_)
    with_namespace = False if place.namespace or place.info.namespaced is False else place.info.namespaced
    return joined(pages, kind=kind_text(place.info), with_namespace=with_namespace)


async def read_objects(endpoint: Endpoint[Any], names: Sequence[str], timeout: float | None) -> Table:
    """Read the table of some objects, with a request for each.

    Raises:
        NotFound: There is no object of one of the names.
    """
    place = await endpoint.located()
    paths = [place.path(name, verb="as_table") for name in names]
    pages = [await _read(place, path, None, timeout) for path in paths]
    return joined(pages, kind=kind_text(place.info), with_namespace=False)


async def _read(
    place: ResourceEndpoint[Any], path: str, params: Mapping[str, Any] | None, timeout: float | None
) -> TablePage:
    request = place.request("GET", path, params).with_header("Accept", ACCEPT)
    result = await place.rest.send(request, timeout=timeout, is_list=True)
    return read_page(result.read(), datetime.now(UTC))
