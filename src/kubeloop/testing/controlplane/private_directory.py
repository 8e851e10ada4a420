"""Safe use of programs in the user's cache: only programs that no other user can change are run.

Another user may have filled the cache, for example on a shared machine or through `XDG_CACHE_HOME`, and its programs
run with all rights of the user.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from .control_plane_error import ControlPlaneError

__all__ = ["check_private", "make_private", "on_path"]

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_private(directory: Path, root: Path) -> None:
    """Create a directory below `root`, with all its parents from `root`, that only this user can use."""
    root.parent.mkdir(parents=True, exist_ok=True)
    for path in reversed([directory, *directory.parents]):
        if path.is_relative_to(root):
            path.mkdir(mode=0o700, exist_ok=True)


def check_private(program: Path, root: Path) -> None:
    """Check that only this user or root could have changed a program.

    Raises:
        ControlPlaneError: The program, `root` or a directory between them belongs to another user or is writable by
            others.
    """
    if not stat.S_ISREG(program.lstat().st_mode):
        raise ControlPlaneError(f"{program} is not a regular file, so it is not run: remove it, and try again")
    for path in (program, *program.parents):
        if not path.is_relative_to(root):
            return
        status = path.stat()
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & _OTHERS_MAY_WRITE:
            raise ControlPlaneError(
                f"{program} is not run, since others could have changed it: {path} belongs to user {status.st_uid} and "
                f"has mode {stat.S_IMODE(status.st_mode):o}. Remove {root}, to have it built again, or set "
                "XDG_CACHE_HOME to a directory of your own"
            )


def on_path(name: str) -> str | None:
    """Return the path of a program on `PATH`; None if there is none or it is in the current directory."""
    found = shutil.which(name)
    return found if found is not None and Path(found).is_absolute() else None
