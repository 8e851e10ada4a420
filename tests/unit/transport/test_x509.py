"""Until when a certificate is valid."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from kubeloop.transport.x509 import not_after, pem_blocks
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
    assert len(pem_blocks(bundle)) == 2
