"""The states that a wait can be for, each with the check of one object and the words for what it lacks.

Reference: kubectl pkg/cmd/wait (condition.go, json.go, create.go, delete.go).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from kubeloop._kit.text import MASK, safe_text
from kubeloop._kit.value import Value
from kubeloop.clients.wait.condition_reading import (
    conditions_of,
    generation_of,
    observed_generation_of,
    same_when_folded,
)
from kubeloop.jsonpath import JSONPath, JSONPathError
from kubeloop.jsonpath.printed_value import printed
from kubeloop.objects.type_guards import is_dict, is_list

__all__ = [
    "AwaitedCondition",
    "AwaitedCreation",
    "AwaitedDeletion",
    "AwaitedFunction",
    "AwaitedPath",
    "AwaitedState",
    "LastState",
    "parse_condition",
    "parse_path",
]

T_contra = TypeVar("T_contra", contravariant=True)
_SHOWN = 200


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


class AwaitedCondition:
    """A condition in `status.conditions` with a value, compared without case.

    A condition that was written for an earlier generation of the object does not count. The generation that it was
    written for is its own `observedGeneration`, or else that of the status.

    Reference: kubectl ConditionalWait.
    """

    is_deletion = False

    def __init__(self, name: str, value: str = "True") -> None:
        self.name = name
        self.value = value

    def is_met(self, obj: object, /) -> bool:
        """Return whether the first condition of this name has the value."""
        for condition in conditions_of(obj):
            if same_when_folded(condition.type, self.name):
                generation = generation_of(obj)
                if generation is not None:
                    observed = condition.observed_generation
                    observed = observed_generation_of(obj) if observed is None else observed
                    if observed is not None and observed < generation:
                        return False
                return same_when_folded(condition.status, self.value)
        return False

    def last_state(self, obj: object, /) -> LastState:
        """Return the status, the reason and the message of the condition."""
        try:
            conditions = conditions_of(obj)
        except ValueError as error:
            return LastState(str(error))
        for condition in conditions:
            if same_when_folded(condition.type, self.name):
                why = ": ".join(filter(None, (condition.reason, condition.message)))
                text = f"{condition.type} is {condition.status}{f' ({why})' if why else ''}"
                observed = condition.observed_generation
                observed = observed_generation_of(obj) if observed is None else observed
                generation = generation_of(obj)
                if observed is not None and generation is not None and observed < generation:
                    text += f", observed at generation {observed} of {generation}"
                return LastState(text, condition.status, condition.reason, condition.message)
        others = ", ".join(condition.type for condition in conditions) or "none"
        return LastState(f"there is no condition {self.name} (conditions: {others})")

    def __str__(self) -> str:
        return f"condition {self.name}" + ("" if same_when_folded(self.value, "True") else f"={self.value}")


class AwaitedPath:
    """A value at a JSONPath, or any value there.

    Args:
        path: The path.
        value: The text of the value; None for any value.
        hides_values: Whether texts show no value, because the objects hold secrets.

    Reference: kubectl JSONPathWait.
    """

    is_deletion = False

    def __init__(self, path: JSONPath, value: str | None = None, *, hides_values: bool = False) -> None:
        self.path = path
        self.value = value
        self._hides_values = hides_values

    def hiding_values(self) -> AwaitedPath:
        """Return the same state with texts that show no value."""
        return AwaitedPath(self.path, self.value, hides_values=True)

    def is_met(self, obj: object, /) -> bool:
        """Return whether the path has one value, and it has the expected text.

        Raises:
            JSONPathError: The path has several values, or a map or list where a text was expected.
        """
        found = self._found(obj)
        if not found:
            return False
        if self.value is None:
            return True
        if is_dict(found[0]) or is_list(found[0]):
            raise JSONPathError(f"{self.path}: expected one text or number, got a map or a list; select a field of it")
        return _text_of(found[0]).strip() == self.value.strip()

    def last_state(self, obj: object, /) -> LastState:
        """Return the value at the path."""
        try:
            found = self._found(obj)
        except JSONPathError as error:
            return LastState(str(error))
        if not found:
            return LastState(f"{self.path} has no value")
        if self._hides_values:
            return LastState(f"{self.path} has another value")
        text = safe_text(_text_of(found[0]), _SHOWN)
        return LastState(f"{self.path} is {text!r}", status=text)

    def _found(self, obj: object) -> list[Any]:  # Any: JSON values of any type
        results = self.path.results(obj)
        if not results or not results[0]:
            return []
        if len(results) > 1:
            raise JSONPathError(f"expected one expression, got {len(results)}: {self.path}")
        if len(results[0]) > 1:
            raise JSONPathError(f"{self.path}: expected one value, got {len(results[0])}; select one with a position")
        return results[0]

    def __str__(self) -> str:
        if self.value is None:
            return f"a value at {self.path}"
        return f"{self.path}={MASK if self._hides_values else self.value}"


class AwaitedFunction(Generic[T_contra]):
    """What a function of the user accepts."""

    is_deletion = False

    def __init__(self, function: Callable[[T_contra], object]) -> None:
        self._function = function

    def is_met(self, obj: T_contra, /) -> bool:
        """Return whether the function returns something that is true. Its exceptions end the wait."""
        return bool(self._function(obj))

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


def parse_condition(text: str) -> AwaitedCondition:
    """Return the condition that a text names: `"Ready"`, or `"Ready=False"`.

    Raises:
        TypeError: It is not a text.
        ValueError: The name is empty.

    Reference: kubectl pkg/cmd/wait, conditionFuncsFor.
    """
    # Types are hints only: unchecked callers pass anything.
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected the name of a condition, got {type(text).__name__}")
    name, has_value, value = text.partition("=")
    if not name or (has_value and not value):
        raise ValueError(f'expected a condition such as "Ready" or "Ready=False", got {text!r}')
    return AwaitedCondition(name, value if has_value else "True")


def parse_path(path: str | JSONPath | tuple[str | JSONPath, object]) -> AwaitedPath:
    """Return the path and the value that an argument names.

    Args:
        path: `"{.status.phase}=Running"`; or without a value, for any value; or a pair of the path and the value, which
            is text, a number or a bool.

    Raises:
        TypeError: It has another form.
        ValueError: The text has more than one `=`, or nothing after it.
        JSONPathError: The path is not valid.

    Reference: kubectl pkg/cmd/wait, processJSONPathInput.
    """
    value: object = None
    if isinstance(path, tuple):
        pair: tuple[Any, ...] = path  # of an unchecked caller
        if len(pair) != 2 or not isinstance(pair[1], str | int | float):
            raise TypeError(f"expected a pair of a path and a text, number or bool, got {pair!r}")
        path, value = pair
    elif isinstance(path, str):
        parts = _split(path)
        if len(parts) > 2:
            raise ValueError(f"expected a path, or a path, '=' and a value, got {path!r}; pass the value as a pair")
        path = parts[0]
        if len(parts) == 2:
            value = parts[1].strip("'\"")
            if not value:
                raise ValueError(f"expected a value after '=', got {'='.join(parts)!r}; leave out '=' for any value")
    if isinstance(path, JSONPath):
        path = JSONPath(path.template, allow_missing_keys=True)
    elif isinstance(path, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        path = JSONPath.relaxed(path, allow_missing_keys=True)
    else:
        raise TypeError(f"expected a JSONPath, got {type(path).__name__}")
    return AwaitedPath(path, None if value is None else _text_of(value))


def _split(text: str) -> list[str]:
    """Split a text at each single `=`; `==` belongs to a filter of the path.

    >>> _split('{.a[?(@.b=="c")].d}=e')
    ['{.a[?(@.b=="c")].d}', 'e']

    Reference: kubectl pkg/cmd/wait, splitJSONPathInput.
    """
    parts, at = [""], 0
    while at < len(text):
        if text.startswith("==", at):
            parts[-1] += "=="
            at += 2
            continue
        if text[at] == "=":
            parts.append("")
        else:
            parts[-1] += text[at]
        at += 1
    return parts


def _text_of(value: Any) -> str:  # Any: a JSON value of any type
    """Return a value as Go's `fmt` prints it: `3`, `true`, `<nil>`."""
    return "<nil>" if value is None else printed(value)


def _version_of(obj: object) -> str:
    return str(getattr(getattr(obj, "metadata", None), "resource_version", "") or "?")
