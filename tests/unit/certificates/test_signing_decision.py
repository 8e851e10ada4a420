from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubeloop.certificates import RequestTemplate, build_request, generate_key
from kubeloop.certificates.private_key import PrivateKey
from kubeloop.certificates.signing_decision import check_reusable, expiration_seconds, issued_certificate
from kubeloop.errors import CredentialError
from kubeloop.models.certificates_v1 import (
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
    CertificateSigningRequestSpec,
    CertificateSigningRequestStatus,
)
from kubeloop.models.meta_v1 import ObjectMeta
from tests.support.signing_server import issue

NOW = datetime(2026, 11, 29, tzinfo=UTC)
KEY = generate_key()
REQUEST = build_request(RequestTemplate("something", ("test",)), KEY)


def signing_request(
    *conditions: str, certificate: bytes = b"", request: bytes = REQUEST, signer: str = "", uid: str = "u"
) -> CertificateSigningRequest:
    return CertificateSigningRequest(
        metadata=ObjectMeta(name="csr-1", uid=uid),
        spec=CertificateSigningRequestSpec(request=request, signer_name=signer, usages=[]),
        status=CertificateSigningRequestStatus(
            conditions=[
                CertificateSigningRequestCondition(type=each, status="True", reason="Why", message="text")
                for each in conditions
            ],
            certificate=certificate,
        ),
    )


def check(
    found: CertificateSigningRequest, *, signer: str = "", key: PrivateKey = KEY, request: bytes = REQUEST
) -> None:
    check_reusable(found, request=request, signer_name=signer, key=key, now=NOW)


@pytest.mark.parametrize(
    ("conditions", "certificate", "expected"),
    [
        ([], b"", None),
        ([], b"PEM", None),
        (["Approved"], b"", None),
        (["Approved"], b"PEM", b"PEM"),
        (["Other", "Approved"], b"PEM", b"PEM"),
    ],
)
def test_a_request_is_issued_when_it_is_approved_and_has_a_certificate(
    conditions: list[str], certificate: bytes, expected: bytes | None
) -> None:
    assert issued_certificate(signing_request(*conditions, certificate=certificate), "u") == expected


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (["Denied"], r"CertificateSigningRequest csr-1 was denied: text \(reason 'Why'\)"),
        (["Failed"], r"CertificateSigningRequest csr-1 has failed: text \(reason 'Why'\)"),
        (["Approved", "Failed"], "has failed"),
    ],
)
def test_a_denied_or_failed_request_is_an_error(conditions: list[str], message: str) -> None:
    with pytest.raises(CredentialError, match=message):
        issued_certificate(signing_request(*conditions, certificate=b"PEM"), "u")


def test_another_object_of_the_same_name_is_an_error() -> None:
    with pytest.raises(CredentialError, match="csr-1 was deleted and created again"):
        issued_certificate(signing_request("Approved", certificate=b"PEM", uid="other"), "u")


@pytest.mark.parametrize(
    ("theirs", "ours"), [("", "example.com/test"), ("example.com/test", ""), ("example.com/test", "example.com/test")]
)
def test_signers_are_compatible_if_equal_or_not_set(theirs: str, ours: str) -> None:
    check(signing_request(signer=theirs), signer=ours)


def test_another_signer_is_refused() -> None:
    with pytest.raises(CredentialError, match=r"expected the signer 'example.com/a', got 'example.com/b'"):
        check(signing_request(signer="example.com/b"), signer="example.com/a")


def test_another_subject_is_refused() -> None:
    with pytest.raises(CredentialError, match="expected the subject 'CN=other', got 'CN="):
        check(signing_request(), request=build_request(RequestTemplate("other"), KEY))


def test_another_key_is_refused() -> None:
    with pytest.raises(CredentialError, match="signed with another key"):
        check(signing_request(), key=generate_key())


def test_a_request_whose_signature_is_wrong_is_refused() -> None:
    der = bytearray(base64.b64decode(b"".join(REQUEST.split(b"\n")[1:-2])))
    der[-1] ^= 1
    lines = base64.encodebytes(bytes(der))
    forged = b"-----BEGIN CERTIFICATE REQUEST-----\n" + lines + b"-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(CredentialError, match="signed with another key"):
        check(signing_request(request=forged))


@pytest.mark.parametrize(
    "request_pem",
    [b"", b"text", REQUEST.replace(b"CERTIFICATE REQUEST", b"CERTIFICATE"), REQUEST.replace(b"M", b"%"), REQUEST[:80]],
    ids=["empty", "text", "a certificate", "not base64", "cut"],
)
def test_a_request_that_cannot_be_parsed_is_refused(request_pem: bytes) -> None:
    with pytest.raises(CredentialError, match="csr-1 exists and cannot be reused: expected a PEM block of the type"):
        check(signing_request(request=request_pem))


def test_a_valid_certificate_is_accepted_and_an_expired_one_refused() -> None:
    day = timedelta(days=1)
    check(signing_request(certificate=issue(REQUEST, NOW - day, NOW + day)))
    with pytest.raises(CredentialError, match=r"its certificate expired on 2026-11-28T00:00:00\+00:00"):
        check(signing_request(certificate=issue(REQUEST, NOW - 2 * day, NOW - day)))
    with pytest.raises(CredentialError, match="expected certificates in PEM, got none"):
        check(signing_request(certificate=b"text"))


@pytest.mark.parametrize(("lifetime", "expected"), [(0.0, 0), (600.9, 600), (86400.0, 86400), (2**31 - 1, 2**31 - 1)])
def test_a_lifetime_is_sent_in_whole_seconds(lifetime: float, expected: int) -> None:
    assert expiration_seconds(lifetime) == expected


@pytest.mark.parametrize("lifetime", [-1.0, 2.0**31, float("inf"), float("nan")])
def test_a_lifetime_that_the_field_cannot_hold_is_refused(lifetime: Any) -> None:
    with pytest.raises(ValueError, match="expected a lifetime between 0 and 2147483647 s, got"):
        expiration_seconds(lifetime)
