"""A watcher process that stops the servers if the test process is killed.

The watcher is this file, run as a script with the standard library only. It reads the commands `watch PID`, `forget
PID` and `remove DIRECTORY` from a pipe. When the pipe ends or its parent process changes (a forked worker may hold the
pipe), it kills the watched process groups and removes the directories.
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
    """Starts the watcher process and sends it commands. `close` ends it and kills what it still watches.

    `PR_SET_PDEATHSIG` is not an alternative: it exists only on Linux, and belongs to the thread that started the child.
    """

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
        """Add the process group `pid` to those that the watcher kills if this process dies."""
        self._order(f"watch {pid}")

    def forget(self, pid: int) -> None:
        """Remove the process group `pid` from the watched ones, because it has ended."""
        self._order(f"forget {pid}")

    def remove(self, directory: Path) -> None:
        """Add `directory` to those that the watcher removes at its end."""
        self._order(f"remove {directory}")

    def close(self) -> None:
        """End the watcher and wait for it. A second call does nothing."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _order(self, line: str) -> None:
        stdin = self._process.stdin
        if stdin is not None and not stdin.closed:
            # The test does not fail if the watcher was killed.
            with contextlib.suppress(BrokenPipeError):
                os.write(stdin.fileno(), f"{line}\n".encode())


def main(parent: int) -> None:
    """Process commands from standard input until it ends or the process `parent` has ended, then clean up."""
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
        # Twice, because a server that is ending may write another file.
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
