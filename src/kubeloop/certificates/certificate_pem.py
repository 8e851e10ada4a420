"""Certificates as PEM: reading and encoding them.

A pool of trusted certificates is `cryptography.x509.verification.Store(parse_certificates(pem))`.

Reference: client-go util/cert (pem.go, io.go).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kubeloop._kit.raising import raise_alone
from kubeloop.certificates.pem_block import pem_blocks, read_pem_file
from kubeloop.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["encode_certificates", "parse_certificates", "read_certificates"]


def parse_certificates(pem: bytes) -> list[x509.Certificate]:
    """Return the certificates of a PEM text in their order; blocks of other kinds are skipped.

    Raises:
        CredentialError: A certificate cannot be parsed, or the text contains none.
    """
    blocks = [block for block in pem_blocks(pem) if block.label == "CERTIFICATE"]
    if not blocks:
        raise CredentialError("expected certificates in PEM, got none")
    certificates: list[x509.Certificate] = []
    for number, block in enumerate(blocks, 1):
        try:
            if block.der is None:
                raise ValueError("not PEM")
            certificates.append(x509.load_der_x509_certificate(block.der))
        except ValueError:
            raise_alone(CredentialError(f"certificate {number} of {len(blocks)} cannot be parsed"))
    return certificates


def read_certificates(path: str | os.PathLike[str]) -> list[x509.Certificate]:
    """Return the certificates of a PEM file; see `parse_certificates`.

    Raises:
        CredentialError: The file or a certificate cannot be read, or the file contains none. The message names the
            file.
    """
    pem = read_pem_file(path)
    try:
        return parse_certificates(pem)
    except CredentialError as error:
        raise_alone(CredentialError(f"{os.fspath(path)}: {error}"))


def encode_certificates(certificates: Iterable[x509.Certificate]) -> bytes:
    """Return certificates as one PEM text, in their order."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)
