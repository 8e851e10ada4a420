"""The result that all surfaces share."""

from __future__ import annotations

from typing import Any

__all__ = ["REFUSED"]

REFUSED: dict[str, Any] = {"error": True}
