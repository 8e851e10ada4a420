"""createPorts: gives ports to the pods that ask for them.

A pod asks with the annotation `ports.kubeloop.dev/count: "2"`. The controller books that many free ports in a ledger
(a ConfigMap: port → `namespace/name/uid`) *before* it writes them to the annotation `ports.kubeloop.dev/ports`, and
frees them when the pod has gone. Whatever dies in between, the pod's next reconcile compares and finishes the job.

    python -m examples.create_ports.controller        # uses your kubeconfig; Ctrl-C ends it
"""

import asyncio
import logging
import signal
from collections.abc import MutableMapping
from functools import partial

import kubeloop
from kubeloop.models import core_v1, meta_v1

COUNT, PORTS = "ports.kubeloop.dev/count", "ports.kubeloop.dev/ports"
NAMESPACE, LEDGER = "kube-system", "create-ports"
RANGE = range(30_000, 32_000)
log = logging.getLogger("create_ports")


def wants(item: str, pod: core_v1.Pod | None) -> tuple[str, int]:
    """The name under which the ledger books for a pod, and how many ports it asks for: a pod that has gone, none."""
    asked = pod.metadata.annotations.get(COUNT, "") if pod else ""
    return f"{item}/{pod.metadata.uid if pod else ''}", int(asked) if asked.isdecimal() else 0


def settle(ledger: MutableMapping[str, str], item: str, owner: str, count: int, *, shrink: bool) -> list[str]:
    """Let `owner` hold `count` ports, and with `shrink` let `item` (`namespace/name`) hold no other."""
    held = sorted(port for port, holder in ledger.items() if holder == owner)
    free = [str(port) for port in RANGE if str(port) not in ledger][: max(0, count - len(held))]
    if len(held) + len(free) < count:
        raise RuntimeError(f"wants {count} ports, but only {len(free)} are free")
    ledger.update(dict.fromkeys(free, owner))
    held = sorted(held + free)[:count]
    for port, holder in list(ledger.items()):
        if shrink and holder.startswith(f"{item}/") and port not in held:
            del ledger[port]
    return held


class CreatePorts:
    """An informer feeds a queue with keys; workers take a key at a time and reconcile it."""

    def __init__(self, clientset: kubeloop.Clientset, workers: int = 4) -> None:
        self.clientset = clientset
        self.config_maps = clientset.core_v1.config_maps(NAMESPACE)
        self.factory = kubeloop.SharedInformerFactory(clientset)
        self.pods = self.factory.core_v1.pods()
        self.queue: kubeloop.RateLimitingQueue[str] = kubeloop.RateLimitingQueue()
        self.ledger: dict[str, str] | None = None  # as last seen; None: in doubt, read it again
        self.booking = asyncio.Lock()  # our own workers need not race each other for the one ledger
        self.workers = workers
        self.reconciles = 0
        # Handlers only say which object to look at; what to do is decided when its turn comes.
        self.pods.add_event_handler(on_add=self.enqueue, on_update=self.enqueue, on_delete=self.enqueue)

    def enqueue(self, *pods: core_v1.Pod) -> None:  # one; of an update, the old and the new
        self.queue.add(kubeloop.object_key(pods[-1]))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then let the workers finish what they hold."""
        async with self.factory:
            await self.factory.wait_for_cache_sync(timeout=60)
            log.info("synced: %d pods, %d workers", len(self.pods.indexer), self.workers)
            async with asyncio.TaskGroup() as group:
                for job in (self.recover(), *(self.work() for _ in range(self.workers))):
                    group.create_task(job)
                await stop.wait()
                self.queue.shut_down()

    async def recover(self) -> None:
        """The ledger may know pods that went while no controller was there: look at each of them once."""
        while self.ledger is None:
            try:
                await self.read_ledger()
            except kubeloop.KubeloopError as error:
                log.warning("cannot read the ledger yet: %s", error)
                await asyncio.sleep(1)
        for owner in self.ledger.values():
            self.queue.add(owner.rpartition("/")[0])

    async def work(self) -> None:
        async for item in self.queue:
            try:
                await self.reconcile(item)
                self.queue.forget(item)
            except Exception as error:  # an API error, a cut connection, no free port: again, a little later
                log.warning("%s: %s; trying again", item, error)
                self.queue.add_rate_limited(item)
            finally:
                self.queue.done(item)

    async def reconcile(self, item: str) -> None:
        """Make the ledger and the pod's annotation agree with what the pod asks for."""
        self.reconciles += 1
        namespace, name = kubeloop.split_key(item)
        pods, pod = self.clientset.core_v1.pods(namespace), self.pods.indexer.get_by_key(item)
        owner, count = wants(item, pod)
        booked = [holder for holder in (await self.read_ledger()).values() if holder.startswith(f"{item}/")]
        if len(booked) > count or {*booked} - {owner}:  # to free on the word of a cache, which may lag? ask the server
            try:
                pod = await pods.get(name)
            except kubeloop.NotFound:
                pod = None
            owner, count = wants(item, pod)
        # The ledger first, then the annotation; and only what the annotation no longer shows is freed.
        shown = ",".join(await self.book(item, owner, count, shrink=False))
        if pod and pod.metadata.annotations.get(PORTS, "") != shown:
            await pods.patch(name, {"metadata": {"uid": pod.metadata.uid, "annotations": {PORTS: shown or None}}})
        await self.book(item, owner, count, shrink=True)

    async def book(self, item: str, owner: str, count: int, *, shrink: bool) -> list[str]:
        """`settle` on the server: with the resourceVersion that was read, and again when another was faster."""
        change = partial(settle, item=item, owner=owner, count=count, shrink=shrink)
        ledger = dict(await self.read_ledger())
        ports = change(ledger)
        if ledger != self.ledger:
            async with self.booking:
                self.ledger = None  # until the server has answered, nobody knows
                self.ledger = dict((await self.config_maps.edit(LEDGER, lambda draft: change(draft.data))).data)
                ports = change(self.ledger)  # nothing is left to change: those it has
        return ports

    async def read_ledger(self) -> dict[str, str]:
        async with self.booking:  # so that no older answer replaces a newer one
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
