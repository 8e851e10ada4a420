"""A real API server for measurements: pods to watch, changes of pods at a fixed rate, and the resources of the server.

A measured process sends commands over plain HTTP, so that they do not count as its own work:

    /change?count=N&rate=R    change N pods, R per second, and return at once; the annotation `sent` of a pod has the
                              time of its last change, in nanoseconds of the Unix epoch
    /writes                   return how long these changes took
    /look?pid=P               return what the server has used, and its number of connections with process P
"""

import http.client
import json
import os
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kubeloop.testing.controlplane import ControlPlane

from .harness import SERVER_CORE

SERVER = "kube-apiserver"
ESTABLISHED = "01"
TICKS = os.sysconf("SC_CLK_TCK")
POD = {"spec": {"containers": [{"name": "main", "image": "none"}]}}


class Live:
    """A control plane with pods, each with a different label `bench=NUMBER`."""

    def __init__(self, plane: ControlPlane, pods: int) -> None:
        self.plane = plane
        self.port = urlsplit(plane.url).port
        self.namespace = plane.create_namespace()
        self.pods = f"/api/v1/namespaces/{self.namespace}/pods"
        self.count = pods
        self._changes = 0
        self._writes: list[float] = []
        api = self.connect()
        for number in range(pods):
            name = f"pod-{number:03}"
            self.send(api, "POST", self.pods, POD | {"metadata": {"name": name, "labels": {"bench": str(number)}}})
        api.close()

    @property
    def arguments(self) -> tuple[str, ...]:
        """The address of the server, the file of its authority and the token of its administrator, for a runner."""
        return self.plane.url, str(self.plane.ca_file), self.plane.token

    def connect(self) -> http.client.HTTPSConnection:
        """Create a connection to the API server."""
        context = ssl.create_default_context(cafile=str(self.plane.ca_file))
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context)

    def send(self, api: http.client.HTTPConnection, method: str, path: str, body: dict | None = None) -> str:
        """Send one request as the administrator; return the text of the response."""
        kind = "merge-patch+json" if method == "PATCH" else "json"
        headers = {"Authorization": f"Bearer {self.plane.token}", "Content-Type": f"application/{kind}"}
        api.request(method, path, json.dumps(body) if body else None, headers)
        response = api.getresponse()
        text = response.read().decode(errors="replace")
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]}")
        return text

    def change(self, count: int, rate: float) -> None:
        """Change `count` pods in turn, `rate` of them per second."""
        api = self.connect()
        self._writes = []
        started = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
            self._changes += 1
            began = time.perf_counter()
            annotations = {"change": str(self._changes), "sent": str(time.time_ns())}
            patch = {"metadata": {"annotations": annotations}}
            self.send(api, "PATCH", f"{self.pods}/pod-{number % self.count:03}", patch)
            self._writes.append((time.perf_counter() - began) * 1e3)
        api.close()

    def writes(self) -> dict[str, float]:
        """Return the median and the 99th percentile of the milliseconds that the last changes took."""
        times = sorted(self._writes)
        return {"p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100]}

    def look(self, pid: int) -> dict[str, float]:
        """Return the server's CPU seconds before and after a collection, its live memory in bytes, and connections.

        Live memory, not resident: a server that runs on gives memory back, so that its resident size may shrink.
        """
        before = self.cpu()
        api = self.connect()
        api.request("GET", "/debug/pprof/heap?gc=1", headers={"Authorization": f"Bearer {self.plane.token}"})
        api.getresponse().read()
        metrics = self.send(api, "GET", "/metrics")
        api.close()
        sizes = re.findall(r"^go_memstats_(?:heap_alloc|stack_inuse)_bytes (\S+)", metrics, re.MULTILINE)
        return {
            "cpu before": before,
            "cpu after": self.cpu(),
            "live": sum(map(float, sizes)),
            "connections": connections(pid, self.port),
        }

    def cpu(self) -> float:
        """Return the user and system seconds of the server."""
        fields = Path(f"/proc/{self.plane.pid(SERVER)}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def connections(pid: int, port: int) -> int:
    """Count the established TCP connections of a process to a port."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].partition(":")[2], 16) == port and fields[3] == ESTABLISHED:
            inodes.add(f"socket:[{fields[9]}]")
    found = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found += os.readlink(entry) in inodes
        except FileNotFoundError:  # closed since it was listed
            continue
    return found


@contextmanager
def live(pods: int) -> Iterator[tuple[Live, str]]:
    """Run a control plane on the servers' core, and yield it with the address of the HTTP server for requests."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        with ControlPlane() as plane:
            server = Live(plane, pods)

            class Conductor(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    address = urlsplit(self.path)
                    query = {name: float(values[0]) for name, values in parse_qs(address.query).items()}
                    result = {}
                    if address.path == "/look":
                        result = server.look(int(query["pid"]))
                    elif address.path == "/writes":
                        result = server.writes()
                    else:
                        threading.Thread(target=server.change, args=(int(query["count"]), query["rate"])).start()
                    body = json.dumps(result).encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_) -> None:
                    """Log nothing, because the table is the output."""

            conductor = ThreadingHTTPServer(("127.0.0.1", 0), Conductor)
            threading.Thread(target=conductor.serve_forever, daemon=True).start()
            try:
                yield server, f"http://127.0.0.1:{conductor.server_port}"
            finally:
                conductor.shutdown()
                conductor.server_close()
    finally:
        os.sched_setaffinity(0, own)
