"""The measurement of many leader elections in one process, for `run_kubeloop.py`; see `bench/go/clientgo/leases.go`."""

import asyncio
import contextlib
import gc
import time

import measure
from kubeloop_events import new_namespace

LOOK_SECONDS = 0.05


class _Renewals:
    """How long the renewals took, in milliseconds, and how many failed."""

    def __init__(self):
        self.forget()
        from kubeloop.leaderelection.lease_lock import LeaseLock

        write, now = LeaseLock.write, time.perf_counter

        async def timed(lock, record, timeout):
            start = now()
            try:
                await write(lock, record, timeout)
            except BaseException:
                self.failed += 1
                raise
            self.millis.append((now() - start) * 1e3)

        LeaseLock.write = timed

    def forget(self):
        self.millis = []
        self.failed = 0


async def _watch_lag(lags):
    """Append how many milliseconds the event loop was late."""
    now = asyncio.get_running_loop().time
    while True:
        expected = now() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        lags.append((now() - expected) * 1e3)


def leases(host, authority, token, count, seconds):
    """Hold a number of Leases with one client for some seconds, with the default durations."""
    count, seconds = int(count), float(seconds)

    async def run():
        import kubeloop
        from kubeloop.leaderelection import LeaderElection

        renewals, lags, lost, leading = _Renewals(), [], 0, 0
        all_lead, has_ended = asyncio.Event(), asyncio.Event()

        async def hold(clientset, namespace, number):
            nonlocal lost, leading
            election = LeaderElection(clientset, f"lease-{number}", namespace, identity="bench")
            try:
                async with election:
                    leading += 1
                    if leading == count:
                        all_lead.set()
                    await has_ended.wait()
            except kubeloop.LeadershipLost:
                lost += 1

        config = kubeloop.Config(host=host, ca_file=authority, token=token)
        async with kubeloop.Clientset(config) as clientset, asyncio.TaskGroup() as tasks:
            namespace = await new_namespace(clientset)
            for number in range(count):
                tasks.create_task(hold(clientset, namespace, number))
            await all_lead.wait()
            watching = tasks.create_task(_watch_lag(lags))
            gc.collect()
            measure.collector_off()
            renewals.forget()
            span, before, began = measure.Span(), measure.cpu(), time.perf_counter()
            await asyncio.sleep(seconds)
            share = (measure.cpu() - before) / (time.perf_counter() - began) * 100
            millis, failed = sorted(renewals.millis), renewals.failed
            result = span.end(len(millis))
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            lags.sort()
            measure.report(
                lost=lost,
                renewals=len(millis),
                failed=failed,
                cpu=result["cpu"],
                **{"cpu share": share, "lag p99": lags[len(lags) * 99 // 100], "lag max": lags[-1]},
                rss=measure.resident() / 1e6,
                p50=millis[len(millis) // 2],
                p99=millis[len(millis) * 99 // 100],
                max=millis[-1],
                count=count,
            )
            has_ended.set()

    asyncio.run(run())
