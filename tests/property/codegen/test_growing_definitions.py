"""(I7) However a definition grows, shrinks and grows again, a name that was given keeps its meaning."""

from __future__ import annotations

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop.codegen.crd import find_definitions, modules_of
from kubeloop.codegen.custom import ModuleNames, generate_package
from kubeloop.codegen.given_names import FILE, ModuleRecord, read_names
from kubeloop.codegen.source_text import check_source
from tests.support.definitions import definition
from tests.support.given_names import changed_names

Schema = dict[str, Any]
SCALARS = st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": "string", "enum": ["a", "b"]}])
# Few names, of which many become the same name in Python.
FIELDS = st.sampled_from(["proxyUrl", "proxyURL", "aProbe", "bProbe", "probe", "foo_bar", "fooBar", "spec", "thing"])
KINDS = st.sampled_from(["Thing", "ThingSpec", "Probe", "ThingSpecProbe", "Spec"])
OBJECTS = st.dictionaries(FIELDS, SCALARS, min_size=1, max_size=3).map(
    lambda fields: {"type": "object", "properties": fields}
)


def _objects(schema: Schema) -> list[Schema]:
    fields = list(schema["properties"].values())
    return [schema, *(inner for one in fields if "properties" in one for inner in _objects(one))]


@st.composite
def _histories(draw: st.DrawFn) -> list[dict[str, Schema]]:
    """Return the specs of the kinds of a group version, by kind, after each change."""
    kinds: dict[str, Schema] = {"Thing": draw(OBJECTS)}
    history = [copy.deepcopy(kinds)]
    for _ in range(draw(st.integers(1, 6))):
        spec = kinds[draw(st.sampled_from(sorted(kinds)))]
        owner = draw(st.sampled_from(_objects(spec)))
        match draw(st.sampled_from(["scalar", "object", "copy", "remove", "kind"])):
            case "scalar":
                owner["properties"][draw(FIELDS)] = draw(SCALARS)
            case "object":
                owner["properties"][draw(FIELDS)] = draw(OBJECTS)
            case "copy":
                owner["properties"][draw(FIELDS)] = copy.deepcopy(draw(st.sampled_from(_objects(spec))))
            case "remove" if len(owner["properties"]) > 1:
                del owner["properties"][draw(st.sampled_from(sorted(owner["properties"])))]
            case _:
                kinds.setdefault(draw(KINDS), draw(OBJECTS))
        history.append(copy.deepcopy(kinds))
    return history


@settings(max_examples=60, deadline=None)
@given(_histories())
def test_names_keep_their_meaning_over_any_history(history: list[dict[str, Schema]]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        before = ModuleRecord()
        for kinds in history:
            documents = [
                definition(kind=kind, plural=f"{kind.lower()}es", properties={"spec": spec})
                for kind, spec in kinds.items()
            ]
            modules = modules_of(find_definitions(documents, "test"), ModuleNames(read_names(folder)))
            files = generate_package(modules, "# Generated.")
            for path, text in files.items():
                if not path.endswith(".json"):
                    check_source(path, text)
            (folder / FILE).write_text(files[FILE])
            record = read_names(folder).record("example.com/v1")
            assert not before.module or list(changed_names(before, record)) == []
            before = record
