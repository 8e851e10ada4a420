"""The verb wait: a mixin for all resources that can be watched. What it does is in the package `clients.wait`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, TypeVar, Unpack, overload

from kubeloop.clients.base_resource_client import BaseResourceClient
from kubeloop.wire.options import SelectorOptions, WatchOptions

if TYPE_CHECKING:
    from kubeloop.jsonpath import JSONPath

__all__ = ["DEFAULT_TIMEOUT", "AwaitedPathText", "Wait", "WaitOptions", "WaitSelection"]

T_co = TypeVar("T_co", covariant=True)

AwaitedPathText: TypeAlias = "str | JSONPath | tuple[str | JSONPath, str | int | float | bool]"
"""A path, a path with a value after `=`, or a pair of the two."""
_Path = AwaitedPathText
_Names: TypeAlias = list[str] | tuple[str, ...]
DEFAULT_TIMEOUT = 30.0
"""Seconds of a wait without `timeout`, as kubectl's."""


class WaitOptions(TypedDict, total=False):
    """The options of a wait for named objects.

    Attributes:
        for_create: Whether an object that does not exist is waited for, too.
        timeout: Seconds; 30 if it is not given. 0 reads once, None is no limit.
    """

    for_create: bool
    timeout: float | None


class WaitSelection(SelectorOptions, total=False):
    """The options of a wait for objects that are not named: selectors as of `list`, `timeout` as of `WaitOptions`.

    Attributes:
        all: Whether all objects of the collection are meant.
    """

    all: bool


class _CreatedSelection(WaitSelection, total=False):
    for_create: bool


class Wait(BaseResourceClient[T_co]):
    """wait."""

    __slots__ = ()

    # One name; then names or selectors.
    # fmt: off
    @overload
    async def wait(self, name: str, /, *, condition: str, **options: Unpack[WaitOptions]) -> T_co: ...
    @overload
    async def wait(self, name: str, /, *, jsonpath: _Path, **options: Unpack[WaitOptions]) -> T_co: ...
    @overload
    async def wait(self, name: str, /, *, until: Callable[[T_co], object], **options: Unpack[WaitOptions]) -> T_co: ...
    @overload
    async def wait(self, name: str, /, *, for_create: Literal[True], timeout: float | None = ...) -> T_co: ...
    @overload
    async def wait(
        self, name: str, /, *, for_delete: Literal[True], uid: str | None = ..., timeout: float | None = ...
    ) -> T_co | None: ...
    @overload
    async def wait(
        self, names: _Names | None = ..., /, *, condition: str, **options: Unpack[_CreatedSelection]
    ) -> list[T_co]: ...
    @overload
    async def wait(
        self, names: _Names | None = ..., /, *, jsonpath: _Path, **options: Unpack[_CreatedSelection]
    ) -> list[T_co]: ...
    @overload
    async def wait(
        self, names: _Names | None = ..., /, *, until: Callable[[T_co], object], **options: Unpack[_CreatedSelection]
    ) -> list[T_co]: ...
    @overload
    async def wait(
        self, names: _Names | None = ..., /, *, for_create: Literal[True], **options: Unpack[WaitSelection]
    ) -> list[T_co]: ...
    @overload
    async def wait(
        self, names: _Names | None = ..., /, *, for_delete: Literal[True], **options: Unpack[WaitSelection]
    ) -> list[T_co]: ...
    # fmt: on
    async def wait(
        self,
        names: str | _Names | None = None,
        /,
        *,
        condition: str | None = None,
        jsonpath: _Path | None = None,
        until: Callable[[T_co], object] | None = None,
        for_create: bool = False,
        for_delete: bool = False,
        uid: str | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        all: bool = False,
        **selectors: Any,
    ) -> Any:
        """Wait until objects are in a state, as `kubectl wait` does, and return them in that state.

            await pods.wait("web-0", condition="Ready", timeout=60)
            await pods.wait(["web-0", "web-1"], jsonpath="{.status.phase}=Running")
            await pods.wait(label_selector="app=web", until=lambda pod: pod.status.pod_ip != "")
            await pods.wait("web-0", for_delete=True)

        It reads one list and then one watch, which survives what the watches of informers survive, and returns with
        the event that satisfies. Objects that were in the state once count, whatever becomes of them while others are
        waited for. Exactly one state is given.

        Args:
            names: A name, or names; None for the objects that match the selectors when the wait begins.
            condition: A condition that is to be true, `"Ready"`, or to have a value, `"Ready=False"`. Case does not
                matter. A condition that was written for an older generation of the object does not count.
            jsonpath: A path that is to have a value, `"{.status.podIP}"`, or a certain value,
                `"{.status.phase}=Running"` or `("{.status.phase}", "Running")`.
            until: A function that returns whether an object is in the state. Its exceptions end the wait.
            for_create: Whether objects that do not exist are waited for: alone until they exist, and beside another
                state until they are in it. With selectors, at least one object must match.
            for_delete: Whether the objects are to be deleted. An object that was created again counts as deleted.
            uid: For one name with `for_delete`: the uid of the object that is to be deleted. None for that of the
                object that exists when the wait begins.
            timeout: Seconds; 0 reads once, None is no limit.
            all: Whether all objects of the collection are meant. Needed if there are neither names nor selectors.
            **selectors: Keyword arguments, see `ListOptions`:
                label_selector: str | Mapping[str, str] | labels.Selector | None
                field_selector: str | Mapping[str, str] | fields.Selector | None
                shard_selector: str | None

        Returns:
            For one name the object, otherwise the objects, in the order of the names. For a deletion the last known
            state; None for a name of which there was no object. For several, such objects are left out.

        Raises:
            WaitTimeout: Objects are not in the state in time. It shows their last states and their newest events.
            NotFound: An object does not exist, or was deleted while a state was waited for, or nothing matches. With
                `for_create` this is no error.
            JSONPathError: The path is not valid, or has several values.
            Unreadable: An object that was created cannot be read.
            APIError: The first list failed, or reading was refused for good.
            TransportError: The server could not be reached when the wait began.

        Reference: kubectl pkg/cmd/wait. Intended differences: one watch per resource and namespace, and no polling for
            creation; a deletion ends the wait for another state at once.
        """
        from kubeloop.clients.wait import object_wait, wait_argument

        state = wait_argument.chosen_state(
            condition=condition, jsonpath=jsonpath, until=until, for_create=for_create, for_delete=for_delete
        )
        timeout = wait_argument.checked_timeout(timeout)
        given: WatchOptions = wait_argument.checked_selectors(selectors)
        if uid is not None and not (for_delete and isinstance(names, str)):
            raise TypeError("wait: uid is for the deletion of one object: pass a name and for_delete=True")
        if names is None:
            if not given and not all:
                raise TypeError("wait: expected a name, names, a selector, or all=True for all objects")
            found = await object_wait.wait_for_selection(
                self._endpoint, given, state, may_be_absent=for_create, timeout=timeout
            )
            return [each for each in found if each is not None]
        if given or all:
            raise TypeError("wait: expected names or selectors, got both")
        is_one = isinstance(names, str)
        found = await object_wait.wait_for_names(
            self._endpoint,
            [names] if isinstance(names, str) else wait_argument.several(names, what="a name or names"),
            state,
            may_be_absent=for_create,
            timeout=timeout,
            uid=uid or "",
        )
        return found[0] if is_one else [each for each in found if each is not None]
