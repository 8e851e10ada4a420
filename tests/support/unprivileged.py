"""Running a test without the rights of root, for which every folder can be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["read_only"]

_NOBODY = 65534


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to create files in a folder, and those of root, in the block. The files stay writable."""
    is_root = os.geteuid() == 0
    opened = [folder.parent, folder.parent.parent, folder.parent.parent.parent] if is_root else []
    modes = [(path, path.stat().st_mode) for path in (folder, *opened)]
    for path in opened:
        path.chmod(0o755)
    if is_root:
        for path in (folder, *folder.iterdir()):
            os.chown(path, _NOBODY, -1)
        os.seteuid(_NOBODY)
    folder.chmod(0o555)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for path, mode in modes:
            path.chmod(mode)
