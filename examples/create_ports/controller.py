"""createPorts: a controller that assigns ports to pods.

A pod requests ports with the annotation `ports.kubeloop.dev/count: "2"`. The controller books as many free ports in a
ledger (a ConfigMap: port → `namespace/name/uid`) *before* it writes them to the annotation `ports.kubeloop.dev/ports`,
and frees them when the pod is deleted. After a crash at any point, the next reconcile of the pod completes the work.

    python -m examples.create_ports.controller        # uses your kubeconfig; Ctrl-C ends it
"""

import asyncio
import logging
import signal
from collections.abc import MutableMapping
from contextlib import suppress
from functools import partial

import kubeloop
from kubeloop.models import core_v1, meta_v1

COUNT, PORTS = "ports.kubeloop.dev/count", "ports.kubeloop.dev/ports"
NAMESPACE, LEDGER = "kube-system", "create-ports"
RANGE = range(30_000, 32_000)
log = logging.getLogger("create_ports")


def wants(item: str, pod: core_v1.Pod | None) -> tuple[str, int]:
    """Return the owner under which the ledger books ports for a pod, and their number: 0 for a deleted pod."""
    asked = pod.metadata.annotations.get(COUNT, "") if pod else ""
    return f"{item}/{pod.metadata.uid if pod else ''}", int(asked) if asked.isdecimal() else 0


def settle(ledger: MutableMapping[str, str], item: str, owner: str, count: int, *, shrink: bool) -> list[str]:
    """Book `count` ports for `owner`; with `shrink`, free all other ports of `item` (`namespace/name`)."""
    held = sorted(port for port, holder in ledger.items() if holder == owner)
    free = [str(port) for port in RANGE if str(port) not in ledger][: max(0, count - len(held))]
    if len(held) + len(free) < count:
        raise RuntimeError(f"expected {count} free ports, got {len(free)}")
    ledger.update(dict.fromkeys(free, owner))
    held = sorted(held + free)[:count]
    for port, holder in list(ledger.items()):
        if shrink and holder.startswith(f"{item}/") and port not in held:
            del ledger[port]
    return held


class CreatePorts:
    """The controller: an informer adds keys to a queue, and workers reconcile one key at a time."""

    def __init__(self, clientset: kubeloop.Clientset, workers: int = 4) -> None:
        self.clientset = clientset
        self.config_maps = clientset.core_v1.config_maps(NAMESPACE)
        self.factory = kubeloop.SharedInformerFactory(clientset)
        self.pods = self.factory.core_v1.pods()
        self.queue: kubeloop.RateLimitingQueue[str] = kubeloop.RateLimitingQueue()
        self.ledger: dict[str, str] | None = None  # None if it must be read again
        self.booking = asyncio.Lock()  # one worker at a time changes the ledger
        self.workers = workers
        self.reconciles = 0
        # Handlers add only the key; reconcile decides what to do.
        self.pods.add_event_handler(on_add=self.enqueue, on_update=self.enqueue, on_delete=self.enqueue)

    def enqueue(self, *pods: core_v1.Pod) -> None:  # an update has the old and the new pod
        self.queue.add(kubeloop.object_key(pods[-1]))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then let the workers finish their items."""
        async with self.factory:
            await self.factory.wait_for_cache_sync(timeout=60)
            log.info("synced: %d pods, %d workers", len(self.pods.indexer), self.workers)
            async with asyncio.TaskGroup() as group:
                for job in (self.recover(), *(self.work() for _ in range(self.workers))):
                    group.create_task(job)
                await stop.wait()
                self.queue.shut_down()

    async def recover(self) -> None:
        """Reconcile each pod in the ledger once, because pods may have been deleted while no controller ran."""
        while self.ledger is None:
            try:
                await self.read_ledger()
            except kubeloop.KubeloopError as error:
                log.warning("cannot read the ledger: %s; retrying in 1 s", error)
                await asyncio.sleep(1)
        for owner in self.ledger.values():
            self.queue.add(owner.rpartition("/")[0])

    async def work(self) -> None:
        with suppress(kubeloop.QueueShutDown):
            while True:
                async with self.queue.item() as item:  # logged and retried, after a growing delay, if it fails
                    await self.reconcile(item)

    async def reconcile(self, item: str) -> None:
        """Update the ledger and the annotation of the pod to the number of ports that the pod requests."""
        self.reconciles += 1
        namespace, name = kubeloop.split_key(item)
        pods, pod = self.clientset.core_v1.pods(namespace), self.pods.indexer.get_by_key(item)
        owner, count = wants(item, pod)
        booked = [holder for holder in (await self.read_ledger()).values() if holder.startswith(f"{item}/")]
        if len(booked) > count or {*booked} - {owner}:  # the cache can be old: read the pod before freeing ports
            try:
                pod = await pods.get(name)
            except kubeloop.NotFound:
                pod = None
            owner, count = wants(item, pod)
        # The ledger first, then the annotation; a port is freed only after it left the annotation.
        shown = ",".join(await self.book(item, owner, count, shrink=False))
        if pod and pod.metadata.annotations.get(PORTS, "") != shown:
            await pods.patch(name, {"metadata": {"uid": pod.metadata.uid, "annotations": {PORTS: shown or None}}})
        await self.book(item, owner, count, shrink=True)

    async def book(self, item: str, owner: str, count: int, *, shrink: bool) -> list[str]:
        """Run `settle` on the ledger of the server; `edit` repeats it after a conflict."""
        change = partial(settle, item=item, owner=owner, count=count, shrink=shrink)
        ledger = dict(await self.read_ledger())
        ports = change(ledger)
        if ledger != self.ledger:
            async with self.booking:
                self.ledger = None  # unknown until the response arrives
                self.ledger = dict((await self.config_maps.edit(LEDGER, lambda draft: change(draft.data))).data)
                ports = change(self.ledger)  # changes nothing, and returns the booked ports
        return ports

    async def read_ledger(self) -> dict[str, str]:
        async with self.booking:  # so that no older response replaces a newer one
            if self.ledger is None:
                try:
                    found = await self.config_maps.get(LEDGER)
                except kubeloop.NotFound:
                    found = await self.config_maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=LEDGER)))
                self.ledger = dict(found.data)
            return self.ledger


async def main() -> None:
    logging.basicConfig(level=logging.INFO)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with kubeloop.Clientset(kubeloop.load_config()) as clientset:
        await CreatePorts(clientset).run(stop)


if __name__ == "__main__":
    asyncio.run(main())
