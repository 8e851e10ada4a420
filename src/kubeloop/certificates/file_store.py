"""Storing the current certificate: the protocol of stores, and the store in files.

Reference: client-go util/certificate (certificate_store.go).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kubeloop._kit.raising import raise_alone
from kubeloop.certificates.certificate_pair import CertificatePair, parse_pair
from kubeloop.certificates.pem_block import read_pem_file
from kubeloop.config.file_replacement import replace_file
from kubeloop.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CertificateStore", "FileStore"]


class CertificateStore(Protocol):
    """Keeps the current certificate and its key across restarts. The calls are synchronous and must be quick."""

    def current(self) -> CertificatePair | None:
        """Return the current pair; None if there is none, so that a manager requests one.

        Raises:
            CredentialError: The pair exists and cannot be read.
        """
        ...

    def update(self, certificate: bytes, key: bytes) -> CertificatePair:
        """Store this pair as the current one, and return it.

        Args:
            certificate: The certificate and its chain, as PEM.
            key: The key, as PEM.

        Raises:
            CredentialError: The pair cannot be used or stored. The pair before stays the current one.
        """
        ...


class FileStore:
    """Keeps each pair in one file, `<prefix>-<YYYY-MM-DD-hh-mm-ss>.pem`, to which `<prefix>-current.pem` is a link.

    A client whose config has `current_path` as `cert_file` and as `key_file` reads new pairs without a restart. The
    current pair is the first of these that exists:

    1. `<prefix>-current.pem` in `directory`
    2. `cert_file` and `key_file`
    3. `<prefix>.crt` and `<prefix>.key` in `directory`

    Files have the mode 0600. A new pair is written and flushed to the disk before the link is replaced, in one step:
    readers find the pair before or the new pair. Earlier files stay.

    Args:
        directory: The folder, which the first update creates.
        prefix: The begin of the file names, such as the name of the program.
        cert_file: A certificate to begin with. It is never written.
        key_file: The key of `cert_file`.
        now: The wall clock, for the names of files, which have the time in UTC.

    Raises:
        ValueError: The prefix cannot be a part of a file name, or only one of `cert_file` and `key_file` is given.

    Reference: client-go util/certificate.NewFileStore. Intended differences: the link is relative, so that the folder
        can be mounted elsewhere; it is never missing while it is replaced; and an invalid pair leaves no file behind.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        prefix: str,
        *,
        cert_file: str | os.PathLike[str] | None = None,
        key_file: str | os.PathLike[str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not prefix or Path(prefix).name != prefix:
            raise ValueError(f"expected a prefix of file names, got {prefix!r}")
        if (cert_file is None) is not (key_file is None):
            raise ValueError("expected cert_file and key_file, got only one of them")
        self._directory = Path(directory)
        self._prefix = prefix
        self._now = now
        self._pairs = [(self._directory / f"{prefix}.crt", self._directory / f"{prefix}.key")]
        if cert_file is not None and key_file is not None:
            self._pairs.insert(0, (Path(cert_file), Path(key_file)))

    @property
    def current_path(self) -> Path:
        """The path of the link to the file with the current certificate and its key."""
        return self._path("current")

    def current(self) -> CertificatePair | None:
        """Return the current pair; None if no file exists.

        An update that a crash interrupted between its last two steps is completed.

        Raises:
            CredentialError: A file cannot be read, or does not contain a certificate and its key. The message names
                the file.
        """
        current, updated = self.current_path, self._path("updated")
        try:
            if not _exists(current) and os.path.lexists(updated):
                self._check_is_link(updated)
                updated.replace(current)
            if _exists(current):
                return self._read(current, current)
            for certificate, key in self._pairs:
                if _exists(certificate) and _exists(key):
                    return self._read(certificate, key)
        except OSError as error:
            raise CredentialError(f"cannot read {error.filename or current}: {error.strerror or error}") from error
        return None

    def update(self, certificate: bytes, key: bytes) -> CertificatePair:
        """Write a pair to a new file, and make the link lead to this file.

        Raises:
            CredentialError: The pair cannot be used, a file cannot be written (as for a full disk), or there is a file
                in place of the link. The pair before stays the current one.
        """
        try:
            pair = parse_pair(certificate, key)
        finally:
            del certificate, key  # reports of errors may contain local variables
        path = self._path(self._now().astimezone(UTC).strftime("%Y-%m-%d-%H-%M-%S"))
        current, updated = self.current_path, self._path("updated")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            for link in (current, updated):
                self._check_is_link(link)
            replace_file(os.fspath(path), pair.certificate + pair.key)
            updated.unlink(missing_ok=True)
            updated.symlink_to(path.name)
            updated.replace(current)
        except OSError as error:
            raise_alone(CredentialError(f"cannot write {path}: {error.strerror or error}"))
        return pair

    def _path(self, qualifier: str) -> Path:
        return self._directory / f"{self._prefix}-{qualifier}.pem"

    def _check_is_link(self, path: Path) -> None:
        if os.path.lexists(path) and not path.is_symlink():
            raise CredentialError(f"expected a symbolic link, got a file: {path}; move it elsewhere")

    def _read(self, certificate: Path, key: Path) -> CertificatePair:
        texts = read_pem_file(certificate), read_pem_file(key)
        try:
            return parse_pair(*texts)
        except CredentialError as error:
            del texts
            names = str(certificate) if key == certificate else f"{certificate} and {key}"
            raise_alone(CredentialError(f"{names}: {error}"))

    def __repr__(self) -> str:
        return f"<FileStore {self.current_path}>"


def _exists(path: Path) -> bool:
    """Return whether a file exists. `Path.exists` of some versions hides a folder that cannot be searched.

    Raises:
        OSError: The path cannot be examined.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
