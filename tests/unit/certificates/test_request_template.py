from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kubeloop.certificates import RequestTemplate, build_request, client_usages, generate_key, server_usages
from kubeloop.certificates.request_template import missing_names
from tests.support.signing_server import issue

FULL = RequestTemplate(
    "system:node:a", ("system:nodes", "testers"), ("a.example.com", "b.example.com"), ("10.0.0.1", "fd00::1")
)
NOW = datetime(2026, 11, 29, tzinfo=UTC)


def certificate(template: RequestTemplate) -> x509.Certificate:
    pem = issue(build_request(template, generate_key()), NOW, NOW + timedelta(days=1))
    return x509.load_pem_x509_certificate(pem)


def test_a_request_has_the_names_of_its_template() -> None:
    key = generate_key()
    request = x509.load_pem_x509_csr(build_request(FULL, key))
    assert request.subject.rfc4514_string() == "CN=system:node:a,O=testers,O=system:nodes"
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example.com", "b.example.com"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1", "fd00::1"]
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()


def test_a_request_without_alternative_names_has_no_extension() -> None:
    request = x509.load_pem_x509_csr(build_request(RequestTemplate("a"), generate_key()))
    assert list(request.extensions) == []


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (rsa.generate_private_key(65537, 2048), "sha256"),
        (rsa.generate_private_key(65537, 3072), "sha384"),
        (rsa.generate_private_key(65537, 4096), "sha512"),
        (ec.generate_private_key(ec.SECP256R1()), "sha256"),
        (ec.generate_private_key(ec.SECP384R1()), "sha384"),
        (ec.generate_private_key(ec.SECP521R1()), "sha512"),
    ],
    ids=["RSA 2048", "RSA 3072", "RSA 4096", "P-256", "P-384", "P-521"],
)
def test_larger_keys_sign_with_longer_hashes(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, expected: str
) -> None:
    request = x509.load_pem_x509_csr(build_request(RequestTemplate("a"), key))
    assert request.signature_hash_algorithm is not None
    assert request.signature_hash_algorithm.name == expected


def test_a_template_refuses_what_is_no_list_of_names() -> None:
    with pytest.raises(TypeError, match="got one text: organizations"):
        RequestTemplate("a", "system:masters")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"10\.0\.0"):
        RequestTemplate("a", ip_addresses=("10.0.0",))


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"common_name": "system:node:b"}, "the common name 'system:node:b'"),
        ({"organizations": ("system:nodes", "others")}, "the organizations others"),
        ({"organizations": ("testers",)}, ""),
        ({"dns_names": ("a.example.com", "c.example.com", "d.example.com")}, "the DNS names c.example.com, d."),
        ({"dns_names": ("b.example.com",)}, ""),
        ({"dns_names": ()}, ""),
        ({"ip_addresses": ("10.0.0.1", "10.0.0.2")}, "the IP addresses 10.0.0.2"),
        ({"ip_addresses": ("FD00:0::1",)}, ""),
        ({"ip_addresses": ()}, ""),
        ({}, ""),
    ],
)
def test_a_certificate_may_have_more_names_than_its_template_and_not_fewer(
    change: dict[str, object], missing: str
) -> None:
    found = missing_names(FULL.replace(**change), certificate(FULL))
    assert found.startswith(missing)
    assert bool(found) is bool(missing)


def test_a_certificate_without_any_name_satisfies_only_an_empty_template() -> None:
    empty = certificate(RequestTemplate(""))
    assert missing_names(RequestTemplate(""), empty) == ""
    assert missing_names(RequestTemplate("a"), empty) == "the common name 'a'"
    assert missing_names(RequestTemplate("", dns_names=("a",)), empty) == "the DNS names a"


def test_only_rsa_keys_encipher_keys() -> None:
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), generate_key()
    assert client_usages(rsa_key) == ("digital signature", "key encipherment", "client auth")
    assert client_usages(ec_key) == ("digital signature", "client auth")
    assert server_usages(rsa_key) == ("digital signature", "key encipherment", "server auth")
    assert server_usages(ec_key) == ("digital signature", "server auth")
