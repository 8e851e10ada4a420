"""What the rooms of the server get: one parsed request, and what it may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from random import Random

    from kubeloop.testing.apiserver.encoding.output import Output
    from kubeloop.testing.apiserver.facts.served_resource import Resources, ServedResource
    from kubeloop.testing.apiserver.storage.storage import Storage
    from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache
    from kubeloop.wire.request import Request
    from kubeloop.wire.request_path import RequestInfo
    from kubeloop.wire.response import Headers, Response

__all__ = ["Call", "Context", "EventStream", "Reply", "Waiting"]


@dataclass(frozen=True, slots=True)
class Call:
    """One parsed request to a resource.

    Attributes:
        request: The request as it came.
        info: What its path and query say.
        resource: The resource, in the version that the path names.
        output: The format, version and form of the response, as negotiated.
    """

    request: Request
    info: RequestInfo
    resource: ServedResource
    output: Output


@dataclass(frozen=True, slots=True)
class Context:
    """What a request may use.

    Attributes:
        storage: Where writes go, and where consistent reads come from.
        cache: What this server has seen of the storage.
        resources: What is served.
        random: The source of uids and generated names.
        now: Seconds since the epoch.
        warnings: What the response warns of, whether the request succeeds or not.
    """

    storage: Storage
    cache: WatchCache
    resources: Resources
    random: Random
    now: float
    warnings: list[str] = field(default_factory=list[str])


class EventStream(Protocol):
    """A running watch. Its reader calls `take` after `on_ready` was called or the deadline has passed."""

    status: int
    headers: Headers
    on_ready: Callable[[], None] | None
    """Called, if it is set, when there is something to take."""

    @property
    def deadline(self) -> float | None:
        """The time at which `take` must be called even if no event arrives; None for none."""
        ...

    @property
    def is_finished(self) -> bool:
        """Whether the watch has ended: what `take` returned last was the end of the body."""
        ...

    def take(self, now: float) -> list[bytes]:
        """Return the frames that are ready, in order."""
        ...

    def close(self) -> None:
        """End the watch; a second call does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits until the watch cache has reached a revision, or for a time.

    Attributes:
        revision: The revision to wait for; None to wait for the deadline alone.
        deadline: The time at which the wait ends in any case.
        resume: Called with the time when the cache has reached the revision or the deadline has passed.
    """

    revision: int | None
    deadline: float
    resume: Callable[[float], Reply]


Reply: TypeAlias = "Response | EventStream | Waiting"
"""What the core returns for a request."""
