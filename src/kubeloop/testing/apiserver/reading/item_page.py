"""Which objects of a range a list returns, and where the next page begins.

Reference: apiserver pkg/storage/cacher/cacher.go (GetList), pkg/storage/etcd3/store.go (appendChunk),
pkg/storage/continue.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeloop.testing.apiserver.reading.selection import Selection
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = ["ItemPage", "after_key", "cut_page"]


class ItemPage(NamedTuple):
    """A page of a list.

    Attributes:
        items: The objects that are selected.
        last: The object after which the next page begins; None if no object follows.
        remaining: How many objects follow; None if the page is the last one, or if a selector leaves the number open.
    """

    items: Sequence[Stored]
    last: Stored | None = None
    remaining: int | None = None


def cut_page(items: Sequence[Stored], selection: Selection, limit: int, *, following: int = 0) -> ItemPage:
    """Return the first page of a range.

    Args:
        items: The objects of the range, in order.
        selection: What is selected.
        limit: The number of objects of a page; 0 for all. A page with a selector ends after its last object, even if no
            object that follows is selected.
        following: The number of objects of the range after `items`.
    """
    if selection.has_no_selector:
        if not limit or len(items) + following <= limit:
            return ItemPage(items)
        page = items[:limit]
        return ItemPage(page, page[-1], len(items) + following - limit)
    selected: list[Stored] = []
    for index, item in enumerate(items):
        if selection.matches(item):
            selected.append(item)
            if len(selected) == limit:
                return ItemPage(selected, item if index + 1 < len(items) else None)
    return ItemPage(selected)


def after_key(start: str, namespace: str) -> str:
    r"""Return the key after which a range begins, for a range that begins with the key `start`.

    Args:
        start: The first key, below the namespace if there is one; `""` for the beginning. The keys of continue tokens
            end with `\x00`, and so are the first ones after a key. For others the result is a text below `start` with
            no key in between.
        namespace: The namespace of the range, `""` for all.
    """
    if not start:
        return ""
    key = f"{namespace}/{start}" if namespace else start
    last = key[-1]
    return key[:-1] if last == "\x00" else f"{key[:-1]}{chr(ord(last) - 1)}\U0010ffff"
