"""Which serializer reads a response, writes a body, and is asked for: a choice by media type and by class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop._kit.text import safe_text
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.wire.serializers.serializer import Serializer

__all__ = ["JSON_ONLY", "Serializers", "parse_media_type"]


def parse_media_type(content_type: str) -> tuple[str, Mapping[str, str]]:
    """Split a `Content-Type` into its media type, in lower case, and its parameters.

    >>> parse_media_type("application/json; as=Table; v=v1")
    ('application/json', {'as': 'Table', 'v': 'v1'})
    """
    media_type, *parameters = content_type.split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    found = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    return media_type.strip().lower(), found


def _format(content_type: str) -> str:
    """Return what names the format in a `Content-Type`: `json` in `application/json` and in `…/merge-patch+json`."""
    subtype = parse_media_type(content_type)[0].rpartition("/")[2]
    return subtype.rpartition("+")[2]


class Serializers:
    """The serializers of a client, best first. JSON is always among them.

    Args:
        preferred: Those to ask for and to write with before JSON, where they support the class.

    A media type with a suffix, such as `application/merge-patch+json`, is of the format that the suffix names. A body
    whose media type is missing or unknown is read as JSON.

    Reference: client-go rest/client.go (ClientContentConfig), apimachinery pkg/runtime/negotiate.go.
    """

    __slots__ = ("_accept", "_by_format", "_has_json_only", "_ordered")

    def __init__(self, *preferred: Serializer) -> None:
        self._ordered: tuple[Serializer, ...] = (*(each for each in preferred if each is not JSON), JSON)
        self._has_json_only = len(self._ordered) == 1
        self._by_format = {_format(name): each for each in reversed(self._ordered) for name in each.media_types}
        self._accept: dict[tuple[type[Any] | None, str], str] = {}

    def accept(self, into: type[Any] | None, parameters: str = "") -> str:
        """Return the `Accept` header for a response that is to be read as a class.

        Args:
            into: The class; None for whatever the response says that it is.
            parameters: What to ask for first, such as `as=Table;g=meta.k8s.io;v=v1`. A server that does not know them
                ignores them.
        """
        known = self._accept.get((into, parameters))
        if known is None:
            names = [each.media_types[0] for each in self._ordered if each.supports(into)]
            asked = [f"{name};{parameters}" for name in names] if parameters else []
            known = self._accept[into, parameters] = ",".join([*asked, *names])
        return known

    @property
    def accept_of_all(self) -> str:
        """The `Accept` header of every request if there is one format, so that all have the same; else `""`."""
        return self.accept(None) if self._has_json_only else ""

    def for_content_type(self, content_type: str) -> Serializer:
        """Return the serializer of a body with this `Content-Type`, which may be empty and may have parameters."""
        return JSON if self._has_json_only else self._by_format.get(_format(content_type), JSON)

    def reads(self, content_type: str) -> bool:
        """Return whether one of the serializers is for this `Content-Type`."""
        return _format(content_type) in self._by_format

    def for_response(self, headers: Mapping[str, str]) -> Serializer:
        """Return the serializer of a response with these headers."""
        return JSON if self._has_json_only else self.for_content_type(headers.get("content-type", ""))

    def for_body(self, value: object) -> Serializer:
        """Return the serializer that writes a value as a body."""
        if self._has_json_only:
            return JSON
        return next(each for each in self._ordered if each.supports(type(value)))

    def __repr__(self) -> str:
        return safe_text(f"<Serializers {', '.join(self._by_format)}>")


JSON_ONLY = Serializers()
"""The registry of clients that are given none."""
