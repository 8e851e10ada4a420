"""From where a list is read: a table without input and output.

Reference: apiserver pkg/storage/cacher (delegator.go, delegator/interface.go, watch_cache.go), with the default gates
of v0.37: consistent lists and lists at an exact revision come from the watch cache.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.reading.revision_text import revision_of_list
from kubeloop.wire import refusals
from kubeloop.wire.continue_token import parse_continue_token

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ListPlan", "decide_list", "from_storage"]


@dataclass(frozen=True, slots=True)
class ListPlan:
    r"""How a list is read.

    Attributes:
        uses_cache: Whether the objects come from the watch cache; otherwise they come from the storage.
        exact: The revision at which the objects are read; 0 for the newest ones.
        minimum: The revision that the source must have reached; 0 for any.
        is_consistent: Whether the storage takes over if the watch cache does not reach the minimum in time.
        start: The key at which the list begins: `namespace/name` or `name` below the namespace of the request, and
            `\x00` after the last key of the page before. `""` for the beginning.
        limit: The number of objects after which the list breaks off; 0 for none.
    """

    uses_cache: bool
    exact: int = 0
    minimum: int = 0
    is_consistent: bool = False
    start: str = ""
    limit: int = 0


def decide_list(
    *,
    resource_version: str,
    match: str,
    limit: int,
    continue_: str,
    is_single: bool,
    storage_revision: int,
    cache_revision: int,
    has_snapshot: Callable[[int], bool],
    is_cached: bool = True,
) -> ListPlan:
    """Decide from where a list is read.

    Args:
        resource_version: The parameter.
        match: `""`, `Exact` or `NotOlderThan`.
        limit: The parameter; 0 for none.
        continue_: The token of the page before, `""` for the first page.
        is_single: Whether the list reads one key, because a field selector names the object.
        storage_revision: The newest revision of the storage.
        cache_revision: What the watch cache has seen of the resource.
        has_snapshot: Whether the watch cache can still return all objects as they were at a revision that it has seen.
        is_cached: Whether the server has a watch cache of the resource.

    Raises:
        BadRequest: The token or the resourceVersion cannot be read, or both are given.
    """
    # A request for one object has no token: one with a token is read as a list.
    start, token_revision = _continuation(continue_, resource_version) if continue_ else ("", 0)
    revision = revision_of_list(resource_version) if not continue_ else 0
    # Only the watch cache ignores the limit for any version.
    cache_limit = 0 if resource_version == "0" else limit
    cached = ListPlan(True, start=start, limit=cache_limit)
    stored = ListPlan(False, start=start, limit=limit)
    if not is_cached:
        if continue_:
            return replace(stored, exact=max(0, token_revision))
        if match == "Exact" or (match == "" and limit > 0 and not is_single):
            return replace(stored, exact=revision)
        return replace(stored, minimum=revision)
    consistent = replace(cached, minimum=storage_revision, is_consistent=True)
    if match == "NotOlderThan":
        return replace(cached, minimum=revision)
    if match == "Exact":
        exact = revision
    elif continue_:
        if token_revision < 0:
            return consistent
        exact = token_revision
    elif resource_version == "":
        return consistent
    elif limit > 0 and revision > 0:
        if is_single:
            return replace(stored, minimum=revision)
        exact = revision
    else:
        return replace(cached, minimum=revision)
    if not is_single and (exact > cache_revision or has_snapshot(exact)):
        return replace(cached, exact=exact, minimum=exact)
    return replace(stored, exact=exact)


def from_storage(plan: ListPlan, limit: int) -> ListPlan:
    """Return the plan by which the storage takes over from the watch cache.

    Args:
        plan: The plan for the watch cache.
        limit: The limit of the request, which the storage never ignores.
    """
    return ListPlan(False, exact=plan.exact, start=plan.start, limit=limit)


def _continuation(continue_: str, resource_version: str) -> tuple[str, int]:
    try:
        token = parse_continue_token(continue_)
    except ValueError as error:
        raise refusals.bad_request(f"invalid continue token: {error}") from None
    if resource_version not in ("", "0"):
        raise refusals.bad_request("specifying resource version is not allowed when using continue")
    return token.start, token.revision
