"""PrefetchingIterator: the loop of `iterate(prefetch=2)`, which reads the next pages while one is used.

Reference: client-go tools/pager (ListPager.EachListItem, PageBufferSize).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from kubeloop._kit import waiting
from kubeloop._kit.must_enter import not_entered
from kubeloop.clients.object_iterator import ObjectIterator

if TYPE_CHECKING:
    from kubeloop.clients.object_iterator import ListPage, ReadPage
    from kubeloop.wire.options import ListOptions

__all__ = ["PrefetchingIterator"]

T = TypeVar("T")


class PrefetchingIterator(ObjectIterator[T]):
    """The objects of a collection, each once, with pages that are read in advance: what `iterate(prefetch=2)` returns.

        async with pods.iterate(prefetch=2) as found:
            async for pod in found:
                await check(pod)

    The first page is requested when the block is entered. Errors are raised where the objects of the page would have
    been, after all objects before it; the read may then be repeated. Leaving the block ends the request that is under
    way, and no task remains.

    Concurrency: One task. A cancelled wait for the next object loses none.

    Reference: client-go ListPager.EachListItem. Intended difference: an expired snapshot is followed by a full list, as
        without `prefetch`.
    """

    __slots__ = ("_is_open", "_pages")

    def __init__(self, list_page: ListPage, options: ListOptions, collection: str, prefetch: int) -> None:
        if isinstance(prefetch, bool) or not isinstance(prefetch, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"expected an int for prefetch, got {type(prefetch).__name__}")
        if prefetch < 1:
            raise ValueError(f"expected 1 or more pages for prefetch, got {prefetch}; leave it out to read none ahead")
        super().__init__(list_page, options, collection)
        self._pages = waiting.Ahead(self._reader.read, prefetch)
        self._is_open = False

    async def __aenter__(self) -> Self:
        if self._is_open:
            raise RuntimeError("iterate(prefetch=...) was entered before: call iterate() again")
        self._is_open = True
        await self._pages.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pages.__aexit__()

    async def _next_page(self) -> ReadPage | None:
        if not self._is_open:
            raise not_entered(
                "iterate(prefetch=...)", "async with pods.iterate(prefetch=2) as found: async for pod in found: ..."
            )
        return await self._pages.take()
