"""The widths of integers, compared with the recorded OpenAPI documents of the real server."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

from kubeloop.testing.apiserver.encoding.canonical_form import form_of
from kubeloop.testing.apiserver.encoding.scalar_forms import Unfit
from kubeloop.testing.apiserver.facts.openapi_documents import openapi_documents

_STRUCT = re.compile(r"io\.k8s\.(?:[\w-]+\.)+?(?:apis?\.)(\w+)\.(v\w+)\.(\w+)").fullmatch


def _width(schema: dict[str, Any]) -> str | None:
    """Return `int32` or `int64` for a field that is, or contains, integers."""
    if schema.get("type") == "integer":
        return str(schema.get("format"))
    inner = schema.get("items") or schema.get("additionalProperties")
    return _width(inner) if isinstance(inner, dict) else None


def _accepts(cls: Any, field: str, schema: dict[str, Any], number: int) -> bool:
    value: Any = number
    if schema.get("type") == "array":
        value = [number]
    elif schema.get("type") == "object":
        value = {"a": number}
    try:
        form_of(cls)({field: value}, [])
    except Unfit:
        return False
    return True


def test_every_integer_has_the_width_of_the_real_server() -> None:
    checked = 0
    wrong: list[str] = []
    for text in openapi_documents().values():
        document = json.loads(text)
        for name, struct in document.get("components", {}).get("schemas", {}).items():
            match = _STRUCT(name)
            if match is None:
                continue
            cls = getattr(importlib.import_module(f"kubeloop.models.{match[1]}_{match[2]}"), match[3], None)
            for field, schema in struct.get("properties", {}).items() if cls is not None else ():
                width = _width(schema)
                if width is None:
                    continue
                checked += 1
                fits = [_accepts(cls, field, schema, 2**bits - 1) for bits in (31, 32, 63)]
                if fits != ([True, False, False] if width == "int32" else [True, True, True]):
                    wrong.append(f"{name}.{field}")
    assert wrong == []
    assert checked > 200
