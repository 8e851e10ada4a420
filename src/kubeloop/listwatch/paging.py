"""Which page of a LIST to read next, how large pages are, and what to do when the snapshot of a LIST has expired.

No request is made here: the caller asks for `page()`, reads it, and reports to `advance` or `recover`.

Reference: client-go tools/pager/pager.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.value import Value
from kubeloop.errors import DecodeError, Gone
from kubeloop.listwatch.resource_versions import can_resume

if TYPE_CHECKING:
    from kubeloop.wire.request import ParamValue

__all__ = ["DEFAULT_PAGE_SIZE", "Page", "Pager", "page_size_at"]

DEFAULT_PAGE_SIZE = 500


def page_size_at(version: str, *, has_watch_cache: bool) -> int:
    """Return the number of objects per page of a LIST; 0 for a LIST without pages.

    A limit on a LIST at a version would bypass the server's watch cache and go to etcd; at `"0"` it is ignored.

    Args:
        version: The resourceVersion that is asked for.
        has_watch_cache: False when a LIST at `"0"` came in pages, so that there is no cache to bypass.
    """
    return 0 if has_watch_cache and can_resume(version) else DEFAULT_PAGE_SIZE


class Page(Value, frozen=True):
    """A page to read.

    Attributes:
        limit: The number of objects per page; None for all.
        resource_version: The version to list at; `""` on every page but the first.
        resource_version_match: `NotOlderThan`, `Exact` or `""`.
        continue_: The token of the page before; `""` on the first page.
    """

    limit: int | None
    resource_version: str = ""
    resource_version_match: str = ""
    continue_: str = ""

    @property
    def is_first(self) -> bool:
        """Whether the list begins with this page: what was read before it does not count."""
        return not self.continue_

    def params(self) -> dict[str, ParamValue]:
        """Return the query parameters of the request."""
        if self.continue_:
            return {"limit": self.limit, "continue": self.continue_}
        return {
            "limit": self.limit,
            "resourceVersion": self.resource_version or None,
            "resourceVersionMatch": self.resource_version_match or None,
        }


class Pager:
    """The state of one LIST in pages.

    Guarantees that only the first page carries the requested resourceVersion (the server refuses a version beside a
    continue token), and that an expired snapshot on page two or later leads to one full list at the original
    resourceVersion, not to a list with a hole, and to an error if the full list expires too.

    Args:
        page_size: The number of objects per page; 0 asks for everything at once.
        resource_version: As for a plain LIST; None and `""` read the newest.
        resource_version_match: `NotOlderThan`, `Exact` or None.

    Attributes:
        paginated: Whether the list came in more than one page.
        is_full_list: Whether the snapshot expired, and a full list is read instead.
    """

    __slots__ = (
        "_continue",
        "_page_size",
        "_resource_version",
        "_resource_version_match",
        "_seen",
        "is_full_list",
        "paginated",
    )

    def __init__(
        self,
        *,
        page_size: int = DEFAULT_PAGE_SIZE,
        resource_version: str | None = None,
        resource_version_match: str | None = None,
    ) -> None:
        self._page_size = page_size
        self._resource_version = resource_version or ""
        self._resource_version_match = resource_version_match or ""
        self._continue: str = ""
        self._seen: set[str] = set()
        self.paginated = False
        self.is_full_list = False

    def page(self) -> Page:
        """Return the page to read next."""
        if self._continue:
            return Page(self._page_size or None, continue_=self._continue)
        limit = None if self.is_full_list else self._page_size or None
        return Page(limit, self._resource_version, self._resource_version_match)

    def advance(self, continue_: str) -> bool:
        """Record a page that was read, by its continue token. Return whether another page follows.

        Raises:
            DecodeError: The token is that of a page that was read before: the list would never end.
        """
        if continue_ in self._seen:
            raise DecodeError(
                "expected a list that ends, got a continue token that leads to a page that was read before"
            )
        if continue_:
            self._seen.add(continue_)
        self._continue = continue_
        self.paginated = self.paginated or bool(continue_)
        return bool(continue_)

    def recover(self, error: Exception) -> bool:
        """Return whether a full list follows a page that failed. If not, the error stands.

        A list gets one full list: a server that sends even that in pages, and reports each as expired, would otherwise
        be listed again and again without a pause. The page after that error begins the full list again.
        """
        if not (isinstance(error, Gone) and self._continue):
            return False
        self._continue = ""
        self._seen.clear()
        is_first_expiry = not self.is_full_list
        self.is_full_list = True
        return is_first_expiry

    def __repr__(self) -> str:
        state = "full list" if self.is_full_list else "next page" if self._continue else "first page"
        return f"<Pager {state}, {self._page_size} per page>"
