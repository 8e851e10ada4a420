from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from kubeloop.certificates import (
    generate_key,
    parse_certificates,
    parse_private_key,
    self_signed_authority,
    self_signed_pair,
)

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = found.get_values_for_type(x509.IPAddress)
    return found.get_values_for_type(x509.DNSName), [str(address) for address in addresses]


def test_an_authority_can_sign_certificates_for_ten_years() -> None:
    key = generate_key()
    authority = self_signed_authority("test-ca", key, organizations=["a", "b"], now=NOW)
    assert authority.subject.rfc4514_string() == "CN=test-ca,O=b,O=a"
    assert authority.issuer == authority.subject
    assert (authority.not_valid_before_utc, authority.not_valid_after_utc) == (NOW, NOW + timedelta(days=3650))
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    authority.verify_directly_issued_by(authority)


def test_an_authority_has_its_name_as_dns_name() -> None:
    assert names(self_signed_authority("test-ca", generate_key())) == (["test-ca"], [])
    unnamed = self_signed_authority("", generate_key())
    with pytest.raises(x509.ExtensionNotFound):
        names(unnamed)


def test_an_authority_can_begin_earlier() -> None:
    begin = NOW - timedelta(days=1)
    authority = self_signed_authority("a", generate_key(), begin=begin, now=NOW)
    assert (authority.not_valid_before_utc, authority.not_valid_after_utc) == (begin, NOW + timedelta(days=3650))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", (["example.com", "www.example.com"], ["10.0.0.1"])),
        ("127.0.0.1", (["www.example.com"], ["127.0.0.1", "10.0.0.1"])),
        ("::1", (["www.example.com"], ["::1", "10.0.0.1"])),
    ],
)
def test_the_host_is_an_alternative_name_of_its_kind(host: str, expected: tuple[list[str], list[str]]) -> None:
    pem, _ = self_signed_pair(host, dns_names=["www.example.com"], ip_addresses=["10.0.0.1"])
    assert names(parse_certificates(pem)[0]) == expected


def test_a_pair_is_valid_from_an_hour_ago_for_its_lifetime() -> None:
    leaf, authority = parse_certificates(self_signed_pair("a", lifetime=7200.0, now=NOW)[0])
    for certificate in (leaf, authority):
        assert certificate.not_valid_before_utc == NOW - timedelta(hours=1)
        assert certificate.not_valid_after_utc == NOW + timedelta(hours=1)
    assert parse_certificates(self_signed_pair("a", now=NOW)[0])[0].not_valid_after_utc == NOW + timedelta(
        days=365, hours=-1
    )


def test_a_wrong_address_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0"):
        self_signed_pair("a", ip_addresses=["10.0.0"])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_client_that_trusts_the_pair_trusts_its_server(host: str, tmp_path: Path) -> None:
    pem, key = self_signed_pair(host)
    assert parse_private_key(key).public_key() == parse_certificates(pem)[0].public_key()
    (tmp_path / "pair.pem").write_bytes(pem + key)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(tmp_path / "pair.pem")
    client_context = ssl.create_default_context(cadata=pem.decode())
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.version() == "TLSv1.3"
    assert client.getpeercert() != {}
