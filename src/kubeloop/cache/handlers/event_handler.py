"""The event handlers of an informer, functions or a `ResourceEventHandler`, and their common form `HandlerCalls`.

`processor` calls them.
Reference: client-go `tools/cache/controller.go` (`ResourceEventHandler`, `...Funcs`, `FilteringResourceEventHandler`).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.cache.handlers.informer_event import Added, InformerEvent, Updated
from kubeloop.meta.keys import object_key

__all__ = ["HandlerCalls", "ResourceEventHandler", "calls_of", "calls_of_functions", "calls_of_handler", "filtered"]

T = TypeVar("T", bound=CachedObject)
T_contra = TypeVar("T_contra", bound=CachedObject, contravariant=True)


class ResourceEventHandler(Protocol[T_contra]):
    """A detailed event handler: it knows which objects belong to the initial list, and which deletions were missed.

    The methods may be plain or `async`. If one of them is `async`, all calls run in a task of the handler.

    Reference: client-go `tools/cache.ResourceEventHandler`.
    """

    def on_add(self, obj: T_contra, is_in_initial_list: bool, /) -> object:
        """Handle an object that is new to this handler."""
        ...

    def on_update(self, old: T_contra, new: T_contra, /) -> object:
        """Handle a change; of a resync both are the same object."""
        ...

    def on_delete(self, obj: T_contra | DeletedFinalStateUnknown[T_contra], /) -> object:
        """Handle the deletion of an object; a tombstone if the watch missed the deletion."""
        ...


class HandlerCalls(Generic[T]):
    """The functions of a handler.

    Attributes:
        name: The name for log lines.
        is_async: Whether one of the functions is a coroutine function.
        is_detailed: Whether `add` takes a second argument and `delete` takes tombstones.
        add: The function for new objects, or None.
        update: The function for changes, or None.
        delete: The function for deletions, or None.
    """

    __slots__ = ("add", "delete", "is_async", "is_detailed", "name", "update")

    def __init__(
        self,
        name: str,
        add: Callable[..., object] | None,
        update: Callable[..., object] | None,
        delete: Callable[..., object] | None,
        *,
        is_detailed: bool,
        is_async: bool | None = None,
    ) -> None:
        self.name = name
        self.add = add
        self.update = update
        self.delete = delete
        self.is_detailed = is_detailed
        self.is_async = any(map(_is_async, (add, update, delete))) if is_async is None else is_async

    def __repr__(self) -> str:
        return f"<HandlerCalls {self.name}>"

    def call(self, event: InformerEvent[T]) -> object:
        """Call the function for an event and return its result; None if there is no function."""
        if isinstance(event, Updated):
            return None if self.update is None else self.update(event.old, event.new)
        obj = event.object
        if isinstance(event, Added):
            if self.add is None:
                return None
            return self.add(obj, event.is_in_initial_list) if self.is_detailed else self.add(obj)
        if self.delete is None:
            return None
        is_tombstone = self.is_detailed and event.is_final_state_unknown
        return self.delete(DeletedFinalStateUnknown(object_key(obj), obj) if is_tombstone else obj)


def calls_of(
    handler: ResourceEventHandler[T] | None,
    on_add: Callable[[T], object] | None,
    on_update: Callable[[T, T], object] | None,
    on_delete: Callable[[T], object] | None,
    filter: Callable[[T], bool] | None,
) -> HandlerCalls[T]:
    """Create the calls of a detailed handler or of functions.

    Raises:
        TypeError: Neither or both of a handler and functions were given, or something that cannot be called.
    """
    if handler is None:
        calls = calls_of_functions(on_add, on_update, on_delete)
    elif on_add is None and on_update is None and on_delete is None:
        calls = calls_of_handler(handler)
    else:
        raise TypeError("expected either an event handler or functions, not both")
    return calls if filter is None else filtered(calls, filter)


def calls_of_functions(
    on_add: Callable[[T], object] | None,
    on_update: Callable[[T, T], object] | None,
    on_delete: Callable[[T], object] | None,
) -> HandlerCalls[T]:
    """Create the calls of functions.

    Raises:
        TypeError: No function was given, or an argument cannot be called.
    """
    functions = {"on_add": on_add, "on_update": on_update, "on_delete": on_delete}
    given = {name: function for name, function in functions.items() if function is not None}
    if not given:
        raise TypeError("expected at least one of on_add, on_update and on_delete, got none")
    for name, function in given.items():
        if not callable(function):
            raise TypeError(f"expected a function as {name}, got {type(function).__name__}")
    name = ", ".join(f"{name}={_name(function)}" for name, function in given.items())
    return HandlerCalls(name, on_add, on_update, on_delete, is_detailed=False)


def calls_of_handler(handler: ResourceEventHandler[T]) -> HandlerCalls[T]:
    """Create the calls of a detailed handler.

    Raises:
        TypeError: The handler lacks one of the three methods.
    """
    methods: list[Callable[..., object]] = []
    for name in ("on_add", "on_update", "on_delete"):
        method = getattr(handler, name, None)
        if not callable(method):
            raise TypeError(
                f"expected an event handler with a method {name}, got {type(handler).__name__}; "
                "pass functions by name, as on_add=, on_update= and on_delete="
            )
        methods.append(method)
    return HandlerCalls(type(handler).__qualname__, *methods, is_detailed=True)


def filtered(calls: HandlerCalls[T], accepts: Callable[[T], bool]) -> HandlerCalls[T]:
    """Restrict a handler to the objects that a function accepts.

    An object that starts to be accepted becomes an add, and an object that stops becomes a deletion with its last
    accepted state. The last state that the handler saw of each object is remembered. So the calls add up whatever the
    function returns: the handler sees a deletion exactly if it knows the object, and `old` is always the state that it
    saw before. If the function raises, which is logged, the handler is not called.

    Reference: client-go `tools/cache.FilteringResourceEventHandler`. Intended difference: client-go also asks the
    function about the old state and about the state of a deletion, and a handler never learns of the deletion of an
    object whose last state is not accepted. The two agree for a function that returns the same for the same object.
    """
    inner_add, inner_update, inner_delete, detailed = calls.add, calls.update, calls.delete, calls.is_detailed
    told: dict[str, T] = {}

    def add(obj: T, is_in_initial_list: bool) -> object:
        if not accepts(obj):
            return None
        told[object_key(obj)] = obj
        if inner_add is None:
            return None
        return inner_add(obj, is_in_initial_list) if detailed else inner_add(obj)

    def update(_old: T, new: T) -> object:
        name = object_key(new)
        last = told.get(name)
        if last is None:
            return add(new, False)
        if not accepts(new):
            del told[name]
            return None if inner_delete is None else inner_delete(last)
        told[name] = new
        return None if inner_update is None else inner_update(last, new)

    def delete(obj: T | DeletedFinalStateUnknown[T]) -> object:
        if isinstance(obj, DeletedFinalStateUnknown):
            last = told.pop(obj.key, None)
            final = last if last is None or not detailed else DeletedFinalStateUnknown(obj.key, last)
        else:
            final = obj if told.pop(object_key(obj), None) is not None else None
        return None if final is None or inner_delete is None else inner_delete(final)

    return HandlerCalls(calls.name, add, update, delete, is_detailed=True, is_async=calls.is_async)


def _is_async(function: object) -> bool:
    # iscoroutinefunction looks through partial objects and bound methods, but not at __call__ of an instance.
    call = inspect.getattr_static(type(function), "__call__", None)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _name(function: Callable[..., object]) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)
