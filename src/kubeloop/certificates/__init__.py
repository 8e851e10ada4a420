"""Certificates: keys, requests to the API server, and a manager that renews a certificate before it expires.

Needs the extra `kubeloop[certificates]`. All names of this package are importable from here and loaded on first use.

Reference: client-go `util/certificate`, `util/certificate/csr`, `util/cert`, `util/keyutil`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

try:
    import cryptography as _cryptography
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "kubeloop.certificates needs the package 'cryptography': pip install 'kubeloop[certificates]'", name=error.name
    ) from error

del _cryptography

if TYPE_CHECKING:
    from kubeloop.certificates.certificate_manager import CertificateManager
    from kubeloop.certificates.certificate_metrics import CertificateMetrics
    from kubeloop.certificates.certificate_pair import CertificatePair, parse_pair
    from kubeloop.certificates.certificate_pem import encode_certificates, parse_certificates, read_certificates
    from kubeloop.certificates.file_store import CertificateStore, FileStore
    from kubeloop.certificates.key_usage import client_usages, server_usages
    from kubeloop.certificates.private_key import (
        PrivateKey,
        check_key_strength,
        encode_private_key,
        generate_key,
        parse_private_key,
        read_or_create_private_key,
        read_private_key,
        write_private_key,
    )
    from kubeloop.certificates.public_key import PublicKey, parse_public_keys, read_public_keys
    from kubeloop.certificates.request_template import RequestTemplate, build_request
    from kubeloop.certificates.self_signed import self_signed_authority, self_signed_pair
    from kubeloop.certificates.signing_request import request_certificate, wait_for_certificate

__all__ = [
    "CertificateManager",
    "CertificateMetrics",
    "CertificatePair",
    "CertificateStore",
    "FileStore",
    "PrivateKey",
    "PublicKey",
    "RequestTemplate",
    "build_request",
    "check_key_strength",
    "client_usages",
    "encode_certificates",
    "encode_private_key",
    "generate_key",
    "parse_certificates",
    "parse_pair",
    "parse_private_key",
    "parse_public_keys",
    "read_certificates",
    "read_or_create_private_key",
    "read_private_key",
    "read_public_keys",
    "request_certificate",
    "self_signed_authority",
    "self_signed_pair",
    "server_usages",
    "wait_for_certificate",
    "write_private_key",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "certificate_manager": "CertificateManager",
            "certificate_metrics": "CertificateMetrics",
            "certificate_pair": "CertificatePair parse_pair",
            "file_store": "CertificateStore FileStore",
            "certificate_pem": "encode_certificates parse_certificates read_certificates",
            "key_usage": "client_usages server_usages",
            "private_key": (
                "PrivateKey check_key_strength encode_private_key generate_key parse_private_key "
                "read_or_create_private_key read_private_key write_private_key"
            ),
            "public_key": "PublicKey parse_public_keys read_public_keys",
            "request_template": "RequestTemplate build_request",
            "self_signed": "self_signed_authority self_signed_pair",
            "signing_request": "request_certificate wait_for_certificate",
        },
    )
