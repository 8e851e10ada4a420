"""Keys, and the names that a path may contain."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kubeloop.meta.keys import join_key, object_key, split_key
from kubeloop.meta.name_rules import (
    check_path_segment,
    dns_label_faults,
    dns_subdomain_faults,
    label_key_faults,
    label_value_faults,
)


@pytest.mark.parametrize(
    ("namespace", "name", "text"),
    [("default", "web-0", "default/web-0"), ("", "node-1", "node-1"), ("a", "system:node", "a/system:node")],
)
def test_a_key_names_an_object_and_splits_again(namespace, name, text):
    assert object_key(SimpleNamespace(metadata=SimpleNamespace(namespace=namespace, name=name))) == text
    assert join_key(namespace, name) == text
    assert split_key(text) == (namespace, name)


def test_splits_keys_as_go():
    assert split_key("") == ("", "")
    assert split_key("/name") == ("", "name")
    assert split_key("ns/") == ("ns", "")


def test_refuses_a_key_with_two_slashes():
    with pytest.raises(ValueError, match="'a/b/c'"):
        split_key("a/b/c")


@pytest.mark.parametrize("name", ["web-0", "system:node:a", "a.b", "...", "é", "a b", "A_B"])
def test_lets_names_through_that_stay_in_their_segment(name):
    assert check_path_segment(name, "name") is name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "a%2fb", "%", "../x"])
def test_refuses_names_that_would_change_the_path_and_says_what_they_are(name):
    with pytest.raises(ValueError, match="namespace"):
        check_path_segment(name, "namespace")


@pytest.mark.parametrize("value", ["a", "a-1", "0", "a" * 63])
def test_knows_dns_labels(value):
    assert dns_label_faults(value) == []


@pytest.mark.parametrize(
    ("value", "fault"), [("a" * 64, "63"), ("A", "lower case"), ("-a", "start"), ("a.b", "dots"), ("", "consist")]
)
def test_says_what_is_wrong_with_a_dns_label(value, fault):
    assert any(fault in each for each in dns_label_faults(value))


def test_knows_dns_subdomains():
    assert dns_subdomain_faults("a.b-c.1") == []
    assert dns_subdomain_faults("a" * 254) != []
    assert dns_subdomain_faults("a..b") != []
    assert dns_subdomain_faults("a\n") != []


@pytest.mark.parametrize(
    "value", ["simple", "now-with-dashes", "1-starts-with-num", "1234", "simple/simple", "a.b/C_d.e"]
)
def test_knows_label_keys(value):
    assert label_key_faults(value) == []


@pytest.mark.parametrize(
    "value",
    [
        "nospecialchars%^=@",
        "cantendwithadash-",
        "-a",
        "only/one/slash",
        "Example.com/abc",
        "a/",
        "/a",
        "a" * 64,
        "a b",
        "",
    ],
)
def test_knows_what_is_no_label_key(value):
    assert label_key_faults(value)


def test_knows_label_values():
    assert [label_value_faults(value) for value in ("", "a", "A.b_c-9", "a" * 63)] == [[]] * 4
    assert all(label_value_faults(value) for value in ("-a", "a-", "a b", "a/b", "a" * 64, "é" * 32, "a\n"))


def test_a_wrong_argument_is_named() -> None:
    with pytest.raises(TypeError, match=r"^expected an object with metadata, got dict$"):
        object_key({"metadata": {"name": "a"}})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^expected a key \(namespace/name\), got object$"):
        split_key(object())  # type: ignore[arg-type]
