"""The blocks of a PEM text, decoded to DER.

Reference: RFC 7468; Go's encoding/pem.
"""

from __future__ import annotations

import base64
import binascii
import os
from typing import TYPE_CHECKING

from kubeloop._kit.value import Value
from kubeloop.config.files import read_file
from kubeloop.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PemBlock", "pem_blocks", "read_pem_file"]

_BEGIN = b"-----BEGIN "


class PemBlock(Value, frozen=True):
    """One block of a PEM text.

    Attributes:
        label: The type of the content, such as `CERTIFICATE` or `EC PRIVATE KEY`.
        der: The decoded content; None if the block is not base64, has no end line, or has headers, as encrypted keys
            in the old format of OpenSSL have.
    """

    unshown = frozenset({"der"})

    label: str
    der: bytes | None


def pem_blocks(pem: bytes) -> Iterator[PemBlock]:
    """Yield the blocks of a PEM text in order. Text around the blocks is ignored, and lines may be indented."""
    for block in pem.split(_BEGIN)[1:]:
        label, _, rest = block.partition(b"-----")
        content, end, _ = rest.partition(b"-----END " + label + b"-----")
        yield PemBlock(label.decode("ascii", "replace"), _decode(content) if end else None)


def read_pem_file(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file of keys or certificates.

    Raises:
        CredentialError: The file cannot be read, is not a regular file, or is larger than 16 MiB. The cause is the
            `OSError`.
    """
    try:
        return read_file(path)
    except OSError as error:
        raise CredentialError(f"cannot read {os.fspath(path)}: {error.strerror or error}") from error


def _decode(content: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except binascii.Error:
        return None
