"""A page is a plain tuple."""

from __future__ import annotations

from kubeloop.testing.apiserver.storage.page import Page


def test_a_page_can_be_unpacked() -> None:
    items, revision, remaining = Page([], 7, 3)
    assert (items, revision, remaining) == ([], 7, 3)
