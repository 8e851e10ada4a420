"""Intended differences in exec plugins."""

from __future__ import annotations

import base64
import json
from typing import Any

from .entry import Difference, refused

__all__ = ["INTENDED"]


def _status(case: dict[str, Any]) -> dict[str, Any]:
    output = base64.b64decode(case["bytes"]).decode("utf-8", "replace") if "bytes" in case else case["output"]
    return dict(json.loads(output)["status"])


def _has_a_token_for_no_header(case: Any, go: Any, ours: Any) -> bool:
    token = _status(case)["token"]
    return refused(ours) and not refused(go) and any(not "!" <= char <= "~" for char in token)


def _has_a_loose_time(case: Any, go: Any, ours: Any) -> bool:
    time = _status(case)["expirationTimestamp"]
    return refused(go) and not refused(ours) and time.upper().replace(" ", "T") == "2100-01-01T00:00:00Z"


def _has_another_proxy(case: Any, go: Any, ours: Any) -> bool:
    return refused(ours) and not refused(go) and go["proxy"] in ("ftp://proxy", "proxy")


def _has_a_kind_in_capitals(case: Any, go: Any, ours: Any) -> bool:
    return refused(ours) and not refused(go) and "Kind" in json.loads(case["info"])


INTENDED = [
    Difference(
        "exec_credentials",
        "A token with characters that a bearer token cannot have is refused when the plugin prints it; in Go the "
        "request fails, or sends a header that no server accepts.",
        _has_a_token_for_no_header,
    ),
    Difference(
        "exec_credentials",
        "A time with a space or in lower case is read, as RFC 3339 allows and as in all objects here.",
        _has_a_loose_time,
    ),
    Difference(
        "exec_info",
        "A proxy with another scheme or without one is refused, as in a kubeconfig; in Go each request fails.",
        _has_another_proxy,
    ),
    Difference("exec_info", "Field names are case-sensitive, as in all of Kubernetes.", _has_a_kind_in_capitals),
]
