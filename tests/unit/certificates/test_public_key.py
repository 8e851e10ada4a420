from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kubeloop.certificates import (
    encode_certificates,
    encode_private_key,
    generate_key,
    parse_public_keys,
    read_public_keys,
    self_signed_authority,
)
from kubeloop.errors import CredentialError

RSA = rsa.generate_private_key(65537, 2048)
EC = generate_key()
INFO = PublicFormat.SubjectPublicKeyInfo


@pytest.mark.parametrize(
    "pem",
    [
        RSA.public_key().public_bytes(Encoding.PEM, INFO),
        RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        encode_private_key(RSA),
        encode_certificates([self_signed_authority("a", RSA)]),
    ],
    ids=["public key", "PKCS #1", "private key", "certificate"],
)
def test_reads_the_public_key_of_an_rsa_key(pem: bytes) -> None:
    assert parse_public_keys(pem) == [RSA.public_key()]


@pytest.mark.parametrize(
    "pem",
    [
        EC.public_key().public_bytes(Encoding.PEM, INFO),
        encode_private_key(EC),
        encode_certificates([self_signed_authority("a", EC)]),
    ],
    ids=["public key", "private key", "certificate"],
)
def test_reads_the_public_key_of_an_elliptic_key(pem: bytes) -> None:
    assert parse_public_keys(pem) == [EC.public_key()]


def test_reads_several_keys_in_their_order_and_skips_other_blocks() -> None:
    other = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, INFO)
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    pem = RSA.public_key().public_bytes(Encoding.PEM, INFO) + other + broken + encode_private_key(EC)
    assert parse_public_keys(pem) == [RSA.public_key(), EC.public_key()]


def test_reads_keys_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sa.pub"
    path.write_bytes(encode_private_key(EC))
    assert read_public_keys(path) == [EC.public_key()]


def test_errors_of_a_file_name_it(tmp_path: Path) -> None:
    (tmp_path / "empty.pub").touch()
    with pytest.raises(CredentialError, match=r"/empty\.pub: expected elliptic or RSA public keys in PEM, got none"):
        read_public_keys(tmp_path / "empty.pub")
    with pytest.raises(CredentialError, match=r"cannot read .*/missing\.pub"):
        read_public_keys(tmp_path / "missing.pub")
