"""Apply a file of manifests, with lightkube."""

import asyncio
import sys
from pathlib import Path

from lightkube import AsyncClient
from lightkube.codecs import load_all_yaml


async def main() -> None:
    client = AsyncClient(field_manager="example")
    for each in load_all_yaml(Path(sys.argv[1]).read_text()):
        applied = await client.apply(each)
        print(f"{applied.kind} {applied.metadata.name} applied")


if __name__ == "__main__":
    asyncio.run(main())
