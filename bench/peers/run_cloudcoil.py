"""cloudcoil 0.6 (pydantic models), which has no server-side apply: its objects are created."""

import asyncio

import measure


def _load(file):
    from cloudcoil.resources import parse_file

    return parse_file(file, load_all=True)


def parse(*files):
    measure.parse(_load, *files, lambda objects: (f"{each.kind}/{each.metadata.name}" for each in objects))


def apply(commands, file):
    applying = measure.Applying(commands)
    from cloudcoil.client import Config

    objects = _load(file)
    applying.start()
    with Config(kubeconfig=applying.kubeconfig):
        for each in objects:
            each.create()
    applying.end(len(objects))


def wait(commands, count, delay):
    async def run():
        from cloudcoil.client import Config
        from cloudcoil.models.kubernetes.core.v1 import Pod

        def is_ready(_, pod):
            return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or ())

        waiting = measure.Waiting(commands, count, delay)
        with Config(kubeconfig=waiting.kubeconfig):
            for name in waiting.pods():
                await (await Pod.async_get(name)).async_wait_for(is_ready)
        waiting.end()

    asyncio.run(run())


if __name__ == "__main__":
    measure.main(parse=parse, apply=apply, wait=wait)
