"""Keep a local copy of all config maps, and work on changed ones.   python examples/04_informer.py"""

import asyncio
from contextlib import suppress

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

            with suppress(kubeloop.QueueShutDown):
                while True:
                    async with queue.item() as key:  # retried, after a delay that grows, if the block fails
                        found = config_maps.indexer.get_by_key(key)  # from memory: no request, no copy
                        if found is None:
                            print(f"{key} was deleted")
                            queue.shut_down()
                        else:
                            team = config_maps.indexer.by_index("team", "blue")
                            print(f"{key}: {dict(found.data)}; team blue has {len(team)}")
                            await writer.delete(found.metadata.name)


if __name__ == "__main__":
    asyncio.run(main())
