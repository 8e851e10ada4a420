"""kubernetes_asyncio 36 (aiohttp, generated models)."""

import asyncio
from types import SimpleNamespace

import measure


def _client(url, authority=None):
    from kubernetes_asyncio import client

    configuration = client.Configuration(host=url)
    configuration.ssl_ca_cert = authority
    return client.ApiClient(configuration)


def decode(folder, size):
    async def run():
        async with _client("http://127.0.0.1") as api:
            measure.decode(
                lambda data: api.deserialize(SimpleNamespace(data=data), "V1PodList"),
                lambda pods: (f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in pods.items),
                folder,
                size,
            )

    asyncio.run(run())


def request(url, count, concurrency, authority=None):
    async def run():
        from kubernetes_asyncio import client

        async with _client(url, authority) as api:
            pods = client.CoreV1Api(api)

            async def get():
                assert (await pods.read_namespaced_pod("pod", "team-00")).spec.node_name

            await measure.request(get, int(count), int(concurrency))

    asyncio.run(run())


def start(url):
    measure.collector_off()

    async def run():
        from kubernetes_asyncio import client

        async with _client(url) as api:
            pods = await client.CoreV1Api(api).list_pod_for_all_namespaces(limit=1)
            measure.report(count=len(pods.items))

    asyncio.run(run())


if __name__ == "__main__":
    measure.main(decode=decode, request=request, start=start)
