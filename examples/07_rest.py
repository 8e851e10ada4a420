"""Use RESTClient, on which the clientset is built: verbs on paths.   python examples/07_rest.py"""

import asyncio

import kubeloop
from kubeloop.models import core_v1


async def main() -> None:
    async with kubeloop.RESTClient(kubeloop.load_config(), group_version="v1") as rest:
        namespace = await rest.get("namespaces", name="default", into=core_v1.Namespace)
        print(f"{namespace.metadata.name}: {namespace.status.phase}")

        print("healthy:", (await rest.get("/readyz", into=bytes)).decode())  # an absolute path, and the raw body

        try:
            await rest.get("pods", namespace="default", name="nobody", into=core_v1.Pod)
        except kubeloop.NotFound as error:
            print(f"{error.code} {error.reason}: {error.status.kind} {error.status.name}")


if __name__ == "__main__":
    asyncio.run(main())
