from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from kubeloop.certificates import (
    check_key_strength,
    encode_private_key,
    generate_key,
    parse_private_key,
    read_or_create_private_key,
    read_private_key,
    write_private_key,
)
from kubeloop.errors import CredentialError
from tests.support.unprivileged import read_only

PEM, PLAIN = serialization.Encoding.PEM, serialization.NoEncryption()
# The parameters that `openssl ecparam -genkey` writes before a P-256 key.
PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_generated_key_is_on_the_curve_p256() -> None:
    assert generate_key().curve.name == "secp256r1"


@pytest.mark.parametrize("form", [serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8])
def test_reads_elliptic_and_rsa_keys_in_both_formats(
    form: serialization.PrivateFormat, rsa_key: rsa.RSAPrivateKey
) -> None:
    for key in (generate_key(), rsa_key):
        assert parse_private_key(key.private_bytes(PEM, form, PLAIN)).private_numbers() == key.private_numbers()


def test_skips_blocks_that_are_not_keys() -> None:
    key = generate_key()
    broken = b"-----BEGIN PRIVATE KEY-----\n%%%\n-----END PRIVATE KEY-----\n"
    pem = PARAMETERS + broken + encode_private_key(key)
    assert parse_private_key(pem).private_numbers() == key.private_numbers()


def test_writes_the_labels_of_go(rsa_key: rsa.RSAPrivateKey) -> None:
    assert encode_private_key(generate_key()).startswith(b"-----BEGIN EC PRIVATE KEY-----\n")
    assert encode_private_key(rsa_key).startswith(b"-----BEGIN RSA PRIVATE KEY-----\n")


@pytest.mark.parametrize(
    ("pem", "message"),
    [
        (b"", "got no PEM block that can be used"),
        (b"-----BEGIN ", "got blocks of the types  that can be used"),
        (PARAMETERS, "got blocks of the types EC PARAMETERS that can be used"),
        (b"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n", "types EC PRIVATE KEY that"),
        (
            ed25519.Ed25519PrivateKey.generate().private_bytes(PEM, serialization.PrivateFormat.PKCS8, PLAIN),
            "types PRIVATE KEY that can be used",
        ),
    ],
)
def test_a_text_without_a_key_is_an_error_that_shows_only_the_labels(pem: bytes, message: str) -> None:
    with pytest.raises(CredentialError, match=message):
        parse_private_key(pem)


@pytest.mark.parametrize("form", [serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8])
def test_an_encrypted_key_is_refused(form: serialization.PrivateFormat) -> None:
    encrypted = generate_key().private_bytes(PEM, form, serialization.BestAvailableEncryption(b"secret"))
    with pytest.raises(CredentialError):
        parse_private_key(encrypted)


def test_the_error_for_an_encrypted_key_shows_the_next_step() -> None:
    pkcs8 = serialization.PrivateFormat.PKCS8
    encrypted = generate_key().private_bytes(PEM, pkcs8, serialization.BestAvailableEncryption(b"secret"))
    with pytest.raises(CredentialError, match="encrypted: store it without a password"):
        parse_private_key(encrypted)


def test_very_many_blocks_are_read_in_linear_time() -> None:
    with pytest.raises(CredentialError, match=r"got blocks of the types A(, A){9} that can be used"):
        parse_private_key(b"-----BEGIN A-----\n" * 200_000)


def test_a_key_is_read_from_a_file(tmp_path: Path) -> None:
    key = generate_key()
    path = tmp_path / "a.key"
    path.write_bytes(encode_private_key(key))
    assert read_private_key(path).private_numbers() == key.private_numbers()


def test_errors_of_a_file_name_it(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match=r"cannot read .*/missing\.key: No such file"):
        read_private_key(tmp_path / "missing.key")
    (tmp_path / "empty.key").touch()
    with pytest.raises(CredentialError, match=r"/empty\.key: expected an elliptic or RSA private key"):
        read_private_key(tmp_path / "empty.key")
    with pytest.raises(CredentialError, match="not a regular file"):
        read_private_key("/dev/zero")


def test_only_the_owner_can_read_a_written_key(tmp_path: Path) -> None:
    key = generate_key()
    path = tmp_path / "new" / "folder" / "a.key"
    write_private_key(path, key)
    assert mode(path) == 0o600
    assert read_private_key(path).private_numbers() == key.private_numbers()


def test_a_key_that_replaces_a_readable_file_is_not_readable(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private_key(path, generate_key())
    assert mode(path) == 0o600


def test_a_missing_key_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.key"
    created = read_or_create_private_key(path)
    assert mode(path) == 0o600
    assert read_or_create_private_key(path).private_numbers() == created.private_numbers()


@pytest.mark.parametrize("content", [b"", b"not a key"])
def test_a_broken_key_file_is_not_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(content)
    with pytest.raises(CredentialError, match=r"a\.key: expected"):
        read_or_create_private_key(path)
    assert path.read_bytes() == content


def test_a_folder_is_no_missing_key(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="cannot read"):
        read_or_create_private_key(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of POSIX")
def test_a_key_that_cannot_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    with read_only(tmp_path), pytest.raises(PermissionError):
        read_or_create_private_key(tmp_path / "a.key")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (rsa.generate_private_key(65537, 1024), "expected an RSA key of 2048 bits or more, got 1024 bits"),
        (ec.generate_private_key(ec.SECP224R1()), "curve secp224r1 of 256 bits or more, got 224 bits"),
        (ed25519.Ed25519PrivateKey.generate(), "expected an elliptic or RSA private key, got"),
    ],
)
def test_weak_keys_are_refused(key: object, message: str) -> None:
    with pytest.raises(CredentialError, match=message):
        check_key_strength(key)


def test_strong_keys_are_accepted(rsa_key: rsa.RSAPrivateKey) -> None:
    for key in (rsa_key, generate_key(), ec.generate_private_key(ec.SECP521R1())):
        check_key_strength(key)


def test_without_its_extra_the_package_shows_how_to_install_it() -> None:
    program = "import sys; sys.modules['cryptography'] = None; import kubeloop.certificates"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "needs the package 'cryptography': pip install 'kubeloop[certificates]'" in done.stderr
