"""Patch and scale a Deployment, and evict a pod, with kr8s."""

import asyncio
import json

from kr8s.asyncio.objects import Deployment, Pod


async def main() -> None:
    web = await Deployment.get("web")
    await web.patch({"metadata": {"annotations": {"example.com/owner": "shop"}}})
    await web.scale(5)
    print(f"scaled to {web.replicas}")
    pod = await Pod.get("web-0")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web-0"}}
    url = f"{pod.endpoint}/{pod.name}/eviction"
    async with pod.api.call_api("POST", version="v1", url=url, namespace=pod.namespace, content=json.dumps(eviction)):
        print("evicted web-0")


if __name__ == "__main__":
    asyncio.run(main())
