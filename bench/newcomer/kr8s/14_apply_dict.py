"""Create or patch an object that is a dictionary, with kr8s, which has no apply."""

import asyncio

from kr8s.asyncio.objects import ConfigMap

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "blue"}}


async def main() -> None:
    settings = await ConfigMap(SETTINGS)
    if await settings.exists():
        await settings.patch(SETTINGS)
    else:
        await settings.create()
    print(f"settings: {settings.raw['data']['color']}")


if __name__ == "__main__":
    asyncio.run(main())
