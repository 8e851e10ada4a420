"""Checks of informers: whether they have synced, follow the server, and have heard from it lately."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol
from weakref import WeakKeyDictionary

from kubeloop._kit.durations import in_seconds
from kubeloop.errors import Unhealthy

__all__ = ["HasInformers", "ObservedInformer", "informers_connected", "informers_heard", "informers_synced"]


class ObservedInformer(Protocol):
    """What the checks read of a `SharedInformer`."""

    @property
    def name(self) -> str: ...
    @property
    def has_synced(self) -> bool: ...
    @property
    def is_stopped(self) -> bool: ...
    @property
    def is_connected(self) -> bool: ...
    @property
    def last_heard_at(self) -> float | None: ...
    @property
    def last_error(self) -> str: ...


class HasInformers(Protocol):
    """What the checks need of a `SharedInformerFactory`."""

    @property
    def informers(self) -> Iterable[ObservedInformer]:
        """The informers."""
        ...


def informers_synced(factory: HasInformers) -> Callable[[], None]:
    """Return a readiness check: the stores of all informers hold the objects of the cluster.

    The check fails until every informer of the factory has synced, and after one has stopped. An informer that has
    synced passes while its server is unavailable; see `informers_connected`.

    Args:
        factory: The factory. Informers that are added later are checked, too.

    Reference: apiserver healthz.NewInformerSyncHealthz.
    """

    def check() -> None:
        _raise_for(
            f"{informer.name} has stopped"
            if informer.is_stopped
            else f"{informer.name} has not synced{_reason(informer)}"
            for informer in factory.informers
            if informer.is_stopped or not informer.has_synced
        )

    return check


def informers_connected(factory: HasInformers, *, within: float) -> Callable[[], None]:
    """Return a readiness check: all informers follow the server, or have lost it only a moment ago.

    Args:
        factory: The factory. Informers that are added later are checked, too.
        within: The seconds without a connection that are normal, such as 60. They begin with the last news of the
            server; for an informer that has never heard from the server, with the first call of the check.
    """
    return _heard(factory, within, is_exempt=lambda informer: informer.is_connected)


def informers_heard(factory: HasInformers, *, within: float) -> Callable[[], None]:
    """Return a check: all informers have heard from the server lately.

    This finds connections that look open and deliver nothing, too. News are lists, opened watches, events and bookmarks.
    The server sends bookmarks about once per minute, but none at the beginning of a watch if the resource does not
    change, so that up to 180 s without news are normal.

    Args:
        factory: The factory. Informers that are added later are checked, too.
        within: The seconds without news that are normal; more than 180. For an informer that has never heard from the
            server, they begin with the first call of the check.
    """
    return _heard(factory, within, is_exempt=lambda _: False)


def _heard(
    factory: HasInformers, within: float, *, is_exempt: Callable[[ObservedInformer], bool]
) -> Callable[[], None]:
    first_seen: WeakKeyDictionary[ObservedInformer, float] = WeakKeyDictionary()

    def complaints(now: float) -> Iterator[str]:
        for informer in factory.informers:
            if informer.is_stopped:
                yield f"{informer.name} has stopped"
                continue
            since = informer.last_heard_at
            if since is None:
                since = first_seen.setdefault(informer, now)
            if now - since > within and not is_exempt(informer):
                yield f"{informer.name} has not heard from the server for {in_seconds(now - since)}{_reason(informer)}"

    def check() -> None:
        _raise_for(complaints(asyncio.get_running_loop().time()))

    return check


def _reason(informer: ObservedInformer) -> str:
    return f" ({informer.last_error})" if informer.last_error else ""


def _raise_for(complaints: Iterable[str]) -> None:
    if text := "; ".join(complaints):
        raise Unhealthy(text)
