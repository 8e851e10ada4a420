"""Finding the server programs in `KUBEBUILDER_ASSETS`, on `PATH` or in the user's cache, or building them.

Programs of the first two places are skipped with a message if their version is another one. A program in the cache has
the hash of the Go sources in its name, and is run only if no other user could have changed it (`private`).
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .build import build_steps
from .control_plane_error import ControlPlaneError
from .private_directory import check_private, on_path
from .steps import Report, Steps

KUBERNETES_VERSION = "v1.37.0"
WANTED_VERSION = "v1.37"
PROGRAM = "kubeloop-controlplane"
SOURCES = Path(__file__).parent / "server"
SOURCE_NAMES = ("main.go", "go.mod", "go.sum")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The commands of the components, and where they were found. `controller_manager` is empty if there is none."""

    etcd: tuple[str, ...]
    api_server: tuple[str, ...]
    controller_manager: tuple[str, ...]
    version: str
    source: str


def find_steps(*, version: str, controller_manager: bool, report: Report) -> Steps[Binaries]:
    """Find or build the programs. `version` is a prefix such as "v1.37" or a whole version."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    searched: list[str] = []
    places: list[tuple[str, Callable[[str], str | None]]] = []
    if assets:
        places.append((f"KUBEBUILDER_ASSETS ({assets})", lambda name: shutil.which(name, path=assets)))
    places.append(("PATH", on_path))
    for place, which in places:
        found = _separate(which, place)
        if found is None:
            searched.append(f"{place}: no etcd and kube-apiserver")
            if place != "PATH":  # somebody pointed there
                report(f"passing over {place}: it does not hold etcd and kube-apiserver")
        elif not _fits(found.version, version):
            searched.append(f"{place}: kube-apiserver is {found.version or 'of an unknown version'}")
            report(f"passing over {found.api_server[0]}: {found.version or 'unknown version'} is not {version}")
        elif controller_manager and not found.controller_manager:
            searched.append(f"{place}: no kube-controller-manager")
            report(f"passing over {place}: it has no kube-controller-manager")
        else:
            return found
    if not _fits(KUBERNETES_VERSION, version):
        places_text = "; ".join(searched)
        raise ControlPlaneError(
            f"no Kubernetes {version} found ({places_text}), and only {KUBERNETES_VERSION} can be built here: "
            "put kube-apiserver and etcd of that version into a directory and name it in KUBEBUILDER_ASSETS"
        )
    source = "the cache" if cached_program().exists() else "a build"
    program = yield from _built_steps(report)
    return _combined(program, source)


def kubectl_steps(report: Report) -> Steps[tuple[str, ...]]:
    """Return the command of kubectl, which is that of the built program, whatever else is on `PATH`."""
    program = yield from _built_steps(report)
    return (str(program), "kubectl")


def _built_steps(report: Report) -> Steps[Path]:
    """Return the program in the user's cache, and build it if it is missing."""
    program = cached_program()
    if not program.exists():
        yield from build_steps(SOURCES, SOURCE_NAMES, program, KUBERNETES_VERSION, report)
    check_private(program, cache_directory().parent)
    return program


def cached_program() -> Path:
    """Return the path in the user's cache for the current Go sources. The file may be missing."""
    return cache_directory() / source_hash() / PROGRAM


def cache_directory() -> Path:
    """Return `$XDG_CACHE_HOME/kubeloop/controlplane`; the default of the variable is `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME")
    # The specification requires that a relative path is ignored.
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "kubeloop" / "controlplane"


def source_hash() -> str:
    """Return the key of a built program: a hash of the Go sources, the built-in version and the platform."""
    digest = hashlib.sha256(f"{KUBERNETES_VERSION} {sys.platform} {platform.machine()}".encode())
    for name in SOURCE_NAMES:
        digest.update(hashlib.sha256((SOURCES / name).read_bytes()).digest())
    return digest.hexdigest()[:16]


def _combined(program: Path, source: str) -> Binaries:
    path = str(program)
    return Binaries(
        etcd=(path, "etcd"),
        api_server=(path, "kube-apiserver"),
        controller_manager=(path, "kube-controller-manager"),
        version=KUBERNETES_VERSION,
        source=source,
    )


def _separate(which: Callable[[str], str | None], place: str) -> Binaries | None:
    etcd, api_server = which("etcd"), which("kube-apiserver")
    if etcd is None or api_server is None:
        return None
    manager = which("kube-controller-manager")
    return Binaries(
        etcd=(etcd,),
        api_server=(api_server,),
        controller_manager=(manager,) if manager else (),
        version=_version_of(api_server),
        source=place,
    )


def _version_of(program: str) -> str:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"Kubernetes (v\S+)", answer.stdout)
    return match[1] if match else ""


def _fits(found: str, wanted: str) -> bool:
    return found == wanted or found.startswith((f"{wanted}.", f"{wanted}-", f"{wanted}+"))
