"""Progress of the suites on stderr: every ten seconds, how long a suite has run, and its current step."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["Progress", "progress", "shown"]

SECONDS_BETWEEN = 10.0


class Progress:
    """The progress of one suite.

    Args:
        suite: The name of the suite.
        clock: The time in seconds.
    """

    def __init__(self, suite: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._suite = suite
        self._clock = clock
        self._began = self._step_began = clock()
        self._step = ""

    def begin_step(self, text: str) -> None:
        self._step, self._step_began = text, self._clock()

    def line(self) -> str:
        """Return what is shown now."""
        now = self._clock()
        step = f": {self._step} (for {_duration(now - self._step_began)})" if self._step else ""
        return f"bench: {self._suite}: {_duration(now - self._began)}{step}"


_shown: list[Progress] = []


def progress(text: str) -> None:
    """Set the current step of the suite that runs; an empty text if there is none."""
    for each in _shown:
        each.begin_step(text)


@contextmanager
def shown(suite: str, stream: TextIO = sys.stderr) -> Iterator[None]:
    """Show the progress of a suite until the end of the block: in place in a terminal, else line by line."""
    suite_progress = Progress(suite)
    _shown.append(suite_progress)
    start, end = ("\r\x1b[K", "") if stream.isatty() else ("", "\n")
    has_ended = threading.Event()

    def show() -> None:
        while not has_ended.wait(SECONDS_BETWEEN):
            print(start + suite_progress.line(), end=end, file=stream, flush=True)

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()
        _shown.remove(suite_progress)
        print(start, end="", file=stream, flush=True)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
