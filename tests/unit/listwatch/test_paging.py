"""The pager's rule. The scenarios are those of client-go's tools/pager/pager_test.go."""

from __future__ import annotations

import pytest

from kubeloop.errors import Conflict, DecodeError, Expired, StatusDetails
from kubeloop.listwatch.paging import Pager

EXPIRED = Expired(StatusDetails(code=410, reason="Expired"))


def test_asks_for_pages_of_500_by_default() -> None:
    assert Pager().page().params() == {"limit": 500, "resourceVersion": None, "resourceVersionMatch": None}


def test_ends_with_a_page_that_has_no_token() -> None:
    pager = Pager(page_size=2)
    assert not pager.advance("")
    assert not pager.paginated


def test_later_pages_carry_the_token_and_no_version() -> None:
    pager = Pager(page_size=2, resource_version="7", resource_version_match="NotOlderThan")
    assert pager.page().params() == {"limit": 2, "resourceVersion": "7", "resourceVersionMatch": "NotOlderThan"}
    assert pager.advance("token")
    assert pager.page().params() == {"limit": 2, "continue": "token"}
    assert pager.paginated


def test_a_snapshot_that_expires_after_the_first_page_leads_to_a_full_list_at_the_first_version() -> None:
    pager = Pager(page_size=2, resource_version="7", resource_version_match="NotOlderThan")
    pager.advance("token")
    assert pager.recover(EXPIRED)
    assert pager.page().params() == {"limit": None, "resourceVersion": "7", "resourceVersionMatch": "NotOlderThan"}
    assert pager.is_full_list


def test_a_first_page_that_is_expired_is_not_recovered() -> None:
    assert not Pager().recover(EXPIRED)


def test_a_full_list_that_is_expired_is_not_recovered_again() -> None:
    pager = Pager()
    pager.advance("token")
    assert pager.recover(EXPIRED)
    assert not pager.recover(EXPIRED)


def test_a_full_list_that_comes_in_pages_and_expires_is_an_error_and_begins_again() -> None:
    """A server that ignores the missing limit, and forgets each snapshot, must not be listed again without a pause."""
    pager = Pager(page_size=2, resource_version="7")
    pager.advance("token")
    assert pager.recover(EXPIRED)
    assert pager.advance("another")
    assert not pager.recover(EXPIRED)
    assert pager.page().params() == {"limit": None, "resourceVersion": "7", "resourceVersionMatch": None}


@pytest.mark.parametrize("token", ["1", "2"])
def test_a_page_that_leads_to_itself_or_back_is_an_error(token: str) -> None:
    pager = Pager()
    assert pager.advance("1")
    assert pager.advance("2")
    with pytest.raises(DecodeError, match="a page that was read before"):
        pager.advance(token)


def test_a_list_that_begins_again_reads_its_pages_again() -> None:
    pager = Pager()
    pager.advance("1")
    assert pager.recover(EXPIRED)
    assert pager.advance("1")


def test_other_errors_are_not_recovered() -> None:
    pager = Pager()
    pager.advance("token")
    assert not pager.recover(Conflict(StatusDetails(code=409)))


def test_a_page_size_of_zero_asks_for_everything() -> None:
    assert Pager(page_size=0).page().params()["limit"] is None
