"""Wait until a pod is ready, for a minute at most, with lightkube."""

import asyncio
import sys

from lightkube import AsyncClient
from lightkube.resources.core_v1 import Pod


async def main() -> None:
    async with asyncio.timeout(60):
        await AsyncClient().wait(Pod, sys.argv[1], for_conditions=["Ready"])
    print(f"{sys.argv[1]} is ready")


if __name__ == "__main__":
    asyncio.run(main())
