"""Follow the pods that have a label until one is deleted, with kr8s, whose watch ends when the server ends it."""

import asyncio

import kr8s.asyncio


async def main() -> None:
    async for event, pod in kr8s.asyncio.watch("pods", label_selector={"app": "web"}):
        print(f"{event} {pod.name}", flush=True)
        if event == "DELETED":
            break


if __name__ == "__main__":
    asyncio.run(main())
