"""One run of a program whose output is bounded in time and size.

A run that is cut short, by its timeout or by cancellation, ends with everything that it started, wherever that went
(`exec_tree`). A run that ends by itself leaves alone what it put into the background: an agent that keeps a login for
the next run is a usual thing, and client-go leaves it alone too.

What the output means is the business of `exec_output`.
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
from kubeloop.config.exec_tree import MARK, end_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PluginResult", "PluginTimeout", "find_program", "run_plugin"]

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
        command: A path, or a name to look up in our `PATH`, as `find_program` does.
        args: Its arguments.
        env: Its whole environment.
        interactive: Whether it may use our terminal: stdin and stderr are ours then, else it has neither.
        timeout: Seconds after which it is killed, with everything that it started.

    Returns:
        Its exit code, stdout (cut off after 1 MiB) and the end of its stderr (`""` when that was ours). What it left
        running in the background goes on running.

    Raises:
        PluginTimeout: It took too long.
        FileNotFoundError: There is no such program.
        OSError: It could not be started.

    Concurrency: Cancelling kills it, with everything that it started.
    """
    program = find_program(command, os.environ.get("PATH", ""))
    run = _Run(asyncio.get_running_loop())
    mark = secrets.token_hex(16)
    transport: asyncio.SubprocessTransport | None = None
    try:
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: run,
            command,
            *args,
            executable=program,
            env={**env, MARK: mark},
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if interactive else subprocess.PIPE,
            # A session of its own keeps it from asking at the terminal; one that may ask must stay in ours.
            start_new_session=not interactive,
        )
        async with asyncio.timeout(timeout):
            await run.exited
        await run.wait_until_closed()
        return PluginResult(transport.get_returncode() or 0, bytes(run.stdout), run.tail())
    except FileNotFoundError:
        if os.path.exists(program):  # noqa: ASYNC240  # one look, where something is wrong already
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
            transport.close()
            await run.wait_until_closed()


def find_program(command: str, path: str) -> str:
    """Return the file to run for a command: a path as it is, a name by looking it up in `path`.

    A name that is found through an empty or relative entry, hence in a place that depends on the current directory, is
    refused instead of run: who can write there could run anything as us.

    Args:
        command: A path or a name.
        path: Directories as in the variable `PATH`.

    Raises:
        FileNotFoundError: No directory has an executable file of this name.
        PermissionError: It was found through an empty or relative entry.

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
                "remove that entry, or give the program's path",
            )
        return found
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command)


class _Run(asyncio.SubprocessProtocol):
    """What a program writes, until it has ended and its pipes are closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.stdout = bytearray()
        self._stderr = bytearray()

    async def wait_until_closed(self) -> None:
        """Wait until it has ended and its pipes are closed, but not for long.

        What it left running in the background may hold the pipes for ever, and a program of another user (sudo) cannot
        be killed.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await asyncio.shield(self.closed)

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


def _end(transport: asyncio.SubprocessTransport | None, mark: str) -> None:
    if os.name == "posix":
        pid = None if transport is None or transport.get_returncode() is not None else transport.get_pid()
        end_all(mark, pid)
    elif transport is not None:
        with suppress(ProcessLookupError):
            transport.kill()
