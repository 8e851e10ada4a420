"""The controller of `controller.py` with progress reports, which `demo.py` starts in a separate process.

Prints a JSON line of progress every 0.25 s: the reconciles, the lists after the first, and the highest lag and backlog
of the informer so far. On SIGUSR1 it prints the names and resource versions in the informer's store, which the demo
compares with a new LIST.
"""

import asyncio
import contextlib
import json
import logging
import signal

import kubeloop

from .controller import CreatePorts


async def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    async with kubeloop.Clientset(kubeloop.load_config()) as clientset:
        controller = CreatePorts(clientset)

        def show_store() -> None:
            store = {kubeloop.object_key(pod): pod.metadata.resource_version for pod in controller.pods.indexer.list()}
            print(json.dumps({"store": store}), flush=True)

        loop.add_signal_handler(signal.SIGUSR1, show_store)
        highest = {"lag_ms": 0, "backlog": 0}

        def show_progress() -> None:
            now = controller.pods.statistics()
            highest["lag_ms"] = max(highest["lag_ms"], round(now.lag_seconds * 1000))
            highest["backlog"] = max(highest["backlog"], now.queued + now.backlog)
            progress = {"reconciles": controller.reconciles, "relists": sum(now.relists.values()), **highest}
            print(json.dumps(progress), flush=True)

        async def report() -> None:
            while True:
                show_progress()
                await asyncio.sleep(0.25)

        reporter = asyncio.create_task(report())
        try:
            await controller.run(stop)
        finally:
            reporter.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reporter
            show_progress()


if __name__ == "__main__":
    asyncio.run(main())
