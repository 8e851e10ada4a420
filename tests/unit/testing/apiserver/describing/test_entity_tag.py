"""The hash of a document, and 304 for a client that has it."""

from __future__ import annotations

import pytest

from kubeloop.testing.apiserver.describing.entity_tag import entity_hash, if_changed

TYPE = ("Content-Type", "application/json")


def test_the_hash_is_that_of_the_bytes_in_upper_case() -> None:
    assert entity_hash(b"{}").startswith("27C74670ADB75075FAD058D5CEAF7B20C4E7786C83BAE8A3")
    assert len(entity_hash(b"")) == 128


@pytest.mark.parametrize("sent", ['"AB"', 'W/"AB"', '"X", "AB"', "*"])
def test_a_client_that_has_the_document_gets_no_body(sent: str) -> None:
    response = if_changed(sent, "AB", [TYPE, ("Vary", "Accept")], b"{}")
    assert (response.status, response.body) == (304, b"")
    assert response.headers.pairs == (("Vary", "Accept"), ("Etag", '"AB"'))


@pytest.mark.parametrize("sent", [None, "", "AB", '"A"', '"ABC"'])
def test_any_other_client_gets_the_document(sent: str | None) -> None:
    response = if_changed(sent, "AB", [TYPE], b"{}")
    assert (response.status, response.body) == (200, b"{}")
    assert response.headers.pairs == (TYPE, ("Etag", '"AB"'))
