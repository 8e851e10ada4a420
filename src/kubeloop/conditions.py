"""Conditions of a status: find them, test them, and set them by the conventions of the Kubernetes API.

The functions work on every list of conditions: of models (`pod.status.conditions`), of their drafts, and of mappings
with the API's field names, as in an `Unstructured` and its draft.
Reference: k8s.io/apimachinery/pkg/api/meta/conditions.go; the API conventions, "Typical status properties".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, MutableSequence
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, cast

from kubeloop.meta.times import format_time, to_utc

__all__ = [
    "ConditionLike",
    "ConditionStatus",
    "find_condition",
    "has_status",
    "is_false",
    "is_true",
    "remove_condition",
    "set_condition",
    "with_condition",
    "without_condition",
]

ConditionStatus: TypeAlias = Literal["True", "False", "Unknown"]


class ConditionLike(Protocol):
    """An immutable condition of any kind: `meta_v1.Condition`, `core_v1.PodCondition`, ..."""

    @property
    def type(self) -> str:
        """The type, of which a status has at most one condition."""
        ...

    @property
    def status(self) -> str:
        """The status: `True`, `False` or `Unknown`."""
        ...

    @property
    def last_transition_time(self) -> datetime | None:
        """The time at which the status changed last."""
        ...

    def draft(self) -> Any:
        """Return a draft of the condition."""
        ...


T = TypeVar("T")
C = TypeVar("C", bound=ConditionLike)
_class_of = type  # the argument `type` hides the name


def find_condition(conditions: Iterable[T] | None, type: str) -> T | None:
    """Return the condition of a type, or None if there is none.

        ready = conditions.find_condition(pod.status.conditions, "Ready")

    Args:
        conditions: The conditions: models, drafts or mappings. None counts as an empty list.
        type: The type, with the upper and lower case of the API.

    Reference: apimachinery meta.FindStatusCondition.
    """
    return next((each for each in conditions or () if _get(each, "type") == type), None)


def has_status(conditions: Iterable[Any] | None, type: str, status: ConditionStatus | bool | None) -> bool:
    """Return whether the condition of a type is present and has a status; None means `"Unknown"`.

    Reference: apimachinery meta.IsStatusConditionPresentAndEqual.
    """
    found = find_condition(conditions, type)
    return found is not None and _get(found, "status") == _status_text(status)


def is_true(conditions: Iterable[Any] | None, type: str) -> bool:
    """Return whether the condition of a type is present and `"True"`: `is_true(pod.status.conditions, "Ready")`.

    Reference: apimachinery meta.IsStatusConditionTrue.
    """
    return has_status(conditions, type, "True")


def is_false(conditions: Iterable[Any] | None, type: str) -> bool:
    """Return whether the condition of a type is present and `"False"`. A missing condition is neither true nor false.

    Reference: apimachinery meta.IsStatusConditionFalse.
    """
    return has_status(conditions, type, "False")


def set_condition(
    conditions: Any,
    type: str,
    status: ConditionStatus | bool | None,
    *,
    reason: str = "",
    message: str = "",
    observed_generation: int | None = None,
    now: datetime | None = None,
) -> bool:
    """Set the condition of a type in a draft, and return whether anything changed.

        async with backups.edit_status("nightly") as draft:
            conditions.set_condition(draft.status.conditions, "Ready", True, reason="Done", observed_generation=3)

    The transition time changes only if the status does, so that it says how long the object has been in this status.
    Nothing changes if status, reason, message and generation are the same, and then `edit_status` sends nothing.

    Args:
        conditions: The list in the draft, or a list of mappings: `draft["status"].setdefault("conditions", [])`.
        type: The type.
        status: The status; True and False stand for `"True"` and `"False"`, None for `"Unknown"`.
        reason: Why, for programs: one word in CamelCase. Kinds with the standard condition require it.
        message: Why, for people.
        observed_generation: The `metadata.generation` that the status is about; None leaves it as it is.
        now: The time of a transition, with a time zone; None for the present time.

    Raises:
        TypeError: The list is immutable, its conditions lack a given field, or an argument is not text. Nothing was
            changed.
        ValueError: The type is empty, the status is another text, or the time has no time zone.

    Reference: apimachinery meta.SetStatusCondition.
    """
    items = _mutable(conditions, "set_condition")
    _check_texts(type=type, reason=reason, message=message)
    found = find_condition(items, type)
    text = _status_text(status)
    fields: dict[str, Any] = {"status": text, "reason": reason, "message": message}
    if observed_generation is not None:
        fields["observedGeneration"] = observed_generation
    if found is None:
        # A list of a draft accepts mappings, and decodes them.
        written = {name: value for name, value in fields.items() if value != ""}
        items.append({"type": type, "lastTransitionTime": _time(now), **written})
        return True
    # A field that is absent is the same as one with the zero of its type.
    changed = {name: value for name, value in fields.items() if (_get(found, name) or _class_of(value)()) != value}
    if "status" in changed:
        changed["lastTransitionTime"] = _time(now) if isinstance(found, Mapping) else _moment(now)
    _check_fields(found, changed)
    for name, value in changed.items():
        _set(found, name, value)
    return bool(changed)


def remove_condition(conditions: Any, type: str) -> bool:
    """Remove the conditions of a type from the list of a draft, and return whether there were any.

    Args:
        conditions: As for `set_condition`.
        type: The type.

    Raises:
        TypeError: The list is immutable.

    Reference: apimachinery meta.RemoveStatusCondition.
    """
    items = _mutable(conditions, "remove_condition")
    places = [place for place, each in enumerate(items) if _get(each, "type") == type]
    for place in reversed(places):
        del items[place]
    return bool(places)


def with_condition(conditions: Iterable[C], condition: C, *, now: datetime | None = None) -> tuple[C, ...]:
    """Return immutable conditions with one that is set by the rules of `set_condition`.

        ready = meta_v1.Condition(type="Ready", status="True", reason="Done")
        status = BackupStatus(conditions=conditions.with_condition(backup.status.conditions, ready))

    Args:
        conditions: The conditions of an object.
        condition: The new condition. Its transition time counts only if the status changes; without one, `now` does.
        now: The time of a transition, with a time zone; None for the present time.

    Returns:
        The conditions in their order; a new type comes last.
    """
    items = tuple(conditions)
    found = find_condition(items, condition.type)
    time = condition.last_transition_time or _moment(now)
    if found is not None and found.status == condition.status:
        time = found.last_transition_time or time
    if condition.last_transition_time != time:
        draft = condition.draft()
        draft.last_transition_time = time
        condition = cast("C", draft.finish().after)
    if found is None:
        return (*items, condition)
    return tuple(condition if each is found else each for each in items)


def without_condition(conditions: Iterable[T], type: str) -> tuple[T, ...]:
    """Return immutable conditions without those of a type."""
    return tuple(each for each in conditions if _get(each, "type") != type)


_PYTHON_NAMES = {"lastTransitionTime": "last_transition_time", "observedGeneration": "observed_generation"}


def _get(condition: Any, name: str) -> Any:
    if isinstance(condition, Mapping):
        return cast("Mapping[str, Any]", condition).get(name)
    return getattr(condition, _PYTHON_NAMES.get(name, name), None)


def _set(condition: Any, name: str, value: Any) -> None:
    if isinstance(condition, MutableMapping):
        cast("MutableMapping[str, Any]", condition)[name] = value
        return
    if hasattr(condition, "draft"):
        raise TypeError(
            f"set_condition: expected the list of a draft, got a list of {_class_of(condition).__name__}, which is "
            "immutable: open the object with draft() or edit_status(), or use with_condition()"
        )
    setattr(condition, _PYTHON_NAMES.get(name, name), value)


def _check_texts(**texts: object) -> None:
    for name, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"set_condition: expected text as the {name}, got {_class_of(text).__name__}")
    if not texts["type"]:
        raise ValueError("set_condition: expected the type of a condition, got an empty text")


def _check_fields(condition: Any, names: Iterable[str]) -> None:
    """Refuse fields that a draft of a condition does not have, before any is set."""
    if isinstance(condition, Mapping):
        return
    for name in names:
        if not hasattr(condition, _PYTHON_NAMES.get(name, name)):
            raise TypeError(f"set_condition: {_class_of(condition).__qualname__} has no field {name}")


def _mutable(conditions: Any, verb: str) -> MutableSequence[Any]:
    if not isinstance(conditions, MutableSequence):
        hint = "None: set an empty list first" if conditions is None else f"{_class_of(conditions).__name__}"
        raise TypeError(
            f"{verb}: expected the list of a draft, got {hint}; open the object with draft() or edit_status(), or use "
            f"{'with' if verb == 'set_condition' else 'without'}_condition()"
        )
    items: MutableSequence[Any] = conditions  # pyright: ignore[reportUnknownVariableType]
    return items


def _status_text(status: str | bool | None) -> str:
    text = "Unknown" if status is None else str(status)
    if text not in ("True", "False", "Unknown"):
        raise ValueError(f"expected the status 'True', 'False' or 'Unknown' of a condition, got {status!r}")
    return text


def _moment(now: datetime | None) -> datetime:
    """Return the time of a transition, in whole seconds as the API stores it.

    Raises:
        ValueError: The time has no time zone.
    """
    return (datetime.now(UTC) if now is None else to_utc(now)).replace(microsecond=0)


def _time(now: datetime | None) -> str:
    return format_time(_moment(now))
