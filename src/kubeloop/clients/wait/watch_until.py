"""`watch_until`: read events until conditions have been satisfied, one after the other.

Reference: client-go tools/watch/until.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast, overload

from kubeloop._kit import waiting
from kubeloop.clients.resuming_watch import ResumingWatch
from kubeloop.clients.wait.awaited_state import is_true
from kubeloop.clients.wait.known_objects import KnownObjects
from kubeloop.clients.wait.wait_argument import checked_timeout
from kubeloop.clients.wait.wait_loop import whole_list
from kubeloop.clients.wait.wait_machine import WholeList
from kubeloop.errors import RequestTimeout, WaitTimeout
from kubeloop.listwatch.relist_or_raise import RelistOrRaise
from kubeloop.meta.keys import object_key
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent

if TYPE_CHECKING:
    from kubeloop.clients.read_verbs import Watch
    from kubeloop.fields import Selector as FieldSelector
    from kubeloop.labels import LabelSelection

__all__ = ["ConditionChain", "EventCondition", "watch_until"]

T = TypeVar("T")

EventCondition: TypeAlias = Callable[[WatchEvent[T] | UnreadableEvent], object]
"""Returns something that is true if an event satisfies a condition. Its exceptions end the watch."""


class ConditionChain(Generic[T]):
    """Conditions that events satisfy one after the other. An event can satisfy several.

    Attributes:
        last: The last event that a condition has seen; None before the first.
    """

    def __init__(self, conditions: Sequence[EventCondition[T]]) -> None:
        self._conditions = conditions
        self._satisfied = 0
        self.last: WatchEvent[T] | UnreadableEvent | None = None

    @property
    def is_satisfied(self) -> bool:
        """Whether the last condition is satisfied."""
        return self._satisfied == len(self._conditions)

    @property
    def number(self) -> int:
        """The number of the condition that is next, from 1."""
        return self._satisfied + 1

    @property
    def count(self) -> int:
        """The number of conditions."""
        return len(self._conditions)

    def see(self, event: WatchEvent[T] | UnreadableEvent) -> None:
        """Show an event to the next condition, and to those after it as long as they are satisfied."""
        self.last = event
        while not self.is_satisfied and is_true(self._conditions[self._satisfied](event)):
            self._satisfied += 1

    def see_all(self, events: Sequence[WatchEvent[T] | UnreadableEvent]) -> bool:
        """Show events to the conditions until all are satisfied, and return whether they are."""
        for event in events:
            if self.is_satisfied:
                break
            self.see(event)
        return self.is_satisfied


@overload
async def watch_until(
    client: Watch[T],
    /,
    *conditions: EventCondition[T],
    resource_version: str | None = ...,
    precondition: None = ...,
    label_selector: LabelSelection | None = ...,
    field_selector: str | FieldSelector | None = ...,
    timeout: float | None = ...,
) -> WatchEvent[T] | UnreadableEvent: ...
@overload
async def watch_until(
    client: Watch[T],
    /,
    *conditions: EventCondition[T],
    precondition: Callable[[Mapping[str, T]], object],
    label_selector: LabelSelection | None = ...,
    field_selector: str | FieldSelector | None = ...,
    timeout: float | None = ...,
) -> WatchEvent[T] | UnreadableEvent | None: ...
async def watch_until(
    client: Watch[T],
    /,
    *conditions: EventCondition[T],
    resource_version: str | None = None,
    precondition: Callable[[Mapping[str, T]], object] | None = None,
    label_selector: LabelSelection | None = None,
    field_selector: str | FieldSelector | None = None,
    timeout: float | None = None,
) -> WatchEvent[T] | UnreadableEvent | None:
    """Read events until each condition was satisfied, in their order, and return the event that satisfied the last.

        done = await kubeloop.watch_until(jobs, lambda event: event.object.status.succeeded > 0, timeout=300)

    An event that satisfies one condition is shown to the next, too. Better ask for a state ("the pod is ready") than
    for a change ("the pod became ready"): not every state between two is delivered.

    Without `resource_version`, each object that exists is ADDED first. If the server no longer has the version to go on
    from, a list takes its place: what it shows to be changed, added or missing is delivered as events, and only states
    in between are lost. With `resource_version`, every event after this version is delivered, or `Gone` is raised.

    Args:
        client: The client of the objects.
        conditions: Functions of an event, at least one. An object that its class cannot read arrives as an
            `UnreadableEvent`; reading its `object` raises.
        resource_version: The version after which events are wanted, neither `""` nor `"0"`. None for the present state
            and what follows.
        precondition: A function of the objects of the first list, by key. If it is satisfied, no event is waited for.
        label_selector: As of `watch`.
        field_selector: As of `watch`.
        timeout: Seconds; 0 reads one list, None is no limit.

    Returns:
        The event; None if the precondition was satisfied.

    Raises:
        WaitTimeout: A condition was not satisfied in time.
        Gone: The server no longer has the events after `resource_version`.
        APIError: The first request failed, or reading was refused for good.
        TransportError: The server could not be reached for the first request.
        Exception: What a condition raises.

    Reference: client-go tools/watch Until (with `resource_version`), UntilWithSync. Intended difference: events of one
        list that take the place of lost ones are in the order of the list.
    """
    timeout = checked_timeout(timeout)
    if not conditions:
        raise TypeError("watch_until: expected at least one condition")
    if resource_version is not None and precondition is not None:
        raise TypeError("watch_until: a precondition is for the first list, which there is not with resource_version")
    if resource_version in ("", "0"):
        raise ValueError(f"watch_until: expected the version of an object or a list, got {resource_version!r}")
    given = {"label_selector": label_selector, "field_selector": field_selector, "resource_version": resource_version}
    options: Any = {name: value for name, value in given.items() if value is not None}
    options["timeout"] = timeout or None  # one list has the timeout of its request
    chain, started = ConditionChain(conditions), waiting.now()
    if timeout == 0 and resource_version is not None:
        raise _timeout_error(chain, timeout)
    if resource_version is None:
        reader = _Relisting(chain, precondition)
        watch = ResumingWatch(client.endpoint, options, rule=RelistOrRaise(), events_of_pages=whole_list)
        see: Callable[[Sequence[Any]], bool] = reader.see
    else:
        watch = ResumingWatch(client.endpoint, options)
        see = chain.see_all
    try:
        async with watch:
            # No variable holds the batch, which can be a large list, while this waits for the next one.
            while not (is_satisfied := see(await watch.batch())):
                if timeout is not None and waiting.now() >= started + timeout:
                    break
            if is_satisfied:
                return chain.last
    except RequestTimeout:
        if timeout is None or waiting.now() < started + timeout:
            raise
    raise _timeout_error(chain, timeout or 0.0) from watch.last_error


class _Relisting(Generic[T]):
    """Shows the events to the conditions which a watch brings that lists again, and those which its lists stand for."""

    def __init__(self, chain: ConditionChain[T], precondition: Callable[[Mapping[str, T]], object] | None) -> None:
        self._chain = chain
        self._precondition = precondition
        self._known: KnownObjects[T] = KnownObjects()

    def see(self, batch: Sequence[Any]) -> bool:
        """Report a list or events; return whether nothing else is waited for."""
        first: object = batch[0] if batch else None
        if not isinstance(first, WholeList):
            for event in batch:
                self._known.changed(event)
            return self._chain.see_all(batch)
        events = self._known.replaced(cast("WholeList[T]", first))
        precondition, self._precondition = self._precondition, None
        if precondition is not None and is_true(precondition(self._known.objects)):
            return True
        return self._chain.see_all(events)


def _timeout_error(chain: ConditionChain[Any], timeout: float) -> WaitTimeout:
    awaited = f"condition {chain.number} of {chain.count}"
    last = chain.last
    if last is None:
        seen = "there was no event"
    elif isinstance(last, UnreadableEvent):
        seen = f"the last event was {last.change} of {last.key}, which cannot be read"
    else:
        seen = f"the last event was {last.type} of {object_key(last.object)}"
    return WaitTimeout(f"timed out after {timeout:g} s waiting for {awaited}: {seen}", awaited=awaited, timeout=timeout)
