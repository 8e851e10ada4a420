"""The text of an error in one line of a report, such as those of `apply_manifests` and `drain`."""

from __future__ import annotations

from kubeloop._kit.text import safe_text
from kubeloop.errors import APIError

__all__ = ["error_line", "one_line"]


def error_line(error: Exception) -> str:
    """Return the message of an error as one line; of an error from the server, the server's message alone.

    The request, which `str(error)` shows too, is left out, because the line of a report names the object.
    """
    text = error.status.message if isinstance(error, APIError) else ""
    return one_line(text or str(error))


def one_line(text: str) -> str:
    """Return a text of the server as one line without control characters."""
    # Messages of errors contain line breaks in their escaped form.
    return safe_text(" ".join(text.replace("\\n", " ").split()))
