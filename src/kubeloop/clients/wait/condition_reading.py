"""The conditions of an object of any class, and how their names and values are compared."""

from __future__ import annotations

from typing import Any

from kubeloop._kit.value import Value
from kubeloop.objects.type_guards import is_dict, is_items, is_list
from kubeloop.unstructured import Unstructured

__all__ = ["ConditionState", "conditions_of", "generation_of", "observed_generation_of", "same_when_folded"]


class ConditionState(Value, frozen=True):
    """One condition of an object; `observed_generation` is None if the condition has none."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    observed_generation: int | None = None


def conditions_of(obj: object) -> list[ConditionState]:
    """Return the conditions in `status.conditions`; those without a type or a status are left out.

    Args:
        obj: A typed object or an Unstructured.

    Raises:
        ValueError: `status.conditions` of an Unstructured is not a list.
    """
    found: Any
    if isinstance(obj, Unstructured):
        found = obj.get_in("status", "conditions")
        if found is not None and not is_list(found):
            raise ValueError(f"expected a list, got {type(found).__name__}: status.conditions of {obj.kind}")
    else:
        found = getattr(getattr(obj, "status", None), "conditions", None)
        found = found if is_items(found) else None
    states = (_read(each) for each in found or ())
    return [state for state in states if state is not None]


def generation_of(obj: object) -> int | None:
    """Return `metadata.generation`; None if the object has none."""
    if isinstance(obj, Unstructured):
        return _number(obj.get_in("metadata", "generation"))
    return _number(getattr(getattr(obj, "metadata", None), "generation", None)) or None


def observed_generation_of(obj: object) -> int | None:
    """Return `status.observedGeneration`; None if the object has none."""
    if isinstance(obj, Unstructured):
        return _number(obj.get_in("status", "observedGeneration"))
    status = getattr(obj, "status", None)
    found = _number(getattr(status, "observed_generation", None))
    # The server omits a 0, which a typed object therefore reads where there is nothing.
    return found or None


def same_when_folded(one: str, other: str) -> bool:
    """Return whether two texts are equal under simple case folding.

    >>> same_when_folded("Ready", "READY"), same_when_folded("ß", "ẞ"), same_when_folded("ß", "ss")
    (True, True, False)

    Reference: Go's strings.EqualFold.
    """
    return len(one) == len(other) and all(a == b or _folded(a) == _folded(b) for a, b in zip(one, other, strict=True))


def _folded(char: str) -> str:
    """Return the simple case folding of one character; the folding to several characters is not used."""
    for form in (char.casefold(), char.lower()):
        if len(form) == 1:
            return form
    return char


def _read(condition: Any) -> ConditionState | None:
    """Return a condition, a model or a mapping, or None if it has no type or no status."""
    names = ("type", "status", "reason", "message")
    found: list[Any]
    if is_dict(condition):
        found = [condition.get(name) for name in names]
        generation = condition.get("observedGeneration")
    else:
        found = [getattr(condition, name, None) for name in names]
        # A 0 of a model is a field that the server did not send.
        generation = getattr(condition, "observed_generation", None) or None
    if not isinstance(found[0], str) or not isinstance(found[1], str):
        return None
    kind, status, reason, message = (each if isinstance(each, str) else "" for each in found)
    return ConditionState(kind, status, reason, message, _number(generation))


def _number(value: object) -> int | None:
    return value if type(value) is int else None
