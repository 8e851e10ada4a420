"""YAML read as JSON, and merge patches."""

from __future__ import annotations

import json
from typing import Any

from kubeloop import Change, Unstructured
from kubeloop.errors import DecodeError
from kubeloop.meta import yaml as reader
from kubeloop.wire.patches.merge_patch import apply_merge_patch
from kubeloop.wire.split_documents import bodies, plain

from .refused import REFUSED


def yaml(case: dict[str, Any]) -> Any:
    """Read one document, leniently and strictly, or all documents as `parse_manifests` does."""
    text = case["text"]
    try:
        if case.get("all"):
            return {"documents": [json.loads(body) for _, body in bodies(plain(text))]}
        if case.get("first"):
            return {"json": reader.load_first(text)}
        document = reader.load(text)
    except DecodeError:
        return REFUSED
    return {"json": document, "strict": _is_strict(text)}


def _is_strict(text: str) -> bool:
    try:
        reader.load(text, strict=True)
    except DecodeError:
        return False
    return True


def patches(case: dict[str, Any]) -> Any:
    """Compute a merge patch from two documents, or apply one."""
    if "patch" in case:
        return apply_merge_patch(case["before"], case["patch"])
    return Change(Unstructured(case["before"]), Unstructured(case["after"])).merge_patch()
