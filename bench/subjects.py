"""The subjects: kubeloop and its peers, each in its own environment, which is built once and kept in `bench/.work`.

A subject that cannot be built on this machine (no toolchain, no package) is `Missing`, with the reason, in the table.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kubeloop.testing.controlplane import steps
from kubeloop.testing.controlplane.binaries import KUBERNETES_VERSION, kubectl_steps

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"

# Each has its packages in requirements/bench: NAME.in says which, NAME.txt locks all of them with hashes.
REQUIREMENTS = HERE.parent / "requirements" / "bench"
PYTHON_PEERS = ("lightkube", "kubernetes", "kubernetes_asyncio", "kr8s")
MANIFEST_PEERS = ("kubesdk", "cloudcoil")  # measured with manifests only
SLOW = ("kubernetes", "kubernetes_asyncio", "kr8s")  # milliseconds per object


class Missing(Exception):
    """A subject that cannot be measured on this machine, with the reason."""


@dataclass(frozen=True)
class Subject:
    """A measured program: `command(measurement, *arguments)` runs one sample; `environment` extends the present one."""

    name: str
    command: Callable[..., list[str]]
    environment: tuple[tuple[str, str], ...] = ()
    versions: str = ""

    @property
    def is_python(self) -> bool:
        return self.name.split(" ")[0] in {"kubeloop", *PYTHON_PEERS, *MANIFEST_PEERS}

    def takes_part_in(self, suite: str) -> bool:
        return takes_part_in(self.name, suite)


def takes_part_in(subject: str, suite: str) -> bool:
    """Return whether a suite measures a subject: `manifests` has its own peers, which no other suite has."""
    if suite == "manifests":
        return subject in ("kubeloop", "lightkube", "kr8s", "kubernetes", "kubectl", *MANIFEST_PEERS)
    return subject not in ("kubectl", *MANIFEST_PEERS)


def run(command: list[str], **options) -> str:
    """Run a build step and return its output; raise `Missing` with the end of its output if it fails."""
    done = subprocess.run(command, text=True, capture_output=True, check=False, **options)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, command[:3]))} failed: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise Missing(f"no {name} on PATH")
    return found


@cache
def go_binaries() -> Path:
    """Build client-go's runner, the replay server and the converter."""
    target = WORK / "go"
    say("building the Go programs (client-go's runner, the replay server)")
    run([tool("go"), "build", "-o", f"{target}/", "./..."], cwd=HERE / "go")
    return target


def go_subject(format: str) -> Subject:
    runner = str(go_binaries() / "clientgo")
    return Subject(
        f"client-go {format}",
        lambda measurement, *arguments: [runner, measurement, format, *arguments],
        # One core, as Python has; the plain list and watch, as everywhere else here.
        (("GOMAXPROCS", "1"), ("KUBE_FEATURE_WatchListClient", "false")),
        "client-go v0.37.0, " + run([tool("go"), "version"]).split()[2],
    )


def rust_subject() -> Subject:
    source = WORK / "rust"
    shutil.copytree(HERE / "rust", source, dirs_exist_ok=True)
    say("building kube-rs's runner (minutes, the first time)")
    write_cargo_lock(source)
    run(
        [tool("cargo"), "build", "--release", "--quiet", "--locked"],
        cwd=source,
        env=os.environ | {"CARGO_TARGET_DIR": str(WORK / "rust-target")},
    )
    runner = str(WORK / "rust-target/release/kube-rs-peer")
    versions = "kube 5.0.0, " + " ".join(run([tool("rustc"), "--version"]).split()[:2])
    return Subject("kube-rs", lambda measurement, *arguments: [runner, measurement, *arguments], (), versions)


def write_cargo_lock(source: Path) -> None:
    """Create Cargo.lock from crates.lock, which has no addresses: Cargo adds the source of its crates."""
    lock = source / "Cargo.lock"
    lock.unlink(missing_ok=True)
    run([tool("cargo"), "generate-lockfile", "--quiet"], cwd=source)
    origin = next(line for line in lock.read_text().splitlines() if line.startswith("source = "))
    locked = (source / "crates.lock").read_text()
    lock.write_text(locked.replace("\nchecksum = ", f"\n{origin}\nchecksum = "))


def python_peer(name: str) -> Subject:
    lock = REQUIREMENTS / f"{name}.txt"
    environment = WORK / f"venv-{name}"
    python = environment / "bin/python"
    stamp = environment / "packages.txt"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        say(f"installing {name}")
        run([sys.executable, "-m", "venv", "--clear", str(environment)])
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        run([*install, "-r", str(lock)])
        stamp.write_text(lock.read_text())
    runner = str(HERE / "peers" / f"run_{name}.py")
    version = next(line.split()[0] for line in lock.read_text().splitlines() if line.startswith(pinned(name)))
    return Subject(name, lambda *arguments: [str(python), runner, *arguments], (), version.replace("==", " "))


def pinned(name: str) -> str:
    """Return the beginning of a peer's line in its lock file, where names have hyphens."""
    return f"{name.replace('_', '-')}=="


def kubeloop_subject() -> Subject:
    runner = str(HERE / "peers/run_kubeloop.py")
    return Subject("kubeloop", lambda *arguments: [sys.executable, runner, *arguments], (), "this tree")


def kubectl_subject() -> Subject:
    """Return kubectl, which is a sub-command of the control plane's program."""
    command = steps.run(kubectl_steps(say))
    runner = str(HERE / "peers/run_kubectl.py")
    return Subject(
        "kubectl",
        lambda *arguments: [sys.executable, runner, *arguments],
        (("BENCH_KUBECTL", "\n".join(command)),),
        f"kubectl {KUBERNETES_VERSION}",
    )


def with_collector_off(subject: Subject) -> Subject:
    return Subject(
        f"{subject.name} (gc off)", subject.command, (*subject.environment, ("BENCH_GC", "off")), subject.versions
    )


MAKERS: dict[str, Callable[[], Subject]] = {
    "kubeloop": kubeloop_subject,
    "client-go json": lambda: go_subject("json"),
    "client-go protobuf": lambda: go_subject("protobuf"),
    "kube-rs": rust_subject,
    "kubectl": kubectl_subject,
} | {name: (lambda name=name: python_peer(name)) for name in (*PYTHON_PEERS, *MANIFEST_PEERS)}


def say(text: str) -> None:
    print(f"bench: {text} …", file=sys.stderr, flush=True)
