"""The protobuf fixtures of `k8s.io/api`: each has the value of its JSON twin, and is written byte for byte as by Go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kubeloop.models import meta_v1
from kubeloop.scheme import Scheme
from kubeloop.wire import documents
from kubeloop.wire.protobuf.envelope import opened, sealed
from kubeloop.wire.protobuf.read_message import guarded, reader_of
from kubeloop.wire.protobuf.write_message import write_message
from kubeloop.wire.serializers import json_objects
from tests.conformance.test_api_fixtures import fixtures as fixtures  # noqa: PLC0414  # the fixture of pytest

SCHEME = Scheme()


def read(file: Path) -> tuple[Any, Any]:
    """Return the object of a protobuf fixture and that of its JSON twin."""
    data, text = file.read_bytes(), file.with_suffix(".json").read_bytes()
    value = json.loads(text)
    cls: Any = meta_v1.WatchEvent if "kind" not in value else SCHEME.lookup(value["apiVersion"], value["kind"])
    where = opened(data)
    return guarded(reader_of(cls).read, data, where.start, where.end), json_objects.decode_into(text, cls)


def test_every_protobuf_fixture_has_the_value_of_its_json_twin(fixtures: Path) -> None:
    files = sorted(fixtures.glob("*.pb"))
    wrong: list[str] = []
    for file in files:
        obj, twin = read(file)
        value = json.loads(file.with_suffix(".json").read_bytes())
        if obj != twin or json.loads(documents.encode(obj)) != value:
            wrong.append(file.name)
    assert (len(files), wrong) == (193, [])


def test_every_protobuf_fixture_is_written_byte_for_byte_as_by_go(fixtures: Path) -> None:
    files = sorted(fixtures.glob("*.pb"))
    wrong: list[str] = []
    for file in files:
        _, twin = read(file)
        where = opened(file.read_bytes())
        if sealed(where.api_version, where.kind, write_message(twin)) != file.read_bytes():
            wrong.append(file.name)
    assert (len(files), wrong) == (193, [])
