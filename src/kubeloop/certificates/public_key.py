"""Public keys, read from public keys, private keys and certificates.

Reference: client-go util/keyutil.
"""

from __future__ import annotations

import os
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kubeloop._kit.raising import raise_alone
from kubeloop.certificates.pem_block import pem_blocks, read_pem_file
from kubeloop.certificates.private_key import key_from_der
from kubeloop.errors import CredentialError

__all__ = ["PublicKey", "parse_public_keys", "read_public_keys"]

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
"""A public key of the kinds that Kubernetes uses."""


def parse_public_keys(pem: bytes) -> list[PublicKey]:
    """Return the public keys of a PEM text: those of public keys, private keys and certificates, in their order.

    Blocks of other kinds are skipped.

    Raises:
        CredentialError: The text contains no elliptic or RSA key.
    """
    keys = [
        key
        for block in pem_blocks(pem)
        if block.der is not None and (key := _public_key(block.label, block.der)) is not None
    ]
    if not keys:
        raise CredentialError("expected elliptic or RSA public keys in PEM, got none")
    return keys


def read_public_keys(path: str | os.PathLike[str]) -> list[PublicKey]:
    """Return the public keys of a PEM file; see `parse_public_keys`.

    Raises:
        CredentialError: The file cannot be read, or contains no key. The message names the file.
    """
    pem = read_pem_file(path)
    try:
        return parse_public_keys(pem)
    except CredentialError as error:
        raise_alone(CredentialError(f"{os.fspath(path)}: {error}"))


def _public_key(label: str, der: bytes) -> PublicKey | None:
    if label.endswith("PRIVATE KEY"):
        private = key_from_der(der)
        return None if private is None else private.public_key()
    try:
        key = (
            x509.load_der_x509_certificate(der).public_key()
            if label == "CERTIFICATE"
            else serialization.load_der_public_key(der)
        )
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey)) else None
