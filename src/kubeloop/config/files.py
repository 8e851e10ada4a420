"""Reading the small files that a config names: kubeconfigs, authorities, certificates, keys, tokens.

A path in a config may be anybody's text, so that what it leads to is bounded: `/dev/zero` does not fill the memory, and
a named pipe that nobody writes to does not stop the event loop. Regular files are read in line, without a thread: the
kernel does not make the reader of a regular file wait for anybody.
"""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["MAX_FILE_BYTES", "read_file"]

# A kubeconfig of a thousand clusters has about 10 MB.
MAX_FILE_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20
# Opening a pipe does not wait for its writer; of no meaning for regular files.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: str | os.PathLike[str], *, or_pipe: bool = False) -> bytes:
    """Return what a file holds.

    Args:
        path: A regular file, or a link to one.
        or_pipe: Whether it may be a pipe too, which is read until its writers have closed it. Not for the event loop:
            this waits for the writers.

    Raises:
        OSError: It cannot be read, is something else than a regular file, or has more than 16 MiB. `strerror` says
            which.
    """
    descriptor = _open(path, or_pipe=or_pipe)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if not stat.S_ISREG(mode) and not (or_pipe and stat.S_ISFIFO(mode)):
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        data = bytearray()
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            data += chunk
            if len(data) > MAX_FILE_BYTES:
                raise OSError(errno.EFBIG, f"larger than {MAX_FILE_BYTES >> 20} MiB", os.fspath(path))
        return bytes(data)
    finally:
        os.close(descriptor)


def _open(path: str | os.PathLike[str], *, or_pipe: bool) -> int:
    try:
        if or_pipe and stat.S_ISFIFO(os.stat(path).st_mode):
            return os.open(path, os.O_RDONLY)
        return os.open(path, _FLAGS)
    except ValueError:  # a null character, or one that no file name can have
        raise OSError(errno.EINVAL, "not a file name") from None
