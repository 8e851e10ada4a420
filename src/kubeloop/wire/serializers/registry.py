"""Which serializer reads a response, writes a body, and is asked for: a choice by media type and by class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop._kit.text import safe_text
from kubeloop.errors import DecodeError, EncodeError
from kubeloop.wire.response import Headers
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.wire.request import Request
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
    """The serializers of a client, in the order of preference. JSON is always among them.

    A media type with a suffix, such as `application/merge-patch+json`, is of the format that the suffix names. A body
    whose media type is missing or unknown is read as JSON.

    A server may refuse a format with 415 (a body) or 406 (an `Accept` header). From then on it is not used any more for
    that purpose; it is still read.

    Args:
        preferred: The formats to request and to write before JSON, where they support the class.

    Reference: client-go rest/client.go (ClientContentConfig, and its memory of 415), apimachinery
        pkg/runtime/negotiate.go.
    """

    __slots__ = ("_accept", "_by_format", "_has_json_only", "_requested", "_written")

    def __init__(self, *preferred: Serializer) -> None:
        others = tuple(each for each in preferred if each is not JSON)
        self._has_json_only = not others
        self._requested: tuple[Serializer, ...] = (*others, JSON)
        self._written: tuple[Serializer, ...] = others
        self._by_format = {_format(name): each for each in reversed(self._requested) for name in each.media_types}
        self._accept: dict[tuple[type[Any] | None, tuple[str, ...]], str] = {}

    def accept(self, into: type[Any] | None, *parameters: str) -> str:
        """Return the `Accept` header for a response that is to be read as a class.

        Args:
            into: The class; None for whatever the response says that it is.
            parameters: What to ask for first, in the order of preference, such as `as=Table;g=meta.k8s.io;v=v1`. A
                server that does not know them ignores them.
        """
        known = self._accept.get((into, parameters))
        if known is None:
            names = [each.media_types[0] for each in self._requested if each.supports(into)]
            asked = [f"{name};{each}" for each in parameters for name in names]
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

    def writes(self, cls: type[Any]) -> bool:
        """Return whether bodies of a class are written in another format than JSON."""
        return any(each.supports(cls) for each in self._written)

    def encode(self, value: object) -> tuple[bytes, str]:
        """Write a value as a body, in the first format that has a form for the whole value.

        An object with an unknown field, for instance, has no form in protobuf, and is written as JSON. Raw bytes are
        JSON that the caller has written.

        Returns:
            The body and its content type.

        Raises:
            EncodeError: The value has no form in JSON either; names the path.
        """
        if self._written:
            model = _model_of(value)
            for each in self._written:
                if each.supports(type(model)):
                    try:
                        return each.encode(model), each.media_types[0]
                    except EncodeError:
                        continue
        return value if isinstance(value, bytes) else JSON.encode(value), JSON.media_types[0]

    def after_refusal(self, request: Request, status: int) -> Request | None:
        """Return a refused request in JSON, and remember that the server refuses the other formats.

        Args:
            request: The request.
            status: The HTTP status of the response: 415 refuses the format of the body, and 406 the formats of the
                `Accept` header. No other status concerns formats.

        Returns:
            The request to send instead; None if the request is in JSON already.
        """
        if self._has_json_only:
            return None
        headers = Headers(request.headers.items())
        if status == 415 and request.body is not None:
            serializer = self.for_content_type(headers.get("content-type", ""))
            if serializer is JSON:
                return None
            try:
                body = JSON.encode(serializer.plain_data(request.body))
            except DecodeError:  # raw bytes of the caller
                return None
            self._written = ()
            return request.replace(body=body).with_header("Content-Type", JSON.media_types[0])
        if status == 406:
            accepted = headers.get("accept", "").split(",")
            in_json = [each for each in accepted if self.for_content_type(each) is JSON]
            if not in_json or len(in_json) == len(accepted):
                return None
            self._requested = (JSON,)
            self._accept.clear()
            return request.with_header("Accept", ",".join(in_json))
        return None

    def __repr__(self) -> str:
        return safe_text(f"<Serializers {', '.join(self._by_format)}>")


def _model_of(value: object) -> object:
    """Return the object that a draft stands for, or the value itself."""
    from kubeloop.objects.draft import Draft  # loaded only by programs that choose another format

    draft: Any = value  # of any class
    return draft.finish().after if isinstance(value, Draft) else value


JSON_ONLY = Serializers()
"""The registry of clients that are given none."""
