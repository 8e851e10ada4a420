"""The measurements of manifests and of waiting, for `run_kubeloop.py`; see `bench/manifests.py`."""

import asyncio

import measure


def parse(*files):
    import kubeloop

    measure.parse(
        kubeloop.load_manifests, *files, lambda objects: (f"{each.kind}/{each.metadata.name}" for each in objects)
    )


def apply(commands, file):
    applying = measure.Applying(commands)
    import kubeloop

    async def run():
        objects = kubeloop.load_manifests(file)
        config = kubeloop.load_config(applying.kubeconfig)
        async with kubeloop.Clientset(config) as other:  # imports what is imported when it is first used
            await other.apply_manifests([], field_manager="bench")
        applying.start()
        async with kubeloop.Clientset(config) as clientset:
            await clientset.apply_manifests(objects, field_manager="bench")
            applying.end(len(objects))

    asyncio.run(run())


def wait(commands, count, delay):
    async def run():
        import kubeloop

        waiting = measure.Waiting(commands, count, delay)
        async with kubeloop.Clientset(kubeloop.load_config(waiting.kubeconfig)) as clientset:
            pods = clientset.core_v1.pods(waiting.namespace)
            for name in waiting.pods():
                await pods.wait(name, condition="Ready", timeout=60)
            waiting.end()

    asyncio.run(run())
