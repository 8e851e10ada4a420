"""JSON patches, applied (RFC 6902 as evanphx/json-patch v4 implements it, with the API server's limits)."""

from __future__ import annotations

import re
from typing import Any

from kubeloop.wire.go_text import quoted
from kubeloop.wire.patches.json_copy import json_copy
from kubeloop.wire.patches.json_depth import check_depth
from kubeloop.wire.patches.json_equality import same_json
from kubeloop.wire.patches.patch_errors import MalformedPatch, PatchTooLarge, UnprocessablePatch

__all__ = ["MAX_COPIED_BYTES", "MAX_OPERATIONS", "apply_json_patch"]

MAX_OPERATIONS = 10_000
"""The number of operations that the API server accepts in one patch."""

MAX_COPIED_BYTES = 3 * 1024 * 1024
"""The size of the JSON that all copy operations of a patch may add, as the API server sets it."""

_INDEX = re.compile(r"[+-]?[0-9]+", re.ASCII)
_MISSING = "missing value"
_INVALID_INDEX = "invalid index referenced"
_NULL: Any = None


def apply_json_patch(document: Any, operations: Any) -> Any:
    """Return a document with the operations of a JSON patch applied in order.

    As in json-patch v4, and unlike RFC 6902: a negative index counts from the end of a list, the first part of a path
    is ignored if the path does not begin with a slash, `replace` sets a member that is absent, `copy` of an absent
    member sets null, and `test` of an absent member succeeds for null or no value. Intended differences: `test`
    compares values and not their texts, a null is the same whether it was in the document, added or copied, and a
    patch that makes json-patch crash is refused.

    Args:
        document: The document, an object or a list; it is not changed.
        operations: The operations; they are not changed. None means no operation, as in Go.

    Raises:
        MalformedPatch: The patch is no list of objects or is nested too deeply.
        PatchTooLarge: The patch has more operations than `MAX_OPERATIONS`.
        UnprocessablePatch: An operation cannot be carried out.
    """
    if operations is None:
        return document
    if operations.__class__ is not list:
        kind = _JSON_TYPES.get(operations.__class__, "number")
        raise MalformedPatch(f"json: cannot unmarshal {kind} into Go value of type jsonpatch.Patch")
    for operation in operations:
        if operation.__class__ is not dict and operation is not None:
            kind = _JSON_TYPES.get(operation.__class__, "number")
            raise MalformedPatch(f"json: cannot unmarshal {kind} into Go value of type jsonpatch.Operation")
    if len(operations) > MAX_OPERATIONS:
        raise PatchTooLarge(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        )
    check_depth(operations)
    patching = _Patching(document)
    for operation in operations:
        patching.carry_out(operation or {})
    if any(map(_may_nest, operations)):
        check_depth(patching.root)
    return patching.root


def _may_nest(operation: dict[str, Any] | None) -> bool:
    """Return whether the document may be nested more deeply after an operation."""
    if not operation:
        return False
    value: Any = operation.get("value", _NULL)
    return value.__class__ is dict or value.__class__ is list or operation["op"] in ("move", "copy")


_JSON_TYPES = {dict: "object", list: "array", str: "string", bool: "bool"}


class _Patching:
    """A document that is being patched.

    Attributes:
        root: The document. It shares parts with the original; each list and object that changes is copied once.
    """

    def __init__(self, document: Any) -> None:
        self.root: Any = document
        # The copies, by their identities. A copy that was removed is kept here, so that no other object gets its
        # identity.
        self._owned: dict[int, Any] = {}
        self._copied_bytes = 0

    def carry_out(self, operation: dict[str, Any]) -> None:
        """Carry out one operation."""
        name: Any = operation.get("op", _NULL)
        method = _METHODS.get(name) if name.__class__ is str else None
        if method is None:
            raise UnprocessablePatch(f"Unexpected kind: {name if name.__class__ is str else 'unknown'}")
        method(self, operation)

    def add(self, operation: dict[str, Any]) -> None:
        path = _text_of(operation, "path", f"add operation failed to decode path: {_MISSING}")
        target, key = self._place(path, f'add operation does not apply: doc is missing path: "{path}"')
        _insert(target, key, operation.get("value"), f"error in add for path: '{path}'")

    def remove(self, operation: dict[str, Any]) -> None:
        path = _text_of(operation, "path", f"remove operation failed to decode path: {_MISSING}")
        target, key = self._place(path, f'remove operation does not apply: doc is missing path: "{path}"')
        _take(target, key, f"error in remove for path: '{path}'")

    def replace(self, operation: dict[str, Any]) -> None:
        path = _text_of(operation, "path", "replace operation failed to decode path: operation missing path field")
        value = operation.get("value")
        if path == "":
            if value.__class__ is not dict and value.__class__ is not list:
                raise UnprocessablePatch("replace operation value must be object or array: %!w(<nil>)")
            self.root = value
            return
        target, key = self._place(path, f"replace operation does not apply: doc is missing path: {path}")
        if target.__class__ is dict:
            target[key] = value
            return
        try:
            target[_index(key, len(target))] = value
        except _BadIndex:
            raise UnprocessablePatch(
                f"replace operation does not apply: doc is missing key: {path}: {_MISSING}"
            ) from None

    def move(self, operation: dict[str, Any]) -> None:
        source = _text_of(operation, "from", "move operation failed to decode from: operation, missing from field")
        target, key = self._place(source, f"move operation does not apply: doc is missing from path: {source}")
        value = _take(target, key, f"error in move for path: '{key}'")
        path = _text_of(operation, "path", "move operation failed to decode path: operation missing path field")
        target, key = self._place(path, f"move operation does not apply: doc is missing destination path: {path}")
        _insert(target, key, value, f"error in move for path: '{path}'")

    def copy(self, operation: dict[str, Any]) -> None:
        source = _text_of(operation, "from", "copy operation failed to decode from: operation, missing from field")
        target, key = self._place(
            source, f"copy operation does not apply: doc is missing from path: {source}", changes=False
        )
        value = _read(target, key, f"error in copy for from: '{source}'")
        path = _text_of(operation, "path", f"copy operation failed to decode path: {_MISSING}")
        target, key = self._place(path, f"copy operation does not apply: doc is missing destination path: {path}")
        copied, size = json_copy(value)
        self._copied_bytes += size if value is not None else 0
        if self._copied_bytes > MAX_COPIED_BYTES:
            raise UnprocessablePatch(
                f"Unable to complete the copy, the accumulated size increase of copy is {self._copied_bytes}, "
                f"exceeding the limit {MAX_COPIED_BYTES}"
            )
        _insert(target, key, copied, "error while adding value during copy")

    def test(self, operation: dict[str, Any]) -> None:
        path = _text_of(operation, "path", "test operation failed to decode path: operation missing path field")
        found = self.root
        if path:
            target, key = self._place(path, f"test operation does not apply: is missing path: {path}", changes=False)
            found = _read(target, key, f"error in test for path: '{path}'")
        if not same_json(found, operation.get("value")):
            raise UnprocessablePatch(f"testing value {path} failed: test failed")

    def _place(self, path: str, failure: str, *, changes: bool = True) -> tuple[Any, str]:
        """Return the list or object that contains the place of a path, and the last part of the path.

        Args:
            path: The path.
            failure: The text of the error if there is no such list or object.
            changes: Whether the caller changes what is returned.
        """
        parts = path.split("/")
        if len(parts) < 2:
            raise UnprocessablePatch(f"{failure}: {_MISSING}")
        if changes:
            self.root = self._own(self.root)
        target: Any = self.root
        for part in parts[1:-1]:
            key: Any = _unescaped(part)
            if target.__class__ is list:
                try:
                    key = _index(key, len(target))
                except _BadIndex:
                    raise UnprocessablePatch(f"{failure}: {_MISSING}") from None
            elif key not in target:
                raise UnprocessablePatch(f"{failure}: {_MISSING}")
            inner: Any = target[key]
            if inner.__class__ is not dict and inner.__class__ is not list:
                raise UnprocessablePatch(f"{failure}: {_MISSING}")
            if changes:
                inner = target[key] = self._own(inner)
            target = inner
        return target, _unescaped(parts[-1])

    def _own(self, container: Any) -> Any:
        if id(container) in self._owned:
            return container
        copied = container.copy()
        self._owned[id(copied)] = copied
        return copied


_METHODS = {
    "add": _Patching.add,
    "remove": _Patching.remove,
    "replace": _Patching.replace,
    "move": _Patching.move,
    "copy": _Patching.copy,
    "test": _Patching.test,
}


class _BadIndex(ValueError):
    """A text is no index of a list. The text of the error is Go's, with its cause."""


def _index(text: str, length: int) -> int:
    """Return the index of an item of a list; a negative one counts from the end."""
    index = _number(text)
    if not -length <= index < length:
        raise _BadIndex(f"Unable to access invalid index: {index}: {_INVALID_INDEX}")
    return index + length if index < 0 else index


def _number(text: str) -> int:
    if not _INDEX.fullmatch(text):
        raise _BadIndex(f"strconv.Atoi: parsing {quoted(text)}: invalid syntax")
    digits = text.lstrip("+-").lstrip("0") or "0"
    number = int(digits) if len(digits) < 20 else 2**64
    if text[0] == "-":
        number = -number
    if not -(2**63) <= number < 2**63:
        raise _BadIndex(f'strconv.Atoi: parsing "{text}": value out of range')
    return number


def _insert(target: Any, key: str, value: Any, failure: str) -> None:
    if target.__class__ is dict:
        target[key] = value
        return
    if key == "-":
        target.append(value)
        return
    try:
        number = _number(key)
    except _BadIndex as error:
        raise UnprocessablePatch(f"{failure}: value was not a proper array index: '{key}': {error}") from None
    try:
        target.insert(_index(key, len(target) + 1), value)
    except _BadIndex:
        raise UnprocessablePatch(f"{failure}: Unable to access invalid index: {number}: {_INVALID_INDEX}") from None


def _take(target: Any, key: str, failure: str) -> Any:
    """Remove a value from its list or object and return it."""
    if target.__class__ is dict:
        if key not in target:
            raise UnprocessablePatch(f"{failure}: Unable to remove nonexistent key: {key}: {_MISSING}")
        return target.pop(key)
    try:
        return target.pop(_index(key, len(target)))
    except _BadIndex as error:
        raise UnprocessablePatch(f"{failure}: {error}") from None


def _read(target: Any, key: str, failure: str) -> Any:
    if target.__class__ is dict:
        return target.get(key)
    try:
        return target[_index(key, len(target))]
    except _BadIndex as error:
        raise UnprocessablePatch(f"{failure}: {error}") from None


def _text_of(operation: dict[str, Any], name: str, failure: str) -> str:
    value: Any = operation.get(name, _NULL)
    if value.__class__ is str:
        return value
    if failure.endswith(_MISSING):
        raise UnprocessablePatch(failure)
    if value is None:
        raise UnprocessablePatch(f"{failure}: {_MISSING}")
    kind = _JSON_TYPES.get(value.__class__, "number")
    start = failure.rpartition(": ")[0]
    raise UnprocessablePatch(f"{start}: json: cannot unmarshal {kind} into Go value of type string")


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~") if "~" in part else part
