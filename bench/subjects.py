"""Who is measured: kubeloop and its peers, each in its own environment, built once and kept under `bench/.work`.

A subject that cannot be made here (no toolchain, no package) is `Missing`, with the reason, and stays in the table so.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"

PYTHON_PEERS = {
    "lightkube": ["lightkube==1.0.1", "lightkube-models==1.37.0.8"],
    "kubernetes": ["kubernetes==37.0.2"],
    "kubernetes_asyncio": ["kubernetes_asyncio==36.1.0"],
    "kr8s": ["kr8s==0.20.15"],
}


class Missing(Exception):
    """A subject that cannot be measured here; says why."""


@dataclass(frozen=True)
class Subject:
    """`command(measurement, *arguments)` is one sample in one process; `environment` is added to ours."""

    name: str
    command: Callable[..., list[str]]
    environment: tuple[tuple[str, str], ...] = ()
    versions: str = ""

    @property
    def is_python(self) -> bool:
        return self.name.split(" ")[0] in {"kubeloop", *PYTHON_PEERS}


def run(command: list[str], **options) -> str:
    """Run a build step; its output, or `Missing` with the end of what it said."""
    done = subprocess.run(command, text=True, capture_output=True, check=False, **options)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, command[:3]))} failed: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise Missing(f"no {name} on PATH")
    return found


def go_binaries() -> Path:
    """client-go's runner, the replay server and the converter, built."""
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
    run(
        [tool("cargo"), "build", "--release", "--quiet"],
        cwd=source,
        env=os.environ | {"CARGO_TARGET_DIR": str(WORK / "rust-target")},
    )
    runner = str(WORK / "rust-target/release/kube-rs-peer")
    versions = "kube 5.0.0, " + " ".join(run([tool("rustc"), "--version"]).split()[:2])
    return Subject("kube-rs", lambda measurement, *arguments: [runner, measurement, *arguments], (), versions)


def python_peer(name: str) -> Subject:
    packages = PYTHON_PEERS[name]
    environment = WORK / f"venv-{name}"
    python = environment / "bin/python"
    stamp = environment / "packages.txt"
    if not stamp.exists() or stamp.read_text() != "\n".join(packages):
        say(f"installing {' '.join(packages)}")
        run([sys.executable, "-m", "venv", "--clear", str(environment)])
        run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
        stamp.write_text("\n".join(packages))
    runner = str(HERE / "peers" / f"run_{name}.py")
    return Subject(name, lambda *arguments: [str(python), runner, *arguments], (), packages[0].replace("==", " "))


def kubeloop_subject() -> Subject:
    runner = str(HERE / "peers/run_kubeloop.py")
    return Subject("kubeloop", lambda *arguments: [sys.executable, runner, *arguments], (), "this tree")


def with_collector_off(subject: Subject) -> Subject:
    return Subject(
        f"{subject.name} (gc off)", subject.command, (*subject.environment, ("BENCH_GC", "off")), subject.versions
    )


MAKERS: dict[str, Callable[[], Subject]] = {
    "kubeloop": kubeloop_subject,
    "client-go json": lambda: go_subject("json"),
    "client-go protobuf": lambda: go_subject("protobuf"),
    "kube-rs": rust_subject,
} | {name: (lambda name=name: python_peer(name)) for name in PYTHON_PEERS}


def say(text: str) -> None:
    print(f"bench: {text} …", file=sys.stderr, flush=True)
