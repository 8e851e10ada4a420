"""The clauses of an `Accept` header in the order in which the server tries them.

Reference: munnerz/goautoneg (ParseAccept), apiserver pkg/endpoints/handlers/negotiation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cmp_to_key

from kubeloop._kit.value import Value

__all__ = ["AcceptClause", "accept_clauses"]


class AcceptClause(Value, frozen=True):
    """One media range with its quality and its other parameters."""

    type: str
    subtype: str
    quality: float
    parameters: Mapping[str, str]

    def matches(self, media_type: str) -> bool:
        """Return whether the range contains a media type."""
        type_, _, subtype = media_type.partition("/")
        return self.type in ("*", type_) and self.subtype in ("*", subtype)


def accept_clauses(header: str) -> Sequence[AcceptClause]:
    """Return the clauses of a header; a malformed one is left out. Without a header everything is accepted."""
    clauses = [clause for part in (header or "*/*").split(",") if (clause := _clause(part)) is not None]
    return sorted(clauses, key=cmp_to_key(_order))


def _clause(text: str) -> AcceptClause | None:
    media_range, *rest = text.strip().split(";")
    type_, _, subtype = media_range.partition("/")
    type_, subtype = type_.strip(), subtype.strip()
    if not subtype and type_ == "*":
        subtype = "*"
    if not subtype or "/" in subtype:
        return None
    parameters: dict[str, str] = {}
    for parameter in rest:
        name, _, value = parameter.partition("=")
        if value and "=" not in value:
            parameters[name.strip()] = value.strip()
    return AcceptClause(type_, subtype, _quality(parameters.pop("q", "1")), parameters)


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _order(left: AcceptClause, right: AcceptClause) -> int:
    if left.quality != right.quality:
        return -1 if left.quality > right.quality else 1
    if (left.type == "*") != (right.type == "*"):
        return 1 if left.type == "*" else -1
    if (left.subtype == "*") != (right.subtype == "*"):
        return 1 if left.subtype == "*" else -1
    return 0
