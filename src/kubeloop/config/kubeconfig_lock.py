"""client-go's lock files: `<kubeconfig>.lock`, which exists while a program changes the kubeconfig.

Reference: client-go tools/clientcmd/loader.go, lockFile. Intended differences: client-go does not wait for a lock, and
fails where the lock file cannot be created.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kubeloop._kit import waiting
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

__all__ = ["locked_kubeconfigs"]

_TIMEOUT = 5.0
_PAUSE = 0.02
# The folder is missing or cannot be written, so that no other program can create the lock file either.
_UNLOCKABLE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS})


@asynccontextmanager
async def locked_kubeconfigs(paths: Iterable[str]) -> AsyncGenerator[None, None]:
    """Hold the locks of kubeconfig files in the block; the locks are removed on every way out.

    A file that is a symbolic link is locked beside the link, as client-go does, and beside its target. A file whose
    folder cannot be written has no lock file; the file itself is locked (`flock`), for other programs with kubeloop.

    Args:
        paths: The files, which may be missing. They are locked in one order in all programs.

    Raises:
        ConfigError: A lock was not released within 5 seconds, or a lock file cannot be created. A lock that was left
            behind is never removed; the message names it.
    """
    links, targets = _real_paths(paths)
    with ExitStack() as held:
        for file in sorted(links | targets):
            lock = f"{file}.lock"
            if await _acquire(lock):
                held.callback(Path(lock).unlink, missing_ok=True)
            elif file in targets and (descriptor := _opened(file)) is not None:
                held.callback(os.close, descriptor)
                await _acquire_file(descriptor, file)
        yield


def _real_paths(paths: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the paths with the real paths of their folders, and the paths of the files behind symbolic links.

    So a file that is listed under two names is not locked twice.
    """
    links = {os.path.join(os.path.realpath(folder), name) for folder, name in map(os.path.split, paths)}
    return links, {os.path.realpath(path) for path in links}


async def _acquire(lock: str) -> bool:
    """Create a lock file. Return False if its folder is missing or cannot be written."""
    deadline = waiting.now() + _TIMEOUT
    while True:
        try:
            os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return True
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno in _UNLOCKABLE:
                return False
            raise ConfigError(f"{lock}: cannot create this lock file: {error.strerror or error}") from error
        if waiting.now() >= deadline:
            raise ConfigError(
                f"{lock}: timed out after {_TIMEOUT:g} s waiting for this lock file; another program holds the lock or "
                "left it behind; remove the file if no program is changing the kubeconfig"
            )
        await waiting.sleep(_PAUSE)


def _opened(file: str) -> int | None:
    try:
        return os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:  # a missing file; other errors are reported when the file is read
        return None


async def _acquire_file(descriptor: int, file: str) -> None:
    """Lock an open file until it is closed."""
    deadline = waiting.now() + _TIMEOUT
    while not _locked(descriptor):
        if waiting.now() >= deadline:
            raise ConfigError(f"{file}: timed out after {_TIMEOUT:g} s waiting for a program that locks this file")
        await waiting.sleep(_PAUSE)


def _locked(descriptor: int) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without such locks
        return True
    return True
