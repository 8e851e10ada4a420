"""The body of a document of discovery in the format that a request accepts: JSON, YAML or protobuf."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubeloop._kit.value import Value

from .accept_clauses import accept_clauses
from .discovery_documents import Document

if TYPE_CHECKING:
    from kubeloop.objects.model import Kind

__all__ = ["JSON_TYPE", "MEDIA_TYPES", "DocumentFormat", "accepted_format", "encoded", "json_body"]

JSON_TYPE = "application/json"
YAML_TYPE = "application/yaml"
PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf"
MEDIA_TYPES = (JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE)
"""The formats in the order in which the server prefers them."""

_AGGREGATED: Mapping[str, str] = {"g": "apidiscovery.k8s.io", "v": "v2", "as": "APIGroupDiscoveryList"}
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_PEOPLE = ("curl", "Wget", "Mozilla/5.0")


class DocumentFormat(Value, frozen=True):
    """How a document is written.

    Attributes:
        media_type: One of the three media types.
        is_aggregated: Whether the aggregated form is requested.
        is_pretty: Whether a person reads it, so that JSON is indented.
    """

    media_type: str
    is_aggregated: bool = False
    is_pretty: bool = False

    @property
    def content_type(self) -> str:
        """The `Content-Type` of the response."""
        if not self.is_aggregated:
            return self.media_type
        return ";".join([self.media_type, *(f"{name}={value}" for name, value in _AGGREGATED.items())])


def accepted_format(headers: Mapping[str, str], pretty: str, *, may_aggregate: bool) -> DocumentFormat | None:
    """Return the format that a request accepts; None if it accepts none.

    Args:
        headers: The headers of the request; their names are in lower case.
        pretty: The parameter of that name in the query; `""` if it is absent.
        may_aggregate: Whether the document has an aggregated form.
    """
    user_agent = headers.get("user-agent", "")
    for_person = pretty in _TRUE if pretty else user_agent.startswith(_PEOPLE)
    for clause in accept_clauses(headers.get("accept", "")):
        form = {name: value for name, value in clause.parameters.items() if name in _AGGREGATED}
        is_aggregated = may_aggregate and form == _AGGREGATED
        if form and not is_aggregated:
            continue
        for media_type in MEDIA_TYPES:
            if clause.matches(media_type):
                is_pretty = for_person or clause.parameters.get("pretty") == "1"
                return DocumentFormat(media_type, is_aggregated, is_pretty)
    return None


def encoded(document: Document, format_: DocumentFormat) -> bytes:
    """Return a document as a body."""
    if format_.media_type == YAML_TYPE:
        from kubeloop.meta import yaml

        return yaml.dump(document).encode()
    if format_.media_type == PROTOBUF_TYPE:
        from kubeloop.wire.protobuf.envelope import sealed
        from kubeloop.wire.protobuf.write_message import write_message

        model = _class_of(document).from_dict(document)
        # The lists of the core group have no version, so the class cannot know it.
        return sealed(str(document.get("apiVersion", "")), str(document["kind"]), write_message(model))
    return json_body(document, pretty=format_.is_pretty)


def json_body(document: Document, *, pretty: bool = False) -> bytes:
    """Return a document as JSON; indented, or in one line that ends with a line break."""
    if pretty:
        return json.dumps(document, indent=2, ensure_ascii=False).encode()
    return f"{json.dumps(document, separators=(',', ':'), ensure_ascii=False)}\n".encode()


def _class_of(document: Document) -> type[Kind]:
    from kubeloop.models import apidiscovery_v2, meta_v1

    classes: dict[object, type[Kind]] = {
        "APIVersions": meta_v1.APIVersions,
        "APIGroup": meta_v1.APIGroup,
        "APIGroupList": meta_v1.APIGroupList,
        "APIResourceList": meta_v1.APIResourceList,
    }
    return classes.get(document["kind"], apidiscovery_v2.APIGroupDiscoveryList)
