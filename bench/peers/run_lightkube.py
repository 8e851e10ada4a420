"""lightkube 1.0 (the fastest typed decoder among the peers)."""

import asyncio

import measure


def decode(folder, size):
    from lightkube.core.decoders import decode_list
    from lightkube.resources.core_v1 import Pod

    measure.decode(
        lambda data: decode_list(data, Pod)[2],
        lambda pods: (f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in pods),
        folder,
        size,
    )


def _config(url, authority=None):
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.config.models import Cluster, Context, User

    cluster = Cluster(server=url, certificate_auth=authority)
    return KubeConfig(
        clusters={"c": cluster}, contexts={"c": Context("c", user="u")}, users={"u": User()}, current_context="c"
    )


def request(url, count, concurrency, authority=None):
    async def run():
        from lightkube import AsyncClient
        from lightkube.resources.core_v1 import Pod

        client = AsyncClient(config=_config(url, authority))

        async def get():
            pod = await client.get(Pod, "pod", namespace="team-00")
            assert pod.spec.nodeName

        await measure.request(get, int(count), int(concurrency))

    asyncio.run(run())


def start(url):
    measure.collector_off()
    from lightkube import Client
    from lightkube.resources.core_v1 import Pod

    client = Client(config=_config(url))
    pods = client.list(Pod, namespace="*")
    measure.report(count=1 if next(iter(pods)).metadata.name else 0)


def _load(file):
    from lightkube.codecs import load_all_yaml

    with open(file) as text:
        return load_all_yaml(text)


def parse(*files):
    measure.parse(_load, *files, lambda objects: (f"{each.kind}/{each.metadata.name}" for each in objects))


def apply(commands, file):
    applying = measure.Applying(commands)
    from lightkube import Client, KubeConfig

    objects = _load(file)
    applying.start()
    client = Client(config=KubeConfig.from_file(applying.kubeconfig), field_manager="bench")
    for each in objects:
        client.apply(each)
    applying.end(len(objects))


def wait(commands, count, delay):
    async def run():
        from lightkube import AsyncClient, KubeConfig
        from lightkube.resources.core_v1 import Pod

        waiting = measure.Waiting(commands, count, delay)
        client = AsyncClient(config=KubeConfig.from_file(waiting.kubeconfig))
        for name in waiting.pods():
            await client.wait(Pod, name, for_conditions=["Ready"])
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
