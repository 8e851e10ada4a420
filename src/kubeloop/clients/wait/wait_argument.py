"""The arguments of a wait: which state they name, and the checks before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from kubeloop.clients.wait.awaited_condition import parse_condition
from kubeloop.clients.wait.awaited_path import parse_path
from kubeloop.clients.wait.awaited_state import AwaitedCreation, AwaitedDeletion, AwaitedFunction, AwaitedState
from kubeloop.wire.options import SelectorOptions, list_params

if TYPE_CHECKING:
    from kubeloop.wire.options import WatchOptions

__all__ = ["checked_objects", "checked_selectors", "checked_timeout", "chosen_state", "several"]

T = TypeVar("T")


def chosen_state(
    *,
    condition: str | None,
    jsonpath: Any,
    until: Callable[[Any], object] | None,
    for_create: bool,
    for_delete: bool,
) -> AwaitedState[Any]:
    """Return the one state that the arguments of a wait name.

    Raises:
        TypeError: They name none, or several; `for_create` may stand beside another one.
        ValueError: The text of a condition or of a path is not valid.
        JSONPathError: The path is not valid.
    """
    given = {
        "condition": condition is not None,
        "jsonpath": jsonpath is not None,
        "until": until is not None,
        "for_delete": for_delete,
    }
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1 or (for_delete and for_create):
        raise TypeError(f"wait: expected one state, got {' and '.join([*names, 'for_create'][:2])}: wait once for each")
    if condition is not None:
        return parse_condition(condition)
    if jsonpath is not None:
        return parse_path(jsonpath)
    if until is not None:
        if not callable(until):  # pyright: ignore[reportUnnecessaryComparison]
            raise TypeError(f"wait: expected a function of the object as until, got {type(until).__name__}")
        return AwaitedFunction(until)
    if for_delete:
        return AwaitedDeletion()
    if for_create:
        return AwaitedCreation()
    raise TypeError(
        'wait: expected a state: condition="Ready", jsonpath="{.status.phase}=Running", until=a function, '
        "for_create=True or for_delete=True"
    )


def checked_objects(objects: Iterable[Any]) -> list[Any]:
    """Return the objects of a wait.

    Raises:
        TypeError: The argument is one object or no collection, or an item is no object.
    """
    if hasattr(objects, "metadata") and not hasattr(objects, "items"):  # an Unstructured can be iterated over, too
        raise TypeError(f"wait: expected a list of objects, got one {type(objects).__name__}")
    found = several(objects, what="a list of objects")
    for each in found:
        if not hasattr(each, "metadata"):
            raise TypeError(f"wait: expected objects with metadata, such as models, got {type(each).__name__}")
    return found


def checked_selectors(options: Mapping[str, Any]) -> WatchOptions:
    """Return the selectors of a wait without those that are None, each checked.

    Raises:
        TypeError: An option is unknown, or has a wrong type.
        ValueError: A selector is not valid.
    """
    given: Any = {name: value for name, value in options.items() if value is not None}
    unknown = [name for name in given if name not in SelectorOptions.__annotations__]
    if unknown:
        raise TypeError(f"wait() got an unexpected keyword argument {unknown[0]!r}")
    list_params(given)
    return cast("WatchOptions", given)


def several(values: Iterable[T], *, what: str) -> list[T]:
    """Return the names or objects of a wait as a list.

    Raises:
        TypeError: It is one value, such as an object without a list around it.
    """
    if isinstance(values, str | bytes) or not hasattr(type(values), "__iter__"):
        raise TypeError(f"wait: expected {what}, got one {type(values).__name__}")
    return list(values)


def checked_timeout(timeout: float | None) -> float | None:
    """Return the seconds of a wait; None for no limit, which infinity is too.

    Raises:
        TypeError: They are of another type.
        ValueError: They are negative, or not a number.
    """
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is not None and not is_number:
        raise TypeError(f"expected a timeout in seconds, got {type(timeout).__name__}")
    if timeout is not None and not timeout >= 0:
        raise ValueError(f"expected a timeout of 0 or more seconds, or None for no limit, got {timeout!r}")
    return None if timeout == math.inf else timeout
