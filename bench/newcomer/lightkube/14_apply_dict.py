"""Apply an object that is a dictionary, with lightkube."""

import asyncio

from lightkube import AsyncClient
from lightkube.codecs import from_dict

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "blue"}}


async def main() -> None:
    applied = await AsyncClient().apply(from_dict(SETTINGS), field_manager="example")
    print(f"settings: {applied.data['color']}")


if __name__ == "__main__":
    asyncio.run(main())
