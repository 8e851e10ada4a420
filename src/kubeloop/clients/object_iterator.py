"""ObjectIterator: the loop of `iterate()`, which reads page after page and yields no object twice.

Which page comes next is decided in `listwatch.paging`.
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

__all__ = ["ObjectIterator", "kind_of_list", "warn_of_unreadable"]

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


class ObjectIterator(Generic[T]):
    """The objects of a collection, each once: what `iterate()` returns. Reads a page when the last one is used up.

    An object and not a generator: between two pages nothing is held open, so that leaving the loop early needs no
    clean-up. A read that fails may be repeated.
    """

    __slots__ = (
        "_collection", "_count", "_has_more", "_items", "_kind", "_list_page", "_pager", "_params", "_seen", "_timeout",
        "_unreadable",
    )  # fmt: skip

    def __init__(self, list_page: ListPage, options: ListOptions, collection: str = "") -> None:
        self._list_page = list_page
        self._collection = collection
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

    def __aiter__(self) -> ObjectIterator[T]:
        return self

    async def __anext__(self) -> T:
        """Return the next object.

        Raises:
            DecodeError: A page is a list of another kind than the first.
        """
        while True:
            for item in self._items:
                return item
            if not self._has_more:
                raise StopAsyncIteration
            page = await self._read_page()
            self._record_unreadable(page)
            items = page.items
            if self._pager.is_full_list:
                items = [item for item in items if _identity(item) not in self._seen]
            self._items = iter(items)
            if self._has_more:
                # Only a page that another page follows can be repeated.
                self._seen.update(_identity(item) for item in items)

    async def _read_page(self) -> Any:
        while True:
            try:
                page = await self._list_page({**self._params, **self._pager.page().params()}, self._timeout)
            except Gone as error:
                if not self._pager.recover(error):
                    raise
            else:
                self._kind = kind_of_list(page, self._kind)
                self._has_more = self._pager.advance(page.metadata.continue_)
                return page

    def _record_unreadable(self, page: Any) -> None:
        if self._pager.is_full_list:
            self._unreadable, self._count = {}, 0
        for key, error in page.unreadable.items():
            place = key if error.key else f"#{self._count + int(key[1:])}"
            self._unreadable[place] = error
        self._count += len(page.items) + len(page.unreadable)
        warn_of_unreadable(self._collection, page.unreadable)

    def __repr__(self) -> str:
        return f"<ObjectIterator {self._pager!r}>"


def _identity(item: Any) -> tuple[str, str, str]:
    metadata = item.metadata
    return metadata.uid, metadata.namespace, metadata.name
