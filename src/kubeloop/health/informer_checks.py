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
    def name(self) -> str:
        """The name for messages."""
        ...

    @property
    def has_synced(self) -> bool:
        """Whether the store has held all objects of a list."""
        ...

    @property
    def is_stopped(self) -> bool:
        """Whether the informer no longer follows the server."""
        ...

    @property
    def is_connected(self) -> bool:
        """Whether the last attempt to list or watch succeeded."""
        ...

    @property
    def last_heard_at(self) -> float | None:
        """The loop's time of the last news; None before the first."""
        ...

    @property
    def last_error(self) -> str:
        """What is wrong; `""` if all is well."""
        ...


class HasInformers(Protocol):
    """What the checks need of a `SharedInformerFactory`."""

    @property
    def informers(self) -> Iterable[ObservedInformer]:
        """The informers."""
        ...


def informers_synced(factory: HasInformers) -> Callable[[], None]:
    """Return a readiness check: the stores of all informers have been filled.

    The check fails until every informer of the factory has synced, and again if an informer has stopped. It passes
    while the API server is unavailable after that, because the stores can be read all the same; `informers_connected`
    fails then.

    Args:
        factory: The factory. Its later informers are checked, too.

    Reference: apiserver healthz.NewInformerSyncHealthz.
    """

    def check() -> None:
        _raise_if_any(_unsynced(factory.informers))

    return check


def informers_connected(factory: HasInformers, *, within: float) -> Callable[[], None]:
    """Return a readiness check: all informers follow the server, or lost it only a moment ago.

    Args:
        factory: The factory. Its later informers are checked, too.
        within: The seconds without a connection that are normal, such as 60. They begin at the last news of the server,
            or at the first call of the check if there were none.
    """
    return _heard_within(factory, within, lambda informer: informer.is_connected)


def informers_heard(factory: HasInformers, *, within: float) -> Callable[[], None]:
    """Return a check: all informers have had news of the server lately, as lists, opened watches, events or bookmarks.

    In contrast to `informers_connected`, this check finds a watch that looks open and delivers nothing, which ends only
    after 180 s. The server sends bookmarks about once per minute, but none at the beginning of a watch if the resource
    does not change, so that up to 180 s without news are normal.

    Args:
        factory: The factory. Its later informers are checked, too.
        within: The seconds without news that are normal, which should be more than 180. They begin at the first call of
            the check if there were no news yet.
    """
    return _heard_within(factory, within, lambda _: False)


def _unsynced(informers: Iterable[ObservedInformer]) -> Iterator[str]:
    for informer in informers:
        if informer.is_stopped:
            yield f"{informer.name} has stopped"
        elif not informer.has_synced:
            yield f"{informer.name} has not synced{_reason(informer)}"


def _heard_within(
    factory: HasInformers, within: float, is_exempt: Callable[[ObservedInformer], bool]
) -> Callable[[], None]:
    first_checked: WeakKeyDictionary[ObservedInformer, float] = WeakKeyDictionary()

    def problems(now: float) -> Iterator[str]:
        for informer in factory.informers:
            if informer.is_stopped:
                yield f"{informer.name} has stopped"
                continue
            heard_at = informer.last_heard_at
            since = first_checked.setdefault(informer, now) if heard_at is None else heard_at
            if now - since > within and not is_exempt(informer):
                yield f"{informer.name} has had no news of the server for {in_seconds(now - since)}{_reason(informer)}"

    def check() -> None:
        _raise_if_any(problems(asyncio.get_running_loop().time()))

    return check


def _reason(informer: ObservedInformer) -> str:
    return f" ({informer.last_error})" if informer.last_error else ""


def _raise_if_any(problems: Iterable[str]) -> None:
    if text := "; ".join(problems):
        raise Unhealthy(text)
