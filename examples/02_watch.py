"""Watch changes of config maps: list them, then watch from the version of the list.   python examples/02_watch.py"""

import asyncio

import kubeloop
from kubeloop.models import core_v1, meta_v1


async def main() -> None:
    async with kubeloop.Clientset(kubeloop.load_config()) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        page = await config_maps.list()

        async def write() -> None:
            await config_maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="watched"), data={"a": "1"}))
            await config_maps.patch("watched", {"data": {"a": "2"}})
            await config_maps.delete("watched")

        writer = asyncio.create_task(write())
        # Resumes after a lost connection or a timeout, and ends when the block is left.
        async with config_maps.watch(
            resource_version=page.metadata.resource_version, field_selector="metadata.name=watched"
        ) as events:
            async for event in events:
                print(f"{event.type:<9}{event.object.metadata.name} {dict(event.object.data)}")
                if event.type == "DELETED":
                    break
        await writer


if __name__ == "__main__":
    asyncio.run(main())
