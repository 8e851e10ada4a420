"""Until when a certificate is valid."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from kubeloop.transport.connecting.x509 import certificates, not_after
from tests.support.certificates import authority


def test_reads_the_end_of_validity_as_cryptography_does():
    pair = authority().sign("client")
    end = not_after(b"some text before\n" + pair.certificate)
    assert end == x509.load_pem_x509_certificate(pair.certificate).not_valid_after_utc
    assert end > datetime.now(UTC) + timedelta(days=8)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        authority().sign("client").certificate[:200] + b"\n-----END CERTIFICATE-----\n",
    ],
)
def test_does_not_know_when_it_cannot_read_it(pem):
    assert not_after(pem) is None


def test_finds_each_certificate_of_a_bundle():
    bundle = b"# one\n" + authority().certificate + b"# two \xff\n" + authority("other").certificate
    assert certificates(bundle) == [der(authority()), der(authority("other"))]


def test_a_certificate_may_be_indented():
    """(B6) As it is when it was copied out of YAML; Go refuses it."""
    pem = b"".join(b"    \t" + line + b" \r\n" for line in authority().certificate.splitlines())
    assert certificates(pem) == [der(authority())]


@pytest.mark.parametrize(
    "broken",
    [
        b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n",
        b"-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END CERTIFICATE-----\n",
    ],
)
def test_one_that_is_broken_takes_no_other_with_it(broken):
    """(B6)"""
    good = authority().certificate
    assert certificates(good + broken + good + broken) == [der(authority()), None, der(authority()), None]


def test_finding_certificates_takes_time_in_proportion_to_the_text():
    """(B6) Compares CPU time at n and 8n, best of three."""

    def seconds(pem):
        def once():
            begin = time.process_time()
            certificates(pem)
            return time.process_time() - begin

        return min(once() for _ in range(3))

    for piece in (b"-----BEGIN CERTIFICATE-----\n", b" " * 30, b"-" * 30, b" \t-----BEGIN", authority().certificate):
        assert seconds(piece * 80_000) < 16 * max(seconds(piece * 10_000), 0.001)


def der(signer):
    return x509.load_pem_x509_certificate(signer.certificate).public_bytes(serialization.Encoding.DER)
