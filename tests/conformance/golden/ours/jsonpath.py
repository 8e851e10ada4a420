"""Our results for templates in kubectl's JSONPath."""

from __future__ import annotations

from typing import Any

from kubeloop.jsonpath import JSONPath, JSONPathError
from kubeloop.jsonpath.printed_value import printed

from .refused import REFUSED

__all__ = ["jsonpath"]


def jsonpath(case: Any) -> Any:
    """Evaluate a template on a JSON value."""
    try:
        path = JSONPath(case["template"], allow_missing_keys=case.get("missing", False))
        results = [[printed(value) for value in found] for found in path.results(case["data"])]
        if case.get("sorted"):
            return {"sorted": sorted(text for texts in results for text in texts)}
        return {"text": path.text(case["data"]), "json": path.json(case["data"]), "results": results}
    except JSONPathError:
        return REFUSED
