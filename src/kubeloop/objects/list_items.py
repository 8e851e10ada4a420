"""The rules for the LISTs of every format: items are read one by one, and a body must prove that it is a list."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeVar

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.markers import PartialItems

__all__ = ["check_has_items_or_version", "finish", "read_each", "unnamed_kind"]

T = TypeVar("T")
R = TypeVar("R")


def read_each(
    raws: Iterable[R],
    read: Callable[[R], Any],
    describe: Callable[[R, DecodeError, str], Unreadable],
    *,
    what: str,
    per_step: int,
) -> Generator[None, None, Sequence[Any]]:
    """Read the items of a LIST one by one, in steps; `PartialItems` carry the errors of unreadable items.

    Args:
        raws: The items as they are in the body.
        read: Reads one item, or raises DecodeError.
        describe: Returns the error of an item that cannot be read, with the item's identity. Its arguments are the
            item, the error of `read` and the beginning of the message.
        what: The name of the list's class, for messages.
        per_step: The number of items per step.
    """
    items: list[Any] = []
    unread: dict[str, Unreadable] = {}
    for number, raw in enumerate(raws):
        try:
            items.append(read(raw))
        except DecodeError as error:
            report = describe(raw, error, f"item {number} of {what}: ")
            unread[report.key or f"#{number}"] = report
        if not number % per_step:
            yield
    return PartialItems.of(items, unread)


def finish(steps: Generator[None, None, T]) -> T:
    """Run all steps at once and return their result."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: T = done.value
            return found


def check_has_items_or_version(kind: str, resource_version: str, *, has_items: bool) -> None:
    """Check that a body which names the kind of a list is one. Otherwise it does not say which objects exist.

    Raises:
        DecodeError: The body has neither items nor a resourceVersion.
    """
    if not has_items and not resource_version:
        raise DecodeError(f"expected a list, got a {kind} without items and without a resourceVersion")


def unnamed_kind(cls: Any) -> DecodeError:
    """Return the error for a body that names no kind, because an empty object is not an empty list."""
    return DecodeError(f"expected {cls.api_version} {cls.kind}, got an object that names no kind")
