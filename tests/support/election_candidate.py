"""A program that takes part in an election, and creates a ConfigMap again and again as the leader.

python election_candidate.py KUBECONFIG NAMESPACE IDENTITY TIMES

The user agent is the identity. The label `term` of the ConfigMaps, and their names, have the identity and the number of
the term. SIGUSR1 blocks the event loop before the next one is created, and SIGTERM ends the program, which releases the
lease.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import suppress
from itertools import count
from typing import NamedTuple

import kubeloop
from kubeloop._kit.waiting import to_the_end
from kubeloop.leaderelection import LeaderElection
from kubeloop.models import core_v1, meta_v1

__all__ = ["TIMES", "Times"]


class Times(NamedTuple):
    """The durations of an election, and for how long SIGUSR1 blocks the loop, in seconds."""

    lease: float
    deadline: float
    retry: float
    blocked: float


TIMES = {"short": Times(4.0, 2.5, 0.5, 6.0), "default": Times(15.0, 10.0, 2.0, 30.0)}


async def create(client: kubeloop.Clientset, namespace: str, name: str, term: str) -> None:
    """Create one ConfigMap, if that is possible."""
    metadata = meta_v1.ObjectMeta(name=name, labels={"term": term})
    with suppress(kubeloop.KubeloopError):
        await client.core_v1.config_maps(namespace).create(core_v1.ConfigMap(metadata=metadata))


async def work(
    client: kubeloop.Clientset, namespace: str, term: str, must_block: asyncio.Event, blocked: float
) -> None:
    """Create ConfigMaps.

    A cancellation does not interrupt a request, because the server might not carry it out then; the work ends after it.
    """
    for number in count():
        if must_block.is_set():
            must_block.clear()
            time.sleep(blocked)
        await to_the_end(create(client, namespace, f"work-{term}-{number}", term))
        await asyncio.sleep(0.05)


async def main(kubeconfig: str, namespace: str, identity: str, kind: str) -> None:
    """Take part in the election until SIGTERM."""
    times = TIMES[kind]
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    must_block = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, must_block.set)
    terms = 0
    config = kubeloop.load_config(kubeconfig).replace(user_agent=identity)
    async with kubeloop.Clientset(config) as clientset:
        election = LeaderElection(
            clientset,
            "candidates",
            namespace,
            identity=identity,
            lease_duration=times.lease,
            renew_deadline=times.deadline,
            retry_period=times.retry,
        )
        fenced = election.fence(clientset)
        while True:
            with suppress(kubeloop.LeadershipLost):
                async with election:
                    terms += 1
                    await work(fenced, namespace, f"{identity}-{terms}", must_block, times.blocked)


if __name__ == "__main__":
    with suppress(asyncio.CancelledError):
        asyncio.run(main(*sys.argv[1:]))
