"""The pager's rule: which page of a LIST to ask for next, and what to do when its snapshot has been compacted away.

Pure: no request is made here. The loop asks `params()`, sends, and tells `advance()` or `recover()`.

Reference: client-go tools/pager/pager.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.errors import Gone

if TYPE_CHECKING:
    from kubeloop.wire.request import ParamValue

__all__ = ["DEFAULT_PAGE_SIZE", "Pager"]

DEFAULT_PAGE_SIZE = 500


class Pager:
    """The state of one LIST in pages.

    Guarantees that the first page carries the resourceVersion that was asked for and no later page does (the server
    refuses both together), and that an expired snapshot on page two or later leads to one full list at the original
    resourceVersion, not to a list with a hole.

    Args:
        page_size: Objects a page; 0 asks for everything at once.
        resource_version: As for a plain LIST; None and `""` read the newest.
        resource_version_match: `NotOlderThan`, `Exact` or None.
        full_list_if_expired: False lets the expiry through.
    """

    __slots__ = (
        "_continue",
        "_full_list_if_expired",
        "_page_size",
        "_resource_version",
        "_resource_version_match",
        "is_full_list",
        "paginated",
    )

    def __init__(
        self,
        *,
        page_size: int = DEFAULT_PAGE_SIZE,
        resource_version: str | None = None,
        resource_version_match: str | None = None,
        full_list_if_expired: bool = True,
    ) -> None:
        self._page_size = page_size
        self._resource_version = resource_version or None
        self._resource_version_match = resource_version_match or None
        self._full_list_if_expired = full_list_if_expired
        self._continue = ""
        self.paginated = False
        self.is_full_list = False

    def params(self) -> dict[str, ParamValue]:
        """Return the query parameters of the next request."""
        if self._continue:
            return {"limit": self._page_size or None, "continue": self._continue}
        return {
            "limit": None if self.is_full_list else self._page_size or None,
            "resourceVersion": self._resource_version,
            "resourceVersionMatch": self._resource_version_match,
        }

    def advance(self, continue_: str) -> bool:
        """Take note of a page that came and of its continue token; say if there is another page."""
        self._continue = continue_
        self.paginated = self.paginated or bool(continue_)
        return bool(continue_)

    def recover(self, error: Exception) -> bool:
        """Say if a failed request is to be followed by a full list (`params()` gives it), or the error to be raised."""
        if not (isinstance(error, Gone) and self._continue and self._full_list_if_expired):
            return False
        self._continue = ""
        self.is_full_list = True
        return True

    def __repr__(self) -> str:
        state = "full list" if self.is_full_list else "next page" if self._continue else "first page"
        return f"<Pager {state}, {self._page_size} a page>"
