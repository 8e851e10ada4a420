"""client-go's lock files: `<kubeconfig>.lock`, which exists while a program changes the kubeconfig.

Reference: client-go tools/clientcmd/loader.go, lockFile. Intended difference: client-go does not wait for a lock.
"""

from __future__ import annotations

import errno
import os
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
# The folder is missing or cannot be written, so that no other program can lock the file either.
_UNLOCKABLE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS})


@asynccontextmanager
async def locked_kubeconfigs(paths: Iterable[str]) -> AsyncGenerator[None, None]:
    """Hold the locks of kubeconfig files in the block; the locks are removed on every way out.

    A file that is a symbolic link is locked beside the link, as client-go does, and beside its target. A file whose
    folder is missing or cannot be written is not locked.

    Args:
        paths: The files, which may be missing. They are locked in one order in all programs.

    Raises:
        ConfigError: A lock was not released within 5 seconds, or a lock file cannot be created. A lock that was left
            behind is never removed; the message names it.
    """
    with ExitStack() as held:
        for lock in sorted({lock for path in paths for lock in _locks_of(path)}):
            if await _acquire(lock):
                held.callback(Path(lock).unlink, missing_ok=True)
        yield


def _locks_of(path: str) -> Iterable[str]:
    # The folder's real path, so that a file that is listed under two names is not locked twice.
    folder, name = os.path.split(path)
    return f"{os.path.join(os.path.realpath(folder), name)}.lock", f"{os.path.realpath(path)}.lock"


async def _acquire(lock: str) -> bool:
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
