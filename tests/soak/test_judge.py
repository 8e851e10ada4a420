"""The judge of deletions."""

from __future__ import annotations

from tests.soak.judge import false_deletions


def test_a_deletion_was_requested_and_the_object_is_gone() -> None:
    reported = {"a": "typed pods", "b": "lazy pods", "c": "dynamic pods"}
    assert false_deletions(reported, {"a", "b", "c", "d"}, {"e"}) == []
    assert false_deletions(reported, {"a", "b"}, set()) == ["dynamic pods: deletion of c, which nobody deleted"]
    assert false_deletions(reported, {"a", "b", "c"}, {"b"}) == ["lazy pods: deletion of b, which exists"]
