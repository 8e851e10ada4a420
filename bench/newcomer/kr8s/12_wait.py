"""Wait until a pod is ready, for a minute at most, with kr8s."""

import asyncio
import sys

from kr8s.asyncio.objects import Pod


async def main() -> None:
    pod = await Pod.get(sys.argv[1])
    await pod.wait("condition=Ready", timeout=60)
    print(f"{sys.argv[1]} is ready")


if __name__ == "__main__":
    asyncio.run(main())
