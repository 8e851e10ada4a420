"""Keep a local copy of all config maps, and work on changed ones.   python examples/04_informer.py"""

import asyncio

import kubeloop
from kubeloop.models import core_v1, meta_v1


async def main() -> None:
    async with kubeloop.Clientset(kubeloop.load_config()) as clientset:
        factory = kubeloop.SharedInformerFactory(clientset)
        config_maps = factory.core_v1.config_maps()
        config_maps.add_indexers({"team": lambda found: [found.metadata.labels.get("team", "nobody")]})

        queue: kubeloop.RateLimitingQueue[str] = kubeloop.RateLimitingQueue()

        def enqueue(found: core_v1.ConfigMap) -> None:
            if found.metadata.name.startswith("informed"):
                queue.add(kubeloop.object_key(found))

        config_maps.add_event_handler(on_add=enqueue, on_update=lambda _, new: enqueue(new), on_delete=enqueue)

        async with factory:
            await factory.wait_for_cache_sync(timeout=30)
            writer = clientset.core_v1.config_maps("default")
            metadata = meta_v1.ObjectMeta(name="informed", labels={"team": "blue"})
            await writer.create(core_v1.ConfigMap(metadata=metadata, data={"color": "blue"}))

            async for item in queue:
                namespace, name = kubeloop.split_key(item)
                try:
                    found = config_maps.lister.namespace(namespace).get(name)  # from memory: no request, no copy
                    print(
                        f"{item}: {dict(found.data)}; team blue has {len(config_maps.indexer.by_index('team', 'blue'))}"
                    )
                    await writer.delete(name)
                    queue.forget(item)
                except kubeloop.NotFound:
                    print(f"{item} was deleted")
                    queue.shut_down()
                finally:
                    queue.done(item)


if __name__ == "__main__":
    asyncio.run(main())
