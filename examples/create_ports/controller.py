"""createPorts: a controller that assigns ports to pods.

A pod requests ports with the annotation `ports.kubeloop.dev/count: "2"`. The controller books as many free ports in a
ledger (a ConfigMap: port → `namespace/name/uid`) *before* it writes them to the annotation `ports.kubeloop.dev/ports`,
and frees them when the pod is deleted. After a crash at any point, the next reconcile of the pod completes the work.

    python -m examples.create_ports.controller        # uses your kubeconfig; start it twice: one replica leads
"""

import asyncio
import logging
import sys
from contextlib import suppress
from functools import partial

import kubeloop
from kubeloop.health import HealthChecks, HealthServer, informers_synced
from kubeloop.leaderelection import LeaderElection
from kubeloop.models import core_v1, meta_v1
from kubeloop.record import EventRecorder, Recorder

from .ledger import LEADER, PORTS, NoFreePort, settle, wants

NAMESPACE, NAME = "kube-system", "create-ports"  # of the ledger and of the Lease
log = logging.getLogger("create_ports")


class CreatePorts:
    """The work of one leadership. It begins without a ledger and a queue, because another replica wrote before."""

    def __init__(
        self, clientset: kubeloop.Clientset, pods: kubeloop.SharedInformer[core_v1.Pod], recorder: Recorder, leader: str
    ) -> None:
        self.clientset, self.pods, self.recorder, self.leader = clientset, pods, recorder, leader
        self.config_maps = clientset.core_v1.config_maps(NAMESPACE)
        self.queue: kubeloop.RateLimitingQueue[str] = kubeloop.RateLimitingQueue()
        self.ledger: dict[str, str] | None = None  # None if it must be read again
        self.booking = asyncio.Lock()  # one worker at a time changes the ledger
        self.reconciles = 0

    def enqueue(self, *pods: core_v1.Pod) -> None:  # an update has the old and the new pod
        self.queue.add(kubeloop.object_key(pods[-1]))  # only the key: reconcile decides what to do

    async def run(self, stop: kubeloop.StopSignal, workers: int = 4) -> None:
        """Reconcile all pods, and those that change, until `stop` is set; then let the workers finish their items."""
        self.pods.add_event_handler(on_add=self.enqueue, on_update=self.enqueue, on_delete=self.enqueue)
        async with asyncio.TaskGroup() as group:
            for job in (self.recover(stop), *(self.work() for _ in range(workers))):
                group.create_task(job)
            await stop.wait()
            self.queue.shut_down()

    async def recover(self, stop: kubeloop.StopSignal) -> None:
        """Reconcile each pod in the ledger once, because pods may have been deleted while no replica led."""
        while self.ledger is None and not stop.is_set():
            try:
                await self.read_ledger()
            except kubeloop.KubeloopError as error:
                log.warning("cannot read the ledger: %s; retrying in 1 s", error)
                await asyncio.sleep(1)
        for owner in (self.ledger or {}).values():
            self.queue.add(owner.rpartition("/")[0])

    async def work(self) -> None:
        with suppress(kubeloop.QueueShutDown):
            while True:
                async with self.queue.item() as item:  # logged and retried, after a growing delay, if it fails
                    with kubeloop.log_context(controller=NAME, object=item):
                        await self.reconcile(item)

    async def reconcile(self, item: str) -> None:
        """Update the ledger and the annotation of the pod to the number of ports that the pod requests."""
        self.reconciles += 1
        namespace, name = kubeloop.split_key(item)
        pods, pod = self.clientset.core_v1.pods(namespace), self.pods.indexer.get_by_key(item)
        owner, count = wants(item, pod)
        booked = [holder for holder in (await self.read_ledger()).values() if holder.startswith(f"{item}/")]
        if len(booked) > count or {*booked} - {owner}:  # the cache can be old: read the pod before freeing ports
            pod = await pods.get_or_none(name)
            owner, count = wants(item, pod)
        # The ledger first, then the annotation; a port is freed only after it left the annotation.
        try:
            ports = ",".join(await self.book(item, owner, count, shrink=False))
        except NoFreePort as error:
            if pod:
                self.recorder.event(pod, "Warning", "NoFreePort", "BookPorts", str(error))
            raise
        if pod and pod.metadata.annotations.get(PORTS, "") != ports:
            shown = {PORTS: ports or None, LEADER: self.leader}
            await pods.patch(name, {"metadata": {"uid": pod.metadata.uid, "annotations": shown}})
            reason = "PortsBooked" if ports else "PortsFreed"
            self.recorder.event(pod, "Normal", reason, "BookPorts", f"the ports of the pod: {ports or 'none'}")
        await self.book(item, owner, count, shrink=True)

    async def book(self, item: str, owner: str, count: int, *, shrink: bool) -> list[str]:
        """Run `settle` on the ledger of the server; `edit` repeats it after a conflict."""
        change = partial(settle, item=item, owner=owner, count=count, shrink=shrink)

        def write(draft: core_v1.ConfigMap.Draft) -> None:
            change(draft.data)
            draft.metadata.annotations[LEADER] = self.leader

        ledger = dict(await self.read_ledger())
        ports = change(ledger)
        if ledger != self.ledger:
            async with self.booking:
                self.ledger = None  # unknown until the response arrives
                self.ledger = dict((await self.config_maps.edit(NAME, write)).data)
                ports = change(self.ledger)  # changes nothing, and returns the booked ports
        return ports

    async def read_ledger(self) -> dict[str, str]:
        async with self.booking:  # so that no older response replaces a newer one
            if self.ledger is None:
                found = await self.config_maps.get_or_none(NAME)
                if found is None:
                    found = await self.config_maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=NAME)))
                self.ledger = dict(found.data)
            return self.ledger


class Replica:
    """One of several equal programs: all have warm caches and respond to probes, and one at a time does the work."""

    def __init__(self, clientset: kubeloop.Clientset, election: LeaderElection, *, health_port: int = 8081) -> None:
        self.election = election
        self.factory = kubeloop.SharedInformerFactory(clientset)
        fenced = self.election.fence(clientset)  # sends nothing unless this replica leads
        self.recorder = EventRecorder(fenced, NAME)
        self.work = CreatePorts(fenced, self.factory.core_v1.pods(), self.recorder, self.election.identity)
        checks = HealthChecks()
        checks.add_liveness("election", self.election.check_health)
        checks.add_readiness("informers", informers_synced(self.factory))
        self.health = HealthServer(checks, port=health_port)

    async def run(self, stop: kubeloop.StopSignal) -> None:
        """Wait for the lease, and work as the leader until `stop` is set, or raise `LeadershipLost`."""
        async with self.health, self.factory:
            await self.factory.wait_for_cache_sync(timeout=60)
            async with self.election, self.recorder:
                await self.work.run(stop)


def log_to_stderr() -> None:
    """Log with the fields of `log_context` at the end of each line."""
    handler = logging.StreamHandler()
    handler.addFilter(kubeloop.LogContextFilter())
    line = "%(asctime)s %(levelname)s %(name)s: %(message)s%(log_context)s"
    logging.basicConfig(level=logging.INFO, format=line, handlers=[handler])


async def main() -> None:
    log_to_stderr()
    async with kubeloop.until_signalled() as stop, kubeloop.Clientset(kubeloop.load_config()) as clientset:
        await Replica(clientset, LeaderElection(clientset, NAME, NAMESPACE)).run(stop)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except kubeloop.LeadershipLost as lost:
        sys.exit(str(lost))  # status 1: a Deployment starts the replica again, with nothing left of the old term
