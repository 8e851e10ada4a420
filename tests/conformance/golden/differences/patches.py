"""Intended differences in patches."""

from __future__ import annotations

from typing import Any

from .entry import Difference, only

__all__ = ["INTENDED"]

_PANIC = {"panic": True}


def _failed(ours: Any) -> bool:
    return isinstance(ours, dict) and "code" in ours


def _crash_refused(_: Any, go: Any, ours: Any) -> bool:
    return bool(go == _PANIC) and _failed(ours)


def _tests(case: Any) -> list[Any]:
    return [each.get("value") for each in case["patch"] if isinstance(each, dict) and each.get("op") == "test"]


def _has_null_item(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null_item, value.values()))
    return isinstance(value, list) and any(each is None or _has_null_item(each) for each in value)


def _adds_null(case: Any) -> bool:
    """Return whether a patch adds or copies null, so that a later test of it or of what contains it is possible."""
    return any(
        each.get("op") in ("copy", "move") or (each.get("op") in ("add", "replace") and each.get("value", 0) is None)
        for each in case["patch"]
    )


def _with_exact_integers(_: Any, go: Any, ours: Any) -> bool:
    return "result" in go and bool(_rounded(ours) == _rounded(go))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(value) if isinstance(value, int) and abs(value) > 2**53 else value


def _same_missing_key(_: Any, go: Any, ours: Any) -> bool:
    texts = [go["message"], ours["message"]]
    return only("message")(_, go, ours) and all(
        text.startswith("map: map[") and " does not contain declared merge key: " in text for text in texts
    )


def _deletions_sorted(value: Any) -> Any:
    """Sort the lists of deletions of a patch."""
    if isinstance(value, dict):
        return {
            name: sorted(each, key=str) if name.startswith("$deleteFromPrimitiveList") else _deletions_sorted(each)
            for name, each in value.items()
        }
    return [_deletions_sorted(each) for each in value] if isinstance(value, list) else value


INTENDED: list[Difference] = [
    Difference(
        "json_patches",
        "A patch that makes json-patch crash is refused: `replace` of the document without a value, and a member added "
        "to a null that was copied.",
        _crash_refused,
    ),
    Difference(
        "json_patches",
        "`test` compares lists with null items; json-patch crashes.",
        lambda case, go, _: go == _PANIC and any(map(_has_null_item, _tests(case))),
    ),
    Difference(
        "json_patches",
        "`test` does not distinguish nulls; in json-patch, a null that the patch itself added differs from no value "
        "and, within objects, from other nulls, and a copy of such a null differs from all others (docstring).",
        lambda case, go, ours: go.get("code") == 422 and "result" in ours and _adds_null(case) and _tests(case) != [],
    ),
    Difference(
        "merge_patches",
        "Integers keep all their digits; json-patch computes patches of floats.",
        lambda case, go, ours: "modified" in case and _with_exact_integers(case, go, ours),
    ),
    Difference(
        "strategic_patches",
        "A patch that makes Go compare lists or objects with ==, or look for the type of null, fails; Go crashes.",
        _crash_refused,
    ),
    Difference(
        "strategic_patches",
        "An item whose merge key is a list or an object is refused; Go crashes only where it meets two of one type.",
        lambda _, go, ours: ours["message"].startswith("expected a scalar, got "),
    ),
    Difference(
        "strategic_patches",
        "Of several items without a merge key, the error names the first; Go names the first that it compares.",
        _same_missing_key,
    ),
    Difference(
        "strategic_patches",
        "Scalars that a list contains several times are deleted in sorted order; Go moves the last one into the place "
        "of the second (docstring of two_way_patch).",
        lambda _, go, ours: _deletions_sorted(go) == _deletions_sorted(ours),
    ),
]
