"""`Component`: one server process, with its command and its log file.

Each process has its own session, so that Ctrl-C in a terminal reaches only the tests, which stop the servers in order.
The reaper kills the process if the test process dies.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from .control_plane_error import ControlPlaneError
from .reaper import Reaper
from .steps import Steps

GRACE_SECONDS = 5.0
POLL_SECONDS = 0.02


class Component:
    """A server program that can be started and stopped repeatedly, with one command and one log file."""

    def __init__(self, name: str, command: Sequence[str], log_path: Path, reaper: Reaper) -> None:
        self.name = name
        self.command = tuple(command)
        self.log_path = log_path
        self._reaper = reaper
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process ID; None while the process does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the process.

        Raises:
            ControlPlaneError: The process is already running, or the program cannot be started.
        """
        if self.pid is not None:
            raise ControlPlaneError(f"{self.name} is already running")
        # etcd reads a flag from every ETCD_ variable of its environment.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ETCD_")}
        # With less frequent garbage collection the API server starts a second earlier and needs 100 MB more.
        environment.setdefault("GOGC", "200")
        with self.log_path.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self.log_path.parent,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                raise ControlPlaneError(f"cannot start {self.command[0]}: {error}") from error
        self._reaper.watch(self._process.pid)

    def check(self) -> None:
        """Check that the process has not ended by itself.

        Raises:
            ControlPlaneError: The process has ended. The message contains the end of the log.
        """
        if self._process is not None and (code := self._process.poll()) is not None:
            raise ControlPlaneError(f"{self.name} ended with {_describe(code)}; {self.log_tail()}")

    def log_tail(self, lines: int = 30) -> str:
        """Return the last lines of the log after a line with the name of the file."""
        try:
            text = self.log_path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            text = ""
        tail = "\n".join(text.splitlines()[-lines:])
        return f"the end of {self.log_path.name}:\n{tail or '(empty)'}"

    def kill(self) -> None:
        """Kill the process with SIGKILL and wait for its end, if it runs."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._reaper.forget(self._process.pid)
        self._process = None

    def stop(self) -> Steps[None]:
        """Stop the process with SIGTERM, and with SIGKILL after a grace period."""
        if self._process is None:
            return
        try:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + GRACE_SECONDS
            while self._process.poll() is None and time.monotonic() < deadline:
                yield POLL_SECONDS
        finally:
            self.kill()

    def __repr__(self) -> str:
        return f"<Component {self.name} {'dead' if self.pid is None else f'pid {self.pid}'}>"


def _describe(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
