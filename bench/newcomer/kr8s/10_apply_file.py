"""Create or patch the objects of a file of manifests, with kr8s, which has no apply."""

import asyncio
import sys

from kr8s.asyncio.objects import objects_from_files


async def main() -> None:
    for each in await objects_from_files(sys.argv[1]):
        if await each.exists():
            await each.patch(each.raw)
            print(f"{each.kind} {each.name} patched")
        else:
            await each.create()
            print(f"{each.kind} {each.name} created")


if __name__ == "__main__":
    asyncio.run(main())
