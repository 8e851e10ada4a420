"""The examples in the docstrings of conveniences print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

import kubeloop

MODULES = ["clients.conflict_retry", "fields", "labels", "wire.difference"]


@pytest.mark.parametrize("name", MODULES)
def test_an_example_prints_what_its_docstring_says(name: str) -> None:
    module = importlib.import_module(f"kubeloop.{name}")
    failed, tried = doctest.testmod(module, extraglobs={"kubeloop": kubeloop})
    assert tried > 0
    assert failed == 0
