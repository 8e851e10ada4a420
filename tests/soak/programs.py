"""Programs in processes of their own: one JSON line per command on standard input, and one per result on output."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

__all__ = ["Program", "serve"]

ROOT = Path(__file__).resolve().parents[2]
_LONGEST_LINE = 1 << 26


class Program:
    """A module of this package that runs in a process of its own, and that carries out commands one after another.

        async with Program("tests.soak.writer", "--pause", "3", log=path) as writer:
            counts = await writer.ask("fill")

    Args:
        arguments: The module and its arguments.
        log: The file for its standard error.
    """

    def __init__(self, *arguments: str, log: Path) -> None:
        self._arguments = arguments
        self._log = log
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *self._arguments),
                cwd=ROOT,
                env={"MALLOC_MMAP_THRESHOLD_": "131072"}
                | os.environ
                | {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=_LONGEST_LINE,
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    async def ask(self, command: str, **arguments: Any) -> Any:
        """Carry out a command and return its result.

        Raises:
            RuntimeError: The command failed, or the process has ended. The message names its log.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._lock:
            self._process.stdin.write(json.dumps([command, arguments]).encode() + b"\n")
            line = await self._process.stdout.readline()
        if not line:
            code = await self._process.wait()
            raise RuntimeError(f"{self._arguments[0]} ended with {code} during {command!r}; see {self._log}")
        answer = json.loads(line)
        if "failure" in answer:
            raise RuntimeError(f"{self._arguments[0]} failed to {command}; see {self._log}\n{answer['failure']}")
        return answer["result"]


async def serve(commands: object, names: Sequence[str]) -> None:
    """Carry out the commands of standard input until it ends.

    Args:
        commands: The object whose async methods are the commands.
        names: The names of these methods.
    """
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        async for line in reader:
            name, arguments = json.loads(line)
            try:
                assert name in names, name
                answer = {"result": await getattr(commands, name)(**arguments)}
            except Exception:
                answer = {"failure": traceback.format_exc()}
            print(json.dumps(answer), flush=True)
    finally:
        pipe.close()
