"""Request the table of a collection, page by page, or of single objects.

Reference: kubectl pkg/cmd/get; cli-runtime pkg/resource, FollowContinue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kubeloop.clients.tables.table_reading import FORMS, TablePage, joined, kind_text, read_page
from kubeloop.errors import Gone
from kubeloop.listwatch.paging import DEFAULT_PAGE_SIZE, Pager
from kubeloop.unstructured import Unstructured
from kubeloop.wire.options import ListOptions, list_params

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint, ResourceEndpoint
    from kubeloop.clients.tables.printed_table import Table

__all__ = ["read_objects", "read_table"]


def _wall_clock() -> datetime:
    return datetime.now(UTC)


async def read_table(
    endpoint: Endpoint[Any], options: ListOptions, *, now: Callable[[], datetime] = _wall_clock
) -> Table:
    """Read the table of a collection, in pages of 500 rows unless the options name another `limit`.

    A list whose snapshot expires between two pages is read whole; no object is in the table twice.

    Args:
        endpoint: The resource.
        options: The options of the list.
        now: The wall clock, for the ages of objects that come without a table.
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
            asked = {**params, **pager.page().params()}
            page = read_page(await _read(place, place.collection, asked, options.get("timeout")), now())
        except Gone as error:
            if not pager.recover(error):
                raise
            pages.clear()
        else:
            pages.append(page)
            has_more = pager.advance(page.continue_)
    with_namespace = False if place.namespace or place.info.namespaced is False else place.info.namespaced
    return joined(pages, kind=kind_text(place.info), with_namespace=with_namespace)


async def read_objects(
    endpoint: Endpoint[Any],
    names: Sequence[str],
    timeout: float | None,
    *,
    now: Callable[[], datetime] = _wall_clock,
) -> Table:
    """Read the table of some objects, with a request for each. Other arguments as of `read_table`.

    Raises:
        NotFound: There is no object of one of the names.
    """
    place = await endpoint.located()
    paths = [place.path(name, verb="as_table") for name in names]
    pages = [read_page(await _read(place, path, None, timeout), now()) for path in paths]
    return joined(pages, kind=kind_text(place.info), with_namespace=False)


async def _read(
    place: ResourceEndpoint[Any], path: str, params: Mapping[str, Any] | None, timeout: float | None
) -> object:
    accept = place.rest.serializers.accept(Unstructured, *FORMS)
    request = place.request("GET", path, params).with_header("Accept", accept)
    result = await place.rest.send(request, timeout=timeout, is_list=True)
    found: object = result.read()
    return found
