"""Patch and scale a Deployment, and evict a pod, with lightkube."""

import asyncio

from lightkube import AsyncClient
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Pod


async def main() -> None:
    client = AsyncClient()
    await client.patch(Deployment, "web", {"metadata": {"annotations": {"example.com/owner": "shop"}}})
    scale = await client.patch(Deployment.Scale, "web", {"spec": {"replicas": 5}})
    print(f"scaled to {scale.spec.replicas}")
    await client.create(Pod.Eviction(metadata=ObjectMeta(name="web-0")), "web-0")
    print("evicted web-0")


if __name__ == "__main__":
    asyncio.run(main())
