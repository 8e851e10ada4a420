"""Our texts of tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kubeloop.clients.tables.table_reading import joined, read_page
from kubeloop.unstructured import Unstructured

__all__ = ["tables"]

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def tables(case: Any) -> Any:
    """Print the pages of a table."""
    group, kind = case.get("group", ""), case.get("kind", "").lower()
    pages = [read_page(Unstructured.from_dict(page), _NOW) for page in case["pages"]]
    table = joined(pages, kind=f"{kind}.{group}" if group else kind, with_namespace=False)
    text = table.text(
        wide=case.get("wide", False),
        no_headers=case.get("noHeaders", False),
        with_namespace=case.get("withNamespace", False),
        show_labels=case.get("showLabels", False),
        label_columns=case.get("labelColumns", []),
        show_kind=bool(kind),
    )
    return {"text": f"{text}\n" if table.rows else ""}
