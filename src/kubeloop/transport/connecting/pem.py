"""Finding the certificates in a PEM text, so that a broken one can be skipped and named; pure."""

from __future__ import annotations

import base64
import binascii

__all__ = ["pem_blocks"]

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def pem_blocks(pem: bytes) -> list[bytes | None]:
    """Return the certificates of a PEM text as DER, in order.

    Lines may be indented, and text around the certificates is ignored.

    Args:
        pem: The text of a file or of a kubeconfig entry.

    Returns:
        A list with one item per `BEGIN CERTIFICATE` line; None for a certificate that has no end line or is not base64.
    """
    return [_der(block) for block in pem.split(_BEGIN)[1:]]


def _der(block: bytes) -> bytes | None:
    content, end, _ = block.partition(_END)
    try:
        return base64.b64decode(b"".join(content.split()), validate=True) if end else None
    except binascii.Error:
        return None
