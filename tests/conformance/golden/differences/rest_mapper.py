"""Intended differences in the mapper: names whose meaning client-go leaves to the order of groups."""

from __future__ import annotations

from typing import Any

from .entry import Difference

__all__ = ["INTENDED"]


def _short_name_with_version(case: Any, _go: Any, _ours: Any) -> bool:
    """Return whether the name is a short name of the server, and comes with a version."""
    if "text" in case:
        name, *rest = case["text"].split(".")
        has_version = len(rest) >= 2
    else:
        name, has_version = case["partial"][2], bool(case["partial"][1])
    return has_version and any(name in each["short"] for each in _resources(case))


def _exact_group_beside_longer_ones(case: Any, go: Any, ours: Any) -> bool:
    """Return whether the group exists, and client-go also counts groups that begin with it."""
    group = case["text"].split(".", 1)[1] if "text" in case else case["partial"][0]
    groups = {each["name"] for each in case["groups"]}
    if group not in groups or not any(each != group and each.startswith(group) for each in groups):
        return False
    if "text" in case:
        return bool(go["mapping"] != "none" and ours["mapping"].startswith(f"{group}/"))
    return set(ours["resources"]) < set(go["resources"]) and all(each.startswith(group) for each in ours["resources"])


def _kind_without_group(case: Any, go: Any, ours: Any) -> bool:
    """Return whether the text is a kind alone, whose resource has another name."""
    name = case["text"].rstrip(".")
    is_kind = any(
        name == each["kind"] and name.lower() not in (each["name"], each["singular"]) for each in _resources(case)
    )
    return is_kind and go["mapping"] == "none" and ours["mapping"] != "none"


def _resources(case: Any) -> list[Any]:
    return [each for group in case["groups"] for version in group["versions"] for each in version["resources"]]


INTENDED = [
    Difference(
        "rest_mapper",
        "a version beside a short name counts; client-go drops it, and may return another version",
        _short_name_with_version,
    ),
    Difference(
        "rest_mapper",
        "a group that exists is the one that is meant; client-go also counts groups that begin with it, by their order",
        _exact_group_beside_longer_ones,
    ),
    Difference(
        "rest_mapper",
        "a kind without a group is searched in all groups; client-go searches the core group",
        _kind_without_group,
    ),
]
