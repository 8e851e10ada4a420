"""Private keys, elliptic or RSA: generating, reading and writing them.

Reference: client-go util/keyutil.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kubeloop._kit.raising import raise_alone
from kubeloop.certificates.pem_block import pem_blocks, read_pem_file
from kubeloop.config.file_replacement import replace_file
from kubeloop.errors import CredentialError

__all__ = [
    "PrivateKey",
    "check_key_strength",
    "encode_private_key",
    "generate_key",
    "key_from_der",
    "parse_private_key",
    "read_or_create_private_key",
    "read_private_key",
    "write_private_key",
]

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
"""A private key that the API server and TLS servers accept."""

_LABELS = frozenset({"EC PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY"})
_SMALLEST_RSA_BITS = 2048
_SMALLEST_CURVE_BITS = 256


def generate_key() -> ec.EllipticCurvePrivateKey:
    """Create an elliptic key on the curve P-256. This takes less than a millisecond."""
    return ec.generate_private_key(ec.SECP256R1())


def encode_private_key(key: PrivateKey) -> bytes:
    """Return a key as PEM without encryption: `EC PRIVATE KEY` (RFC 5915) or `RSA PRIVATE KEY` (PKCS #1), as in Go."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def parse_private_key(pem: bytes) -> PrivateKey:
    """Parse the first private key of a PEM text, which may contain other blocks.

    Args:
        pem: A text with a block `EC PRIVATE KEY`, `RSA PRIVATE KEY` or `PRIVATE KEY` (PKCS #8).

    Raises:
        CredentialError: The text contains no elliptic or RSA key, or only encrypted keys. The message contains only
            the labels of the blocks.
    """
    labels: list[str] = []
    if (key := _first_key(pem, labels)) is not None:
        return key
    del pem  # reports of errors may contain local variables
    if "ENCRYPTED PRIVATE KEY" in labels:
        raise CredentialError("the private key is encrypted: store it without a password")
    found = f"blocks of the types {', '.join(labels[:10])}" if labels else "no PEM block"
    raise CredentialError(f"expected an elliptic or RSA private key in PEM, got {found} that can be used")


def _first_key(pem: bytes, labels: list[str]) -> PrivateKey | None:
    """Return the first key that can be used, and add the labels of the blocks up to this key."""
    for block in pem_blocks(pem):
        labels.append(block.label)
        if block.label in _LABELS and block.der is not None and (key := key_from_der(block.der)) is not None:
            return key
    return None


def read_private_key(path: str | os.PathLike[str]) -> PrivateKey:
    """Read a private key from a PEM file; see `parse_private_key`.

    Raises:
        CredentialError: The file cannot be read, or contains no key. The message names the file.
    """
    return _parse_file(path, read_pem_file(path))


def write_private_key(path: str | os.PathLike[str], key: PrivateKey) -> None:
    """Write a key to a PEM file that only its owner can read (mode 0600). Missing folders are created.

    The file is replaced at once: a reader finds the old key or the new one. An existing file gets the mode 0600 before
    the key is written.

    Raises:
        OSError: The file cannot be written. Its content is unchanged.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if stat.S_IMODE(target.stat().st_mode) != 0o600:
            target.chmod(0o600)
    replace_file(os.fspath(target), encode_private_key(key))


def read_or_create_private_key(path: str | os.PathLike[str]) -> PrivateKey:
    """Read a private key from a file; if the file does not exist, create a P-256 key and write it there.

    Raises:
        CredentialError: The file exists and cannot be read, or contains no key. It is not overwritten.
        OSError: The file cannot be written.
    """
    try:
        pem = read_pem_file(path)
    except CredentialError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
    else:
        return _parse_file(path, pem)
    key = generate_key()
    write_private_key(path, key)
    return key


def check_key_strength(key: object) -> None:
    """Check that a key is strong enough for a certificate: RSA with 2048 bits or a curve with 256 bits at least.

    Raises:
        CredentialError: The key is weaker, or neither elliptic nor RSA.
    """
    if isinstance(key, rsa.RSAPrivateKey):
        smallest, kind = _SMALLEST_RSA_BITS, "an RSA key"
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        smallest, kind = _SMALLEST_CURVE_BITS, f"an elliptic key on the curve {key.curve.name}"
    else:
        raise CredentialError(f"expected an elliptic or RSA private key, got {type(key).__name__}")
    if key.key_size < smallest:
        raise CredentialError(f"expected {kind} of {smallest} bits or more, got {key.key_size} bits")


def key_from_der(der: bytes) -> PrivateKey | None:
    """Return an elliptic or RSA key in any of the three formats; None for any other content."""
    try:
        key = serialization.load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)) else None


def _parse_file(path: str | os.PathLike[str], pem: bytes) -> PrivateKey:
    try:
        return parse_private_key(pem)
    except CredentialError as error:
        del pem
        raise_alone(CredentialError(f"{os.fspath(path)}: {error}"))
