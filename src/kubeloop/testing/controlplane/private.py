"""Programs in the user's cache: made so that nobody else can change them, and run only if nobody else can.

A cache outlives its session, and may have been filled by somebody else: on a shared machine, in a directory that a
variable names, from an archive. What is run from there runs with all rights of the user.
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
    """Create a directory below `root`, and `root` and what is between, for this user alone."""
    root.parent.mkdir(parents=True, exist_ok=True)
    for path in reversed([directory, *directory.parents]):
        if path.is_relative_to(root):
            path.mkdir(mode=0o700, exist_ok=True)


def check_private(program: Path, root: Path) -> None:
    """Refuse a program that somebody else than this user or root could have changed.

    Raises:
        ControlPlaneError: The program, `root` or a directory between them belongs to somebody else, or others may
            write to it.
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
    """Return the program of this name on `PATH`; None if there is none, or only in the current directory."""
    found = shutil.which(name)
    return found if found is not None and Path(found).is_absolute() else None
