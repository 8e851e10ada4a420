"""Reads the OpenAPI v3 documents of the real API server and removes their descriptions."""

from __future__ import annotations

import json
from typing import Any

from .real_server import RealServer


def read_openapi(server: RealServer) -> dict[str, bytes]:
    """Return each document by its path below `/openapi/v3/`, such as `apis/apps/v1`."""
    index = server.document("/openapi/v3")["paths"]
    return {
        path: json.dumps(
            without_descriptions(server.document(f"/openapi/v3/{path}")), separators=(",", ":"), ensure_ascii=False
        ).encode()
        for path in sorted(index)
    }


def without_descriptions(value: Any) -> Any:
    """Return a copy without descriptions, except those of responses, which OpenAPI requires."""
    if isinstance(value, list):
        return [without_descriptions(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, member in value.items():
        if name == "description" and isinstance(member, str):
            continue
        if name == "responses" and isinstance(member, dict):
            kept[name] = {
                code: without_descriptions(response) | {"description": response["description"]}
                for code, response in member.items()
            }
        else:
            kept[name] = without_descriptions(member)
    return kept
