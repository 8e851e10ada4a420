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


if __name__ == "__main__":
    measure.main(decode=decode, request=request, start=start)
