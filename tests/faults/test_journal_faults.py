"""A journaled storage whose process is killed, whose disk is full, and whose directory two processes want."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kubeloop.testing.apiserver.storage.data_directory import open_storage
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_error import StorageError, StorageInUse
from kubeloop.testing.apiserver.storage.stored import Key

# Writes, deletes and compacts until it is killed; prints each acknowledged write: "revision name" or "revision -name".
WRITER = """
import random, sys
from kubeloop.testing.apiserver.storage import journal
from kubeloop.testing.apiserver.storage.data_directory import open_storage
from kubeloop.testing.apiserver.storage.stored import Key

journal.SHORTENED_BYTES = 1000  # so that rewriting is interrupted too
chance = random.Random(int(sys.argv[2]))
storage = open_storage(sys.argv[1])
print("opened", storage.revision, flush=True)
while True:
    name = f"p{chance.randrange(20)}"
    key = Key("pods", "default", name)
    if chance.random() < 0.2 and storage.get(key):
        change = storage.delete(key, None, expected=None)
        name = "-" + name
    else:
        change = storage.put(key, lambda revision: b"%d" % revision + bytes(chance.randrange(3000)), expected=None)
    print(change.revision, name, flush=True)
    if chance.random() < 0.05 and storage.revision - 5 > storage.compacted_revision:
        storage.compact(storage.revision - 5)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment
    )


def kill_after(process: subprocess.Popen[str], lines: int) -> list[list[str]]:
    """Read some lines, kill the process, and return the words of all whole lines that it has printed."""
    assert process.stdout is not None
    with process, process.stdout as output:
        read = [output.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        rest = output.read()
    return [line.split() for line in "".join((*read, rest)).splitlines(keepends=True) if line.endswith("\n")]


def test_a_killed_process_loses_nothing_that_it_has_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(12)
    newest: dict[str, int] = {}
    revision = 1
    for attempt in range(8):
        [opened, *acknowledged] = kill_after(start(WRITER, tmp_path, attempt), chance.randrange(2, 400))
        assert opened[0] == "opened"
        assert int(opened[1]) >= revision
        for word, name in acknowledged:
            revision = int(word)
            if name.startswith("-"):
                newest.pop(name[1:], None)
            else:
                newest[name] = revision
        storage = open_storage(tmp_path)
        assert storage.revision in (revision, revision + 1)  # the last write may not have been printed
        for change in storage.changes(revision) if storage.revision > revision else ():
            newest.pop(change.key.name, None)
            if change.value:
                newest[change.key.name] = change.revision
        assert {item.key.name: item.revision for item in storage.range("pods").items} == newest
        assert all(item.data.startswith(b"%d" % item.revision) for item in storage.range("pods").items)
        revision = storage.revision
        storage.close()
    assert revision > 500


# Writes until the limit of the file's size refuses it, which happens in the middle of a record; then raises the limit.
LIMITED = """
import os, resource, sys
from pathlib import Path
from kubeloop.testing.apiserver.storage.data_directory import open_storage
from kubeloop.testing.apiserver.storage.storage_error import StorageFull
from kubeloop.testing.apiserver.storage.stored import Key

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
journal = Path(sys.argv[1]) / "journal"
storage = open_storage(sys.argv[1])
refused = 0
while refused < 3:
    size = journal.stat().st_size
    try:
        storage.put(Key("pods", "default", f"p{storage.revision}"), lambda _: bytes(999), expected=0)
    except StorageFull as error:
        refused += 1
        assert "File too large" in str(error), error
        assert journal.stat().st_size == size
written = storage.revision
print(written)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
storage.put(Key("pods", "default", "after"), lambda _: bytes(999), expected=0)
print(storage.revision, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_full_disk_refuses_writes_and_acknowledges_none_of_them(tmp_path: Path) -> None:
    with start(LIMITED, tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    [full, after] = map(int, output.split())
    assert (full, after) == (19, 20)
    storage = open_storage(tmp_path)
    assert storage.revision == after
    assert len(storage.range("pods").items) == after - 1
    storage.close()


def can_mount() -> bool:
    """Return whether this process may mount a disk in memory in a namespace of its own."""
    unshare = shutil.which("unshare")
    command = [unshare or "", "-rm", "mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", "/tmp"]
    return unshare is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


# Fills a small disk, makes room by removing another file, and prints the revision before and after.
ON_SMALL_DISK = """
import os, sys
from pathlib import Path
from kubeloop.testing.apiserver.storage.data_directory import open_storage
from kubeloop.testing.apiserver.storage.storage_error import StorageFull
from kubeloop.testing.apiserver.storage.stored import Key

def write():
    storage.put(Key("pods", "default", f"p{storage.revision}"), lambda _: b"x" * 3000, expected=0)

storage = open_storage(sys.argv[1] + "/data")
try:
    while True:
        write()
except StorageFull as error:
    print(error)
print(storage.revision)
os.unlink(sys.argv[1] + "/filler")
write()
storage.close()
storage = open_storage(sys.argv[1] + "/data")
print(storage.revision, len(storage.range("pods").items))
storage.close()
"""


@pytest.mark.skipif(not can_mount(), reason="mounting is not permitted; the test above uses another limit")
def test_a_real_disk_that_is_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "program.py").write_text(ON_SMALL_DISK)
    script = f"""
        mount -t tmpfs -o size=64k tmpfs {disk} && dd if=/dev/zero of={disk}/filler bs=1024 count=32 2>/dev/null
        {sys.executable} {tmp_path}/program.py {disk}
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    [error, before, after] = done.stdout.splitlines()
    assert error == f"cannot write the journal: No space left on device: {disk}/data/journal"
    assert int(before) > 5
    assert after == f"{int(before) + 1} {before}"


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot open the storage: .*: /proc/kubeloop"):
        open_storage("/proc/kubeloop")


HOLDER = """
import signal, sys
from kubeloop.testing.apiserver.storage.data_directory import open_storage
storage = open_storage(sys.argv[1])
print("open", flush=True)
signal.pause()
"""


def test_two_processes_cannot_use_one_directory_but_one_after_the_other_can(tmp_path: Path) -> None:
    holder = start(HOLDER, tmp_path)
    assert holder.stdout is not None
    with holder, holder.stdout:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StorageInUse, match=f"process {holder.pid}: {tmp_path}"):
            open_storage(tmp_path)
        holder.kill()
    storage: Storage = open_storage(tmp_path)
    storage.put(Key("pods", "a", "x"), lambda _: b"", expected=0)
    storage.close()
