"""A generated package is imported before it is written."""

from __future__ import annotations

import pytest

from kubeloop.codegen.crd import read_crds
from kubeloop.codegen.custom import generate_package
from kubeloop.codegen.schema import SchemaError
from kubeloop.codegen.trial_import import try_package
from tests.support.definitions import rich_definition


def test_a_package_that_works_passes() -> None:
    try_package(generate_package(read_crds([rich_definition()], "test"), "# Generated."))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("from kubeloop.models import no_such\n", "cannot be imported: ImportError"),
        ("class A(B):\n    pass\n", "NameError"),
        (
            "from kubeloop.objects.model import Kind\n"
            'class A(Kind, api_version="x/v1", kind="A", resource="as"):\n    b: Gone = None\n',
            "Gone",
        ),
    ],
)
def test_a_package_that_cannot_be_imported_or_decodes_nothing_is_reported(text: str, problem: str) -> None:
    """(I6)"""
    with pytest.raises(SchemaError, match=problem):
        try_package({"__init__.py": "", "models/__init__.py": "", "models/x_v1.py": text})
