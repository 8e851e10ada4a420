"""CacheFiles: small files in a directory that only this user can write. Errors are no errors: the server has the truth.

Each call opens one small file and does not wait for the disk. A file appears as a whole or not at all to other
processes; after a crash of the machine it may be empty, which readers notice.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import stat
from collections.abc import Callable

from kubeloop.config.files import read_file

__all__ = ["CLOCK_DIFFERENCE", "CacheFiles"]

logger = logging.getLogger(__name__)

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
CLOCK_DIFFERENCE = 300.0
"""By how many seconds the clocks of programs that share files may differ."""
_BINARY = getattr(os, "O_BINARY", 0)


class CacheFiles:
    """Files below a directory, which is created with the mode 0700, and its files with 0600.

    A directory that belongs to another user, or that others may write, is not used, nor one below it: they could plant
    what they like, such as a link to another directory of this user.

    Args:
        directory: The directory.
        root: The directory above it that was chosen for all caches.
        now: Returns the time, in seconds since the epoch.
        is_read_only: Whether nothing is written.
    """

    __slots__ = ("_directory", "_is_read_only", "_is_refused", "_now", "_root")

    def __init__(self, directory: str, root: str, *, now: Callable[[], float], is_read_only: bool = False) -> None:
        self._directory = directory
        self._root = root
        self._now = now
        self._is_read_only = is_read_only
        self._is_refused = False

    @property
    def directory(self) -> str:
        """The path of the directory."""
        return self._directory

    def read(self, name: str, *, newer_than: float | None = None) -> tuple[bytes, float] | None:
        """Return the content of a file and the time at which it was written; None if it is missing or too old.

        Args:
            name: The path below the directory.
            newer_than: The largest age in seconds; None for any age.
        """
        path = os.path.join(self._directory, name)
        try:
            if not self._is_private():
                return None
            written = os.stat(path).st_mtime
            if newer_than is not None and not -CLOCK_DIFFERENCE <= self._now() - written < newer_than:
                return None
            return read_file(path), written
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            if not isinstance(error, FileNotFoundError):
                logger.debug("discovery cache %s: cannot be read: %s", path, error)
            return None

    def write(self, name: str, data: bytes) -> None:
        """Write a file, in place of an earlier one."""
        if self._is_read_only:
            return
        path = os.path.join(self._directory, name)
        folder = os.path.dirname(path)
        try:
            _make_private(folder)
            if self._is_private():
                _replace(path, data, self._now())
        except (OSError, ValueError) as error:
            logger.debug("discovery cache %s: cannot be written: %s", path, error)

    def remove_older(self, seconds: float, names: re.Pattern[str]) -> None:
        """Remove the files directly in the directory with such names that were last written so many seconds ago."""
        if self._is_read_only:
            return
        oldest = self._now() - seconds
        with contextlib.suppress(OSError, ValueError):
            if not self._is_private():
                return
            with os.scandir(self._directory) as entries:
                for entry in entries:
                    if names.fullmatch(entry.name) is None or not entry.is_file(follow_symlinks=False):
                        continue
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        os.unlink(entry.path)

    def _is_private(self) -> bool:
        if not hasattr(os, "geteuid"):
            return True
        path = self._directory
        while self._is_ours(path):
            parent = os.path.dirname(path)
            if path in (self._root, parent):
                return True
            path = parent
        return False

    def _is_ours(self, directory: str) -> bool:
        found = os.stat(directory)
        if found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_MAY_WRITE:
            return True
        if not self._is_refused:
            self._is_refused = True
            logger.warning(
                "discovery cache %s: not used, because others can write it (user %d, mode %o); "
                "remove it, or choose another directory",
                directory,
                found.st_uid,
                stat.S_IMODE(found.st_mode),
            )
        return False

    def __repr__(self) -> str:
        return f"<CacheFiles in {self._directory}{', only read' if self._is_read_only else ''}>"


def _make_private(folder: str) -> None:
    """Create a folder and its missing parents, each with the mode 0700; `os.makedirs` has a mode for the last only."""
    if os.path.isdir(folder):
        return
    parent = os.path.dirname(folder)
    if parent not in ("", folder):
        _make_private(parent)
    with contextlib.suppress(FileExistsError):  # another program was faster
        os.mkdir(folder, 0o700)


def _replace(path: str, data: bytes, now: float) -> None:
    temporary = f"{path}.{secrets.token_hex(6)}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
        os.utime(temporary, (now, now))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
