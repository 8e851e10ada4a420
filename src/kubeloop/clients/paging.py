"""iterate(): the loop that executes the pager's rule and makes sure that no object comes twice.

Classes and not generators: between two pages nothing is held open, so leaving an iteration early needs no clean-up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from kubeloop.errors import Expired
from kubeloop.wire.options import ListOptions, list_params
from kubeloop.wire.paging import DEFAULT_PAGE_SIZE, Pager

__all__ = ["ObjectIterator", "PageReader"]

T = TypeVar("T")

ListPage = Callable[[Mapping[str, Any], float | None], Awaitable[Any]]
"""Reads one page with these query parameters and time-out. Any: a list of any kind, with `metadata` and `items`."""


class PageReader:
    """The pages of a collection; after an expired snapshot a full list, which has again what came before."""

    __slots__ = ("_has_more", "_list_page", "_pager", "_params", "_timeout")

    def __init__(self, list_page: ListPage, options: ListOptions) -> None:
        self._list_page = list_page
        self._params = list_params(options)
        self._timeout = options.get("timeout")
        limit = options.get("limit")
        self._pager = Pager(
            page_size=DEFAULT_PAGE_SIZE if limit is None else limit,
            resource_version=options.get("resource_version"),
            resource_version_match=options.get("resource_version_match"),
        )
        self._pager.advance(options.get("continue_") or "")
        for name in ("limit", "continue", "resourceVersion", "resourceVersionMatch"):
            self._params.pop(name, None)
        self._has_more = True

    @property
    def starts_anew(self) -> bool:
        """Whether the page that came last is a full list."""
        return self._pager.is_full_list

    async def next(self) -> Any | None:
        """Read the next page; None after the last. A read that fails may be repeated."""
        while self._has_more:
            try:
                page = await self._list_page({**self._params, **self._pager.params()}, self._timeout)
            except Expired as error:
                if self._pager.recover(error):
                    continue
                raise
            self._has_more = self._pager.advance(page.metadata.continue_)
            return page
        return None

    def __repr__(self) -> str:
        return f"<PageReader {self._pager!r}>"


class ObjectIterator(Generic[T]):
    """The objects of a collection, each once: what `iterate()` gives. Reads a page when the one before is used up."""

    __slots__ = ("_items", "_pages", "_seen")

    def __init__(self, list_page: ListPage, options: ListOptions) -> None:
        self._pages = PageReader(list_page, options)
        self._items: Iterator[T] = iter(())
        self._seen: set[tuple[str, str, str]] = set()

    def __aiter__(self) -> ObjectIterator[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            page = await self._pages.next()
            if page is None:
                raise StopAsyncIteration
            self._items = iter(page.items)
            if self._pages.starts_anew:
                self._items = iter([item for item in page.items if _identity(item) not in self._seen])
            elif page.metadata.continue_:
                # Only a page that another follows can be repeated.
                self._seen.update(_identity(item) for item in page.items)

    def __repr__(self) -> str:
        return f"<ObjectIterator {self._pages!r}>"


def _identity(item: Any) -> tuple[str, str, str]:
    metadata = item.metadata
    return metadata.uid, metadata.namespace, metadata.name
