"""Patches: from the body of a request to the change of an object.

Reference: apiserver pkg/endpoints/handlers/patch.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeloop.errors import APIError, BadRequest
from kubeloop.meta.gvk import GroupKind
from kubeloop.objects.json.encode import rewrite
from kubeloop.objects.type_guards import class_of
from kubeloop.testing.apiserver.encoding.duplicate_field import parse_with_duplicates
from kubeloop.testing.apiserver.encoding.request_body import MAX_BODY_BYTES, ExpectedKind, canonical
from kubeloop.testing.apiserver.writing.plain_failure import plain_failure
from kubeloop.wire import refusals
from kubeloop.wire.field_faults import invalid_value
from kubeloop.wire.go_text import quoted
from kubeloop.wire.patches.json_patch import apply_json_patch
from kubeloop.wire.patches.merge_patch import apply_merge_patch
from kubeloop.wire.patches.merge_rules import rules_for
from kubeloop.wire.patches.patch_errors import MalformedPatch, PatchError, PatchTooLarge, UnprocessablePatch
from kubeloop.wire.patches.strategic_merge import apply_strategic_patch
from kubeloop.wire.patches.strict_operations import unknown_fields
from kubeloop.wire.response import Headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.testing.apiserver.encoding.request_body import FieldValidation
    from kubeloop.testing.apiserver.writing.document_parts import Document

__all__ = ["Patch", "patch_type"]

_APPLY = "application/apply-patch+yaml"
_JSON = "application/json-patch+json"
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_NO_NAME = GroupKind("", "")
_JSON_TYPES = {dict: "object", list: "array", str: "string", bool: "bool"}


def patch_type(headers: Mapping[str, str], expected: ExpectedKind) -> str:
    """Return the media type of a patch.

    Args:
        headers: The headers of the request.
        expected: The kind of the object; a kind that is not built in has no strategic merge patch.

    Raises:
        UnsupportedMediaType: The server has no such type of patch for the kind.
        APIError: 501 for server-side apply.
    """
    found = headers if isinstance(headers, Headers) else Headers(headers.items())
    media_type = found.get("content-type", "").partition(";")[0]
    is_built_in = rules_for(_api_version(expected), expected.kind) is not None
    accepted = [_JSON, _MERGE, *([_STRATEGIC] if is_built_in else []), _APPLY]
    if media_type not in accepted:
        raise refusals.generic_response(415, "PATCH", message="415: Unsupported Media Type")
    if media_type == _APPLY:
        raise refusals.not_implemented("server-side apply")
    return media_type


class Patch:
    """One patch.

    Attributes:
        warnings: What the last application found: unknown and duplicate fields.
    """

    def __init__(
        self, body: bytes | None, media_type: str, expected: ExpectedKind, validation: FieldValidation
    ) -> None:
        """Create a patch. Whether the body has the form of its type is found when the patch is applied.

        Args:
            body: The body of the request.
            media_type: One that `patch_type` has returned.
            expected: The kind of the object.
            validation: What is done about unknown and duplicate fields.

        Raises:
            RequestEntityTooLarge: The body is over the limit.
            BadRequest: The body is not JSON.
        """
        data = body or b""
        if len(data) > MAX_BODY_BYTES:
            raise refusals.request_too_large(f"limit is {MAX_BODY_BYTES}")
        try:
            self._patch, self._duplicates = parse_with_duplicates(data)
        except ValueError:
            raise refusals.bad_request("invalid JSON patch") from None
        self._media_type = media_type
        self._expected = expected
        self._validation: FieldValidation = validation
        self.warnings: list[str] = []

    def apply(self, document: Document) -> Document:
        """Return the object after the patch. The given one is not changed.

        Raises:
            BadRequest: The patch is malformed.
            RequestEntityTooLarge: The patch has too many operations.
            Invalid: The patch does not fit the object, or its result is no object of the kind.
            APIError: 500 for a merge for which there is no rule.
        """
        found_in_patch = self._found_in_patch()
        try:
            patched = self._merged(document, self._patch)
        except PatchError as error:
            raise _refusal(error) from None
        validation: FieldValidation = "Ignore" if self._validation == "Ignore" else "Warn"
        try:
            found = canonical(
                {**patched} if isinstance(patched, dict) else patched, self._expected, validation=validation
            )
        except BadRequest as error:
            raise _unfit(patched, error.status.message) from None
        self.warnings = [*found_in_patch, *found.warnings]
        if self.warnings and self._validation == "Strict":
            raise _unfit(patched, f"strict decoding error: {', '.join(self.warnings)}")
        return found.document

    def _found_in_patch(self) -> list[str]:
        """Return the warnings about the patch itself: unknown and duplicate fields.

        Raises:
            BadRequest: The body has another type than that of the patch.
        """
        if self._validation == "Ignore":
            return []
        if self._media_type == _JSON:
            try:
                unknown = unknown_fields(self._patch)
            except MalformedPatch as error:
                raise refusals.bad_request(f"error decoding patch: {error}") from None
            return [f"json patch {text}" for text in (*unknown, *self._duplicate_texts())]
        if self._patch is not None and not isinstance(self._patch, dict):
            found = _JSON_TYPES.get(class_of(self._patch), "number")
            text = f"json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            raise refusals.bad_request(text if self._media_type == _STRATEGIC else f"error decoding patch: {text}")
        return self._duplicate_texts()

    def _duplicate_texts(self) -> list[str]:
        return [f"{what} {quoted(path)}" for what, path in self._duplicates]

    def _merged(self, document: Document, patch: Any) -> Any:
        if self._media_type == _JSON:
            return apply_json_patch(document, patch)
        if self._media_type == _MERGE:
            return apply_merge_patch(document, patch)
        rules = rules_for(_api_version(self._expected), self._expected.kind)
        assert rules is not None  # patch_type accepts this type for built-in kinds only
        return apply_strategic_patch(document, patch, rules)


def _api_version(expected: ExpectedKind) -> str:
    return f"{expected.group}/{expected.version}" if expected.group else expected.version


def _refusal(error: PatchError) -> APIError:
    if isinstance(error, MalformedPatch):
        return refusals.bad_request(error.status_message)
    if isinstance(error, PatchTooLarge):
        return refusals.request_too_large(error.status_message)
    if isinstance(error, UnprocessablePatch):
        return refusals.generic_response(422, "")
    return plain_failure(error.status_message)


def _unfit(patched: Any, reason: str) -> APIError:
    text = rewrite(patched).decode("utf-8", "replace")
    return refusals.invalid(_NO_NAME, "", [invalid_value("patch", text, reason)])
