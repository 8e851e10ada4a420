"""Follow the pods that have a label until one is deleted, with lightkube."""

import asyncio

from lightkube import AsyncClient
from lightkube.resources.core_v1 import Pod


async def main() -> None:
    async for event, pod in AsyncClient().watch(Pod, labels={"app": "web"}):
        print(f"{event} {pod.metadata.name}", flush=True)
        if event == "DELETED":
            break


if __name__ == "__main__":
    asyncio.run(main())
