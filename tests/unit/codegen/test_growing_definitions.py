"""(I7) Python names that were given stay while a definition grows, step by step."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from kubeloop.codegen.crd import find_definitions, modules_of
from kubeloop.codegen.custom import ModuleNames, generate_package
from kubeloop.codegen.given_names import FILE, ModuleRecord, read_names
from tests.support.core_schemas import core_schema
from tests.support.definitions import definition
from tests.support.given_names import changed_names

TEXT: dict[str, Any] = {"type": "string"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


class _Package:
    """A package that is generated again after each change of its definitions."""

    def __init__(self, folder: Path, spec: dict[str, Any]) -> None:
        self._folder = folder
        self.spec = spec
        self.documents = [definition(properties={"spec": _object(**spec)}, subresources={"status": {}})]
        self.records: list[ModuleRecord] = []
        self.generate()

    def generate(self) -> ModuleRecord:
        """Generate, and check that no name of the run before has another meaning now."""
        self.documents[0]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = _object(
            **self.spec
        )
        modules = modules_of(find_definitions(self.documents, "test"), ModuleNames(read_names(self._folder)))
        files = generate_package(modules, "# Generated.")
        (self._folder / FILE).write_text(files[FILE])
        assert (
            generate_package(
                modules_of(find_definitions(self.documents, "test"), ModuleNames(read_names(self._folder))),
                "# Generated.",
            )
            == files
        ), "the same input gives the same names"
        record = read_names(self._folder).record("example.com/v1")
        if self.records:
            assert list(changed_names(self.records[-1], record)) == []
        self.records.append(record)
        return record

    def class_of(self, place: str) -> str:
        (found,) = (name for name, places in self.records[-1].classes.items() if place in places)
        return found


@pytest.fixture
def package(tmp_path: Path) -> _Package:
    probe = _object(path=TEXT, port={"type": "integer"})
    mode = {**TEXT, "enum": ["a", "b"]}
    return _Package(
        tmp_path,
        {"proxyUrl": TEXT, "fooBar": TEXT, "livenessProbe": probe, "readinessProbe": probe, "mode": mode},
    )


def test_names_stay_while_a_definition_grows_in_many_steps(package: _Package) -> None:
    spec = package.spec
    assert package.class_of("Thing.spec.readinessProbe") == package.class_of("Thing.spec.livenessProbe") == "Probe"

    spec |= {"proxyURL": TEXT, "foo_bar": TEXT}
    attributes = package.generate().attributes["ThingSpec"]
    assert [attributes[wire] for wire in ("proxyUrl", "proxyURL", "fooBar", "foo_bar")] == [
        "proxy_url",
        "proxy_url_",
        "foo_bar",
        "foo_bar_",
    ]

    # Two types that shared a class are no longer equal.
    spec["readinessProbe"] = _object(path=TEXT, port={"type": "integer"}, host=TEXT)
    package.generate()
    assert package.class_of("Thing.spec.livenessProbe") == "Probe"
    assert package.class_of("Thing.spec.readinessProbe") == "ThingSpecReadinessProbe"

    # New kinds that are called as existing classes.
    package.documents += [
        definition(kind=kind, plural=f"{kind.lower()}s", properties={"spec": _object(x=TEXT)})
        for kind in ("Probe", "ThingSpecReadinessProbe")
    ]
    package.generate()
    assert package.class_of("Thing.spec.livenessProbe") == "Probe"
    assert package.class_of("Probe") == "Probe2"
    assert package.class_of("ThingSpecReadinessProbe") == "ThingSpecReadinessProbe2"

    # The two become equal again, and a third one is added.
    spec["livenessProbe"] = spec["startupProbe"] = copy.deepcopy(spec["readinessProbe"])
    package.generate()
    assert package.class_of("Thing.spec.livenessProbe") == "Probe"
    assert package.class_of("Thing.spec.readinessProbe") == "ThingSpecReadinessProbe"
    assert package.class_of("Thing.spec.startupProbe") in ("Probe", "ThingSpecReadinessProbe")

    # One of the three changes, and one is removed.
    startup = package.class_of("Thing.spec.startupProbe")
    del spec["readinessProbe"]
    spec["startupProbe"] = _object(path=TEXT, timeout={"type": "integer"})
    package.generate()
    assert package.class_of("Thing.spec.livenessProbe") == "Probe"
    assert package.class_of("Thing.spec.startupProbe") not in ("Probe", startup)

    # A second version of the kind has names of its own.
    package.documents[0]["spec"]["versions"].append(
        {**copy.deepcopy(package.documents[0]["spec"]["versions"][0]), "name": "v2"}
    )
    package.generate()


def test_an_enum_that_gets_values_keeps_its_name(package: _Package) -> None:
    before = set(package.records[-1].enums)
    package.spec["mode"] = {**TEXT, "enum": ["a", "b", "c"]}
    package.spec["other"] = _object(mode={**TEXT, "enum": ["a", "b"]})
    assert before <= set(package.generate().enums)


def test_a_class_that_shares_more_places_than_are_recorded_keeps_its_name_in_all(tmp_path: Path) -> None:
    probes = {f"part{number:02}Probe": _object(x=TEXT) for number in range(20)}
    package = _Package(tmp_path, probes)
    package.spec["part00Probe"] = _object(x=TEXT, y=TEXT)
    record = package.generate()
    assert [name for name in record.classes if "Probe" in name] == ["Probe", "ThingSpecPart00Probe"]


def test_of_two_types_that_are_no_longer_equal_the_unchanged_one_keeps_the_name(tmp_path: Path) -> None:
    package = _Package(tmp_path, {"aProbe": _object(x=TEXT), "bProbe": _object(x=TEXT)})
    package.spec["aProbe"] = _object(x=TEXT, y=TEXT)
    package.generate()
    assert (package.class_of("Thing.spec.bProbe"), package.class_of("Thing.spec.aProbe")) == (
        "Probe",
        "ThingSpecAProbe",
    )


def test_a_core_type_that_a_definition_outgrows_becomes_a_class_and_leaves_the_others(tmp_path: Path) -> None:
    package = _Package(tmp_path, {"pod": core_schema("core_v1.PodSpec"), "tolerationOwner": _object(x=TEXT)})
    assert set(package.records[-1].classes) == {"Thing", "ThingList", "ThingSpec", "ThingSpecTolerationOwner"}
    package.spec["pod"]["properties"]["newInKubernetes"] = _object(x=TEXT)
    record = package.generate()
    assert {"ThingSpecPod", "ThingSpecPodNewInKubernetes"} < set(record.classes)
    assert len(record.classes) < 12, "containers, volumes and affinity have no classes yet"
    # kubeloop knows the new field some day: the class stays.
    del package.spec["pod"]["properties"]["newInKubernetes"]
    assert "ThingSpecPod" in package.generate().classes
