"""Reading the small files that a config names: kubeconfigs, certificate authorities, certificates, keys and tokens.

Files are limited in kind and size, because the path may be untrusted: `/dev/zero` does not fill the memory, and a pipe
without a writer does not block the event loop. A thread is not needed, because reading a regular file does not block.
"""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["MAX_FILE_BYTES", "read_file"]

# A kubeconfig of a thousand clusters has about 10 MB.
MAX_FILE_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20
# O_NONBLOCK: opening a pipe does not wait for its writer. It has no effect on regular files.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: str | os.PathLike[str], *, or_pipe: bool = False) -> bytes:
    """Return the content of a file.

    Args:
        path: The path of a regular file, or of a link to a regular file.
        or_pipe: Whether the file may be a pipe, which is read until its writers close it. Do not use this in the event
            loop, because it waits for the writers.

    Raises:
        OSError: The file cannot be read, is not a regular file, or is larger than 16 MiB. `strerror` is the reason.
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
    except ValueError:  # a NUL, or another character that a file name cannot contain
        raise OSError(errno.EINVAL, "not a file name") from None
