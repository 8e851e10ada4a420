from __future__ import annotations

import pytest
from cryptography import x509

from kubeloop.certificates import (
    encode_certificates,
    encode_private_key,
    generate_key,
    parse_certificates,
    parse_pair,
    self_signed_pair,
)
from kubeloop.errors import CredentialError

CHAIN, KEY = self_signed_pair("example.com")
LEAF, AUTHORITY = parse_certificates(CHAIN)


@pytest.mark.parametrize("text", [CHAIN + b"\n" + KEY, KEY + b"\n" + CHAIN], ids=["cert and key", "key and cert"])
def test_certificate_and_key_can_be_in_one_text_in_any_order(text: bytes) -> None:
    pair = parse_pair(text, text)
    assert (pair.certificate, pair.key, pair.leaf) == (CHAIN, KEY, LEAF)


def test_the_first_certificate_is_the_leaf() -> None:
    with pytest.raises(CredentialError, match="the key does not belong to the certificate"):
        parse_pair(encode_certificates([AUTHORITY, LEAF]), KEY)


@pytest.mark.parametrize(
    ("certificate", "key", "message"),
    [
        (b"", KEY, "expected certificates in PEM"),
        (CHAIN, b"", "expected an elliptic or RSA private key"),
        (CHAIN, encode_private_key(generate_key()), "the key does not belong to the certificate"),
    ],
)
def test_a_pair_that_does_not_fit_is_refused(certificate: bytes, key: bytes, message: str) -> None:
    with pytest.raises(CredentialError, match=message):
        parse_pair(certificate, key)


def test_the_repr_shows_no_key() -> None:
    pair = parse_pair(CHAIN, KEY)
    assert "PRIVATE" not in repr(pair)
    assert "MHc" not in repr(pair)
    assert isinstance(pair.leaf, x509.Certificate)
