"""kubeloop, called as its users call it."""

import asyncio
import functools
import gc
import itertools
import json
import os
import time

import measure


def _config(url, authority=None):
    import kubeloop

    return kubeloop.Config(host=url, ca_file=authority or "")


def decode(folder, size, variant=""):
    from kubeloop.models import core_v1
    from kubeloop.wire.serializers.json_objects import decode_list

    measure.decode(
        lambda data: decode_list(data, core_v1.PodList).items,
        lambda pods: (f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in pods),
        folder,
        size,
        variant,
    )


def request(url, count, concurrency, authority=None):
    async def run():
        import kubeloop

        async with kubeloop.Clientset(_config(url, authority)) as clientset:
            pods = clientset.core_v1.pods("team-00")

            async def get():
                assert (await pods.get("pod")).spec.node_name

            await measure.request(get, int(count), int(concurrency))

    asyncio.run(run())


def layer(name, url, count, concurrency, authority=None):
    """Measure a part of `request`: the transport alone, bytes to bytes, or decoding alone."""

    async def run():
        from kubeloop.models import core_v1
        from kubeloop.transport import open_transport
        from kubeloop.wire.request import Request
        from kubeloop.wire.serializers.json_objects import decode_into

        transport = open_transport(_config(url, authority))
        request = Request("GET", "/api/v1/namespaces/team-00/pods/pod", {"Accept": "application/json"})
        try:
            body = (await transport.request(request)).body

            async def carry():
                assert len((await transport.request(request)).body) == len(body)

            async def decode():
                assert decode_into(body, core_v1.Pod).spec.node_name

            await measure.request({"transport": carry, "decoding": decode}[name], int(count), int(concurrency))
        finally:
            await transport.close()

    asyncio.run(run())


def start(url):
    measure.collector_off()

    async def run():
        import kubeloop

        async with kubeloop.Clientset(_config(url)) as clientset:
            pods = await clientset.core_v1.pods().list(limit=1)
            measure.report(count=len(pods.items))

    asyncio.run(run())


class _Counter:
    """A handler that counts events and sets `done` after the expected number."""

    def __init__(self, expected):
        self.left = expected
        self.done = asyncio.Event()
        if not expected:
            self.done.set()

    def expect(self, events):
        self.left = events
        self.done.clear()

    def hit(self, *_):
        self.left -= 1
        if not self.left:
            self.done.set()


def _informer_of(factory, mode):
    """Return an informer of pods: `eager`, `lazy`, `lazy, read`, `compressed` or `dynamic`."""
    import kubeloop
    from kubeloop.cache import field_index

    if mode == "dynamic":
        informer = factory.informer(kubeloop.Unstructured, kubeloop.GroupVersionResource("", "v1", "pods"))
    else:
        informer = factory.core_v1.pods(mode=mode.partition(",")[0])
    # What a program of the mode writes: an attribute of a decoded object, a path of any other.
    node = field_index("spec.nodeName") if mode != "eager" else lambda pod: [pod.spec.node_name]
    informer.add_indexers({"node": node})
    return informer


def _read_all(obj):
    assert obj.spec.node_name
    assert obj.status


def informer(mode, host, collection, pods, events):
    pods, events = int(pods), int(events)
    memory_mode = os.environ.get("BENCH_MODE", "eager")

    async def run():
        import kubeloop
        from kubeloop.models import core_v1  # noqa: F401

        # Imports have suites of their own; Go's are done before main.
        _ = kubeloop.Clientset, kubeloop.SharedInformerFactory
        measure.collector_off()
        span = measure.Span()
        async with kubeloop.Clientset(_config(f"{host}/{collection}")) as clientset:
            factory = kubeloop.SharedInformerFactory(clientset, watch_list=False)  # as the peers
            informer = _informer_of(factory, memory_mode)
            if memory_mode == "lazy, read":
                informer.add_event_handler(on_add=_read_all, on_update=lambda _old, new: _read_all(new))
            counters = [_Counter(pods) for _ in range(3)]
            for counter in counters:
                informer.add_event_handler(on_add=counter.hit, on_update=counter.hit, on_delete=counter.hit)
            async with factory:
                await factory.wait_for_cache_sync(timeout=300)
                for counter in counters:
                    await counter.done.wait()
                result = span.end(max(pods, 1))
                if mode == "watch":
                    for counter in counters:
                        counter.expect(events)
                    await asyncio.sleep(0.5)  # the watch is open, the process idle
                    span = measure.Span()
                    await asyncio.to_thread(_open_gate, host)
                    for counter in counters:
                        await counter.done.wait()
                    result = span.end(events)
                await asyncio.sleep(0.3)
                result["rss total"] = measure.settled_rss() / 1e3
                indexer = informer.indexer
                names = sorted(f"{kubeloop.object_key(pod)}@{pod.metadata.resource_version}" for pod in indexer.list())
                measure.report(**result, count=len(names), sum=measure.checksum(names))

    asyncio.run(run())


def lag(host, kind, way, pods):
    """Sync an informer, and measure the longest step of the event loop, the CPU per pod, and the peak of memory."""
    pods = int(pods)

    async def run():
        import kubeloop
        from kubeloop.models import core_v1
        from kubeloop.unstructured import Unstructured

        before = measure.settled_rss()
        measure.collector_off()
        steps = _time_steps()
        async with kubeloop.Clientset(_config(f"{host}/{pods}")) as clientset:
            factory = kubeloop.SharedInformerFactory(clientset, watch_list=way == "WatchList")
            resource = None if kind == "typed" else kubeloop.GroupVersionResource("", "v1", "pods")
            informer = factory.informer(core_v1.Pod if kind == "typed" else Unstructured, resource)
            counter = _Counter(pods)
            informer.add_event_handler(on_add=counter.hit)
            steps.clear()
            span = measure.Span()
            async with factory:
                await factory.wait_for_cache_sync(timeout=600)
                await counter.done.wait()
                result = span.end(pods)
                longest = max(steps)
                peak = measure.peak_rss() - before
                settled = measure.settled_rss() - before
                measure.report(
                    cpu=result["cpu"], longest=longest * 1e3, peak=peak / settled, count=len(informer.indexer)
                )

    asyncio.run(run())


def _time_steps():
    """Return a list to which each step of the event loop adds the CPU seconds that it took in its thread."""
    steps = []
    add, now, run = steps.append, time.thread_time, asyncio.Handle._run

    def timed(handle):
        start = now()
        run(handle)
        add(now() - start)

    asyncio.Handle._run = timed
    return steps


def _ask(url):
    import urllib.request

    with urllib.request.urlopen(url) as response:
        return json.load(response)


def streams(host, authority, token, namespace, conductor, *numbers):
    watches, events, rate, at_once, rounds = map(int, numbers)

    async def run():
        import kubeloop

        config = kubeloop.Config(host=host, ca_file=authority, token=token)
        async with kubeloop.Clientset(config) as clientset, asyncio.TaskGroup() as tasks:
            pods = clientset.core_v1.pods(namespace)
            counter = _Counter(watches)  # each watch begins with the pod that it selects

            async def watch(number):
                async with pods.watch(label_selector=f"bench={number}", resource_version="0") as stream:
                    async for _ in stream:
                        counter.hit()
                raise AssertionError("a watch ended")

            async def get():
                start = time.perf_counter()
                assert (await pods.get("pod-000")).metadata.uid
                times.append((time.perf_counter() - start) * 1e3)

            async def look():
                return await asyncio.to_thread(_ask, f"{conductor}/look?pid={os.getpid()}")

            async def change(count):
                await asyncio.to_thread(_ask, f"{conductor}/change?count={count}&rate={rate}")

            times = []
            await get()
            before, memory = await look(), measure.settled_rss()
            span = measure.Span()
            running = [tasks.create_task(watch(number)) for number in range(watches)]
            await counter.done.wait()
            opening = span.end(watches)
            opened = await look()

            counter.expect(events)
            span = measure.Span()
            await change(events)
            await counter.done.wait()
            event = span.end(events)["cpu"]
            watched, held = await look(), measure.settled_rss()

            beside = at_once * rounds // 20  # changes that run while requests do
            counter.expect(beside)
            times.clear()
            span = measure.Span()
            await change(beside)
            for _ in range(rounds):
                await asyncio.gather(*(get() for _ in range(at_once)))
            await counter.done.wait()
            request = span.end(len(times))["cpu"] - event * beside / len(times)
            requested = await look()
            times.sort()
            for task in running:
                task.cancel()
            count = watches + events + beside
            measure.report(
                open=opening["cpu"],
                **{"open wall": opening["wall"]},
                event=event,
                request=request,
                p50=times[len(times) // 2],
                p99=times[len(times) * 99 // 100],
                memory=held - memory,
                looks=[before, opened, watched, requested],
                count=count,
                sum=f"{count} events, {len(times)} requests",
            )

    asyncio.run(run())


def _open_gate(host):
    import urllib.request

    with urllib.request.urlopen(f"{host}/go") as answer:
        answer.read()


def queue(kind, case, count):
    """Add, take and finish each of `count` items once; see `bench/go/queue`."""

    async def turns(queue, add, keys):
        for key in keys:
            add(key)
            queue.done(await queue.get())

    async def burst(queue, add, keys):
        for key in keys:
            add(key)
        for _ in keys:
            queue.done(await queue.get())

    async def wake(queue, add, keys, workers):
        handled = 0

        async def work():
            nonlocal handled
            async for key in queue:
                queue.done(key)
                handled += 1

        tasks = [asyncio.create_task(work()) for _ in range(workers)]
        await asyncio.sleep(0)
        for start in range(0, len(keys), workers):
            for key in keys[start : start + workers]:
                add(key)
            while handled < start + workers:
                await asyncio.sleep(0)
        queue.shut_down()
        await asyncio.gather(*tasks)

    async def run():
        import kubeloop

        keys = [f"default/pod-{number}" for number in range(int(count))]
        if kind == "plain":
            queue = kubeloop.RateLimitingQueue()
            add = queue.add
        else:
            queue = kubeloop.PriorityQueue()
            priorities = itertools.cycle((kubeloop.LOW_PRIORITY, 0))

            def add(key):
                queue.add(key, priority=next(priorities))

        cases = {"turns": turns, "burst": burst}
        cases |= {f"wake-{workers}": functools.partial(wake, workers=workers) for workers in (1, 100)}
        gc.collect()
        measure.collector_off()
        span = measure.Span()
        await cases[case](queue, add, keys)
        measure.report(**span.end(len(keys)), count=len(keys), sum=f"{len(keys)} items")

    asyncio.run(run())


if __name__ == "__main__":
    measure.main(
        decode=decode,
        request=request,
        layer=layer,
        start=start,
        informer=informer,
        lag=lag,
        streams=streams,
        queue=queue,
    )
