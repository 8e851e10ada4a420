"""Replacing files: atomically, with the mode and the links kept, and with the old content after every error."""

import errno
import os
import subprocess
import sys

import pytest

from kubeloop.config.file_replacement import replace_file
from tests.support.unprivileged import read_only


def failing_rename(number):
    def rename(source, target):
        raise OSError(number, os.strerror(number), target)

    return rename


def test_a_new_file_can_be_read_by_its_owner_only(tmp_path):
    replace_file(str(tmp_path / "config"), b"new")
    assert (tmp_path / "config").read_bytes() == b"new"
    assert (tmp_path / "config").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["config"]


def test_the_mode_is_kept_and_a_reader_keeps_the_old_content(tmp_path):
    path = tmp_path / "config"
    path.write_bytes(b"old content")
    path.chmod(0o640)
    with path.open("rb") as reader:
        replace_file(str(path), b"new")
        assert reader.read() == b"old content"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_owner_is_kept(tmp_path):
    path = tmp_path / "config"
    path.write_bytes(b"old")
    # Only root can create a file of another user.
    owner = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(path, owner, -1)
    replace_file(str(path), b"new")
    assert (path.read_bytes(), path.stat().st_uid) == (b"new", owner)


@pytest.mark.parametrize("content", [b"old", None], ids=["existing", "missing"])
def test_the_target_of_a_symbolic_link_is_replaced(tmp_path, content):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "config", tmp_path / "config"
    if content is not None:
        target.write_bytes(content)
    link.symlink_to(target)
    replace_file(str(link), b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert not target.is_symlink()


@pytest.mark.parametrize("new", [b"n", b"longer than the old content"])
def test_a_file_in_a_folder_that_cannot_be_written_is_written_in_place(tmp_path, new):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "config").write_bytes(b"old content")
    with read_only(folder):
        replace_file(str(folder / "config"), new)
    assert (folder / "config").read_bytes() == new
    assert os.listdir(folder) == ["config"]


def test_a_new_file_in_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with read_only(folder), pytest.raises(PermissionError):
        replace_file(str(folder / "config"), b"new")
    assert os.listdir(folder) == []


def test_a_file_that_cannot_be_written_is_not_replaced(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "config").write_bytes(b"old")
    (folder / "config").chmod(0o400)
    with read_only(folder):
        folder.chmod(0o755)
        with pytest.raises(PermissionError):
            replace_file(str(folder / "config"), b"new")
    assert (folder / "config").read_bytes() == b"old"


def test_a_mount_point_is_written_in_place(tmp_path):
    path = tmp_path / "config"
    path.write_bytes(b"old content")
    inode = path.stat().st_ino
    replace_file(str(path), b"new", rename=failing_rename(errno.EBUSY))
    assert (path.read_bytes(), path.stat().st_ino) == (b"new", inode)
    assert os.listdir(tmp_path) == ["config"]


def test_another_error_of_the_rename_changes_nothing(tmp_path):
    path = tmp_path / "config"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="No space"):
        replace_file(str(path), b"new", rename=failing_rename(errno.ENOSPC))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["config"]


# A full disk: no file may have more than eight bytes.
FULL_DISK = """
import errno, os, resource, sys
from kubeloop.config.file_replacement import replace_file
def rename(source, target):
    raise OSError(int(sys.argv[2]), "cannot rename")
resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))
try:
    replace_file(sys.argv[1], b"longer than eight bytes", rename=rename)
except OSError as error:
    print(errno.errorcode[error.errno])
"""


def test_a_full_disk_changes_nothing(tmp_path):
    path = tmp_path / "config"
    path.write_bytes(b"old")
    command = [sys.executable, "-c", FULL_DISK, str(path), str(errno.EBUSY)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "EFBIG\n"
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["config"]


IN_PLACE_ON_A_FULL_DISK = FULL_DISK.replace(
    "try:",
    "os.open = lambda path, flags, mode=0, real=os.open: refuse() if flags & os.O_EXCL else real(path, flags)\ntry:",
).replace("resource.setrlimit", "def refuse():\n    raise PermissionError(errno.EACCES, '')\nresource.setrlimit")


def test_the_old_content_is_written_back_if_a_full_disk_stops_writing_in_place(tmp_path):
    path = tmp_path / "config"
    path.write_bytes(b"old text")
    command = [sys.executable, "-c", IN_PLACE_ON_A_FULL_DISK, str(path), "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "EFBIG\n"
    assert path.read_bytes() == b"old text"


def test_a_pipe_is_refused(tmp_path):
    path = tmp_path / "config"
    os.mkfifo(path)
    with pytest.raises(OSError, match="not a regular file"):
        replace_file(str(path), b"new")
