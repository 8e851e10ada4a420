"""The options of a verb as its docstring lists them: one line per option, with its type."""

from __future__ import annotations

import re
from typing import Any, get_args

from kubeloop.wire import options

__all__ = ["option_lines"]


def option_lines(options_class: type[Any]) -> list[str]:
    """Return the lines for a TypedDict: `limit: int | None`. Literal types are written out."""
    return [f"{name}: {_written(one.__forward_arg__)}" for name, one in options_class.__annotations__.items()]


def _written(text: str) -> str:
    def spelled(match: re.Match[str]) -> str:
        name = match[0]
        if name in ("FieldSelection", "LabelSelection"):
            return f"str | Mapping[str, str] | {name.removesuffix('Selection').lower()}s.Selector"
        values = get_args(getattr(options, name, None))
        return " | ".join(f'"{value}"' for value in values) if values else name

    return re.sub(r"[A-Z]\w+", spelled, text)
