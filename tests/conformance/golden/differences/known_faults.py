"""Faults of ours that are known and not mended yet, each with the area that mends it. This list should be empty."""

from __future__ import annotations

import re
from typing import Any

from .entry import Difference, only

__all__ = ["KNOWN_FAULTS"]


def _is_time(case: Any, go: Any, ours: Any) -> bool:
    return case["op"] in {"time", "micro"}


KNOWN_FAULTS: list[Difference] = [
    Difference("times", "DRAFTS (E1, E2, E13): two readers of times disagree with each other and with Go.", _is_time),
    Difference(
        "int_or_string",
        "E15: int_value of what is beyond 64 bits; Go returns the nearest integer of 64 bits.",
        only("number"),
    ),
    Difference(
        "schema",
        "E15: text of a kind or resource of the core group; Go writes /v1, Kind=Pod.",
        lambda case, go, ours: case["op"] in {"kind", "resource"} and case["a"][0] == "",
    ),
    Difference(
        "urls",
        "REST (E15): a resource in upper case; Go sends it in lower case.",
        lambda case, go, ours: case["resource"] != case["resource"].lower(),
    ),
    Difference(
        "urls",
        "REST: the characters !'()* of a name; Go escapes them in paths.",
        lambda case, go, ours: re.search(r"[!'()*]", ours.partition("?")[0]) is not None,
    ),
    Difference(
        "urls",
        "REST (F15): group_version is neither checked nor escaped.",
        lambda case, go, ours: re.search(r"[ ?ä]", case["group_version"]) is not None,
    ),
    Difference(
        "errors",
        "REST (F10): a Status whose code is no number of HTTP.",
        lambda case, go, ours: ours["code"] is True or ours["code"] > 1000,
    ),
    Difference("yaml", "CODEGEN (E10): an anchor that is set twice.", lambda case, *_: case["text"].count("&x") == 2),
    Difference("yaml", "CODEGEN (E10): the tag !.", lambda case, *_: "! 1" in case["text"]),
    Difference("yaml", "CODEGEN (E16): strict reading where a merge key brings an existing key.", only("strict")),
    Difference(
        "yaml", "CODEGEN (H3): flow scalars that end with a colon.", lambda case, *_: re.search(r":[],}]", case["text"])
    ),
    Difference("yaml", "DOCUMENTS (H4, H5): documents as kubectl reads them.", lambda case, *_: case["all"]),
]
