"""Plain data of what users pass to verbs: models, drafts, Unstructured and mappings as JSON values."""

from __future__ import annotations

from types import NoneType
from typing import Any

from kubeloop.objects.draft_views import Pending, pending_data
from kubeloop.objects.json import encode as _encode
from kubeloop.objects.model import Model
from kubeloop.objects.plain_data import plain
from kubeloop.unstructured import Unstructured, UnstructuredDraft, UnstructuredList

__all__ = ["is_plain", "to_data"]


_SCALARS = frozenset({str, int, bool, float, NoneType})


def is_plain(value: Any) -> bool:
    """Return whether a value is made of nothing but plain JSON data, so that it can be written as it is.

    Only the built-in types count, not their subclasses, and only texts as keys. A number may be one that JSON does not
    have: the encoder refuses such a number.
    """
    try:
        return _is_plain(value)
    except RecursionError:
        return False


def _is_plain(value: Any) -> bool:
    kind: Any = value.__class__
    if kind is dict:
        for key, each in value.items():
            if key.__class__ is not str or (each.__class__ not in _SCALARS and not _is_plain(each)):
                return False
        return True
    if kind is list:
        for each in value:  # noqa: SIM110  # a generator would take twice the time
            if each.__class__ not in _SCALARS and not _is_plain(each):
                return False
        return True
    return kind in _SCALARS


def to_data(obj: Any) -> Any:
    """Return the plain JSON value of a model, a draft, an Unstructured or a mapping; the caller owns it.

    A model is written whole. A draft says everything that was assigned, zeros too, and so do models and drafts in a
    mapping.

    Raises: EncodeError for what has no JSON form (a time without a zone, a Decimal); it names the path.
    """
    if isinstance(obj, Model):
        return _encode.to_data(obj)
    if isinstance(obj, (Unstructured, UnstructuredList, UnstructuredDraft)):
        return obj.to_dict()
    if isinstance(obj, Pending):
        whole = getattr(obj, "to_dict", None)
        return whole() if whole is not None else pending_data(obj)
    return plain(obj)
