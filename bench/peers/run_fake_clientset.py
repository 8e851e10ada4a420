"""CRUD through `APIServer().clientset()`: one line of JSON with the CPU per operation in microseconds.

python run_fake_clientset.py POD CONFIGMAP COUNT    two files with one object each
"""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

from measure import cpu

from kubeloop.models import core_v1
from kubeloop.testing import APIServer


async def measure(kind: type, path: str, count: int, accessor: Callable) -> dict[str, float]:
    """Create, get, update and delete objects, and return the CPU per operation of each kind."""
    template = json.loads(Path(path).read_text())
    template["metadata"]["namespace"] = "bench"
    objects = []
    for at in range(count):
        template["metadata"]["name"] = f"bench-{at:06}"
        objects.append(kind.from_dict(template))
    namespace = core_v1.Namespace.from_dict({"metadata": {"name": "bench"}})
    result = {}
    async with APIServer(namespace).clientset() as clientset:
        client = accessor(clientset)("bench")
        live = []
        before = cpu()
        for each in objects:
            await client.create(each)
        result["create"] = cpu() - before
        before = cpu()
        for each in objects:
            live.append(await client.get(each.metadata.name))  # noqa: PERF401  # one after the other
        result["get"] = cpu() - before
        before = cpu()
        for each in live:
            draft = each.draft()
            draft.metadata.labels = {"changed": "yes"}
            await client.update(draft)
        result["update"] = cpu() - before
        before = cpu()
        for each in live:
            await client.delete(each.metadata.name)
        result["delete"] = cpu() - before
    return {name: used / count * 1e6 for name, used in result.items()}


async def main(pod: str, config_map: str, count: int) -> None:
    """Measure both kinds."""
    found = {
        "ConfigMap of 1 KB": await measure(core_v1.ConfigMap, config_map, count, lambda each: each.core_v1.config_maps),
        "pod": await measure(core_v1.Pod, pod, count, lambda each: each.core_v1.pods),
    }
    print(json.dumps({"": found}))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
