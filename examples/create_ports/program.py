"""The processes of the demo: a Python module in a process, and a replica that is started again when it ends."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESTART_AFTER = 0.5  # seconds between the end of a replica and its next start


async def eventually(condition: Callable[[], object], timeout: float = 60) -> None:
    """Wait until something is true that other processes decide; raise TimeoutError after `timeout` seconds."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 (there is no event to wait for)
            await asyncio.sleep(0.05)


class Program:
    """A Python module in a process of its own; `latest` is the last JSON line that the process printed."""

    def __init__(self, *arguments: str, kubeconfig: Path, log: Path) -> None:
        self.arguments = arguments
        self.kubeconfig = kubeconfig
        self.log = log
        self.latest: dict[str, int | str] = {}
        self.stores: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.latest = {}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self.arguments,
                cwd=ROOT,
                env=os.environ | {"KUBECONFIG": str(self.kubeconfig)},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=1 << 24,
            )
        self.reader = asyncio.create_task(self._read(self.process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            with contextlib.suppress(ValueError):  # SIGKILL may cut the last line
                said = json.loads(line)
                if "store" in said:
                    self.stores.put_nowait(said["store"])
                else:
                    self.latest = said

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def wait(self) -> int:
        """Wait for the end of the process, and return its exit status."""
        assert self.process is not None
        code = await self.process.wait()
        await self.reader
        return code

    async def kill(self) -> None:
        """End the process at once, also if it was stopped."""
        if self.process is not None:
            self.send(signal.SIGKILL)
            await self.wait()

    def number(self, name: str) -> int:
        """Return a number of the last report; 0 before the first report."""
        return int(self.latest.get(name, 0))


class SupervisedReplica(Program):
    """A replica of createPorts. `supervise` starts it again whenever it ends, as a Deployment does.

    Attributes:
        name: The name in the table.
        reports: The last report of each process that has ended.
        ends: The exit status of each process that has ended.
        was_told: The signals that were sent to end the running process.
    """

    def __init__(self, name: str, *arguments: str, kubeconfig: Path, log: Path, say: Callable[[str], None]) -> None:
        super().__init__("examples.create_ports.observed", *arguments, kubeconfig=kubeconfig, log=log)
        self.name = name
        self.say = say
        self.reports: list[dict[str, int | str]] = []
        self.ends: list[int] = []
        self.faults: list[str] = []
        self.was_told: signal.Signals | None = None
        self.is_closing = False

    @property
    def identity(self) -> str:
        return str(self.latest.get("identity", ""))

    def has_ended(self, identity: str) -> bool:
        """Return whether the process with this identity in the election has ended."""
        return any(report.get("identity") == identity for report in self.reports)

    def end(self, number: signal.Signals) -> None:
        self.was_told = number
        self.send(number)

    def expected_status(self) -> list[int]:
        """Return the exit status after the signal that was sent, if one was."""
        if self.was_told is None:
            return []
        return [-signal.SIGKILL if self.was_told == signal.SIGKILL else 0]

    async def supervise(self, may_end_with: int) -> None:
        """Run the replica until `is_closing` is set.

        Args:
            may_end_with: The exit status of a replica that has lost the lease.
        """
        while not self.is_closing:
            self.was_told = None
            await self.start()
            code = await self.wait()
            self.reports.append(self.latest)
            self.latest = {}
            self.ends.append(code)
            expected = {may_end_with, *self.expected_status()}
            if code not in expected:
                self.faults.append(f"{self.name} ended with {code}, expected one of {sorted(expected)}")
            if not self.is_closing:
                why = (
                    f"with status {code}, because it lost the lease" if code == may_end_with else f"with status {code}"
                )
                self.say(f"replica {self.name} ended {why}; starting it again")
                await asyncio.sleep(RESTART_AFTER)

    async def store(self) -> dict[str, str]:
        """Return the resource versions in the informer's store by name; nothing if the replica does not respond."""
        if not self.number("health_port"):  # it does not know the signal yet
            return {}
        self.send(signal.SIGUSR1)
        try:
            return await asyncio.wait_for(self.stores.get(), 5)
        except TimeoutError:
            return {}

    def each(self, name: str) -> list[int]:
        """Return a number of the last report of each process of this replica."""
        return [int(report.get(name, 0)) for report in (*self.reports, self.latest)]
