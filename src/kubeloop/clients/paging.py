"""iterate(): the loop that executes the pager's rule and makes sure that no object comes twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from kubeloop.errors import Expired
from kubeloop.wire.options import ListOptions, list_params
from kubeloop.wire.paging import DEFAULT_PAGE_SIZE, Pager

__all__ = ["iterate", "pages"]

ListPage = Callable[[Mapping[str, Any], float | None], Awaitable[Any]]
"""Reads one page with these query parameters and time-out. Any: a list of any kind, with `metadata` and `items`."""


async def pages(list_page: ListPage, options: ListOptions) -> AsyncIterator[tuple[Any, bool]]:
    """Yield the pages of a collection, each with whether it starts anew.

    That does a full list after the snapshot expired: it has again what came before.
    """
    limit = options.get("limit")
    params = list_params(options)
    pager = Pager(
        page_size=DEFAULT_PAGE_SIZE if limit is None else limit,
        resource_version=options.get("resource_version"),
        resource_version_match=options.get("resource_version_match"),
    )
    pager.advance(options.get("continue_") or "")
    for name in ("limit", "continue", "resourceVersion", "resourceVersionMatch"):
        params.pop(name, None)
    while True:
        try:
            page = await list_page({**params, **pager.params()}, options.get("timeout"))
        except Expired as error:
            if pager.recover(error):
                continue
            raise
        yield page, pager.is_full_list
        if not pager.advance(page.metadata.continue_):
            return


async def iterate(list_page: ListPage, options: ListOptions) -> AsyncIterator[Any]:
    """Yield the objects of a collection, each once."""
    seen: set[tuple[str, str, str]] = set()
    async for page, _ in pages(list_page, options):
        for item in page.items:
            metadata = item.metadata
            identity = (metadata.uid, metadata.namespace, metadata.name)
            if identity not in seen:
                yield item
        # Only a page that another follows can be repeated.
        if page.metadata.continue_:
            seen.update((one.metadata.uid, one.metadata.namespace, one.metadata.name) for one in page.items)
