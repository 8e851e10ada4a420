"""kubeloop, called as its users call it."""

import asyncio
import functools
import gc
import itertools
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


def streams(host, authority, token, namespace, conductor, *numbers):
    watches, events, rate, at_once, rounds = map(int, numbers)

    from kubeloop_informers import Counter

    async def run():
        import kubeloop

        config = kubeloop.Config(host=host, ca_file=authority, token=token)
        async with kubeloop.Clientset(config) as clientset, asyncio.TaskGroup() as tasks:
            pods = clientset.core_v1.pods(namespace)
            counter = Counter(watches)  # each watch begins with the pod that it selects

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
                return await asyncio.to_thread(measure.ask, f"{conductor}/look?pid={os.getpid()}")

            async def change(count):
                await asyncio.to_thread(measure.ask, f"{conductor}/change?count={count}&rate={rate}")

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


def _profile(*arguments):
    import kubeloop_profile

    kubeloop_profile.profile(*arguments)


def _informers():
    import kubeloop_informers

    return kubeloop_informers


def _events():
    import kubeloop_events

    return kubeloop_events


def _leases(*arguments):
    import kubeloop_leases

    kubeloop_leases.leases(*arguments)


def _manifests():
    import kubeloop_manifests

    return kubeloop_manifests


if __name__ == "__main__":
    measure.main(
        decode=decode,
        request=request,
        layer=layer,
        start=start,
        informer=lambda *arguments: _informers().informer(*arguments),
        lag=lambda *arguments: _informers().lag(*arguments),
        latency=lambda *arguments: _informers().latency(*arguments),
        profile=_profile,
        streams=streams,
        queue=queue,
        events=lambda *arguments: _events().events(*arguments),
        correlate=lambda *arguments: _events().correlate(*arguments),
        leases=_leases,
        parse=lambda *arguments: _manifests().parse(*arguments),
        apply=lambda *arguments: _manifests().apply(*arguments),
        wait=lambda *arguments: _manifests().wait(*arguments),
    )
