"""Changes of kubeconfig files on full and read-only disks, beside other writers and after killed writers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kubeloop.config import KubeconfigData, modify_kubeconfig, read_kubeconfig
from kubeloop.errors import ConfigError
from kubeloop.meta import yaml
from kubeloop.testing import virtual_time

CONFIG = """\
clusters:
- cluster: {server: https://c}
  name: c
contexts:
- context: {cluster: c}
  name: x
current-context: x
"""
COMMAND = [sys.executable, "-m", "kubeloop", "config"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "kube").mkdir()
    path = tmp_path / "kube" / "config"
    path.write_text(CONFIG)
    path.chmod(0o640)
    return path


def run(path: Path, *words: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `kubeloop config` in a process of its own, after other statements if there are any."""
    program = f"import sys\n{before}\nfrom kubeloop.cli import main\nsys.exit(main(['config', *sys.argv[1:]]))"
    command = [sys.executable, "-c", program, *words, "--kubeconfig", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def assert_unchanged(path: Path, done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert done.returncode == 1
    assert done.stderr == f"kubeloop: {path}: cannot write this kubeconfig, which is unchanged: {reason}\n"
    assert path.read_text() == CONFIG
    assert os.listdir(path.parent) == ["config"]


def test_a_full_disk_leaves_the_file_and_nothing_else(path: Path) -> None:
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))"
    done = run(path, "set-credentials", "u", "--token", "secret-1", before=limit)
    assert_unchanged(path, done, "File too large")
    assert "secret-1" not in done.stderr


# Opening for writing fails as on a disk that is mounted read-only; reading works.
READ_ONLY_DISK = """
import errno, os
def refuse(path, flags, *rest, real=os.open, **names):
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
    return real(path, flags, *rest, **names)
os.open = refuse
"""


def test_a_read_only_disk_is_reported(path: Path) -> None:
    assert_unchanged(path, run(path, "set-context", "y", before=READ_ONLY_DISK), "Read-only file system")


def can_mount() -> bool:
    """Return whether this process may mount a disk in memory in a namespace of its own."""
    unshare = shutil.which("unshare")
    command = [unshare or "", "-rm", "mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", "/tmp"]
    return unshare is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="mounting is not permitted; the tests above use other full disks")
@pytest.mark.parametrize(
    ("options", "reason"), [("size=16k", "No space left on device"), ("ro", "Read-only file system")]
)
def test_a_real_disk_that_is_full_or_read_only(tmp_path: Path, options: str, reason: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "config").write_text(CONFIG)
    script = f"""
        mount -t tmpfs -o size=64k tmpfs {disk} && cp {tmp_path}/config {disk}/config
        test {options} = ro || dd if=/dev/zero of={disk}/filler bs=1024 2>/dev/null
        test {options} = ro && mount -o remount,ro {disk}
        {sys.executable} -m kubeloop config set-context y --kubeconfig {disk}/config
        echo $?; cat {disk}/config; ls -A {disk}
    """
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=True)
    assert reason in done.stderr
    assert "which is unchanged" in done.stderr
    files = "config\n" if options == "ro" else "config\nfiller\n"
    assert done.stdout == f"1\n{CONFIG}{files}"


@pytest.mark.parametrize("device", ["/dev/full", "/dev/null", "/dev/zero"])
def test_a_device_is_no_kubeconfig(device: str) -> None:
    done = run(Path(device), "set-context", "y")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{device}: cannot read this kubeconfig: not a regular file" in done.stderr


def test_readers_never_see_a_part_of_the_file_and_no_writer_loses_a_change(path: Path) -> None:
    def command(number: int) -> list[str]:
        return [*COMMAND, "set-credentials", f"u{number}", "--token", "t" * 20_000, "--kubeconfig", str(path)]

    writers = [subprocess.Popen(command(number), stdout=subprocess.DEVNULL) for number in range(6)]
    reads = 0
    while any(writer.poll() is None for writer in writers):
        assert read_kubeconfig(path).current_context == "x"
        reads += 1
    assert [writer.wait() for writer in writers] == [0] * 6
    assert reads > 6
    assert set(read_kubeconfig(path).users) == {f"u{number}" for number in range(6)}
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(path.parent) == ["config"]


KILLED = """
import asyncio, sys
from kubeloop.config import modify_kubeconfig
def change(data):
    data.users["u"] = {"token": "t"}
    print("locked", flush=True)
    sys.stdin.read()
asyncio.run(modify_kubeconfig(change, sys.argv[1]))
"""


def test_the_lock_of_a_killed_writer_is_named_and_stays_until_a_person_removes_it(path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "locked\n"
        writer.send_signal(signal.SIGKILL)

    def change(data: KubeconfigData) -> None:
        data.users["v"] = {}

    lock = path.parent / "config.lock"
    with pytest.raises(ConfigError, match=rf"{lock}: timed out after 5 s.*remove the file if no program"):
        virtual_time.run(modify_kubeconfig(change, path))
    assert path.read_text() == CONFIG
    assert sorted(os.listdir(path.parent)) == ["config", "config.lock"]
    lock.unlink()
    virtual_time.run(modify_kubeconfig(change, path))
    assert list(read_kubeconfig(path).users) == ["v"]


def test_a_chain_of_links_and_a_link_to_a_missing_file_stay(path: Path, tmp_path: Path) -> None:
    second, first = tmp_path / "second", tmp_path / "first"
    second.symlink_to(path)
    first.symlink_to("second")
    missing = tmp_path / "dangling"
    missing.symlink_to(tmp_path / "kube" / "other")

    def change(data: KubeconfigData) -> None:
        data.users["u"] = {"token": "t"}

    for link in (first, missing):
        virtual_time.run(modify_kubeconfig(change, link))
        assert link.is_symlink()
        assert list(read_kubeconfig(link.resolve()).users) == ["u"]
    assert second.is_symlink()
    assert (tmp_path / "kube" / "other").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["dangling", "first", "kube", "second"]


NUMBERS = ["0", "433e40", "0o7", "1_000", "0x1F", ".inf", "2001-01-01"]


@pytest.mark.parametrize("text", [*NUMBERS, "yes", "~", "null", "=", "ä\u2028\U0001f600", "a\tb", ""])
def test_a_text_that_looks_like_another_type_stays_a_text(path: Path, text: str) -> None:
    """A name such as 433e40 was once written without quotes, and read as a number."""

    def change(data: KubeconfigData) -> None:
        data.users["u"] = {"token": text, "as-user-extra": {text or "k": [text]}}

    virtual_time.run(modify_kubeconfig(change, path))
    assert yaml.load(path.read_text())["users"][0]["user"] == {"token": text, "as-user-extra": {text or "k": [text]}}
