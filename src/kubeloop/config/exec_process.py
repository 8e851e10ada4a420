"""One run of a program whose output is bounded in time and size: nothing of it is left when `run_plugin` returns.

What the output means is `exec_output`'s business.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from kubeloop._kit.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PluginResult", "PluginTimeout", "run_plugin"]

_MAX_STDOUT_BYTES = 1 << 20
_TAIL_BYTES = 16 << 10
_GRACE = 1.0


class PluginTimeout(Exception):
    """The program took too long, and has been killed."""


class PluginResult(Value, frozen=True):
    """How a program ended: its exit code (negative: the signal that killed it) and what it wrote."""

    unshown = frozenset({"stdout", "stderr_tail"})

    code: int
    stdout: bytes
    stderr_tail: str


async def run_plugin(
    command: str, args: Sequence[str], env: Mapping[str, str], *, interactive: bool, timeout: float
) -> PluginResult:
    """Run a program to its end.

    Args:
        command: A path, or a name to look up in `PATH`.
        args: Its arguments.
        env: Its whole environment.
        interactive: Whether it may use our terminal: stdin and stderr are ours then, else it has neither.
        timeout: Seconds after which it is killed.

    Returns:
        Its exit code, stdout (cut off after 1 MiB) and the end of its stderr (`""` when that was ours).

    Raises:
        PluginTimeout: It took too long.
        OSError: It could not be started.

    Concurrency: Cancelling kills it.
    """
    run = _Run(asyncio.get_running_loop())
    transport, _ = await asyncio.get_running_loop().subprocess_exec(
        lambda: run,
        command,
        *args,
        env=env,
        stdin=None if interactive else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if interactive else subprocess.PIPE,
        # A session of its own, so that what it starts can be killed with it; a terminal would be lost by that.
        start_new_session=not interactive,
    )
    try:
        async with asyncio.timeout(timeout):
            await run.exited
        with suppress(TimeoutError):
            # What it left running in the background may hold the pipes for ever.
            async with asyncio.timeout(_GRACE):
                await asyncio.shield(run.closed)
        return PluginResult(transport.get_returncode() or 0, bytes(run.stdout), run.tail())
    except TimeoutError:
        _kill(transport, whole_session=not interactive)
        raise PluginTimeout from None
    except BaseException:
        _kill(transport, whole_session=not interactive)
        raise
    finally:
        transport.close()
        await run.closed


class _Run(asyncio.SubprocessProtocol):
    """What a program writes, until it has ended and its pipes are closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.stdout = bytearray()
        self._stderr = bytearray()

    def tail(self) -> str:
        """Return the end of what it wrote to stderr."""
        return self._stderr[-_TAIL_BYTES:].decode("utf-8", "replace")

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self.stdout += data[: _MAX_STDOUT_BYTES - len(self.stdout)]
        else:
            self._stderr += data
            del self._stderr[: -2 * _TAIL_BYTES]

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if not self.closed.done():
            self.closed.set_result(None)


def _kill(transport: asyncio.SubprocessTransport, *, whole_session: bool) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if whole_session and hasattr(os, "killpg"):
            os.killpg(transport.get_pid(), signal.SIGKILL)
        else:
            transport.kill()
