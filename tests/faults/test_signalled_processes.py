"""`until_signalled` in real processes: signals that wake an idle loop, interrupt a blocked one, and end the process."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

START = {
    "asyncio": "import asyncio\nstart = asyncio.run\n",
    "uvloop": "import asyncio, uvloop\nstart = uvloop.run\n",
}


class Process:
    """A program that runs, and its lines."""

    def __init__(self, started: subprocess.Popen[str]) -> None:
        self.started = started

    def line(self) -> str:
        """Wait for the next line of the program."""
        assert self.started.stdout is not None
        return self.started.stdout.readline().rstrip("\n")

    def send(self, number: signal.Signals) -> None:
        self.started.send_signal(number)

    def end(self) -> tuple[int, str]:
        """Wait for the end of the program, and return its status and the lines that were not read."""
        output, _ = self.started.communicate(timeout=30)
        return self.started.returncode, output


@contextmanager
def program(body: str, *, loop: str = "asyncio", after: str = "") -> Iterator[Process]:
    """Run a program whose coroutine `main` has this body, within `until_signalled() as stop`.

    Args:
        body: The statements of the block.
        loop: The kind of the event loop.
        after: A statement for the time after the event loop.
    """
    text = f"""{START[loop]}
import os, signal, threading, time
import kubeloop
def say(text): print(text, flush=True)
async def main():
    async with kubeloop.until_signalled() as stop:
{textwrap.indent(textwrap.dedent(body), " " * 8)}
    say("ended")
start(main())
{after}
"""
    with subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as started:
        try:
            yield Process(started)
        finally:
            started.kill()


@pytest.mark.parametrize("loop", START)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("wait", ["stop.wait()", "asyncio.Event().wait()"])
def test_the_first_signal_wakes_an_idle_loop_and_the_process_ends_with_success(
    loop: str, number: signal.Signals, wait: str
) -> None:
    with program(f"say('ready')\nawait {wait}", loop=loop) as process:
        assert process.line() == "ready"
        process.send(number)
        assert process.end() == (0, "ended\n")


@pytest.mark.parametrize("loop", START)
@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)],
)
def test_a_second_signal_ends_the_process_with_the_status_of_the_signal(
    loop: str, first: signal.Signals, second: signal.Signals
) -> None:
    with program(
        """
        say("ready")
        await stop.wait()
        say("stopping")
        try:
            await asyncio.sleep(1000)
        finally:
            say("never reached")
        """,
        loop=loop,
    ) as process:
        assert process.line() == "ready"
        process.send(first)
        assert process.line() == "stopping"
        process.send(second)
        assert process.end() == (-second, "")


@pytest.mark.parametrize("loop", START)
@pytest.mark.parametrize("block", ["while True: pass", "time.sleep(1000)"])
def test_a_second_signal_ends_a_process_whose_loop_is_blocked(loop: str, block: str) -> None:
    with program(f"say('ready')\nawait stop.wait()\nsay('stopping')\n{block}", loop=loop) as process:
        assert process.line() == "ready"
        process.send(signal.SIGTERM)
        assert process.line() == "stopping"
        process.send(signal.SIGTERM)
        assert process.end() == (-signal.SIGTERM, "")


def test_both_signals_may_arrive_while_the_loop_is_blocked() -> None:
    with program("say('ready')\nwhile stop.signal is None: pass\nsay('seen')\nwhile True: pass") as process:
        assert process.line() == "ready"
        process.send(signal.SIGINT)
        assert process.line() == "seen"
        process.send(signal.SIGINT)
        assert process.end() == (-signal.SIGINT, "")


def test_the_first_process_of_a_container_ends_too() -> None:
    """Such a process gets no signal with a default action; here, its main thread has blocked the signal."""
    with program(
        """
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        say("ready")
        await stop.wait()
        say("stopping")
        await asyncio.sleep(1000)
        """
    ) as process:
        assert process.line() == "ready"
        process.send(signal.SIGTERM)
        assert process.line() == "stopping"
        process.send(signal.SIGTERM)
        assert process.end() == (128 + signal.SIGTERM, "")


def test_after_the_block_a_signal_has_its_usual_effect() -> None:
    with program("await asyncio.sleep(0)", after="time.sleep(1000)") as process:
        assert process.line() == "ended"
        process.send(signal.SIGTERM)
        assert process.end() == (-signal.SIGTERM, "")


def test_an_exception_of_the_body_is_the_end_of_the_program() -> None:
    with program(
        """
        say("ready")
        try:
            await asyncio.sleep(1000)
        finally:
            raise ValueError("while it ended")
        """
    ) as process:
        assert process.line() == "ready"
        process.send(signal.SIGTERM)
        status, output = process.end()
        assert status == 1
        assert output.endswith("ValueError: while it ended\n")
