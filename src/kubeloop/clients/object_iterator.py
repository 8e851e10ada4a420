"""iterate(): the loop that executes the pager's rule and makes sure that no object comes twice.

Classes and not generators: between two pages nothing is held open, so leaving an iteration early needs no clean-up.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop.errors import DecodeError, Gone, Unreadable
from kubeloop.listwatch.paging import DEFAULT_PAGE_SIZE, Pager
from kubeloop.wire.options import ListOptions, list_params

__all__ = ["ObjectIterator", "PageReader", "kind_of_list", "warn_of_unreadable"]

T = TypeVar("T")

ListPage = Callable[[Mapping[str, Any], float | None], Awaitable[Any]]
"""Reads one page with these query parameters and time-out. Any: a list of any kind, with `metadata` and `items`."""

_log = logging.getLogger(__name__)


def warn_of_unreadable(collection: str, unreadable: Mapping[str, Unreadable]) -> None:
    """Write one log line about a response of which items are missing, if there are any."""
    if unreadable:
        key, error = next(iter(unreadable.items()))
        _log.warning(
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


class PageReader:
    """The pages of a collection; after an expired snapshot a full list, which has again what came before."""

    __slots__ = ("_has_more", "_kind", "_list_page", "_pager", "_params", "_timeout")

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
        self._kind: tuple[str, str] | None = None

    @property
    def starts_anew(self) -> bool:
        """Whether the page that came last is a full list."""
        return self._pager.is_full_list

    async def next(self) -> Any | None:
        """Read the next page; None after the last. A read that fails may be repeated.

        Raises:
            DecodeError: It is a list of another kind than the first.
        """
        while self._has_more:
            try:
                page = await self._list_page({**self._params, **self._pager.page().params()}, self._timeout)
            except Gone as error:
                if self._pager.recover(error):
                    continue
                raise
            self._kind = kind_of_list(page, self._kind)
            self._has_more = self._pager.advance(page.metadata.continue_)
            return page
        return None

    def __repr__(self) -> str:
        return f"<PageReader {self._pager!r}>"


class ObjectIterator(Generic[T]):
    """The objects of a collection, each once: what `iterate()` gives. Reads a page when the one before is used up."""

    __slots__ = ("_collection", "_count", "_items", "_pages", "_seen", "_unreadable")

    def __init__(self, list_page: ListPage, options: ListOptions, collection: str = "") -> None:
        self._pages = PageReader(list_page, options)
        self._collection = collection
        self._items: Iterator[T] = iter(())
        self._seen: set[tuple[str, str, str]] = set()
        self._unreadable: dict[str, Unreadable] = {}
        self._count = 0

    @property
    def unreadable(self) -> Mapping[str, Unreadable]:
        """The objects of the pages so far that could not be read, by key: they exist, but are not yielded.

        One whose name cannot be read stands under `"#<index>"`, its place in the collection. A full list after an
        expired snapshot starts it anew, as that list has all of them again.
        """
        return MappingProxyType(self._unreadable)

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
            self._note(page)
            if self._pages.starts_anew:
                self._items = iter([item for item in page.items if _identity(item) not in self._seen])
            elif page.metadata.continue_:
                # Only a page that another follows can be repeated.
                self._seen.update(_identity(item) for item in page.items)

    def _note(self, page: Any) -> None:
        if self._pages.starts_anew:
            self._unreadable, self._count = {}, 0
        for key, error in page.unreadable.items():
            place = key if error.key else f"#{self._count + int(key[1:])}"
            self._unreadable[place] = error
        self._count += len(page.items) + len(page.unreadable)
        warn_of_unreadable(self._collection, page.unreadable)

    def __repr__(self) -> str:
        return f"<ObjectIterator {self._pages!r}>"


def _identity(item: Any) -> tuple[str, str, str]:
    metadata = item.metadata
    return metadata.uid, metadata.namespace, metadata.name
