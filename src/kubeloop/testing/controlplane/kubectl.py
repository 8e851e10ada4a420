"""`Kubectl`: runs kubectl, which is a sub-command of the built program, with one kubeconfig.

It is for tests that compare with kubectl, or show what a user of kubectl sees.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from . import steps
from .binaries import kubectl_steps
from .control_plane_error import ControlPlaneError
from .reaper import Reaper
from .steps import Report, Steps

__all__ = ["Kubectl"]

_POLL_SECONDS = 0.02
_LAST_LINES = 30


class Kubectl:
    """kubectl with one kubeconfig, of the version of the control plane that is built here.

        kubectl = Kubectl(plane.kubeconfig)
        print(await kubectl.run("describe", "pod", "web-0"))

    It reads nothing of the user: neither `KUBECONFIG`, nor `~/.kube`, nor plugins on `PATH`. Each run discovers the API
    of the server again. It works with any API server, not only with a `ControlPlane`.

    Args:
        kubeconfig: The path of the kubeconfig.
        environment: Variables of the environment, such as `KUBECTL_APPLYSET` for a feature that is not stable.
        report: Called with lines of progress, if the program has to be built; None for none.
    """

    def __init__(
        self, kubeconfig: Path, *, environment: Mapping[str, str] | None = None, report: Report | None = None
    ) -> None:
        self._kubeconfig = kubeconfig
        self._environment = dict(environment or {})
        self._report = report or _ignore

    async def run(self, *arguments: str, input: str = "", timeout: float = 60.0) -> str:
        """Run kubectl, and return what it printed to standard output.

        Args:
            arguments: The arguments, such as `"get", "pods", "-o", "name"`.
            input: The text for standard input, such as a manifest for `"apply", "-f", "-"`.
            timeout: The seconds after which kubectl is killed.

        Raises:
            ControlPlaneError: kubectl failed, or ran longer than `timeout`. The message ends with what it printed.
        """
        return await steps.run_async(self._run(arguments, input, timeout))

    def run_sync(self, *arguments: str, input: str = "", timeout: float = 60.0) -> str:
        """Do what `run` does, without an event loop."""
        return steps.run(self._run(arguments, input, timeout))

    def _run(self, arguments: tuple[str, ...], text: str, timeout: float) -> Steps[str]:
        command = yield from kubectl_steps(self._report)
        with tempfile.TemporaryDirectory(prefix="kubeloop-kubectl-") as home, tempfile.TemporaryFile("w+b") as stdin:
            stdin.write(text.encode())
            stdin.seek(0)
            output, error = Path(home, "output"), Path(home, "error")
            with output.open("wb") as out, error.open("wb") as err:
                own = {"HOME": home, "KUBECONFIG": str(self._kubeconfig), "KUBERC": "off"}
                environment = {**self._environment, **own}
                code = yield from _end_of((*command, *arguments), environment, (stdin, out, err), timeout)
            said = output.read_text(encoding="utf-8", errors="replace")
            if code != 0:
                what = f"did not end within {timeout:g} s" if code is None else f"ended with {code}"
                lines = (said + error.read_text(encoding="utf-8", errors="replace")).splitlines()
                raise ControlPlaneError("\n".join([f"kubectl {' '.join(arguments)} {what}:", *lines[-_LAST_LINES:]]))
        return said

    def __repr__(self) -> str:
        return f"<Kubectl {self._kubeconfig}>"


def _end_of(
    command: tuple[str, ...],
    environment: dict[str, str],
    files: tuple[IO[bytes], IO[bytes], IO[bytes]],
    timeout: float,
) -> Steps[int | None]:
    """Run a program, and return its exit status; None if it was killed because it ran too long."""
    stdin, stdout, stderr = files
    reaper = Reaper()
    try:
        process = subprocess.Popen(
            command, env=environment, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
        )
        try:
            reaper.watch(process.pid)
            deadline = time.monotonic() + timeout
            while (code := process.poll()) is None:
                if time.monotonic() > deadline:
                    return None
                yield _POLL_SECONDS
            return code
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            reaper.forget(process.pid)
    finally:
        reaper.close()


def _ignore(_: str) -> None:
    """Ignore a line of progress."""
