"""What a requested certificate may be used for, depending on its key.

Reference: client-go util/certificate (DefaultKubeletClientGetUsages, DefaultKubeletServingGetUsages).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeloop.certificates.private_key import PrivateKey
    from kubeloop.models.certificates_v1 import KeyUsage

__all__ = ["client_usages", "server_usages"]


def client_usages(key: PrivateKey) -> Sequence[KeyUsage]:
    """Return the usages of a client certificate with this key. Only RSA keys can encipher other keys."""
    return (*_key_usages(key), "client auth")


def server_usages(key: PrivateKey) -> Sequence[KeyUsage]:
    """Return the usages of a serving certificate with this key. Only RSA keys can encipher other keys."""
    return (*_key_usages(key), "server auth")


def _key_usages(key: PrivateKey) -> tuple[KeyUsage, ...]:
    if isinstance(key, rsa.RSAPrivateKey):
        return ("digital signature", "key encipherment")
    return ("digital signature",)
