"""A watcher in a process of its own: it kills what a test process leaves behind when that dies without a chance to act.

`SIGKILL`, a crash, or a runner that loses patience give Python no time to stop servers. The watcher (this file, run as
a script with nothing but the standard library) reads orders from a pipe: `watch PID`, `forget PID`, `remove DIRECTORY`.
When the pipe ends, or its parent is another process than the one that started it, it kills the process groups it still
watches, removes the directories, and ends. It asks for the parent as well, since a forked worker may hold the pipe.

`PR_SET_PDEATHSIG` was the other way: Linux only, bound to the *thread* that started the child, and of no use for
programs that somebody else built.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

POLL_SECONDS = 0.25


class Reaper:
    """Starts the watcher and gives it orders. `close()` ends it; what it still watches then is killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def watch(self, pid: int) -> None:
        """Kill the process group `pid` if this process dies."""
        self._order(f"watch {pid}")

    def forget(self, pid: int) -> None:
        """The process group `pid` has ended."""
        self._order(f"forget {pid}")

    def remove(self, directory: Path) -> None:
        """Remove `directory` in the end."""
        self._order(f"remove {directory}")

    def close(self) -> None:
        """End the watcher and wait for it. Idempotent."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _order(self, line: str) -> None:
        stdin = self._process.stdin
        if stdin is not None and not stdin.closed:
            # A watcher that somebody killed is no reason to fail the test.
            with contextlib.suppress(BrokenPipeError):
                os.write(stdin.fileno(), f"{line}\n".encode())


def main(parent: int) -> None:
    """Obey orders from standard input until it ends or `parent` is gone, then clean up."""
    pids: set[int] = set()
    directories: list[str] = []
    pending = b""
    while os.getppid() == parent:
        if not select.select([0], [], [], POLL_SECONDS)[0]:
            continue
        chunk = os.read(0, 65536)
        if not chunk:
            break
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            verb, _, value = line.decode().partition(" ")
            if verb == "watch":
                pids.add(int(value))
            elif verb == "forget":
                pids.discard(int(value))
            else:
                directories.append(value)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    for directory in directories:
        # Twice: a server that is just dying may write one more file.
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
