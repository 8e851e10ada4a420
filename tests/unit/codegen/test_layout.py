"""Wide lines are broken inside their brackets."""

from __future__ import annotations

import ast

import pytest

from kubeloop.codegen.layout import WIDTH, fold

LONG = "a" * 70


def test_a_line_that_fits_stays() -> None:
    assert fold("    x: A[B]") == ["    x: A[B]"]


@pytest.mark.parametrize(
    "line",
    [
        f"{LONG}: A[{LONG}, B[c, d]]",
        f"class A(B[{LONG}, c], {LONG}): pass",
        f"return A({LONG}, b({LONG}, {LONG}))",
        f'a = b({LONG}, "{LONG}")',
        f"{LONG}: A[{LONG}]",
    ],
)
def test_broken_lines_fit_and_mean_the_same(line: str) -> None:
    folded = fold(line)
    assert max(map(len, folded)) <= WIDTH
    assert ast.dump(ast.parse("\n".join(folded))) == ast.dump(ast.parse(line))


def test_text_is_not_broken() -> None:
    assert fold(f'    """{LONG} ({LONG}, b)"""') == [f'    """{LONG} ({LONG}, b)"""']
    assert fold("# " + LONG * 2) == ["# " + LONG * 2]
