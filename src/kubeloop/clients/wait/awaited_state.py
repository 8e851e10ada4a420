"""The states that a wait can be for: what they have in common, and those that need no words of their own.

Conditions are in `awaited_condition`, values at a path in `awaited_path`, rollouts in `rollout_wait`.

Reference: kubectl pkg/cmd/wait (create.go, delete.go).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from kubeloop._kit.value import Value

__all__ = ["AwaitedCreation", "AwaitedDeletion", "AwaitedFunction", "AwaitedState", "LastState", "is_true"]

T_contra = TypeVar("T_contra", contravariant=True)


class LastState(Value, frozen=True):
    """What is known of an object that is not in the awaited state: a clause, and the parts of a condition."""

    text: str
    status: str = ""
    reason: str = ""
    message: str = ""


class AwaitedState(Protocol[T_contra]):
    """A state that objects are to reach. Its text completes the clause "waiting for ..."."""

    @property
    def is_deletion(self) -> bool:
        """Whether the state is that the object does not exist."""
        ...

    def is_met(self, obj: T_contra, /) -> bool:
        """Return whether an object that exists is in the state.

        Raises:
            Exception: The state cannot be checked for this object, or cannot be reached any more.
        """
        ...

    def last_state(self, obj: T_contra, /) -> LastState:
        """Return what the object is like instead."""
        ...


class AwaitedFunction(Generic[T_contra]):
    """What a function of the user accepts."""

    is_deletion = False

    def __init__(self, function: Callable[[T_contra], object]) -> None:
        self._function = function

    def is_met(self, obj: T_contra, /) -> bool:
        """Return whether the function returns something that is true. Its exceptions end the wait."""
        return is_true(self._function(obj))

    def last_state(self, obj: T_contra, /) -> LastState:
        """Return that the function refused the object."""
        return LastState(f"{self._name()} returned false for version {_version_of(obj)}")

    def _name(self) -> str:
        name = getattr(self._function, "__qualname__", type(self._function).__name__)
        return str(name).rpartition("<locals>.")[2]

    def __str__(self) -> str:
        return f"{self._name()}(object)"


class AwaitedCreation:
    """That an object exists."""

    is_deletion = False

    def is_met(self, _: object, /) -> bool:
        """Return True: the object exists."""
        return True

    def last_state(self, _: object, /) -> LastState:
        """Return that the object exists."""
        return LastState("the object exists")

    def __str__(self) -> str:
        return "creation"


class AwaitedDeletion:
    """That an object does not exist any more."""

    is_deletion = True

    def is_met(self, _: object, /) -> bool:
        """Return False: the object exists."""
        return False

    def last_state(self, obj: Any, /) -> LastState:  # Any: an object of any class
        """Return whether the deletion has begun, and which finalizers it waits for."""
        metadata = obj.metadata
        if metadata.deletion_timestamp is None:
            return LastState("the object exists, and nobody has deleted it")
        finalizers = ", ".join(metadata.finalizers or ())
        waits = f"; it waits for the finalizers {finalizers}" if finalizers else ""
        return LastState(f"the object exists; its deletion began{waits}")

    def __str__(self) -> str:
        return "deletion"


def is_true(result: Any) -> bool:  # Any: what a function of the user returned
    """Return whether a function of the user returned something that is true.

    Raises:
        TypeError: It is an async function, whose coroutine would always be true.
    """
    if hasattr(result, "__await__"):
        if hasattr(result, "close"):
            result.close()  # otherwise Python warns that nobody awaited it
        raise TypeError(
            "expected a plain function, got an async one: read what it needs before, or in a loop of watch()"
        )
    return bool(result)


def _version_of(obj: object) -> str:
    return str(getattr(getattr(obj, "metadata", None), "resource_version", "") or "?")
