"""Faults of ours that are known and not mended yet, each with the area that mends it. This list should be empty."""

from __future__ import annotations

import re
from typing import Any

from .entry import Difference, only, refused

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
        "CONFIG (E11): the path prefix of a server's address.",
        lambda case, go, ours: not re.fullmatch(r"https?://h(:8080)?(/p|/prefix)?", case["host"]),
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
    Difference(
        "yaml", "CODEGEN (B5): a trailing separator is no document.", lambda case, *_: case["text"] == "a: 1\n---\n"
    ),
    Difference("yaml", "CODEGEN (E10): an anchor that is set twice.", lambda case, *_: case["text"].count("&x") == 2),
    Difference("yaml", "CODEGEN (E10): the tag !.", lambda case, *_: "! 1" in case["text"]),
    Difference("yaml", "CODEGEN (E16): strict reading where a merge key brings an existing key.", only("strict")),
    Difference(
        "yaml", "CODEGEN (H3): flow scalars that end with a colon.", lambda case, *_: re.search(r":[],}]", case["text"])
    ),
    Difference("yaml", "DOCUMENTS (H4, H5): documents as kubectl reads them.", lambda case, *_: case["all"]),
    Difference(
        "kubeconfig",
        "CONFIG (B5): the first document counts.",
        lambda case, go, ours: refused(ours) and "---" in case["files"]["config"],
    ),
    Difference(
        "kubeconfig",
        "CONFIG (B4): entries that are not used are validated.",
        lambda case, go, ours: refused(ours) and '{"name": "x"' in case["files"]["config"],
    ),
    Difference(
        "kubeconfig",
        "CONFIG (E9): a password without a user name.",
        lambda case, go, ours: only("headers")(case, go, ours),
    ),
    Difference(
        "kubeconfig",
        "CONFIG: base64 with a space in it, which Go refuses.",
        lambda case, go, ours: '" bm9uc2Vuc2U="' in case["files"]["config"],
    ),
    Difference(
        "kubeconfig",
        "CONFIG: an empty exec or auth-provider counts as none; Go refuses it.",
        lambda case, *_: re.search(r'"(exec|auth-provider)": \{\}', case["files"]["config"]) is not None,
    ),
    Difference(
        "kubeconfig",
        "CONFIG: an exec plugin that is not used, because the server is without TLS, is validated.",
        lambda case, go, ours: (
            refused(ours) and '"http://h"' in case["files"]["config"] and "exec" in case["files"]["config"]
        ),
    ),
]
