"""The log lines of an informer about objects that cannot be read: one line per object, not one per event."""

from __future__ import annotations

import logging

from kubeloop._kit.text import safe_text
from kubeloop.errors import Unreadable

__all__ = ["log_readable", "log_unreadable"]

logger = logging.getLogger(__name__)


def log_unreadable(name: str, key: str, error: Unreadable, before: Unreadable | None, *, has_state: bool) -> None:
    """Log that an object cannot be read, unless that is known.

    Args:
        name: The name of the informer.
        key: The key of the object.
        error: Why it cannot be read.
        before: Why it could not be read before; None if it could.
        has_state: Whether an earlier state of the object is stored.
    """
    if before is not None and before.uid == error.uid:
        return
    if not error.key:
        text = "%s: item %s of a list cannot be read, not even its name, so the list proves no deletion: %s"
    elif has_state:
        text = "%s: %s cannot be read; the store keeps its last known state: %s"
    else:
        text = "%s: %s cannot be read, and no earlier state of it is known: %s"
    logger.warning(text, name, safe_text(key), error)


def log_readable(name: str, key: str) -> None:
    """Log that an object can be read again."""
    logger.info("%s: %s can be read again", name, safe_text(key))
