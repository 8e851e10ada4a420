"""The suite `server`: the API server in Python beside the real one with etcd, under the same load.

CPU is the user and system time of the server's processes (`/proc`), per operation. All servers run on one core, the
load generator on the other; in a round, each server gets the same load, one shortly after the other. A ratio is that to
the real server in the same round.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubeloop.testing.controlplane import ControlPlane

from . import workload
from .harness import CLIENT_CORE, SERVER_CORE, Row, pinned
from .live import TICKS
from .progress import progress
from .subjects import HERE, WORK, go_binaries, run

if TYPE_CHECKING:
    from .suites import Bench

DATA = WORK / "data"
REAL = "kube-apiserver + etcd"
NAMESPACE = "default"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
AT_ONCE = 10
LISTED, GETS, LISTS, MANY = 10_000, 4000, 3, 50_000
WATCHES, EVENTS = 100, 300
IDLE_SECONDS = 10
OPERATIONS = 1000
LIST_FORMS = {
    "JSON": ("application/json", "identity"),
    "protobuf": ("application/vnd.kubernetes.protobuf", "identity"),
    "JSON, gzip": ("application/json", "gzip"),
}
# What a server or a controller has filled in, of which a create would be refused or treated differently.
FILLED_IN = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "ownerReferences", "generateName")


@dataclass
class Server:
    """A running server: its name, how to reach it, its processes, and its CPU per second without a load."""

    name: str
    url: str
    ca: str
    token: str
    pids: tuple[int, ...]
    idle: float = 0.0

    def cpu(self) -> float:
        """Return the user and system time of the processes, in microseconds, without that of an idle server."""
        return sum(map(cpu_of, self.pids)) * 1e6 - self.idle * time.monotonic()

    def rest(self) -> None:
        """Measure the CPU per second without a load."""
        self.idle = 0.0
        before, began = self.cpu(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        self.idle = (self.cpu() - before) / (time.monotonic() - began)

    def load(self, command: str, *arguments: object) -> subprocess.Popen:
        """Start the load generator."""
        words = [program("serverload"), command, self.url, self.ca, self.token, *map(str, arguments)]
        return subprocess.Popen(
            pinned(CLIENT_CORE, words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def under(self, command: str, *arguments: object) -> float:
        """Return the CPU of the server while the load generator runs."""
        before = self.cpu()
        finish(self.load(command, *arguments))
        return self.cpu() - before


@cache
def program(name: str) -> str:
    """Return the path of a Go program, which is built."""
    return str(go_binaries() / name)


def cpu_of(pid: int) -> float:
    """Return the user and system time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def finish(process: subprocess.Popen) -> None:
    output, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the load generator failed: {output[-200:]} {errors[-400:]}")


def server(bench: "Bench") -> list[Row]:
    """Create, get, list and watch on `kubeloop serve` and on the real server with etcd; `kubeloop` has a journal.

    The CPU that a server uses without a load is subtracted. Then the fake clientsets, the start, and the memory.
    """
    samples = bench.samples
    pod, config_map = bodies()
    rows = start(samples)
    with ExitStack() as stack:
        own = os.sched_getaffinity(0)
        stack.callback(os.sched_setaffinity, 0, own)
        os.sched_setaffinity(0, {SERVER_CORE})
        plane = stack.enter_context(ControlPlane())
        real = Server(
            REAL, plane.url, str(plane.ca_file), plane.token, (plane.pid("kube-apiserver"), plane.pid("etcd"))
        )
        servers = [
            stack.enter_context(python_server("kubeloop", "--data")),
            stack.enter_context(python_server("kubeloop (in memory)")),
            stack.enter_context(python_server("kubeloop (TLS)", "--data", "--tls")),
            real,
        ]
        for each in servers:
            each.rest()
        rows += [Row("without a load, per second", each.name, "cpu", "us", (each.idle,)) for each in servers]
        created = LISTED // samples

        def create(each: Server, number: int) -> float:
            return each.under("create", PODS, pod, number * created, created, AT_ONCE) / created

        def get(each: Server, _: int) -> float:
            return each.under("get", PODS, "bench", min(GETS, created * samples), AT_ONCE) / GETS

        rows += rounds("create of a pod", samples, servers, create)
        rows += rounds("get of a pod", samples, servers, get)
        for name, form in LIST_FORMS.items():

            def list_(each: Server, _: int, form: tuple[str, str] = form) -> float:
                return each.under("list", PODS, created * samples, LISTS, *form) / LISTS / 1e3

            rows += rounds(f"list of {LISTED} pods, {name}", samples, servers, list_, unit="ms")
        rows += rounds(
            f"{WATCHES} watches of a ConfigMap of 1 KB: per watch and event",
            samples,
            servers,
            lambda each, _: (changes(each, config_map, WATCHES) - changes(each, config_map, 0)) / WATCHES / EVENTS,
        )
    return rows + fake_clientset(pod, config_map, samples) + memory(pod)


def bodies() -> tuple[Path, Path]:
    """Write what is created: the pod of the other suites without what a server fills in, and a ConfigMap of 1 KB."""
    workload.ensure_pod(DATA)
    pod = json.loads((DATA / "pod.json").read_text())
    del pod["status"]
    pod["metadata"] = {name: value for name, value in pod["metadata"].items() if name not in FILLED_IN}
    pod["metadata"] |= {"name": "NAME", "namespace": NAMESPACE}
    metadata = {"name": "NAME", "namespace": NAMESPACE, "annotations": {"change": "CHANGE"}}
    config_map = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": {"settings": "x = 1; " * 120}}
    paths = DATA / "pod-new.json", DATA / "config-map.json"
    for path, document in zip(paths, (pod, config_map), strict=True):
        path.write_text(json.dumps(document, separators=(",", ":")))
    return paths


@contextmanager
def python_server(name: str, *options: str) -> Iterator[Server]:
    """Run `kubeloop serve`; `--data` gets a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="kubeloop-bench-") as directory:
        words = [word for option in options for word in ((option, directory) if option == "--data" else (option,))]
        if "--tls" in options:  # without TLS there is no token
            words += ["--token", "bench"]
        process = serve(*words)
        try:
            config = json.loads(Path(process.stdout.readline().strip()).read_text())
            cluster = config["clusters"][0]["cluster"]
            ca = Path(directory, "bench-ca.crt")
            ca.write_bytes(b64decode(cluster.get("certificate-authority-data", "")))
            yield Server(name, cluster["server"], str(ca) if "--tls" in options else "", "bench", (process.pid,))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            process.stdout.close()


def serve(*options: str) -> subprocess.Popen:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.Popen(
        pinned(SERVER_CORE, [sys.executable, "-m", "kubeloop", "serve", *options]),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def rounds(
    case: str, samples: int, servers: Sequence[Server], measure: Callable[[Server, int], float], *, unit: str = "us"
) -> list[Row]:
    """Measure each server once per round, in another order each time."""
    found: dict[str, list[float]] = {each.name: [] for each in servers}
    for number in range(samples):
        for each in random.Random(number).sample(servers, len(servers)):
            progress(f"{case}: round {number + 1}/{samples}, {each.name}")
            found[each.name].append(measure(each, number))
    progress("")
    rows = [Row(case, name, "cpu", unit, tuple(values)) for name, values in found.items()]
    real = next((row for row in rows if row.subject == REAL), None)
    return rows + [
        Row(case, row.subject, "cpu / real server", "x", row.beside(real, lambda a, b: a / b))
        for row in (rows if real else ())
        if row is not real
    ]


def changes(each: Server, config_map: Path, watches: int) -> float:
    """Return the CPU of a number of updates of an object that has a number of watches."""
    process = each.load("watch", CONFIG_MAPS, config_map, watches, EVENTS)
    if process.stdout.readline() != "open\n":
        finish(process)
    before = each.cpu()
    process.stdin.write("go\n")
    process.stdin.flush()
    if process.stdout.readline() != "seen\n":
        finish(process)
    used = each.cpu() - before
    process.stdin.write("end\n")
    finish(process)
    return used


def start(samples: int) -> list[Row]:
    """Start `kubeloop serve` until `/readyz` says ok; import the modules."""
    found: dict[str, list[float]] = {"cpu": [], "wall": []}
    for _ in range(samples + 1):  # the first start writes the bytecode
        began = time.perf_counter()
        process = serve()
        try:
            kubeconfig = Path(process.stdout.readline().strip())
            address = urlsplit(json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"])
            connection = HTTPConnection(address.hostname, address.port)
            connection.request("GET", "/readyz")
            if connection.getresponse().read() != b"ok":
                raise RuntimeError("the server is not ready")
            found["wall"].append((time.perf_counter() - began) * 1e3)
            found["cpu"].append(cpu_of(process.pid) * 1e3)
            connection.close()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            process.stdout.close()
    return [Row("start until ready", "kubeloop", metric, "ms", tuple(values[1:])) for metric, values in found.items()]


def fake_clientset(pod: Path, config_map: Path, samples: int) -> list[Row]:
    """Create, get, update and delete through a clientset in the same process; client-go's has no API server."""
    commands = {
        "kubeloop": [sys.executable, str(HERE / "peers/run_fake_clientset.py")],
        "client-go": [program("fakeclientset")],
    }
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(samples):
        for subject in random.Random(number).sample(list(commands), len(commands)):
            words = [*commands[subject], str(pod), str(config_map), str(OPERATIONS)]
            for name, kinds in json.loads(run(pinned(CLIENT_CORE, words))).items():
                for kind, operations in kinds.items():
                    for operation, cpu in operations.items():
                        case = f"fake clientset: {operation} of a {kind}"
                        found.setdefault((case, f"{subject} {name}".strip()), []).append(cpu)
    return [Row(case, subject, "cpu", "us", tuple(values)) for (case, subject), values in found.items()]


def memory(pod: Path) -> list[Row]:
    """Fill a server with 50,000 pods."""
    with python_server("kubeloop") as each:
        each.under("create", PODS, pod, 0, MANY, AT_ONCE)
        size = resident(each.pids[0]) / 1e6
    return [Row(f"memory with {MANY} pods", "kubeloop (in memory)", "rss", "MB", (size,))]
