"""CPU time of a real API server and its client for a LIST of pods in each format; see docs/design/protobuf.md.

python -m bench.protobuf_server [PODS]
"""

import asyncio
import os
import sys
import time
from pathlib import Path

import kubeloop
from bench.pods import Gen
from kubeloop.models import core_v1
from kubeloop.testing import ControlPlane

RUNS = 5
AT_ONCE = 50
FROM_CACHE = {"resourceVersion": "0"}
TICK = 1 / os.sysconf("SC_CLK_TCK")


def seconds_of(pid):
    """Return the user and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


async def fill(config, count):
    async with kubeloop.Clientset(config) as clientset:
        pods, room = clientset.core_v1.pods("default"), asyncio.Semaphore(AT_ONCE)

        async def create(number, pod):
            meta = {"name": f"pod-{number}", **{key: pod["metadata"][key] for key in ("labels", "annotations")}}
            spec = {**pod["spec"], "automountServiceAccountToken": False}
            for name in ("priority", "priorityClassName", "preemptionPolicy", "nodeName"):
                spec.pop(name, None)
            async with room:
                stored = await pods.create({"metadata": meta, "spec": spec})
                status = {**pod["status"], "qosClass": stored.status.qos_class}
                await pods.patch_status(stored.metadata.name, {"status": status})

        await asyncio.gather(*(create(*each) for each in enumerate(pod for pod, _ in Gen().pods(count))))


async def measure(config, pid, count):
    async with kubeloop.RESTClient(config) as rest:
        accept = rest.serializers.accept(core_v1.PodList)
        best = []
        size = 0
        for _ in range(RUNS):
            server, client = seconds_of(pid), time.process_time()
            body = await rest.get("pods", params=FROM_CACHE, headers={"Accept": accept}, into=bytes)
            raw = time.process_time()
            server = seconds_of(pid) - server
            size = len(body)
            pods = await rest.get("pods", params=FROM_CACHE, into=core_v1.PodList)
            assert len(pods.items) == count
            best.append((server, raw - client, time.process_time() - raw))
        server, raw, read = (min(each) / count * 1e6 for each in zip(*best, strict=True))
    form = config.content_type if config.disable_compression else f"{config.content_type}, gzip"
    print(f"{form:15} {size / count:6.0f} bytes; µs: server {server:5.1f}", end=", ")
    print(f"client to receive {raw:5.1f}, with objects {read:6.1f}", flush=True)


def main(count):
    with ControlPlane() as plane:
        config = kubeloop.load_config(plane.kubeconfig)
        asyncio.run(fill(config, count))
        for _ in range(2):
            for plain in (True, False):
                for content_type in ("json", "protobuf"):
                    chosen = config.replace(content_type=content_type, disable_compression=plain)
                    asyncio.run(measure(chosen, plane.pid("kube-apiserver"), count))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
