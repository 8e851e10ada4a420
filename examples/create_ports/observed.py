"""A replica of `controller.py` with progress reports, which the demo starts in a separate process.

Prints a JSON line of progress every 0.25 s, and one at its end. On SIGUSR1 it prints the names and resource versions in
the informer's store, which the demo compares with a new LIST. The times of the election are arguments, because the demo
would take minutes with the defaults. The exit status is 75 if the lease was lost.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys

import kubeloop
from kubeloop.leaderelection import LeaderElection

from .controller import NAME, NAMESPACE, Replica, log_to_stderr

LOST = os.EX_TEMPFAIL
"""The exit status of a replica that has lost the lease."""


class Reports:
    """Prints what a replica does."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.lag_ms = self.backlog = self.health_port = 0

    def show_store(self) -> None:
        pods = self.replica.work.pods.indexer.list()
        store = {kubeloop.object_key(pod): pod.metadata.resource_version for pod in pods}
        print(json.dumps({"store": store}), flush=True)

    def show_progress(self) -> None:
        pods = self.replica.work.pods
        now = pods.statistics()
        if pods.has_synced and not self.health_port:
            self.health_port = self.replica.health.port
        self.lag_ms = max(self.lag_ms, round(now.lag_seconds * 1000))
        self.backlog = max(self.backlog, now.queued + now.backlog)
        progress = {
            "identity": self.replica.election.identity,
            "health_port": self.health_port,
            "reconciles": self.replica.work.reconciles,
            "written": self.replica.recorder.written,
            "dropped": self.replica.recorder.dropped,
            "relists": sum(now.relists.values()),
            "lag_ms": self.lag_ms,
            "backlog": self.backlog,
        }
        print(json.dumps(progress), flush=True)

    async def repeat(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            self.show_progress()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lease-duration", type=float, default=15.0, metavar="SECONDS")
    parser.add_argument("--renew-deadline", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--retry-period", type=float, default=2.0, metavar="SECONDS")
    times = vars(parser.parse_args())

    log_to_stderr()
    async with kubeloop.until_signalled() as stop, kubeloop.Clientset(kubeloop.load_config()) as clientset:
        replica = Replica(clientset, LeaderElection(clientset, NAME, NAMESPACE, **times), health_port=0)
        reports = Reports(replica)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, reports.show_store)
        reporter = asyncio.create_task(reports.repeat())
        try:
            await replica.run(stop)
        finally:
            reporter.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reporter
            reports.show_progress()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except kubeloop.LeadershipLost as lost:
        print(lost, file=sys.stderr)
        sys.exit(LOST)
