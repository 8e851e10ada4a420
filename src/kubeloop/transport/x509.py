"""The one fact that the standard library does not tell about our own certificate: until when it is valid; pure."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

__all__ = ["not_after", "pem_blocks"]

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
_SEQUENCE, _EXPLICIT_0, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def pem_blocks(pem: bytes) -> list[bytes]:
    """Return the certificates in a PEM text, without what stands around them."""
    return _CERTIFICATE.findall(pem)


def not_after(pem: bytes) -> datetime | None:
    """Return the end of the first certificate's validity; None when it cannot be read.

    Reference: RFC 5280, section 4.1.
    """
    blocks = pem_blocks(pem)
    if not blocks:
        return None
    try:
        der = base64.b64decode(b"".join(blocks[0].splitlines()[1:-1]))
        _, certificate, _ = _element(der)
        _, body, _ = _element(certificate)
        tag, _, rest = _element(body)
        # version (optional), serial number, signature, issuer; then the validity
        for _ in range(3 if tag == _EXPLICIT_0 else 2):
            _, _, rest = _element(rest)
        tag, validity, _ = _element(rest)
        _, _, end = _element(validity)
        kind, text, _ = _element(end)
        return _time(kind, text.decode("ascii")) if tag == _SEQUENCE else None
    except (binascii.Error, IndexError, ValueError):
        return None


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Split the first DER element off: its tag, its content and what follows it."""
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    return tag, data[start : start + length], data[start + length :]


def _time(kind: int, text: str) -> datetime | None:
    if kind == _UTC_TIME:
        text = f"{'19' if int(text[:2]) >= 50 else '20'}{text}"
    elif kind != _GENERALIZED_TIME:
        return None
    # Not strptime, which imports the locale's names of months first.
    return datetime.fromisoformat(f"{text[:8]}T{text[8:14]}").replace(tzinfo=UTC)
