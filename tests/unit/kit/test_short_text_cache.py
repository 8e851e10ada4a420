"""A cache that keeps no long text."""

from __future__ import annotations

from kubeloop._kit.short_text_cache import LONGEST_KEPT, short_text_cache


def test_results_for_short_texts_are_kept_and_for_long_ones_not() -> None:
    calls: list[tuple[str, bool]] = []

    @short_text_cache(2)
    def measured(text: str, doubled: bool) -> int:
        """Return a length."""
        calls.append((text, doubled))
        return len(text) * (1 + doubled)

    longest = "a" * LONGEST_KEPT
    assert [measured(text, True) for text in ("a", "a", longest, longest)] == [2, 2, 2 * LONGEST_KEPT, 2 * LONGEST_KEPT]
    assert calls == [("a", True), (longest, True)]
    assert [measured(f"{longest}a", False) for _ in range(2)] == [LONGEST_KEPT + 1] * 2
    assert len(calls) == 4
    assert (measured.__name__, measured.__doc__) == ("measured", "Return a length.")
