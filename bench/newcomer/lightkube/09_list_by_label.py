"""List the pods of the namespace that have a label, with lightkube."""

import asyncio

from lightkube import AsyncClient
from lightkube.resources.core_v1 import Pod


async def main() -> None:
    async for pod in AsyncClient().list(Pod, labels={"app": "web"}):
        print(f"{pod.metadata.name}: {pod.status.phase}")


if __name__ == "__main__":
    asyncio.run(main())
