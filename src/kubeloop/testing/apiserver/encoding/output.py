"""The format and the form of a response, as the `Accept` header, the query and the user agent ask for.

Reference: apiserver pkg/endpoints/handlers/negotiation, munnerz/goautoneg.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from kubeloop._kit.short_text_cache import short_text_cache
from kubeloop.wire import refusals
from kubeloop.wire.go_text import quoted
from kubeloop.wire.query_text import Query, first_value
from kubeloop.wire.response import Headers

__all__ = [
    "DEFAULT_OUTPUT",
    "MEDIA_TYPES",
    "STREAM_TYPES",
    "Format",
    "Included",
    "Output",
    "Transform",
    "negotiate",
    "negotiate_error",
]

Format = Literal["json", "yaml", "protobuf"]
Transform = Literal["", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"]
Included = Literal["None", "Metadata", "Object"]

MEDIA_TYPES: Mapping[str, Format] = {
    "application/json": "json",
    "application/yaml": "yaml",
    "application/vnd.kubernetes.protobuf": "protobuf",
}
"""The media types that the server reads and writes, in the order in which its messages name them."""

STREAM_TYPES = tuple(f"{name};stream=watch" for name, written in MEDIA_TYPES.items() if written != "yaml")
"""The media types of a watch."""
_INCLUDED: tuple[Included, ...] = ("None", "Metadata", "Object")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_READERS = ("curl", "Wget", "Mozilla/5.0")  # their output is read by people
_FLOAT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Output:
    """The format and the form of a response.

    Attributes:
        format: `json`, `yaml` or `protobuf`.
        media_type: The media type of the format.
        pretty: Whether JSON is indented.
        transform: The kind that objects are turned into; `""` leaves them as they are.
        version: The version of `meta.k8s.io` of that kind: `v1` or `v1beta1`.
        included: What the rows of a Table contain of their objects.
        has_columns: Whether a Table describes its columns. In a watch only the first event does.
        now: For a Table, to which ages refer: seconds since the epoch.
    """

    format: Format = "json"
    media_type: str = "application/json"
    pretty: bool = False
    transform: Transform = ""
    version: str = ""
    included: Included = "Metadata"
    has_columns: bool = True
    now: float = 0.0

    @property
    def content_type(self) -> str:
        """The `Content-Type` of a response."""
        return self.media_type

    @property
    def stream_content_type(self) -> str:
        """The `Content-Type` of a watch."""
        return self.media_type if self.format == "json" else f"{self.media_type};stream=watch"


DEFAULT_OUTPUT = Output()
"""Plain JSON."""


def negotiate(headers: Mapping[str, str], query: Query, *, streaming: bool = False) -> Output:
    """Return the format and the form of the response to a request for a resource.

    Args:
        headers: The headers of the request.
        query: The parameters of the request.
        streaming: Whether the response is a watch.

    Raises:
        NotAcceptable: The server has no such format; names the formats that it has.
        BadRequest: A Table is to include something unknown.
    """
    found = headers if isinstance(headers, Headers) else Headers(headers.items())
    output = _accepted(found.get("accept", ""), True)
    if output is None or (streaming and output.format == "yaml"):
        raise refusals.not_acceptable(STREAM_TYPES if streaming else MEDIA_TYPES)
    if output.transform == "Table" and "includeObject" in query:
        output = replace(output, included=_included(first_value(query, "includeObject") or "Metadata"))
    return _with_pretty(output, found, query)


def _included(text: str) -> Included:
    for known in _INCLUDED:
        if text == known:
            return known
    raise refusals.bad_request(
        f"Unable to convert to Table as requested: unrecognized includeObject value: {quoted(text)}"
    )


def negotiate_error(headers: Mapping[str, str], query: Query) -> Output:
    """Return the format of a Status for a request that has failed: indented JSON if the request accepts no other."""
    found = headers if isinstance(headers, Headers) else Headers(headers.items())
    output = _accepted(found.get("accept", ""), False)
    return Output(pretty=True) if output is None else _with_pretty(output, found, query)


def _with_pretty(output: Output, headers: Headers, query: Query) -> Output:
    if output.pretty or output.format != "json":
        return output
    wanted = first_value(query, "pretty") if query else None
    pretty = wanted in _TRUE if wanted else headers.get("user-agent", "").startswith(_READERS)
    return replace(output, pretty=True) if pretty else output


@short_text_cache(256)
def _accepted(accept: str, transforms: bool) -> Output | None:
    """Return what the first acceptable clause of an `Accept` header means; None if there is none."""
    if not accept:
        return DEFAULT_OUTPUT
    for media_type, parameters in _clauses(accept):
        for name, written in MEDIA_TYPES.items():
            if media_type in (name, "application/*", "*/*"):
                output = _with_parameters(Output(written, name), parameters, transforms=transforms)
                if output is not None:
                    return output
    return None


def _with_parameters(output: Output, parameters: Mapping[str, str], *, transforms: bool) -> Output | None:
    """Return the output that the parameters of a clause change; None if they ask for what cannot be done."""
    stream = parameters.get("stream", "")
    if stream and (stream != "watch" or output.format == "yaml"):
        return None
    version = parameters.get("sv", "")
    if version and not (transforms and version == "v1"):
        return None
    if parameters.get("pretty") == "1":
        output = replace(output, pretty=output.format == "json")
    if not parameters.keys() & {"as", "g", "v"}:
        return output
    kind, group, version = (parameters.get(name, "") for name in ("as", "g", "v"))
    if not transforms or group != "meta.k8s.io" or version not in ("v1", "v1beta1"):
        return None
    if kind == "Table" and output.format != "protobuf":
        return replace(output, transform="Table", version=version)
    if kind == "PartialObjectMetadata":
        return replace(output, transform="PartialObjectMetadata", version=version)
    if kind == "PartialObjectMetadataList":
        return replace(output, transform="PartialObjectMetadataList", version=version)
    return None


def _clauses(accept: str) -> list[tuple[str, Mapping[str, str]]]:
    """Return the media types of an `Accept` header with their parameters, in the order of preference."""
    found: list[tuple[tuple[float, bool, bool], str, Mapping[str, str]]] = []
    for part in accept.split(","):
        whole, *rest = part.strip(" ").split(";")
        kind, _, subtype = (text.strip(" ") for text in whole.partition("/"))
        if not subtype and kind == "*":
            subtype = "*"
        if not subtype or "/" in subtype:
            continue
        quality = 1.0
        parameters: dict[str, str] = {}
        for pair in rest:
            name, _, value = pair.partition("=")
            name = name.strip(" ")
            if not value or "=" in value:
                continue
            if name == "q":
                quality = float(value) if _FLOAT(value) else 0.0
            else:
                parameters[name] = value.strip(" ")
        found.append(((quality, kind != "*", subtype != "*"), f"{kind}/{subtype}", parameters))
        # Go sorts few items by insertion; its comparison is not an order, so that the way of sorting decides.
        at = len(found) - 1
        while at and _comes_before(found[at][0], found[at - 1][0]):
            found[at], found[at - 1] = found[at - 1], found[at]
            at -= 1
    return [(media_type, parameters) for _, media_type, parameters in found]


def _comes_before(one: tuple[float, bool, bool], other: tuple[float, bool, bool]) -> bool:
    return one[0] > other[0] or (one[1] and not other[1]) or (one[2] and not other[2])
