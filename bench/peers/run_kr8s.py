"""kr8s 0.20 (objects that wrap dictionaries)."""

import asyncio
import json
import tempfile

import measure


class _NoAPI:
    _asyncio = True
    namespace = "default"


def decode(folder, size):
    from kr8s.asyncio.objects import Pod

    measure.decode(
        lambda data: [Pod(item, api=_NoAPI()) for item in json.loads(data)["items"]],
        lambda pods: (f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in pods),
        folder,
        size,
    )


async def _api(url, authority=None):
    import kr8s.asyncio

    cluster = {"server": url} | ({"certificate-authority": authority} if authority else {})
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(kubeconfig, file)
        file.flush()
        return await kr8s.asyncio.api(kubeconfig=file.name)


def request(url, count, concurrency, authority=None):
    async def run():
        from kr8s.asyncio.objects import Pod

        api = await _api(url, authority)

        async def get():
            pod = Pod({"metadata": {"name": "pod", "namespace": "team-00"}}, api=api)
            await pod.refresh()
            assert pod.spec.nodeName

        await measure.request(get, int(count), int(concurrency))

    asyncio.run(run())


def start(url):
    measure.collector_off()

    async def run():
        import kr8s

        api = await _api(url)
        pods = [pod async for pod in api.get("pods", namespace=kr8s.ALL)]
        measure.report(count=len(pods))

    asyncio.run(run())


def parse(*files):
    """Parse a file; the objects need a client, which sends no request."""

    async def run():
        import yaml
        from kr8s._objects import object_from_spec

        def load(file):
            with open(file) as text:
                return [
                    object_from_spec(each, api=_NoAPI(), allow_unknown_type=True, _asyncio=True)
                    for each in yaml.safe_load_all(text)
                ]

        measure.parse(load, *files, lambda objects: (f"{each.kind}/{each.metadata.name}" for each in objects))

    asyncio.run(run())


def apply(commands, file):
    """Create the objects, because kr8s has no apply."""

    async def run():
        applying = measure.Applying(commands)
        import kr8s.asyncio
        from kr8s.asyncio.objects import objects_from_files

        api = await kr8s.asyncio.api(kubeconfig=applying.kubeconfig)
        objects = await objects_from_files(file, api=api)
        applying.start()
        for each in objects:
            await each.create()
        applying.end(len(objects))

    asyncio.run(run())


def wait(commands, count, delay):
    async def run():
        import kr8s.asyncio
        from kr8s.asyncio.objects import Pod

        waiting = measure.Waiting(commands, count, delay)
        api = await kr8s.asyncio.api(kubeconfig=waiting.kubeconfig)
        for name in waiting.pods():
            pod = Pod({"metadata": {"name": name, "namespace": waiting.namespace}}, api=api)
            await pod.wait("condition=Ready")
        waiting.end()

    asyncio.run(run())


if __name__ == "__main__":
    measure.main(
        decode=decode,
        request=request,
        start=start,
        parse=parse,
        apply=apply,
        wait=wait,
    )
