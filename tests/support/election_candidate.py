"""A program that takes part in an election, and creates a ConfigMap again and again as the leader.

python election_candidate.py KUBECONFIG NAMESPACE IDENTITY

The label `term` of the ConfigMaps has the identity and the number of the term. SIGUSR1 blocks the event loop for six
seconds before the next one is created, and SIGTERM ends the program, which releases the lease.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import suppress

import kubeloop
from kubeloop.leaderelection import LeaderElection
from kubeloop.models import core_v1, meta_v1

__all__ = ["DEADLINE", "LEASE", "RETRY"]

LEASE, DEADLINE, RETRY = 4.0, 2.5, 0.5
BLOCKED = 6.0


async def create(client: kubeloop.Clientset, namespace: str, term: str) -> None:
    """Create one ConfigMap, if that is possible."""
    metadata = meta_v1.ObjectMeta(generate_name="work-", labels={"term": term})
    with suppress(kubeloop.KubeloopError):
        await client.core_v1.config_maps(namespace).create(core_v1.ConfigMap(metadata=metadata))


async def work(client: kubeloop.Clientset, namespace: str, term: str, must_block: asyncio.Event) -> None:
    """Create ConfigMaps. A cancellation does not interrupt a request: the server might not carry it out then."""
    while True:
        if must_block.is_set():
            must_block.clear()
            time.sleep(BLOCKED)
        await asyncio.shield(create(client, namespace, term))
        await asyncio.sleep(0.05)


async def main(kubeconfig: str, namespace: str, identity: str) -> None:
    """Take part in the election until SIGTERM."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    must_block = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, must_block.set)
    terms = 0
    async with kubeloop.Clientset(kubeloop.load_config(kubeconfig)) as clientset:
        election = LeaderElection(
            clientset,
            "candidates",
            namespace,
            identity=identity,
            lease_duration=LEASE,
            renew_deadline=DEADLINE,
            retry_period=RETRY,
        )
        fenced = election.fence(clientset)
        while True:
            with suppress(kubeloop.LeadershipLost):
                async with election:
                    terms += 1
                    await work(fenced, namespace, f"{identity}-{terms}", must_block)


if __name__ == "__main__":
    with suppress(asyncio.CancelledError):
        asyncio.run(main(*sys.argv[1:]))
