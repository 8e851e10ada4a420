"""kubeloop itself, as its users call it."""

import asyncio

import measure


def _config(url, authority=None):
    import kubeloop

    return kubeloop.Config(host=url, ca_file=authority or "")


def decode(folder, size, variant=""):
    from kubeloop.models import core_v1
    from kubeloop.wire.codec import decode_list

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


def start(url):
    measure.collector_off()

    async def run():
        import kubeloop

        async with kubeloop.Clientset(_config(url)) as clientset:
            pods = await clientset.core_v1.pods().list(limit=1)
            measure.report(count=len(pods.items))

    asyncio.run(run())


class _Counter:
    """One handler: counts, and tells when it has seen as many events as it was told to expect."""

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


def informer(mode, host, collection, pods, events):
    pods, events = int(pods), int(events)

    async def run():
        import aiohttp  # noqa: F401  (imports have suites of their own; Go's are done before main)

        import kubeloop
        from kubeloop.models import core_v1  # noqa: F401

        measure.collector_off()
        span = measure.Span()
        async with kubeloop.Clientset(_config(f"{host}/{collection}")) as clientset:
            factory = kubeloop.SharedInformerFactory(clientset)
            informer = factory.core_v1.pods()
            informer.add_indexers({"node": lambda pod: [pod.spec.node_name]})
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
                names = sorted(f"{kubeloop.key(pod)}@{pod.metadata.resource_version}" for pod in indexer.list())
                measure.report(**result, count=len(names), sum=measure.checksum(names))

    asyncio.run(run())


def _open_gate(host):
    import urllib.request

    with urllib.request.urlopen(f"{host}/go") as answer:
        answer.read()


if __name__ == "__main__":
    measure.main(decode=decode, request=request, start=start, informer=informer)
