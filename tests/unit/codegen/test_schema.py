"""Reading the neutral form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kubeloop.codegen.schema import Kind, SchemaError, Type, load_directory, load_module, references

SCHEMA = Path(__file__).parents[3] / "schema"


def test_a_module_is_read_whole() -> None:
    module = load_module(SCHEMA / "core_v1.json")

    assert (module.name, module.group, module.version, module.api_version) == ("core_v1", "", "v1", "v1")
    assert module.kinds["PodList"] == Kind("PodList", "PodList", "v1", items="core_v1.Pod")
    pods = next(one for one in module.resources if one.plural == "pods")
    assert pods.namespaced
    assert pods.status
    assert {"list", "apply", "deletecollection"} <= pods.verbs
    assert next(sub for sub in pods.subresources if sub.name == "eviction").request == "policy_v1.Eviction"


def test_each_reference_leads_to_a_type() -> None:
    modules = load_directory(SCHEMA)
    known = {f"{module.name}.{name}" for module in modules.values() for name in [*module.structs, *module.enums]}
    for module in modules.values():
        for struct in module.structs.values():
            for field in struct.fields:
                wanted = [*references(field.type), *([field.enum] if field.enum else [])]
                assert known.issuperset(wanted), f"{module.name}.{struct.name}.{field.wire}"


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"module": "x_v1"}', json.dumps({"module": "x_v1", "group": "", "version": "v1", "types": 3})],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x_v1.json"
    path.write_text(text)
    with pytest.raises(SchemaError, match=r"x_v1\.json"):
        load_module(path)


def test_an_unknown_type_is_named(tmp_path: Path) -> None:
    field = {"wire": "a", "type": {"k": "complex"}}
    data = {
        "module": "x_v1",
        "group": "",
        "version": "v1",
        "kinds": {},
        "types": {"A": {"fields": [field]}},
        "source": {"package": "x", "go_version": "v1"},
    }
    (tmp_path / "x_v1.json").write_text(json.dumps(data))
    with pytest.raises(SchemaError, match="complex"):
        load_directory(tmp_path)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no schema files"):
        load_directory(tmp_path)


def test_a_scalar_holds_nothing() -> None:
    with pytest.raises(SchemaError, match="holds nothing"):
        _ = Type("string").item
