"""ObjectIterator: the loop of `iterate()`, which reads page after page and yields no object twice.

Which page comes next is decided in `listwatch.paging`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Self, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.errors import DecodeError, Gone, Unreadable
from kubeloop.listwatch.paging import DEFAULT_PAGE_SIZE, Pager
from kubeloop.wire.options import ListOptions, list_params

__all__ = ["ListPage", "ObjectIterator", "PageReader", "ReadPage", "kind_of_list", "warn_of_unreadable"]

T = TypeVar("T")

ListPage = Callable[[Mapping[str, Any], float | None], Awaitable[Any]]
"""Reads one page with these query parameters and timeout. Any: a list of any kind, with `metadata` and `items`."""

logger = logging.getLogger(__name__)


def warn_of_unreadable(collection: str, unreadable: Mapping[str, Unreadable]) -> None:
    """Log one warning about items of a response that could not be read, if there are any."""
    if unreadable:
        key, error = next(iter(unreadable.items()))
        logger.warning(
            "%s: items that cannot be read and were left out (see `unreadable`): %d; the first is %s: %s",
            collection, len(unreadable), safe_text(key), error,
        )  # fmt: skip


def kind_of_list(page: Any, expected: tuple[str, str] | None) -> tuple[str, str]:
    """Return the apiVersion and the kind of a page.

    Args:
        page: A list.
        expected: Those of the first page; None for the first page.

    Raises:
        DecodeError: The page is a list of another kind than the first.
    """
    kind = (page.api_version, page.kind)
    if kind != (expected or kind):
        raise DecodeError(f"expected a page of kind {expected[1]} like the first, got {page.kind}")  # type: ignore[index]
    return kind


class ReadPage(NamedTuple):
    """A page that was read.

    Attributes:
        content: The list. Any: a list of any kind.
        is_full_list: Whether the snapshot has expired, so that this is the whole collection.
        is_last: Whether no page follows.
    """

    content: Any
    is_full_list: bool
    is_last: bool


class PageReader:
    """The pages of a collection, one after the other. A read that fails may be repeated.

    Args:
        list_page: Reads one page.
        options: The options of the list.
    """

    __slots__ = ("_has_more", "_kind", "_list_page", "_pager", "_params", "_timeout")

    def __init__(self, list_page: ListPage, options: ListOptions) -> None:
        self._list_page = list_page
        self._timeout = options.get("timeout")
        self._params = list_params(options)
        for name in ("limit", "continue", "resourceVersion", "resourceVersionMatch"):
            self._params.pop(name, None)
        limit = options.get("limit")
        self._pager = Pager(
            page_size=DEFAULT_PAGE_SIZE if limit is None else limit,
            resource_version=options.get("resource_version"),
            resource_version_match=options.get("resource_version_match"),
        )
        self._pager.advance(options.get("continue_") or "")
        self._has_more = True
        self._kind: tuple[str, str] | None = None

    async def read(self) -> ReadPage | None:
        """Read the next page; None if the last one was read.

        Raises:
            DecodeError: The page is a list of another kind than the first.
        """
        while self._has_more:
            try:
                page = await self._list_page({**self._params, **self._pager.page().params()}, self._timeout)
            except Gone as error:
                if not self._pager.recover(error):
                    raise
            else:
                self._kind = kind_of_list(page, self._kind)
                self._has_more = self._pager.advance(page.metadata.continue_)
                return ReadPage(page, self._pager.is_full_list, not self._has_more)
        return None

    def __repr__(self) -> str:
        return repr(self._pager)


class ObjectIterator(Generic[T]):
    """The objects of a collection, each once: what `iterate()` returns. Reads a page when the last one is used up.

    An object and not a generator: between two pages nothing is held open, so that leaving the loop early needs no
    clean-up. A read that fails may be repeated.
    """

    __slots__ = ("_collection", "_count", "_has_ended", "_items", "_reader", "_seen", "_unreadable")

    def __init__(self, list_page: ListPage, options: ListOptions, collection: str = "") -> None:
        self._reader = PageReader(list_page, options)
        self._collection = collection
        self._has_ended = False
        self._items: Iterator[T] = iter(())
        self._seen: set[tuple[str, str, str]] = set()
        self._unreadable: dict[str, Unreadable] = {}
        self._count = 0

    @property
    def unreadable(self) -> Mapping[str, Unreadable]:
        """The objects of the pages so far that could not be read, by key: they exist, but are not yielded.

        An object whose name cannot be read stands under `"#<index>"`, its place in the collection. A full list after an
        expired snapshot has all of them again, and replaces this mapping.
        """
        return MappingProxyType(self._unreadable)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """Return the next object.

        Raises:
            DecodeError: A page is a list of another kind than the first.
        """
        while True:
            for item in self._items:
                return item
            page = None if self._has_ended else await self._next_page()
            if page is None:
                raise StopAsyncIteration
            self._has_ended = page.is_last
            self._record_unreadable(page)
            items = page.content.items
            if page.is_full_list:
                items = [item for item in items if _identity(item) not in self._seen]
            self._items = iter(items)
            if not page.is_last:
                # Only a page that another page follows can be repeated.
                self._seen.update(_identity(item) for item in items)

    async def _next_page(self) -> ReadPage | None:
        return await self._reader.read()

    def _record_unreadable(self, page: ReadPage) -> None:
        if page.is_full_list:
            self._unreadable, self._count = {}, 0
        content = page.content
        for key, error in content.unreadable.items():
            place = key if error.key else f"#{self._count + int(key[1:])}"
            self._unreadable[place] = error
        self._count += len(content.items) + len(content.unreadable)
        warn_of_unreadable(self._collection, content.unreadable)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._reader!r}>"


def _identity(item: Any) -> tuple[str, str, str]:
    metadata = item.metadata
    return metadata.uid, metadata.namespace, metadata.name
