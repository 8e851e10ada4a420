"""DiskCache: where discovery is kept on disk, and for how long.

Reference: client-go discovery/cached/disk; cli-runtime pkg/genericclioptions/config_flags.go.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubeloop.discovery.cache_files import CacheFiles
from kubeloop.discovery.disk_documents import DiskDocuments

if TYPE_CHECKING:
    from kubeloop.config.config import Config

__all__ = ["DiskCache"]

_SIX_HOURS = 6 * 3600.0
_NOT_IN_NAMES = re.compile(r"[^(\w/.)]", re.ASCII)


def _system_time() -> float:
    return datetime.now(UTC).timestamp()


class DiskCache:
    """The settings of a cache of discovery on disk: `Clientset(config, discovery_cache=DiskCache())`.

    The files have the names and the form of kubectl's, in a directory of their own: `discovery/<server>/` has the
    groups and the resources, and `http/` the responses that the server can confirm by their ETags. They contain what
    the server tells all its users, and no secrets. The name of the server contains a hash of its certificate authority,
    so that two clusters at one address do not share files; as with client-go, all users of a server do.

    Args:
        directory: The directory; None for `kubeloop` below `$XDG_CACHE_HOME`, by default `~/.cache`. It is created with
            the mode 0700. A directory that others may write is not used.
        ttl: How many seconds the files are used without asking the server; as in kubectl six hours.
        kubectl_directory: The cache of kubectl, usually `~/.kube/cache`, whose files are read where there is none of
            our own; nothing is written there. None does not read it.
        now: Returns the time, in seconds since the epoch.

    Raises:
        ValueError: `ttl` is negative.
    """

    __slots__ = ("_directory", "_kubectl_directory", "_now", "_ttl")

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        ttl: float = _SIX_HOURS,
        kubectl_directory: str | os.PathLike[str] | None = None,
        now: Callable[[], float] = _system_time,
    ) -> None:
        if ttl < 0:
            raise ValueError(f"expected a ttl of 0 s or more, got {ttl}")
        self._directory: str = _default_directory() if directory is None else _expanded(directory)
        self._kubectl_directory: str | None = None if kubectl_directory is None else _expanded(kubectl_directory)
        self._ttl = ttl
        self._now = now

    @property
    def directory(self) -> str:
        """The path of the directory."""
        return self._directory

    @property
    def ttl(self) -> float:
        """How many seconds the files are used without asking the server."""
        return self._ttl

    def now(self) -> float:
        """Return the time, in seconds since the epoch."""
        return self._now()

    def files_of(self, config: Config) -> list[CacheFiles]:
        """Return the directories of a server: our own, which is written, and that of kubectl if it is to be read."""
        name = _NOT_IN_NAMES.sub("_", _without_scheme(config.host))
        own_name = f"{name.replace('/', '_')}-{_identity(config)}"
        found = [CacheFiles(os.path.join(self._directory, "discovery", own_name), self._directory, now=self._now)]
        if self._kubectl_directory is not None and ".." not in name.split("/"):
            path = os.path.join(self._kubectl_directory, "discovery", name)
            found.append(CacheFiles(path.rstrip("/"), self._kubectl_directory, now=self._now, is_read_only=True))
        return found

    def documents_of(self, config: Config) -> DiskDocuments:
        """Return the store of responses with ETags of a server."""
        files = CacheFiles(os.path.join(self._directory, "http"), self._directory, now=self._now)
        return DiskDocuments(files, f"{config.host} {_identity(config)}")

    def __repr__(self) -> str:
        more = "" if self._kubectl_directory is None else f" and {self._kubectl_directory}"
        return f"<DiskCache in {self._directory}{more}, for {self._ttl:g} s>"


def _expanded(path: str | os.PathLike[str]) -> str:
    return os.path.abspath(os.path.expanduser(os.fspath(path)))


def _default_directory() -> str:
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification says that a relative path is to be ignored.
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "kubeloop")


def _without_scheme(host: str) -> str:
    return host.replace("https://", "", 1).replace("http://", "", 1)


def _identity(config: Config) -> str:
    """Return a short hash of what tells two servers at one address apart. None of it is secret."""
    authority = config.ca_data if config.ca_data is not None else (config.ca_file or "").encode()
    parts = [config.host.encode(), authority, (config.tls_server_name or "").encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:8]
