"""The measurements of kubeloop's informers, for `run_kubeloop.py`.

`BENCH_MODE` is the kind of the informer of pods: `eager`, `lazy`, `lazy, read`, `compressed`, `keep`, `dynamic` or
`metadata`.
"""

import asyncio
import os
import time

import measure


class Counter:
    """A handler that counts events and reads metadata. It sets `done` after the expected number."""

    def __init__(self, expected):
        self.done = asyncio.Event()
        self.expect(expected)

    def expect(self, events):
        self.left = events
        self.done.clear()
        if not events:
            self.done.set()

    def seen(self, obj):
        metadata = obj.metadata
        assert metadata.name
        assert metadata.labels["team"]
        self.hit()

    def changed(self, _old, new):
        self.seen(new)

    def hit(self):
        self.left -= 1
        if not self.left:
            self.done.set()


def _informer_of(factory, mode):
    import kubeloop
    from kubeloop.models import core_v1

    if mode == "dynamic":
        return factory.informer(kubeloop.Unstructured, kubeloop.GroupVersionResource("", "v1", "pods"))
    if mode == "metadata":
        return factory.metadata(core_v1.Pod)
    if mode == "keep":
        return factory.core_v1.pods(keep=["metadata.labels", "spec.nodeName"])
    return factory.core_v1.pods(mode=mode.partition(",")[0])


def _index_by_node(informer, mode):
    """Add what a program of the mode writes: an attribute of a decoded object, a path of any other."""
    from kubeloop.cache import field_index

    if mode != "metadata":
        node = field_index("spec.nodeName") if mode != "eager" else lambda pod: [pod.spec.node_name]
        informer.add_indexers({"node": node})


def _read_all(obj):
    assert obj.spec.node_name
    assert obj.status


def _handlers(informer, pods, number):
    counters = [Counter(pods) for _ in range(number)]
    for counter in counters:
        informer.add_event_handler(on_add=counter.seen, on_update=counter.changed, on_delete=counter.seen)
    return counters


async def _done(counters):
    for counter in counters:
        await counter.done.wait()


def informer(measured, host, collection, pods, events, *, begin=lambda: None, end=lambda _result: None):
    """Sync an informer with two indices and three handlers; or, if `measured` is "watch", count events after that.

    `begin()` and `end(result)` are called before and after the sync.
    """
    pods, events = int(pods), int(events)
    mode = os.environ.get("BENCH_MODE", "eager")

    async def run():
        import kubeloop
        from kubeloop.models import core_v1  # noqa: F401

        # Imports have suites of their own; Go's are done before main.
        _ = kubeloop.Clientset, kubeloop.SharedInformerFactory
        measure.collector_off()
        begin()
        span = measure.Span()
        async with kubeloop.Clientset(kubeloop.Config(host=f"{host}/{collection}")) as clientset:
            factory = kubeloop.SharedInformerFactory(clientset, watch_list=False)  # as the peers
            informer = _informer_of(factory, mode)
            _index_by_node(informer, mode)
            if mode == "lazy, read":
                informer.add_event_handler(on_add=_read_all, on_update=lambda _old, new: _read_all(new))
            counters = _handlers(informer, pods, 3)
            async with factory:
                await factory.wait_for_cache_sync(timeout=300)
                await _done(counters)
                result = span.end(max(pods, 1))
                end(result)
                if measured == "watch":
                    for counter in counters:
                        counter.expect(events)
                    await asyncio.sleep(0.5)  # the watch is open, the process idle
                    span = measure.Span()
                    await asyncio.to_thread(measure.ask, f"{host}/go")
                    await _done(counters)
                    result = span.end(events)
                await asyncio.sleep(0.3)
                result["rss total"] = measure.settled_rss() / 1e3
                names = sorted(
                    f"{kubeloop.object_key(pod)}@{pod.metadata.resource_version}" for pod in informer.indexer.list()
                )
                measure.report(**result, count=len(names), sum=measure.checksum(names))

    asyncio.run(run())


def lag(host, mode, way, pods, events):
    """Sync an informer, let it list again twice, send it events: the longest steps of the loop, and peaks of memory.

    Without events, the sync is all.
    """
    pods, events = int(pods), int(events)
    collection = f"{host}/{pods}-{os.getpid()}"

    async def run():
        import kubeloop
        from kubeloop.models import core_v1  # noqa: F401

        _ = kubeloop.Clientset, kubeloop.SharedInformerFactory, kubeloop.Unstructured
        before = measure.settled_rss()
        steps, result, settled = _Steps(), {}, 0

        async def begin(counter, expected):
            counter.expect(expected)
            measure.settled_rss()  # returns free memory, which would count as part of the peak
            measure.forget_peak()
            await asyncio.sleep(0)  # ends this step, which is not one of the informer
            steps.forget()

        async def end(phase):
            nonlocal settled
            await asyncio.sleep(0.2)  # the last steps of the informer, which free what it needs no more
            result[phase] = steps.longest * 1e3
            peak = measure.peak_rss() - before
            if phase == "sync":
                settled = measure.settled_rss() - before
            result[f"peak of {phase}"] = peak / settled

        async def again(phase, query, counter, updates):
            """End the watch as expired, and wait until the store has the new list."""
            listed = int(informer.store_resource_version)
            await begin(counter, updates)
            await asyncio.to_thread(measure.ask, f"{collection}/expire?{query}")
            while int(informer.store_resource_version) == listed:
                await asyncio.sleep(0.01)
            await counter.done.wait()
            await end(phase)

        async with kubeloop.Clientset(kubeloop.Config(host=collection)) as clientset:
            factory = kubeloop.SharedInformerFactory(clientset, watch_list=way == "WatchList")
            informer = _informer_of(factory, mode)
            (counter,) = _handlers(informer, pods, 1)
            await begin(counter, pods)
            span = measure.Span()
            async with factory:
                await factory.wait_for_cache_sync(timeout=600)
                await counter.done.wait()
                result["cpu"] = span.end(pods)["cpu"]
                await end("sync")
                if events:
                    await again("relist, unchanged", "", counter, 0)
                    await again("relist, changed", "changed=1", counter, pods)
                    await begin(counter, events)
                    await asyncio.to_thread(measure.ask, f"{collection}/events?count={events}")
                    await counter.done.wait()
                    await end("burst")
                measure.report(**result, count=len(informer.indexer))

    asyncio.run(run())


class _Steps:
    """The longest step of the event loop since `forget`, in CPU seconds of its thread."""

    def __init__(self):
        self.forget()
        now, run = time.thread_time, asyncio.Handle._run

        def timed(handle):
            start = now()
            run(handle)
            self.longest = max(self.longest, now() - start)

        asyncio.Handle._run = timed

    def forget(self):
        self.longest = 0.0


def latency(host, authority, token, conductor, pods, changes, rate):
    """Run an informer on the real server, and measure the time from the start of a write to the handler call."""
    mode = os.environ.get("BENCH_MODE", "eager")

    async def run():
        import kubeloop

        times = []
        counter = Counter(int(pods))

        def changed(_old, pod):
            now = time.time_ns()
            times.append((now - int(pod.metadata.annotations["sent"])) / 1e6)
            counter.hit()

        async with kubeloop.Clientset(kubeloop.Config(host=host, ca_file=authority, token=token)) as clientset:
            factory = kubeloop.SharedInformerFactory(clientset, watch_list=False)  # as the peers
            informer = _informer_of(factory, mode)
            _index_by_node(informer, mode)
            informer.add_event_handler(on_add=lambda _pod: counter.hit(), on_update=changed)
            async with factory:
                await factory.wait_for_cache_sync(timeout=60)
                await counter.done.wait()
                await asyncio.sleep(0.5)  # the watch is open, the process idle
                counter.expect(int(changes))
                span = measure.Span()
                await asyncio.to_thread(measure.ask, f"{conductor}/change?count={changes}&rate={rate}")
                await counter.done.wait()
                result = span.end(len(times))
                times.sort()
                measure.report(
                    **result,
                    p50=times[len(times) // 2],
                    p99=times[len(times) * 99 // 100],
                    writes=await asyncio.to_thread(measure.ask, f"{conductor}/writes"),
                    count=len(times),
                    sum=f"{len(times)} changes",
                )

    asyncio.run(run())
