"""From where a list is read: the matrix of `TestShouldDelegateList`, with the default gates of v0.37."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import BadRequest
from kubeloop.testing.apiserver.reading.list_decision import ListPlan, decide_list, from_storage
from tests.support.read_world import token

OLD, CACHED, STORED = 80, 100, 120
"""The revisions of an old snapshot, of the watch cache and of the storage."""


def decide(oldest_snapshot: int | None = CACHED, *, is_single: bool = False, **options: Any) -> ListPlan:
    return decide_list(
        resource_version=options.get("rv", ""),
        match=options.get("match", ""),
        limit=options.get("limit", 0),
        continue_=options.get("continue_", ""),
        is_single=is_single,
        storage_revision=STORED,
        cache_revision=CACHED,
        has_snapshot=lambda revision: oldest_snapshot is not None and revision >= oldest_snapshot,
        is_cached=options.get("is_cached", True),
    )


@pytest.mark.parametrize("limit", [0, 100])
@pytest.mark.parametrize("is_single", [False, True])
def test_a_list_without_a_version_waits_for_the_newest_one(limit: int, is_single: bool) -> None:
    plan = decide(limit=limit, is_single=is_single)
    assert plan == ListPlan(True, minimum=STORED, is_consistent=True, limit=limit)


@pytest.mark.parametrize("match", ["", "NotOlderThan"])
@pytest.mark.parametrize("limit", [0, 100])
@pytest.mark.parametrize("is_single", [False, True])
def test_any_version_comes_from_the_watch_cache_without_a_limit(match: str, limit: int, is_single: bool) -> None:
    assert decide(rv="0", match=match, limit=limit, is_single=is_single) == ListPlan(True)


@pytest.mark.parametrize("revision", [OLD, CACHED, STORED])
@pytest.mark.parametrize("is_single", [False, True])
def test_a_minimum_comes_from_the_watch_cache(revision: int, is_single: bool) -> None:
    assert decide(rv=str(revision), is_single=is_single) == ListPlan(True, minimum=revision)
    plan = decide(rv=str(revision), match="NotOlderThan", limit=100, is_single=is_single)
    assert plan == ListPlan(True, minimum=revision, limit=100)


@pytest.mark.parametrize(("revision", "oldest_snapshot", "uses_cache"), [
    (OLD, CACHED, False),
    (OLD, OLD, True),
    (OLD, OLD - 10, True),
    (OLD, None, False),
    (CACHED, CACHED, True),
    (CACHED, None, False),
    (STORED, CACHED, True),
    (STORED, None, True),
])  # fmt: skip
@pytest.mark.parametrize("options", [
    {"match": "Exact"}, {"match": "Exact", "limit": 100}, {"limit": 100},
])  # fmt: skip
def test_an_exact_version_comes_from_a_snapshot_or_the_storage(
    revision: int, oldest_snapshot: int | None, uses_cache: bool, options: dict[str, Any]
) -> None:
    plan = decide(oldest_snapshot, rv=str(revision), **options)
    limit = options.get("limit", 0)
    assert plan == ListPlan(uses_cache, exact=revision, minimum=revision if uses_cache else 0, limit=limit)


@pytest.mark.parametrize("revision", [OLD, CACHED, STORED])
@pytest.mark.parametrize("limit", [0, 100])
def test_an_exact_version_of_one_object_comes_from_the_storage(revision: int, limit: int) -> None:
    plan = decide(rv=str(revision), match="Exact", limit=limit, is_single=True)
    assert plan == ListPlan(False, exact=revision, limit=limit)


def test_a_limit_does_not_make_the_version_of_one_object_exact() -> None:
    assert decide(rv=str(OLD), limit=100, is_single=True) == ListPlan(False, minimum=OLD, limit=100)


@pytest.mark.parametrize(("revision", "oldest_snapshot", "uses_cache"), [
    (OLD, CACHED, False), (OLD, OLD, True), (CACHED, CACHED, True), (STORED, CACHED, True),
])  # fmt: skip
@pytest.mark.parametrize("limit", [0, 100])
def test_a_token_continues_at_its_revision(revision: int, oldest_snapshot: int, uses_cache: bool, limit: int) -> None:
    plan = decide(oldest_snapshot, continue_=token("foo\0", revision), limit=limit)
    minimum = revision if uses_cache else 0
    assert plan == ListPlan(uses_cache, exact=revision, minimum=minimum, start="foo\0", limit=limit)


def test_the_watch_cache_ignores_the_limit_of_a_token_with_any_version_and_the_storage_does_not() -> None:
    cached = decide(rv="0", continue_=token("foo\0", CACHED), limit=100)
    assert cached == ListPlan(True, exact=CACHED, minimum=CACHED, start="foo\0")
    stored = decide(rv="0", continue_=token("foo\0", OLD), limit=100)
    assert stored == ListPlan(False, exact=OLD, start="foo\0", limit=100)


@pytest.mark.parametrize(("rv", "limit", "kept"), [("", 0, 0), ("", 100, 100), ("0", 100, 0)])
def test_an_inconsistent_token_continues_with_the_newest_objects(rv: str, limit: int, kept: int) -> None:
    plan = decide(rv=rv, continue_=token("foo\0", -1), limit=limit)
    assert plan == ListPlan(True, minimum=STORED, is_consistent=True, start="foo\0", limit=kept)


@pytest.mark.parametrize("options", [
    {"rv": "x"}, {"rv": "x", "match": "Exact"}, {"rv": "-1", "match": "NotOlderThan"}, {"rv": "1x", "limit": 5},
])  # fmt: skip
def test_refuses_a_text_that_is_no_resource_version(options: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="invalid resource version: resourceVersion: Invalid value: "):
        decide(**options)


@pytest.mark.parametrize("rv", [str(OLD), "x", "00"])
def test_refuses_a_version_beside_a_token(rv: str) -> None:
    with pytest.raises(BadRequest, match="specifying resource version is not allowed when using continue"):
        decide(rv=rv, continue_=token("foo\0", OLD))


@pytest.mark.parametrize(("continue_", "message"), [
    ("nonsense!", "illegal base64 data at input byte"),
    (token("", OLD), "encoded start key empty"),
    (token("foo\0", 0), "incorrect encoded start resourceVersion"),
    (token("../foo", OLD), "../foo"),
])  # fmt: skip
def test_refuses_a_token_that_cannot_be_read(continue_: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decide(rv=str(OLD), continue_=continue_)
    assert caught.value.status.message.startswith(f"invalid continue token: continue key is not valid: {message}")


@pytest.mark.parametrize(("rv", "limit"), [("", 100), ("0", 100), ("0", 0)])
def test_the_storage_answers_with_the_limit_of_the_request(rv: str, limit: int) -> None:
    plan = decide(rv=rv, continue_=token("foo\0", CACHED), limit=limit)
    assert from_storage(plan, limit) == ListPlan(False, exact=CACHED, start="foo\0", limit=limit)


@pytest.mark.parametrize(
    ("options", "plan"),
    [
        ({}, ListPlan(False)),
        ({"rv": "0", "limit": 5}, ListPlan(False, limit=5)),
        ({"rv": "90"}, ListPlan(False, minimum=90)),
        ({"rv": "90", "limit": 5}, ListPlan(False, exact=90, limit=5)),
        ({"rv": "90", "limit": 5, "is_single": True}, ListPlan(False, minimum=90, limit=5)),
        ({"rv": "90", "match": "Exact"}, ListPlan(False, exact=90)),
        ({"rv": "90", "match": "NotOlderThan", "limit": 5}, ListPlan(False, minimum=90, limit=5)),
        ({"continue_": token("a", 90), "limit": 5}, ListPlan(False, exact=90, start="a", limit=5)),
        ({"continue_": token("a", -1)}, ListPlan(False, start="a")),
    ],
)
def test_a_resource_without_a_watch_cache_comes_from_the_storage(options: dict[str, Any], plan: ListPlan) -> None:
    assert decide(is_cached=False, **options) == plan
