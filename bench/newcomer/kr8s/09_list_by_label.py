"""List the pods of the namespace that have a label, with kr8s."""

import asyncio

import kr8s.asyncio


async def main() -> None:
    async for pod in kr8s.asyncio.get("pods", label_selector={"app": "web"}):
        print(f"{pod.name}: {pod.status.phase}")


if __name__ == "__main__":
    asyncio.run(main())
