"""The errors of patches, as the API server reports them."""

from __future__ import annotations

import pytest

from kubeloop.wire.patches.patch_errors import (
    MalformedPatch,
    PatchConflict,
    PatchError,
    PatchFailed,
    PatchTooLarge,
    UnprocessablePatch,
)


@pytest.mark.parametrize(
    ("error", "code", "reason", "message"),
    [
        (MalformedPatch("x"), 400, "BadRequest", "x"),
        (PatchTooLarge("x"), 413, "RequestEntityTooLarge", "x"),
        (UnprocessablePatch("x"), 422, "Invalid", "the server rejected our request due to an error in our request"),
        (PatchFailed("x"), 500, "", "x"),
        (PatchConflict("x"), 409, "Conflict", "x"),
    ],
)
def test_each_error_has_the_code_and_the_message_of_the_status(
    error: PatchError, code: int, reason: str, message: str
) -> None:
    assert (error.code, error.reason, error.status_message, str(error)) == (code, reason, message, "x")
