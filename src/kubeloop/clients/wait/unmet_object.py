"""UnmetObject: what the error of a wait reports about an object that did not reach the awaited state."""

from __future__ import annotations

from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value

__all__ = ["EventSummary", "UnmetObject"]


class EventSummary(Value, frozen=True):
    """An event about an object, as plain values; `core_v1.Event` is the model.

    Attributes:
        type: `"Normal"` or `"Warning"`.
        reason: The reason in one word, for instance `"BackOff"`.
        message: The text for people.
        count: How often the event occurred.
        last_seen: When the event last occurred, in RFC 3339; `""` if that is not known.
    """

    type: str
    reason: str
    message: str
    count: int = 1
    last_seen: str = ""

    def __str__(self) -> str:
        often = f" ({self.count} times)" if self.count > 1 else ""
        return safe_text(f"{self.type} {self.reason}: {self.message}{often}")


class UnmetObject(Value, frozen=True):
    """An object that did not reach the state that a wait was for.

    Attributes:
        resource: The plural of its kind, `"pods"`.
        namespace: Its namespace; `""` for an object without one.
        name: Its name; `""` if no object matched a selector.
        state: Its last known state, as a clause: `"Ready is False (ContainersNotReady: ...)"`.
        status: The status of the awaited condition, or the value at the awaited path; `""` if there is none.
        reason: The reason of the awaited condition.
        message: The message of the awaited condition.
        events: Its newest events, the newest last.
        events_error: Why the events could not be read; `""` if they were read.
    """

    resource: str
    namespace: str
    name: str
    state: str
    status: str = ""
    reason: str = ""
    message: str = ""
    events: tuple[EventSummary, ...] = ()
    events_error: str = ""

    def __str__(self) -> str:
        key = f"{self.namespace}/{self.name}" if self.namespace and self.name else self.namespace or self.name
        return f"{self.resource} {key}".rstrip()
