"""The errors of patches, with the code and the reason that the API server's response has for each."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["MalformedPatch", "PatchConflict", "PatchError", "PatchFailed", "PatchTooLarge", "UnprocessablePatch"]


class PatchError(ValueError):
    """A patch cannot be applied or computed. Its text is that of the Go library which the API server uses.

    Attributes:
        code: The HTTP status of the API server's response.
        reason: The reason of the Status; `""` if the server reports none.
    """

    code: ClassVar[int]
    reason: ClassVar[str]

    @property
    def status_message(self) -> str:
        """The message of the Status."""
        return str(self)


class MalformedPatch(PatchError):
    """The patch does not have the form of its type."""

    code = 400
    reason = "BadRequest"


class PatchTooLarge(PatchError):
    """The patch has more operations than the API server accepts."""

    code = 413
    reason = "RequestEntityTooLarge"


class UnprocessablePatch(PatchError):
    """The patch is well-formed and does not fit the document."""

    code = 422
    reason = "Invalid"

    @property
    def status_message(self) -> str:
        """The message of the Status, which does not contain the cause (errors.NewGenericServerResponse)."""
        return "the server rejected our request due to an error in our request"


class PatchFailed(PatchError):
    """The merge met a value that it has no rule for. The API server reports this as a failure of its own."""

    code = 500
    reason = ""


class PatchConflict(PatchError):
    """The current document has changes that the patch would overwrite (mergepatch.ErrConflict)."""

    code = 409
    reason = "Conflict"
