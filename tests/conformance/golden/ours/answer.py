"""What is common to all answers."""

from __future__ import annotations

from typing import Any

__all__ = ["REFUSED"]

REFUSED: dict[str, Any] = {"error": True}
