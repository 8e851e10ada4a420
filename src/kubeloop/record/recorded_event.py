"""`RecordedEvent`: an event as the recorder knows it, from which both APIs' objects are built; `EventNames` names it.

Reference: client-go tools/record/util (GenerateEventName).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from kubeloop._kit.value import Value
from kubeloop.meta.name_rules import dns_subdomain_faults
from kubeloop.record.occurrence import Occurrence

if TYPE_CHECKING:
    from random import Random

__all__ = ["EventNames", "RecordedEvent"]

_DEFAULT_NAMESPACE = "default"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RecordedEvent(Value, frozen=True):
    """An event with all its occurrences until now.

    Attributes:
        name: The name of the object.
        occurrence: What the event says.
        first_time: The wall-clock time of the first occurrence.
        last_time: The wall-clock time of the last occurrence.
        count: The number of occurrences.
    """

    name: str
    occurrence: Occurrence
    first_time: datetime
    last_time: datetime
    count: int = 1

    @property
    def namespace(self) -> str:
        """The namespace of the object: that of what the event is about, and `default` if that has none."""
        return self.occurrence.regarding.namespace or _DEFAULT_NAMESPACE

    def again(self, occurrence: Occurrence, time: datetime) -> RecordedEvent:
        """Return the event after one more occurrence, whose words it has then."""
        return self.replace(occurrence=occurrence, last_time=time, count=self.count + 1)


class EventNames:
    """Names of events: the name of the object and the nanoseconds since 1970, in hexadecimal digits.

    A UUID is the name if that is not a DNS subdomain, as of a ClusterRole `system:node`. Names never repeat, whatever
    the clock shows.

    Args:
        random: The source of the UUIDs, and of the nanoseconds below the microseconds that the clock has.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._last = 0

    def next(self, object_name: str, time: datetime) -> str:
        """Return the name of a new event.

        Args:
            object_name: The name of the object that the event is about.
            time: The wall-clock time.
        """
        nanoseconds = (time - _EPOCH) // _MICROSECOND * 1000 + self._random.randrange(1000)
        self._last = max(nanoseconds, self._last + 1)
        name = f"{object_name}.{self._last:x}"
        if dns_subdomain_faults(name):
            return str(UUID(int=self._random.getrandbits(128), version=4))
        return name

    def __repr__(self) -> str:
        return f"<EventNames after {self._last:x}>"
