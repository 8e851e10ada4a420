"""Several event loops in one thread, each with a clock of its own rate, and with blocked loops.

`Timeline` has the true time. It runs the callbacks of all loops, and moves the time when nothing is ready.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable
from itertools import count
from math import inf

__all__ = ["SlantedLoop", "Timeline"]

_RESOLUTION = 1e-6


class Timeline:
    """The true time, in seconds; what happens at which time; and the loops that live in it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._loops: list[SlantedLoop] = []

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Plan a call at a true time."""
        heapq.heappush(self._events, (when, next(self._numbers), action))

    def new_loop(self, *, offset: float, rate: float) -> SlantedLoop:
        """Create a loop whose clock shows `offset + rate * now`."""
        loop = SlantedLoop(self, offset, rate)
        self._loops.append(loop)
        return loop

    def stop(self, loop: SlantedLoop) -> None:
        """Run a loop no more, as if its process were killed."""
        self._loops.remove(loop)

    def run(self, until: float) -> None:
        """Run everything up to a true time."""
        while True:
            busy = [loop for loop in self._loops if not loop.is_blocked and loop.is_ready]
            for loop in busy:
                if loop in self._loops and not loop.is_blocked:
                    loop.turn()
            if busy:
                self.now += _RESOLUTION  # a turn of a loop takes time; a timer that is nearer than that expires
                continue
            first = self._events[0][0] if self._events else inf
            when = min([first, *(loop.next_timer for loop in self._loops if not loop.is_blocked)])
            if when > until:
                self.now = max(self.now, until)
                return
            self.now = max(self.now, when)
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()

    def block(self, loop: SlantedLoop, seconds: float) -> None:
        """Block a loop, from one of its own callbacks, while the others run; like `time.sleep` there."""
        loop.is_blocked = True
        events._set_running_loop(None)
        try:
            self.run(self.now + seconds)
        finally:
            events._set_running_loop(loop)
            loop.is_blocked = False


class SlantedLoop(asyncio.SelectorEventLoop):
    """An event loop that a `Timeline` runs. Its clock has an offset and a rate, and it has no sockets.

    Attributes:
        rate: The seconds of its clock per true second.
        is_blocked: Whether a callback blocks it.
    """

    def __init__(self, timeline: Timeline, offset: float, rate: float) -> None:
        self._timeline = timeline
        self._offset = offset
        self.rate = rate
        self.is_blocked = False
        super().__init__()
        self._clock_resolution = _RESOLUTION

    def time(self) -> float:
        """Return the time that this loop's clock shows."""
        return self._offset + self.rate * self._timeline.now

    @property
    def is_ready(self) -> bool:
        """Whether there is a callback to run now."""
        # asyncio has no public names for its callbacks and timers.
        return bool(vars(self)["_ready"]) or self.next_timer <= self._timeline.now + _RESOLUTION / 2

    @property
    def next_timer(self) -> float:
        """The true time of the next timer."""
        timers = vars(self)["_scheduled"]
        return (timers[0].when() - self._offset) / self.rate if timers else inf

    def turn(self) -> None:
        """Run the callbacks that are ready."""
        self.call_soon(self.stop)
        self.run_forever()
