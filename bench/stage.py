"""The stage of the suite `manifests`: namespaces on a real API server, and what happens in them.

A measured process sends commands over plain HTTP, so that they do not count as its own work:

    /namespace                        create a namespace; return its name and the path of a kubeconfig for it
    /namespace?counted=1              the same, with a kubeconfig whose requests are counted on their way to the server
    /objects?namespace=N              return how many documents are there, the checksum of their names, and requests
    /pods?namespace=N&count=C         create pods without conditions, and watch them
    /ready?namespace=N&pod=P&after=S  return at once; S seconds later, make the pod ready
    /times?namespace=N                return per pod when it became ready: started, written and seen

Times are those of the monotonic clock of the machine, in nanoseconds. "Seen" is when the event of the server arrived at
a watch that does nothing else, which is as early as any client can learn of the change.
"""

import base64
import http.client
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from .documents import KINDS
from .live import POD, Live, live
from .peers.measure import checksum

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host", "authorization", "content-encoding"}
SEEN_SECONDS = 10
READY = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}


class Stage:
    """The namespaces of the samples.

    Attributes:
        commands: The address of the commands.
        proxy: The address at which requests are counted.
        namespaces: The names of the namespaces that were created.
        counts: The number of requests since the last namespace was created, by method.
    """

    def __init__(self, server: Live, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.commands = ""
        self.proxy = ""
        self.namespaces: list[str] = []
        self.counts: dict[str, int] = {}
        self._times: dict[str, dict[str, dict[str, int]]] = {}
        self._watches: dict[str, threading.Thread] = {}

    def namespace(self, counted: str = "") -> dict[str, str]:
        """Create a namespace and a kubeconfig, and count requests from now on."""
        name = self.server.plane.create_namespace("bench")
        self.namespaces.append(name)
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(self._kubeconfig(name, is_counted=bool(counted))))
        self.counts = {}
        return {"namespace": name, "kubeconfig": str(path)}

    def _kubeconfig(self, namespace: str, *, is_counted: bool) -> dict[str, object]:
        authority = base64.b64encode(self.server.plane.ca_file.read_bytes()).decode()
        cluster = {"server": self.server.plane.url, "certificate-authority-data": authority}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "bench", "cluster": {"server": self.proxy} if is_counted else cluster}],
            "users": [{"name": "bench", "user": {"token": self.server.plane.token}}],
            "contexts": [
                {"name": "bench", "context": {"cluster": "bench", "user": "bench", "namespace": namespace}},
            ],
            "current-context": "bench",
        }

    def objects(self, namespace: str) -> dict[str, object]:
        """Return the number and the checksum of the documents on the server, and the number of counted requests."""
        requests, names = sum(self.counts.values()), []
        api = self.server.connect()
        for kind, (prefix, resource) in KINDS.items():
            listed = json.loads(self.server.send(api, "GET", f"{prefix}/namespaces/{namespace}/{resource}"))
            names += [f"{kind}/{item['metadata']['name']}" for item in listed["items"]]
        api.close()
        names = sorted(name for name in names if name.startswith(tuple(f"{kind}/{kind.lower()}-" for kind in KINDS)))
        return {"count": len(names), "sum": checksum(names), "requests": requests}

    def pods(self, namespace: str, count: str) -> dict[str, object]:
        """Create pods, and watch them in a thread."""
        api, path = self.server.connect(), f"/api/v1/namespaces/{namespace}/pods"
        for number in range(int(count)):
            self.server.send(api, "POST", path, POD | {"metadata": {"name": f"pod-{number:03}"}})
        version = json.loads(self.server.send(api, "GET", path))["metadata"]["resourceVersion"]
        self._times[namespace] = {}
        path += f"?watch=1&resourceVersion={version}&timeoutSeconds=3600"
        api.request("GET", path, headers={"Authorization": f"Bearer {self.server.plane.token}"})
        arguments = namespace, api, int(count)
        self._watches[namespace] = threading.Thread(target=self._see, args=arguments, daemon=True)
        self._watches[namespace].start()
        return {}

    def _see(self, namespace: str, api: http.client.HTTPConnection, count: int) -> None:
        """Note the time of the first event that shows each pod ready."""
        seen: set[str] = set()
        events = api.getresponse()
        while len(seen) < count and (line := events.readline()):
            now = time.monotonic_ns()
            pod = json.loads(line)["object"]
            name = pod["metadata"]["name"]
            if name not in seen and any(each["type"] == "Ready" for each in pod["status"].get("conditions", ())):
                seen.add(name)
                self._time(namespace, name)["seen"] = now
        events.close()
        api.close()

    def ready(self, namespace: str, pod: str, after: str) -> dict[str, object]:
        """Set the condition Ready of a pod after some seconds."""
        timer = threading.Timer(float(after), self._make_ready, (namespace, pod))
        timer.daemon = True
        timer.start()
        return {}

    def _make_ready(self, namespace: str, pod: str) -> None:
        api = self.server.connect()
        api.connect()
        times = self._time(namespace, pod)
        times["started"] = time.monotonic_ns()
        self.server.send(api, "PATCH", f"/api/v1/namespaces/{namespace}/pods/{pod}/status", READY)
        times["written"] = time.monotonic_ns()
        api.close()

    def _time(self, namespace: str, pod: str) -> dict[str, int]:
        return self._times[namespace].setdefault(pod, {})

    def times(self, namespace: str) -> dict[str, object]:
        """Return when each pod became ready, after all have been seen."""
        self._watches[namespace].join(SEEN_SECONDS)
        return dict(self._times[namespace])


def _serve(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _commands(stage: Stage) -> type[BaseHTTPRequestHandler]:
    class Commands(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            body = json.dumps(getattr(stage, address.path.removeprefix("/"))(**query)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            """Log nothing, because the table is the output."""

    return Commands


def _counting(stage: Stage) -> type[BaseHTTPRequestHandler]:
    class Counting(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self.upstream = stage.server.connect()

        def finish(self) -> None:
            self.upstream.close()
            super().finish()

        def forward(self) -> None:
            stage.counts[self.command] = stage.counts.get(self.command, 0) + 1
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            headers["Authorization"] = f"Bearer {stage.server.plane.token}"
            headers["Accept-Encoding"] = "identity"
            self.upstream.request(self.command, self.path, body or None, headers)
            response = self.upstream.getresponse()
            content = response.read()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_) -> None:
            """Log nothing, because the table is the output."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Counting, f"do_{method}", Counting.forward)
    return Counting


@contextmanager
def stage_on(server: Live) -> Iterator[Stage]:
    """Serve the commands for a control plane."""
    with tempfile.TemporaryDirectory(prefix="kubeloop-bench-") as folder:
        stage = Stage(server, Path(folder))
        servers = [_serve(_counting(stage)), _serve(_commands(stage))]
        stage.proxy, stage.commands = (f"http://127.0.0.1:{each.server_port}" for each in servers)
        try:
            yield stage
        finally:
            for each in servers:
                each.shutdown()
                each.server_close()


@contextmanager
def stage() -> Iterator[str]:
    """Run a control plane on the servers' core, and yield the address of the commands."""
    with live(0) as (server, _), stage_on(server) as found:
        yield found.commands
