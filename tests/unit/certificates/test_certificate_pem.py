from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from kubeloop.certificates import (
    encode_certificates,
    encode_private_key,
    generate_key,
    parse_certificates,
    read_certificates,
    self_signed_authority,
    self_signed_pair,
)
from kubeloop.errors import CredentialError

KEY = generate_key()
A, B = self_signed_authority("a", KEY), self_signed_authority("b", KEY)


def test_reads_what_it_encoded_and_skips_other_blocks() -> None:
    pem = encode_certificates([A]) + encode_private_key(KEY) + b"text\n" + encode_certificates([B])
    assert parse_certificates(pem) == [A, B]


def test_a_broken_certificate_is_an_error_with_its_number() -> None:
    for broken in (b"AAAA", b"%%"):
        pem = encode_certificates([A]) + b"-----BEGIN CERTIFICATE-----\n" + broken + b"\n-----END CERTIFICATE-----\n"
        with pytest.raises(CredentialError, match="certificate 2 of 2 cannot be parsed") as caught:
            parse_certificates(pem)
        assert caught.value.__context__ is None


def test_a_text_without_certificates_is_an_error() -> None:
    with pytest.raises(CredentialError, match="expected certificates in PEM, got none"):
        parse_certificates(encode_private_key(KEY))


def test_errors_of_a_file_name_it(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    with pytest.raises(CredentialError, match=r"cannot read .*/ca\.pem: No such file"):
        read_certificates(path)
    path.write_bytes(b"nothing")
    with pytest.raises(CredentialError, match=r"/ca\.pem: expected certificates in PEM, got none"):
        read_certificates(path)
    path.write_bytes(encode_certificates([A, B]))
    assert read_certificates(path) == [A, B]


def test_a_pool_of_these_certificates_verifies_a_chain() -> None:
    pem, _ = self_signed_pair("example.com")
    leaf, authority = parse_certificates(pem)
    subject = x509.DNSName("example.com")
    at = datetime.now(UTC)
    chain = PolicyBuilder().store(Store([authority])).time(at).build_server_verifier(subject).verify(leaf, [])
    assert chain == [leaf, authority]
    with pytest.raises(VerificationError):
        PolicyBuilder().store(Store([A])).time(at).build_server_verifier(subject).verify(leaf, [])


def test_a_certificate_in_pem_is_its_der_in_base64() -> None:
    lines = encode_certificates([A]).split(b"\n")
    assert x509.load_der_x509_certificate(base64.b64decode(b"".join(lines[1:-2]))) == A
