"""The differences between the objects of a cluster and what an apply would make of them, as text and as values.

Reference: kubectl pkg/cmd/diff (Differ, Masker, InfoObject.Name).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from kubeloop._kit.value import Value
from kubeloop.clients.manifests.managed_fields_upgrade import LAST_APPLIED
from kubeloop.clients.manifests.manifest_report import ManifestResult
from kubeloop.meta import yaml
from kubeloop.objects.type_guards import is_dict
from kubeloop.wire.difference import Differences
from kubeloop.wire.object_difference import diff

__all__ = ["DiffReport", "ObjectDiff", "compare", "masked"]

_MASK, _MASK_BEFORE, _MASK_AFTER = "***", "*** (before)", "*** (after)"


class ObjectDiff(Value, frozen=True):
    """What an apply would change of one object. Values of Secrets are masked.

    Attributes:
        result: The name of the object and what an apply would do: `created`, `configured` or `unchanged`; or why it
            would fail.
        text: The difference as a unified diff of YAML; `""` if there is none.
        changes: What an apply would change, as of `kubeloop.diff`: values of Secrets are never part of it.
    """

    result: ManifestResult
    text: str = ""
    changes: Differences = Differences()

    def __str__(self) -> str:
        return self.text if self.text or not self.result.has_failed else f"# {self.result}\n"


class DiffReport(Sequence[ObjectDiff]):
    """What an apply would change of a set of objects: a sequence of `ObjectDiff` that prints as one unified diff."""

    __slots__ = ("_diffs",)

    def __init__(self, diffs: Sequence[ObjectDiff]) -> None:
        self._diffs = tuple(diffs)

    @property
    def has_changes(self) -> bool:
        """Whether an apply would create or change an object."""
        return any(diff.text for diff in self._diffs)

    @property
    def failed(self) -> list[ManifestResult]:
        """The objects that could not be compared, because their apply would fail."""
        return [diff.result for diff in self._diffs if diff.result.has_failed]

    @overload
    def __getitem__(self, index: int) -> ObjectDiff: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ObjectDiff, ...]: ...
    def __getitem__(self, index: int | slice) -> ObjectDiff | tuple[ObjectDiff, ...]:
        return self._diffs[index]

    def __len__(self) -> int:
        return len(self._diffs)

    def __iter__(self) -> Iterator[ObjectDiff]:
        return iter(self._diffs)

    def __str__(self) -> str:
        return "".join(map(str, self._diffs))

    def __repr__(self) -> str:
        changed = sum(bool(diff.text) for diff in self._diffs)
        return f"<DiffReport of {len(self)} objects: {changed} with changes, {len(self.failed)} failed>"


def compare(
    result: ManifestResult, before: Mapping[str, Any] | None, after: Mapping[str, Any], *, shows_secrets: bool
) -> ObjectDiff:
    """Compare an object with what an apply would make of it.

    Args:
        result: The name of the object.
        before: The JSON value of the object; None if it does not exist.
        after: The JSON value in the response to the apply.
        shows_secrets: Whether the values of Secrets are shown.
    """
    one, other = _without_managers(before), _without_managers(after)
    if result.kind == "Secret" and result.api_version.rpartition("/")[2] == "v1" and not shows_secrets:
        one, other = masked(one, other)
    group, _, version = result.api_version.rpartition("/")
    name = ".".join([*([group] if group else []), version, result.kind, result.namespace, result.name])
    lines = difflib.unified_diff(
        _lines(one), _lines(other), fromfile=f"LIVE/{name}", tofile=f"MERGED/{name}", lineterm="\n"
    )
    text = "".join(lines)
    outcome = "created" if before is None else "configured" if text else "unchanged"
    # What is secret depends on the kind, whatever the server sent.
    head = {"apiVersion": result.api_version, "kind": result.kind}
    old = {**before, **head} if before else {}
    return ObjectDiff(result.replace(outcome=outcome), text, diff(old, {**after, **head}))


def masked(
    before: dict[str, Any] | None, after: dict[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return two states of a Secret without their values, which still differ where the values differ."""
    for path in (("data",), ("stringData",), ("metadata", "annotations")):
        is_data = path[-1] != "annotations"
        one, other = _at(before, path), _at(after, path)
        names = [*one, *other] if is_data else [LAST_APPLIED]
        hidden_one, hidden_other = dict(one), dict(other)
        for name in names:
            is_changed = name in one and name in other and one[name] != other[name]
            if name in one:
                hidden_one[name] = _MASK_BEFORE if is_changed else _MASK
            if name in other:
                hidden_other[name] = _MASK_AFTER if is_changed else _MASK
        before, after = _with(before, path, hidden_one), _with(after, path, hidden_other)
    return _without_text(before), _without_text(after)


def _without_text(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a Secret whose data are masked even if they are no JSON objects, which no API server sends."""
    odd = [name for name in ("data", "stringData") if data and not is_dict(data.get(name) or {})]
    return {**data, **dict.fromkeys(odd, _MASK)} if data and odd else data


def _at(data: Any, path: tuple[str, ...]) -> Mapping[str, Any]:
    for name in path:
        data = data.get(name) if is_dict(data) else None
    return data if is_dict(data) else {}


def _with(data: dict[str, Any] | None, path: tuple[str, ...], value: dict[str, Any]) -> dict[str, Any] | None:
    """Return an object with another value at a path, unless there is none at the path."""
    if data is None or not value:
        return data
    name, *rest = path
    return {**data, name: _with(data[name], tuple(rest), value) if rest else value}


def _without_managers(data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if data is None:
        return None
    metadata = data.get("metadata")
    if not is_dict(metadata):
        return dict(data)
    return {**data, "metadata": {name: value for name, value in metadata.items() if name != "managedFields"}}


def _lines(data: Mapping[str, Any] | None) -> list[str]:
    return [] if data is None else yaml.dump(data).splitlines(keepends=True)
