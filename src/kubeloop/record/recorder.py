"""`Recorder`: the protocol of everything that records events, for the parameters of functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from kubeloop.clients.object_reference import Referable

__all__ = ["Recorder"]


class Recorder(Protocol):
    """Records events. `EventRecorder`, `CoreEventRecorder` and, for tests, `fake.EventRecorder` implement it.

    Reference: client-go tools/events, EventRecorder and AnnotatedEventRecorder.
    """

    def event(
        self,
        obj: Referable,
        type: Literal["Normal", "Warning"],
        reason: str,
        action: str,
        note: str,
        *,
        related: Referable | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Record an event about an object. The call returns at once, and no failure of the server raises here.

        An event is a message for people. It may be lost, merged with others or shortened, so no program may depend on
        it.

        Args:
            obj: The object that the event is about, as it was read from the server, or an `ObjectReference`. The event
                belongs to its namespace; to `default` if it has none.
            type: `"Warning"` if somebody may have to act, `"Normal"` otherwise.
            reason: Why the event is recorded, in UpperCamelCase: `"FailedScheduling"`. People filter by it.
            action: What the program did or tried to do, in UpperCamelCase: `"Binding"`.
            note: A sentence for people.
            related: A second object that takes part, such as the one that was created.
            annotations: The annotations of the event.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: The type is another one, the reason or action is empty, an object has no kind or no name, or an
                annotation has no valid key.
        """
