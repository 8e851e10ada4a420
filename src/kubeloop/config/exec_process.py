"""Running a program with a limit of time and output.

If the run times out or is cancelled, all processes that it started are killed (`process_tree`). If the program ends by
itself, its background processes continue, for example an agent that keeps a login, as in client-go.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kubeloop._kit.value import Value
from kubeloop.config.process_tree import MARK, end_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PluginResult", "PluginTimeout", "find_program", "run_plugin"]

_MAX_STDOUT_BYTES = 1 << 20
_TAIL_BYTES = 16 << 10
_GRACE = 1.0


class PluginTimeout(Exception):
    """The program exceeded its timeout and was killed."""


class PluginResult(Value, frozen=True):
    """The result of a program: its exit code (negative for the signal that killed it) and its output."""

    unshown = frozenset({"stdout", "stderr_tail"})

    code: int
    stdout: bytes
    stderr_tail: str


async def run_plugin(
    program: str, argv: Sequence[str], env: Mapping[str, str], *, interactive: bool, timeout: float
) -> PluginResult:
    """Run a program and wait for its end.

    Args:
        program: The path of the program; see `find_program`.
        argv: The name by which the program is called, and its arguments.
        env: The whole environment of the program.
        interactive: Whether the program shares our stdin and stderr, to use the terminal; otherwise it has no stdin.
        timeout: The seconds after which the program and all processes that it started are killed.

    Returns:
        The exit code, at most 1 MiB of stdout, and the end of stderr (`""` if it was shared). Background processes of
        the program continue.

    Raises:
        PluginTimeout: The program exceeded its timeout.
        FileNotFoundError: There is no such program.
        OSError: The program could not be started.

    Concurrency: Cancellation kills the program and all processes that it started.
    """
    run = _Run(asyncio.get_running_loop())
    mark = secrets.token_hex(16)
    transport: asyncio.SubprocessTransport | None = None
    try:
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: run,
            *argv,
            executable=program,
            env={**env, MARK: mark},
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if interactive else subprocess.PIPE,
            # In a session of its own the program cannot use the terminal; an interactive one must stay in ours.
            start_new_session=not interactive,
        )
        async with asyncio.timeout(timeout):
            await asyncio.shield(run.exited)
        await run.wait_until_closed()
        return PluginResult(transport.get_returncode() or 0, bytes(run.stdout), run.tail())
    except FileNotFoundError:
        if os.path.exists(program):  # noqa: ASYNC240  # one check after a failure
            raise OSError(errno.ENOEXEC, "the interpreter that its first line names does not exist") from None
        raise
    except TimeoutError:
        _end(transport, mark)
        raise PluginTimeout from None
    except OSError:
        raise
    except BaseException:
        _end(transport, mark)
        raise
    finally:
        if transport is not None:
            try:
                # Otherwise close() and asyncio's watcher of processes may both ask for the exit code of a killed
                # program, and asyncio logs that the process is unknown.
                await run.wait_until_exited()
            finally:
                transport.close()
                await run.wait_until_closed()


def find_program(command: str, path: str) -> str:
    """Return the file of a command: a path unchanged, or a name looked up in `path`.

    A file in an empty or relative entry of `path` is refused, because it depends on the current directory, where others
    may be able to write.

    Args:
        command: A path or a name.
        path: The directories, as in the variable `PATH`.

    Raises:
        FileNotFoundError: No directory contains an executable file of this name.
        PermissionError: The file is in an empty or relative entry.

    Reference: Go's os/exec, LookPath, ErrDot.
    """
    if os.path.dirname(command):
        return command
    for directory in path.split(os.pathsep) if path else ():
        found = shutil.which(command, path=directory or os.curdir)
        if found is None:
            continue
        if not Path(found).is_absolute():
            raise PermissionError(
                errno.EACCES,
                "it was found in the current directory, through an empty or relative entry of PATH; "
                "remove that entry, or use the path of the program",
            )
        return found
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command)


class _Run(asyncio.SubprocessProtocol):
    """The protocol of a running program, which collects its output."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.stdout = bytearray()
        self._stderr = bytearray()

    async def wait_until_exited(self) -> None:
        """Wait until the program has ended, for at most one second: one of another user (sudo) cannot be killed."""
        await _wait_a_moment(self.exited)

    async def wait_until_closed(self) -> None:
        """Wait until the pipes of the ended program are closed, for at most one second.

        A background process may keep the pipes open.
        """
        await _wait_a_moment(self.closed)

    def tail(self) -> str:
        """Return the end of stderr."""
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


async def _wait_a_moment(event: asyncio.Future[None]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):
            await asyncio.shield(event)


def _end(transport: asyncio.SubprocessTransport | None, mark: str) -> None:
    if os.name == "posix":
        pid = None if transport is None or transport.get_returncode() is not None else transport.get_pid()
        end_all(mark, pid)
    elif transport is not None:
        with suppress(ProcessLookupError):
            transport.kill()
