"""YAML by the rules of sigs.k8s.io/yaml; the expected values are what its v1.6 answers."""

from __future__ import annotations

import pytest
import yaml as pyyaml

from kubeloop.errors import DecodeError
from kubeloop.meta import yaml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", True), ("off", False), ("yes", True), ("No", False),
        ("Y", True), ("n", False), ("TRUE", True), ("yEs", "yEs"),
        ("~", None), ("", None), ("null", None), ("NULL", None), ("nUll", "nUll"),
        ("0777", 511), ("0o17", 15), ("0O7", 7), ("0x1F", 31), ("0X1f", 31), ("-0x1F", -31), ("0b11", 3), ("+0b1", 1),
        ("1_000", 1000), ("0_7", 7), ("00", 0), ("-0", 0), ("08", 8), ("0b2", "0b2"), ("0x", "0x"), ("_1", "_1"),
        ("12:30:45", "12:30:45"), ("01:30", "01:30"), ("2001-01-01", "2001-01-01"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("1.5", 1.5), (".5", 0.5), ("-.5", -0.5), ("1.", 1),
        ("1e3", 1000), ("1.0e5", 100000), ("1e-7", 1e-7), ("8.0", 8),
        ("1e400", "1e400"), (".", "."), ("+", "+"), ("1_0.5", 10.5), (".4_0", 0.4), ("1.2.3", "1.2.3"),
        ("18446744073709551615", 18446744073709551615), ("1e21", 1e21), ("9223372036854775807", 2**63 - 1),
        ("=", "="), ("'on'", "on"), ('"5"', "5"), ("!!str 5", "5"),
        ("!!float 5", 5), ("!!int '5'", 5), ("!!bool yes", True),
        ("!!binary aGk=", "hi"), ("!foo 5", "5"), ("!!str on", "on"),
    ],
)  # fmt: skip
def test_resolves_scalars_as_kubernetes_does(text, expected):
    value = yaml.load(f"k: {text}")["k"]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("on", "true"), ("n", "false"), ("5", "5"), ("0x10", "16"),
        ("1.5", "1.5"), ("1e6", "1e+06"), ("999999.0", "999999"),
        ("1234567.0", "1.234567e+06"), ("123456789.5", "1.2345679e+08"), ("0.00001", "1e-05"),
        ("-0.0", "-0"), (".inf", ".inf"),
        ("1e39", ".inf"), ("2001-01-01", "2001-01-01"), ("'5'", "5"),
    ],
)  # fmt: skip
def test_keys_become_text_as_go_writes_them(text, key):
    assert yaml.load(f"{text}: v") == {key: "v"}


@pytest.mark.parametrize(
    "text",
    [".inf", "-.Inf", ".nan", "!!int x", "!!int 1.5", "!!float x", "!!bool 5", "!!null x", "!!binary '*'"],
)
def test_refuses_scalars_that_json_cannot_hold_or_that_belie_their_tag(text):
    with pytest.raises(DecodeError, match="line 1, column 4"):
        yaml.load(f"k: {text}")


@pytest.mark.parametrize("text", ["[1]: 2", "{a: 1}: 2", "null: 2"])
def test_refuses_keys_that_are_neither_text_nor_number(text):
    with pytest.raises(DecodeError, match="cannot be a key"):
        yaml.load(text)


def test_the_last_of_equal_keys_wins_unless_strict():
    assert yaml.load("a: 1\nb: 2\na: 3") == {"a": 3, "b": 2}
    with pytest.raises(DecodeError, match="line 3, column 1: a key that is already set"):
        yaml.load("a: 1\nb: 2\na: 3", strict=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: &x {b: 1}\nd: {<<: *x, e: 2}", {"b": 1, "e": 2}),
        ("x: &x {b: 1}\nd: {b: 5, <<: *x}", {"b": 1}),
        ("x: &x {b: 1}\nd: {<<: [*x, {b: 2, g: 3}]}", {"b": 1, "g": 3}),
        ("d: {'<<': {a: 1}}", {"<<": {"a": 1}}),
    ],
)
def test_merge_keys_count_where_they_stand(text, expected):
    assert yaml.load(text)["d"] == expected


def test_refuses_a_merge_of_something_else():
    with pytest.raises(DecodeError, match="merge key"):
        yaml.load("a: {<<: 5}")


def test_each_alias_gives_a_value_of_its_own():
    value = yaml.load("a: &x {b: [1]}\nc: *x")
    value["a"]["b"].append(2)
    assert value["c"] == {"b": [1]}


def test_refuses_a_document_that_explodes_through_aliases():
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    with pytest.raises(DecodeError, match="aliases"):
        yaml.load(f"l0: &l0 [x]\n{levels}")


@pytest.mark.parametrize("text", ["&x {a: *x}", "&x [*x]"])
def test_refuses_an_anchor_that_contains_itself(text):
    with pytest.raises(DecodeError, match="contains itself"):
        yaml.load(text)


@pytest.mark.parametrize("text", ["[" * 5000 + "]" * 5000, "[" * 300 + "]" * 300, "{a: " * 300 + "}" * 300])
def test_refuses_what_is_nested_too_deeply(text):
    with pytest.raises(DecodeError, match="YAML"):
        yaml.load(text)


@pytest.mark.parametrize(
    "data", ["a: [", "a: b: c", "\tx: 1", "a: *nowhere", "a: \x01", b"a: \xff", "a: \ud800", "- a\nb: c", "%YAML 9"]
)
def test_an_error_is_a_decode_error(data):
    with pytest.raises(DecodeError, match="YAML"):
        yaml.load(data)


def test_an_error_says_where_and_never_shows_the_text():
    with pytest.raises(DecodeError) as caught:
        yaml.load("user:\n  token: [s3cret")
    assert "line" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_reads_one_document_or_all():
    assert yaml.load("") is None
    assert yaml.load("---\na: 1\n...\n") == {"a": 1}
    assert list(yaml.load_all("a: 1\n---\n---\nb: 2\n")) == [{"a": 1}, None, {"b": 2}]
    with pytest.raises(DecodeError, match="more than one document"):
        yaml.load("a: 1\n---\nb: 2")


def test_reads_bytes_and_json():
    assert yaml.load('{"a": [1, 2.5, "é", null, true]}'.encode()) == {"a": [1, 2.5, "é", None, True]}
    assert yaml.load("a: é".encode("utf-16")) == {"a": "é"}


def test_writes_sorted_keys_lists_without_indent_and_text_as_blocks():
    value = {"kind": "ConfigMap", "data": {"b": "x\ny\n", "a": ["1", 1]}, "e": {}, "l": []}
    assert yaml.dump(value) == "data:\n  a:\n  - '1'\n  - 1\n  b: |\n    x\n    y\ne: {}\nkind: ConfigMap\nl: []\n"


AMBIGUOUS = [
    "on", "No", "y", "~", "", "null", "0777", "0o7", "1e3",
    "1_000", "5", ".5", "1.", "12:30:45", "1:2", "2001-01-01", "=", "<<",
    "- x", "a: b", "# c", " x", "x ", "\t", "x\n", "\n", "x\ny",
    "  x\ny", "x \ny", "é\U0001f600", "\x00", "\x85", "---", "{a}", "*a",
    "&a", "!a", "%a", "@a", "`a", "'", '"', "a'b", "0x1F",
    "0b1", "+1", "-", ".inf", ".nan", "\ufeff", "a" * 200, "a b " * 60,
    "...", "...\n", "---\na: b\n...\n", "a\n\n", "...\n\n",
]  # fmt: skip


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_text_stays_text_for_us_and_for_other_readers(text):
    written = yaml.dump({"k": text, text or "empty": [text]})
    assert yaml.load(written) == {"k": text, text or "empty": [text]}
    assert pyyaml.safe_load(written) == {"k": text, text or "empty": [text]}
    assert yaml.load(yaml.dump(text)) == yaml.load(yaml.dump({"z": text}))["z"] == text


@pytest.mark.parametrize("number", [0, -1, 2**64, 1.5, -0.25, 1e300, 1e-9, True, False, None])
def test_what_is_no_text_is_read_back_as_what_it_was(number):
    assert yaml.load(yaml.dump([number])) == [number]
    assert pyyaml.safe_load(yaml.dump([number])) == [number]


def test_writes_equal_parts_twice_instead_of_an_alias():
    part = {"a": 1}
    assert yaml.dump([part, part]) == "- a: 1\n- a: 1\n"


def test_writes_tuples_and_other_mappings():
    from types import MappingProxyType

    assert yaml.dump(MappingProxyType({"a": (1, 2)})) == "a:\n- 1\n- 2\n"


def test_writes_several_documents():
    assert yaml.dump_all([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"
    assert list(yaml.load_all(yaml.dump_all([{"a": 1}, None, {"b": 2}]))) == [{"a": 1}, None, {"b": 2}]


@pytest.mark.parametrize("value", [{1: 2}, object(), b"x", {"a": {1, 2}}, float("nan"), {"a": float("inf")}])
def test_refuses_to_write_what_json_cannot_hold(value):
    with pytest.raises(TypeError):
        yaml.dump(value)
