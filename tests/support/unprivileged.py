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
    mode = folder.stat().st_mode
    if is_root:
        # The parents stay open: another process of the test run may need them at the same time.
        for parent in folder.parents:
            if not parent.stat().st_mode & 0o001:
                parent.chmod(0o755)
        for path in (folder, *folder.iterdir()):
            os.chown(path, _NOBODY, -1)
        os.seteuid(_NOBODY)
    try:
        folder.chmod(0o555)
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(mode)
