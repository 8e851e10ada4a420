"""The replay server, which has its responses ready: a list of pods, a watch over them, one pod; over HTTP and TLS."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from kubeloop.testing.controlplane.authority import Authority

from . import workload
from .harness import SERVER_CORE, pinned
from .subjects import WORK, go_binaries, run, say

DATA = WORK / "data"
AUTHORITY = WORK / "tls" / "ca.crt"


def convert(*names: str) -> None:
    """Write the missing protobuf files."""
    suffix = {True: ".pbstream", False: ".pb"}
    wanted = [name for name in names if not (DATA / (name + suffix[name.startswith("watch-")])).exists()]
    if wanted:
        say(f"writing the protobuf files of {', '.join(wanted)}")
        run([str(go_binaries() / "convert"), str(DATA), *wanted])


@contextmanager
def replay(size: int, *, tls: bool = False) -> Iterator[dict[str, str]]:
    """Run the replay server on the other core, and yield its addresses."""
    workload.ensure_pod(DATA)
    workload.ensure(DATA, size, watch=True)
    workload.ensure_metadata(DATA, size)
    names = f"pods-{size}", f"watch-{size}-{workload.EVENTS}"
    convert("pod", *names, *(f"{name}-metadata" for name in names))
    command = [str(go_binaries() / "replay"), str(DATA), str(size), str(workload.EVENTS)]
    if tls:
        command += certificate()
    server = subprocess.Popen(pinned(SERVER_CORE, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(server.stdout.readline())
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


def certificate() -> list[str]:
    """Return the files of a certificate for 127.0.0.1 and its key, signed by `AUTHORITY`."""
    if not AUTHORITY.exists():
        AUTHORITY.parent.mkdir(parents=True, exist_ok=True)
        authority = Authority(AUTHORITY.parent)
        authority.issue_server("server", ["127.0.0.1"])
    return [str(AUTHORITY.parent / "server.crt"), str(AUTHORITY.parent / "server.key")]
