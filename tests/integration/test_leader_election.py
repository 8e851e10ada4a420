"""Leader election of three processes on the API server, whose leaders are killed, paused, blocked and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby
from pathlib import Path

import kubeloop
from tests.support.election_candidate import LEASE, RETRY

CANDIDATE = Path(__file__).parents[1] / "support" / "election_candidate.py"
SLACK = 5.0
"""The seconds that slow machines may add."""
AFTER_LOSS = LEASE + 2 * RETRY * 2.2 + SLACK
AFTER_RELEASE = RETRY * 2.2 + SLACK


@asynccontextmanager
async def candidate(kubeconfig: Path, namespace: str, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a candidate, and end it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(CANDIDATE), str(kubeconfig), namespace, name, env=os.environ
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def leader_after(clientset: kubeloop.Clientset, namespace: str, before: str, timeout: float) -> str:
    """Wait until there is another leader that works, and return its name."""
    async with asyncio.timeout(timeout):
        async with clientset.core_v1.config_maps(namespace).watch(label_selector="term") as events:
            async for event in events:
                assert isinstance(event, kubeloop.WatchEvent)
                name = event.object.metadata.labels["term"].rpartition("-")[0]
                if name and name != before and event.type == "ADDED" and name == await holder_of(clientset, namespace):
                    return name
    raise AssertionError("the watch ended")


async def holder_of(clientset: kubeloop.Clientset, namespace: str) -> str | None:
    return (await clientset.coordination_v1.leases(namespace).get("candidates")).spec.holder_identity


async def test_work_of_two_leaders_never_overlaps(
    clientset: kubeloop.Clientset, kubeconfig: Path, namespace: str
) -> None:
    async with AsyncExitStack() as stack:
        processes = {
            name: await stack.enter_async_context(candidate(kubeconfig, namespace, name)) for name in ("a", "b", "c")
        }
        leader = await leader_after(clientset, namespace, "", 30)

        processes[leader].send_signal(signal.SIGKILL)
        leader = await leader_after(clientset, namespace, leader, AFTER_LOSS)

        paused = leader
        processes[paused].send_signal(signal.SIGSTOP)
        leader = await leader_after(clientset, namespace, paused, AFTER_LOSS)
        processes[paused].send_signal(signal.SIGCONT)

        processes[leader].send_signal(signal.SIGUSR1)
        leader = await leader_after(clientset, namespace, leader, AFTER_LOSS)

        processes[leader].send_signal(signal.SIGTERM)
        await leader_after(clientset, namespace, leader, AFTER_RELEASE)
        assert await processes[leader].wait() == 0
    maps = (await clientset.core_v1.config_maps(namespace).list(label_selector="term")).items
    # The server gives versions in the order in which it writes.
    order = sorted(maps, key=lambda each: int(each.metadata.resource_version or 0))
    terms = [term for term, _ in groupby(each.metadata.labels["term"] for each in order)]
    assert len(terms) >= 5
    assert len(terms) == len(set(terms)), f"work of two leaders overlaps: {terms}"
