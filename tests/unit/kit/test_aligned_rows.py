"""Tables in which each column is as wide as its longest cell."""

from __future__ import annotations

from kubeloop._kit.aligned_rows import aligned_rows


def test_a_column_is_as_wide_as_its_longest_cell_and_three_spaces() -> None:
    assert aligned_rows([("NAME", "A", "LAST"), ("longest", "1", "a longer end"), ("x", "", "")]) == [
        "NAME      A     LAST",
        "longest   1     a longer end",
        "x               ",
    ]


def test_a_table_can_be_empty() -> None:
    assert aligned_rows([]) == []
