"""Leader election of three processes on the API server, whose leaders are killed, paused, blocked and stopped.

The server itself is killed and restarted too. Its audit log, where it has one, is the judge.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Self

import kubeloop
from kubeloop.testing.controlplane import ControlPlane
from tests.support.election_audit import AuditedWrite, audit_flags, audited_writes, terms_that_overlap
from tests.support.election_candidate import TIMES
from tests.support.servers import AnyServer, new_server

CANDIDATE = Path(__file__).parents[1] / "support" / "election_candidate.py"
API_SERVER = "kube-apiserver"
SLACK = 5.0
"""The seconds that slow machines may add."""
RESTART = 60.0
"""The seconds for which a server may start, and a leader be found again."""


class Election:
    """Three processes that compete for a Lease.

    Args:
        clientset: Observes them.
        kubeconfig: The kubeconfig of the processes.
        namespace: The namespace of the Lease and of the work.
        kind: The name of their durations.
    """

    def __init__(self, clientset: kubeloop.Clientset, kubeconfig: Path, namespace: str, kind: str) -> None:
        self._clientset = clientset
        self._kubeconfig = kubeconfig
        self._namespace = namespace
        self._kind = kind
        self._stack = AsyncExitStack()
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self.leader = ""

    async def __aenter__(self) -> Self:
        for name in ("a", "b", "c"):
            self._processes[name] = await self._stack.enter_async_context(self._candidate(name))
        await self.has_leader(other_than="", within=30)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def _candidate(self, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run a candidate, and end it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(CANDIDATE), str(self._kubeconfig), self._namespace, name, self._kind, env=os.environ
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGKILL)
            await process.wait()

    def signal(self, number: signal.Signals, name: str | None = None) -> str:
        """Send a signal to a process, to the leader by default; return its name."""
        name = name or self.leader
        self._processes[name].send_signal(number)
        return name

    async def ended(self, name: str) -> int:
        """Wait until a process has ended, and return its exit code."""
        return await self._processes[name].wait()

    async def has_leader(self, *, other_than: str, within: float) -> None:
        """Wait until a leader does new work."""
        known: set[str] | None = None
        async with asyncio.timeout(within):
            while True:
                with suppress(kubeloop.TransportError, kubeloop.APIError):
                    holder = await self._holder()
                    names = {each.metadata.name for each in await self.work()}
                    new = names if known is None else names - known
                    works = any(name.startswith(f"work-{holder}-") for name in new)
                    if known is not None and works and holder and holder != other_than:
                        self.leader = holder
                        return
                    known = names if known is None else known
                await asyncio.sleep(0.1)

    async def _holder(self) -> str | None:
        leases = self._clientset.coordination_v1.leases(self._namespace)
        return (await leases.get("candidates", timeout=5)).spec.holder_identity

    async def work(self) -> list[kubeloop.models.core_v1.ConfigMap]:
        """Return what the leaders have created."""
        maps = self._clientset.core_v1.config_maps(self._namespace)
        return list((await maps.list(label_selector="term", timeout=5)).items)

    async def terms(self) -> list[str]:
        """Return the terms in the order of the work, which is that of the versions that the server gave to it."""
        order = sorted(await self.work(), key=lambda each: int(each.metadata.resource_version or 0))
        return [term for term, _ in groupby(each.metadata.labels["term"] for each in order)]


async def pass_through_losses(election: Election, kind: str) -> None:
    """Kill, pause, block and stop one leader after the other."""
    times = TIMES[kind]
    after_loss = times.lease + 2 * times.retry * 2.2 + SLACK
    election.signal(signal.SIGKILL)
    await election.has_leader(other_than=election.leader, within=after_loss)
    paused = election.signal(signal.SIGSTOP)
    await election.has_leader(other_than=paused, within=after_loss)
    election.signal(signal.SIGCONT, paused)
    await pass_through_a_blocked_loop(election, kind)
    stopped = election.signal(signal.SIGTERM)
    await election.has_leader(other_than=stopped, within=times.retry * 2.2 + SLACK)
    assert await election.ended(stopped) == 0


async def pass_through_a_blocked_loop(election: Election, kind: str) -> None:
    """Block the loop of the leader; wait for the next leader, and until the first one runs again."""
    times = TIMES[kind]
    begin = asyncio.get_running_loop().time()
    blocked = election.signal(signal.SIGUSR1)
    await election.has_leader(other_than=blocked, within=times.lease + 2 * times.retry * 2.2 + SLACK)
    left = begin + times.blocked + 2 - asyncio.get_running_loop().time()
    await asyncio.sleep(max(left, 0))


async def restart(server: AnyServer, *, is_graceful: bool) -> None:
    """End the API server, with SIGTERM or SIGKILL, and start it again."""
    pid = server.pid(API_SERVER)
    assert pid is not None
    if is_graceful:
        os.kill(pid, signal.SIGTERM)
        async with asyncio.timeout(RESTART):
            while server.pid(API_SERVER) is not None:
                await asyncio.sleep(0.1)
    else:
        await server.kill(API_SERVER)
    await server.restart(API_SERVER)


async def pass_through_everything(server: AnyServer, judge: Callable[[str], None]) -> None:
    """Run two elections, with short and with default times, and restart the server; judge both."""
    short, default = server.create_namespace(), server.create_namespace()
    async with kubeloop.Clientset(kubeloop.load_config(server.kubeconfig)) as clientset:
        async with (
            Election(clientset, server.kubeconfig, short, "short") as first,
            Election(clientset, server.kubeconfig, default, "default") as second,
        ):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(pass_through_losses(first, "short"))
                tasks.create_task(pass_through_a_blocked_loop(second, "default"))
            for is_graceful in (False, True):
                await restart(server, is_graceful=is_graceful)
                for election in (first, second):
                    await election.has_leader(other_than="", within=RESTART)
            terms = [await election.terms() for election in (first, second)]
        for found, least in zip(terms, (5, 2), strict=True):
            assert len(found) >= least
            assert len(found) == len(set(found)), f"work of two leaders overlaps: {found}"
    for namespace in (short, default):
        judge(namespace)


async def test_work_of_two_leaders_never_overlaps() -> None:
    async with new_server() as server:
        await pass_through_everything(server, lambda _: None)


async def test_the_audit_log_shows_no_late_write(tmp_path: Path) -> None:
    def judge(namespace: str) -> None:
        writes = audited_writes(tmp_path, namespace)
        assert {(each.verb, each.resource) for each in writes} == {
            ("create", "configmaps"),
            ("create", "leases"),
            ("update", "leases"),
        }
        assert {"a", "b", "c"} >= {each.writer for each in writes}
        assert terms_that_overlap(writes) == []

    async with ControlPlane(api_server_args=audit_flags(tmp_path)) as plane:
        await pass_through_everything(plane, judge)


def test_the_judge_finds_a_late_write() -> None:
    def write(writer: str, resource: str, name: str) -> AuditedWrite:
        return AuditedWrite("", writer, "update", resource, name)

    first, second = write("a", "configmaps", "work-a-1-7"), write("b", "configmaps", "work-b-1-0")
    claim, late = write("b", "leases", "candidates"), write("a", "leases", "candidates")
    assert terms_that_overlap([first, first, claim, second, second]) == []
    assert terms_that_overlap([first, claim, first, second]) == ["a-1"]
    assert terms_that_overlap([first, claim, second, late, second]) == ["b-1"]
