"""What the standard library does not tell about certificates: which a text holds, until when one is valid; pure."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

__all__ = ["certificates", "not_after"]

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_SEQUENCE, _EXPLICIT_0, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def certificates(pem: bytes) -> list[bytes | None]:
    """Return the certificates in a PEM text in DER, None for one that has no end or is not base64.

    Lines may be indented, and what stands around a certificate does not matter.
    """
    return [_der(block) for block in pem.split(_BEGIN)[1:]]


def _der(block: bytes) -> bytes | None:
    content, end, _ = block.partition(_END)
    try:
        return base64.b64decode(b"".join(content.split()), validate=True) if end else None
    except binascii.Error:
        return None


def not_after(pem: bytes) -> datetime | None:
    """Return the end of the first certificate's validity; None when it cannot be read.

    Reference: RFC 5280, section 4.1.
    """
    der = next(iter(certificates(pem)), None)
    if der is None:
        return None
    try:
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
    except (IndexError, ValueError):
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
