"""The state that a condition of an object has a value.

Reference: kubectl pkg/cmd/wait/condition.go.
"""

from __future__ import annotations

from kubeloop.clients.wait.awaited_state import LastState
from kubeloop.clients.wait.condition_reading import (
    ConditionState,
    conditions_of,
    generation_of,
    observed_generation_of,
    same_when_folded,
)

__all__ = ["AwaitedCondition", "parse_condition"]


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
                return _old_generation(condition, obj) is None and same_when_folded(condition.status, self.value)
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
                old = _old_generation(condition, obj)
                if old is not None:
                    text += f", observed at generation {old} of {generation_of(obj)}"
                return LastState(text, condition.status, condition.reason, condition.message)
        others = ", ".join(condition.type for condition in conditions) or "none"
        return LastState(f"there is no condition {self.name} (conditions: {others})")

    def __str__(self) -> str:
        return f"condition {self.name}" + ("" if same_when_folded(self.value, "True") else f"={self.value}")


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


def _old_generation(condition: ConditionState, obj: object) -> int | None:
    """Return the generation that a condition was written for if the object has a newer one, otherwise None."""
    generation, observed = generation_of(obj), condition.observed_generation
    if observed is None:
        observed = observed_generation_of(obj)
    return observed if generation is not None and observed is not None and observed < generation else None
