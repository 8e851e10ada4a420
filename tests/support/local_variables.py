"""The local variables of kubeloop's functions, as reports of errors show them."""

from __future__ import annotations

import traceback
from pathlib import Path

__all__ = ["shown_with_variables"]

_TESTS = Path(__file__).parents[1]


def shown_with_variables(error: BaseException) -> str:
    """Return the report of an exception, its causes and contexts with all local variables, without those of tests."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    pending: list[traceback.TracebackException | None] = [report]
    while pending:
        if (part := pending.pop()) is not None:
            part.stack[:] = [frame for frame in part.stack if _TESTS not in Path(frame.filename).parents]
            pending += (part.__cause__, part.__context__)
    return "".join(report.format())
