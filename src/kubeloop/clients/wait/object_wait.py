"""The steps of `client.wait` and `clientset.wait`: from a state and objects to the loops and the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from kubeloop._kit import waiting
from kubeloop.clients.wait.awaited_path import AwaitedPath
from kubeloop.clients.wait.awaited_state import AwaitedState
from kubeloop.clients.wait.timeout_report import timeout_error
from kubeloop.clients.wait.wait_loop import WaitLoop
from kubeloop.clients.wait.wait_machine import Target, WaitMachine
from kubeloop.errors import WaitTimeout
from kubeloop.meta.keys import join_key
from kubeloop.wire.redaction import is_confidential

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint, ResourceEndpoint
    from kubeloop.wire.options import WatchOptions

__all__ = [
    "run_loops",
    "wait_for_names",
    "wait_for_objects",
    "wait_for_selection",
]

T = TypeVar("T")


async def located_in_time(
    endpoint: Endpoint[T], state: AwaitedState[T], timeout: float | None, started: float
) -> ResourceEndpoint[T]:
    """Return an endpoint with its paths, for which discovery may have to be asked.

    Raises:
        WaitTimeout: Discovery did not respond in time.
    """
    scope = waiting.timeout_at(_deadline(timeout, started))
    try:
        async with scope:
            return await endpoint.located()
    except TimeoutError:
        if not scope.expired():
            raise
    # Until the resource is known, the value at a path may be that of a secret.
    awaited = str(state.hiding_values() if isinstance(state, AwaitedPath) else state)
    message = f"timed out after {timeout:g} s waiting for {awaited}: the server has not described {endpoint.collection}"
    raise WaitTimeout(message, awaited=awaited, timeout=timeout)


async def wait_for_names(
    endpoint: Endpoint[T],
    names: Sequence[str],
    state: AwaitedState[T],
    *,
    may_be_absent: bool,
    timeout: float | None,
    uid: str = "",
) -> list[T | None]:
    """Wait until objects of one collection are in a state, and return them in the order of the names.

    Raises:
        WaitTimeout: They are not, in time.
        Exception: As for `Wait.wait`.
    """
    started = waiting.now()
    located = await located_in_time(endpoint, state, timeout, started)
    for name in names:
        located.check(name, verb="wait")
    keys = [join_key(located.namespace or "", name) for name in names]
    targets = [Target(key, uid) for key in keys]
    state = _without_secrets(state, located)
    machine = WaitMachine(state, targets, located.info, may_be_absent=may_be_absent)
    await run_loops([WaitLoop(located, machine, {})], state, timeout, started)
    return [machine.result_of(key) for key in keys]


async def wait_for_selection(
    endpoint: Endpoint[T],
    selection: WatchOptions,
    state: AwaitedState[T],
    *,
    may_be_absent: bool,
    timeout: float | None,
) -> list[T | None]:
    """Wait until the objects that match selectors are in a state, and return them.

    Raises:
        WaitTimeout: They are not, in time.
        Exception: As for `Wait.wait`.
    """
    started = waiting.now()
    located = await located_in_time(endpoint, state, timeout, started)
    state = _without_secrets(state, located)
    machine = WaitMachine(state, None, located.info, may_be_absent=may_be_absent)
    await run_loops([WaitLoop(located, machine, selection)], state, timeout, started)
    return [machine.result_of(key) for key in machine.keys]


async def wait_for_objects(
    endpoint_of: Callable[[Any], Endpoint[Any]],
    objects: Sequence[Any],
    state: AwaitedState[Any],
    *,
    may_be_absent: bool,
    timeout: float | None,
    namespace: str | None = None,
) -> list[Any]:
    """Wait until objects of any kinds are in a state, and return them in the same order.

    Args:
        endpoint_of: Returns the collection of an object, in all namespaces.
        objects: Objects of any class. Any: each has metadata.
        state: The state.
        may_be_absent: As for `WaitMachine`.
        timeout: The seconds; 0 reads once, None is no limit.
        namespace: The namespace of objects that name none; None for that of the config.

    Raises:
        WaitTimeout: They are not, in time.
        Exception: As for `Clientset.wait`.
    """
    started = waiting.now()
    groups: dict[str, tuple[ResourceEndpoint[Any], list[Target]]] = {}
    places: list[tuple[str, str]] = []
    for obj in objects:
        located = await located_in_time(endpoint_of(obj), state, timeout, started)
        state = _without_secrets(state, located)
        identity = located.identity(obj)
        place = (identity.namespace or namespace or located.rest.config.namespace) if located.info.namespaced else ""
        group = located.collection_for(identity.replace(namespace=place), verb="wait")
        name, uid = obj.metadata.name or "", (obj.metadata.uid or "") if state.is_deletion else ""
        if not name:
            raise ValueError(f"wait: a {located.what} has no metadata.name")
        key = join_key(place, name)
        if group not in groups:  # the class is that of the first object, so that there is one watch
            groups[group] = located.in_namespace(place), []
        groups[group][0].check(name, verb="wait")
        groups[group][1].append(Target(key, uid))
        places.append((group, key))
    machines = {
        group: WaitMachine(state, targets, endpoint.info, may_be_absent=may_be_absent)
        for group, (endpoint, targets) in groups.items()
    }
    loops = [WaitLoop(endpoint, machines[group], {}) for group, (endpoint, _) in groups.items()]
    await run_loops(loops, state, timeout, started)
    return [machines[group].result_of(key) for group, key in places]


async def run_loops(
    loops: Sequence[WaitLoop[Any]], state: AwaitedState[Any], timeout: float | None, started: float
) -> None:
    """Run the loops of a wait at the same time.

    Args:
        loops: One loop per resource and namespace.
        state: What is awaited.
        timeout: The seconds of the wait; 0 reads once; None is no limit.
        started: When the wait began, by the clock of the event loop.

    Raises:
        WaitTimeout: Objects are not in the state in time.
        Exception: What failed first.
    """
    deadline, reads_once = _deadline(timeout, started), timeout == 0
    failed: BaseException | None = None
    if len(loops) == 1:
        await loops[0].run(deadline, reads_once=reads_once)
    else:
        try:
            await waiting.gather(loop.run(deadline, reads_once=reads_once) for loop in loops)
        except BaseExceptionGroup as group:
            failed = group.exceptions[0]  # the others were cancelled, or failed in the same moment
    if failed is not None:  # raised here, so that it keeps its cause and has no group as its context
        raise failed
    if not all(loop.machine.is_done for loop in loops):
        raise await timeout_error(loops, str(state), timeout)


def _without_secrets(state: AwaitedState[T], located: ResourceEndpoint[T]) -> AwaitedState[T]:
    """Return the state in a form whose texts show no secret value, if the objects hold secrets."""
    if isinstance(state, AwaitedPath) and (located.info.is_confidential or is_confidential(located.collection)):
        return state.hiding_values()
    return state


def _deadline(timeout: float | None, started: float) -> float | None:
    """Return when a wait ends; a wait that reads once has the timeouts of its requests."""
    return started + timeout if timeout else None
