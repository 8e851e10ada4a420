"""The certificates that a PEM text contains."""

import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from kubeloop.transport.connecting.pem import pem_blocks
from tests.support.certificates import authority


def test_finds_each_certificate_of_a_bundle():
    bundle = b"# one\n" + authority().certificate + b"# two \xff\n" + authority("other").certificate
    assert pem_blocks(bundle) == [der(authority()), der(authority("other"))]


def test_a_certificate_may_be_indented():
    """(B6) As certificates are that were copied out of YAML; Go refuses them."""
    pem = b"".join(b"    \t" + line + b" \r\n" for line in authority().certificate.splitlines())
    assert pem_blocks(pem) == [der(authority())]


@pytest.mark.parametrize(
    "broken",
    [
        b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n",
        b"-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END CERTIFICATE-----\n",
    ],
)
def test_a_broken_certificate_does_not_affect_others(broken):
    """(B6)"""
    good = authority().certificate
    assert pem_blocks(good + broken + good + broken) == [der(authority()), None, der(authority()), None]


def test_finding_certificates_takes_time_in_proportion_to_the_text():
    """(B6) Compares CPU time at n and 8n, best of three."""

    def seconds(pem):
        def once():
            begin = time.process_time()
            pem_blocks(pem)
            return time.process_time() - begin

        return min(once() for _ in range(3))

    for piece in (b"-----BEGIN CERTIFICATE-----\n", b" " * 30, b"-" * 30, b" \t-----BEGIN", authority().certificate):
        assert seconds(piece * 80_000) < 16 * max(seconds(piece * 10_000), 0.001)


def der(signer):
    return x509.load_pem_x509_certificate(signer.certificate).public_bytes(serialization.Encoding.DER)
