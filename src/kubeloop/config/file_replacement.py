"""Replacing the content of a file so that a reader, and a crash, finds the old or the new content and never a part."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["replace_file"]

# The folder cannot be written, or the file is a mount point, as a single file that is mounted into a container is.
_IN_PLACE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV})
_BINARY = getattr(os, "O_BINARY", 0)


def replace_file(path: str, data: bytes, *, rename: Callable[[str, str], None] = os.replace) -> None:
    """Write a file: a temporary file in the same folder is written, flushed to the disk, and renamed.

    The mode and the owner are kept; a new file has the mode 0600. Of a symbolic link, the target is replaced. Where the
    folder cannot be written, the owner cannot be kept, or the file cannot be renamed onto, the file is written in
    place, and its old content is written back after an error.

    Args:
        path: The path of the file, in a folder that exists.
        data: The whole content.
        rename: The function that renames the temporary file.

    Raises:
        OSError: The file cannot be written (as for a full disk), or is not a regular file. Its content is unchanged.
    """
    target = os.path.realpath(path)
    try:
        existing = os.open(target, os.O_RDWR | _BINARY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        _replace(target, data, None, rename)
        return
    try:
        if not stat.S_ISREG(os.fstat(existing).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        try:
            _replace(target, data, os.fstat(existing), rename)
        except OSError as error:
            if error.errno not in _IN_PLACE:
                raise
            _write_in_place(existing, data)
    finally:
        os.close(existing)


def _replace(target: str, data: bytes, existing: os.stat_result | None, rename: Callable[[str, str], None]) -> None:
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(6)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
    try:
        try:
            if existing is not None:
                _keep_owner_and_mode(descriptor, existing)
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        rename(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):  # not every system can flush a folder
        _flush_folder(folder)


def _keep_owner_and_mode(descriptor: int, existing: os.stat_result) -> None:
    created = os.fstat(descriptor)
    if (created.st_uid, created.st_gid) != (existing.st_uid, existing.st_gid):
        os.fchown(descriptor, existing.st_uid, existing.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(existing.st_mode))


def _write_in_place(descriptor: int, data: bytes) -> None:
    old = bytearray()
    while chunk := os.read(descriptor, 1 << 20):
        old += chunk
    try:
        _overwrite(descriptor, data)
    except BaseException:
        _overwrite(descriptor, bytes(old))
        raise


def _overwrite(descriptor: int, data: bytes) -> None:
    # Cut at the end only: the blocks of the old content stay reserved until the new content is written.
    os.lseek(descriptor, 0, os.SEEK_SET)
    _write_all(descriptor, data)
    os.ftruncate(descriptor, len(data))
    os.fsync(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _flush_folder(folder: str) -> None:
    descriptor = os.open(folder or os.curdir, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
