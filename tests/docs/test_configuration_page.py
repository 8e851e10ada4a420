"""The programs of the page on loading the configuration run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubeloop.models import core_v1
from tests.support.markdown import ROOT, fences

PAGE = ROOT / "docs" / "how-to" / "configuration.md"
KUBECONFIG = """
current-context: dev
clusters: [{name: c, cluster: {server: "https://c"}}]
contexts: [{name: dev, context: &dev {cluster: c}}, {name: staging, context: *dev}, {name: admin, context: *dev}]
"""


def names_of(text: str) -> dict[str, Any]:
    """Run the fence that contains a text, and return its names."""
    code = next(fence.code for fence in fences(PAGE) if text in fence.code)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec", dont_inherit=True), names)
    return names


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    (tmp_path / "config").write_text(KUBECONFIG)
    return tmp_path / "config"


def test_settings_are_replaced() -> None:
    config = names_of('context="staging"')["config"]
    assert (config.source.context, config.namespace, config.timeout) == ("staging", "web", 30)


def test_the_options_of_a_program_are_loaded() -> None:
    config = names_of("add_config_arguments")["config_of"](["web-0", "--context", "staging", "-n", "web"])
    assert (config.source.context, config.namespace) == ("staging", "web")


def test_a_missing_configuration_is_none(path: Path) -> None:
    load = names_of("EmptyConfig")["config_or_none"]
    assert load().source.context == "dev"
    path.unlink()
    assert load() is None


def test_a_kubeconfig_is_loaded_from_a_secret() -> None:
    secret = core_v1.Secret(data={"kubeconfig": KUBECONFIG.encode()})
    assert names_of("core_v1.Secret")["config_of"](secret).source.context == "admin"
