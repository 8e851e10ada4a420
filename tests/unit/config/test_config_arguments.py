"""The options of a command line that choose a cluster, a user and a context."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from kubeloop.config import ConfigOverrides, add_config_arguments, load_config, overrides_of
from kubeloop.config.config_arguments import namespace_of, seconds_of


def parse(*words: str, prefix: str = "") -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_config_arguments(parser, prefix=prefix)
    return parser.parse_args(words)


EVERY: dict[str, tuple[list[str], Any]] = {
    "context": (["--context", "c"], "c"),
    "cluster": (["--cluster", "c"], "c"),
    "user": (["--user", "c"], "c"),
    "namespace": (["-n", "namespaces/web"], "web"),
    "server": (["-s", "https://c"], "https://c"),
    "tls_server_name": (["--tls-server-name", "c"], "c"),
    "insecure_skip_tls_verify": (["--insecure-skip-tls-verify"], True),
    "ca_file": (["--certificate-authority", "c"], "c"),
    "cert_file": (["--client-certificate", "c"], "c"),
    "key_file": (["--client-key", "c"], "c"),
    "token": (["--token", "c"], "c"),
    "username": (["--username", "c"], "c"),
    "password": (["--password", "c"], "c"),
    "as_user": (["--as", "c"], "c"),
    "as_uid": (["--as-uid", "c"], "c"),
    "as_groups": (["--as-group", "c", "--as-group", "d"], ["c", "d"]),
    "timeout": (["--request-timeout", "1m"], 60.0),
    "proxy_url": (["--proxy-url", "http://c"], "http://c"),
    "disable_compression": (["--no-disable-compression"], False),
}


@pytest.mark.parametrize("override", EVERY)
def test_each_option_is_one_override(override: str) -> None:
    words, value = EVERY[override]
    assert overrides_of(parse(*words)) == {override: value}


def test_the_overrides_without_an_option_are_those_that_a_command_line_cannot_pass() -> None:
    others = {"ca_data", "cert_data", "key_data", "token_file", "as_extra", "exec_policy"}
    assert set(ConfigOverrides.__annotations__) - EVERY.keys() == others


def test_without_options_there_are_no_overrides() -> None:
    options = parse()
    assert (options.kubeconfig, overrides_of(options)) == (None, {})


def test_a_prefix_leaves_the_names_to_the_program() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", "--user", dest="user")
    add_config_arguments(parser, prefix="kube-")
    options = parser.parse_args(["--user", "mine", "--kube-user", "u", "--kubeconfig", "f", "--kube-as-group", "g"])
    assert overrides_of(options, prefix="kube-") == {"user": "u", "as_groups": ["g"]}
    assert (options.user, options.kubeconfig) == ("mine", "f")


def test_options_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(
        "clusters: [{name: c, cluster: {server: 'https://c'}}]\n"
        "contexts: [{name: x, context: {cluster: c, namespace: team}}]\n"
    )
    options = parse("--kubeconfig", str(path), "--context=x", "--token=t", "-n=ns/web", "--request-timeout=5")
    config = load_config(options.kubeconfig, **overrides_of(options))
    assert (config.host, config.token, config.namespace, config.timeout) == ("https://c", "t", "web", 5.0)


@pytest.mark.parametrize(
    ("text", "namespace"),
    [
        ("web", "web"),
        ("namespaces/web", "web"),
        ("namespace/web", "web"),
        ("ns/web", "web"),
        ("NS/web", "web"),
        ("ns/ns/web", "ns/web"),
        ("ns/", "ns/"),
        ("xns/web", "xns/web"),
        ("", ""),
    ],
)
def test_the_prefix_of_a_namespace_is_removed(text: str, namespace: str) -> None:
    assert namespace_of(text) == namespace


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("30", 30), ("1m30s", 90), ("300ms", 0.3), ("1.5h", 5400), ("0s", 0), ("+5", 5)]
)
def test_a_timeout_is_seconds_or_a_duration(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["x", "", "-1", "-1s", "5 s", "1d", "1.5", "٣"])
def test_another_timeout_is_refused_with_an_example(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(f"--request-timeout={text}")
    assert "expected seconds or a duration (such as 30, 90s or 1m30s)" in capsys.readouterr().err
